"""The page of exchange rates: those on record, files brought in, rates typed, and the second officer's yes or no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.quotes import rates, words
from remittance.quotes.models import ExchangeRate
from remittance.quotes.rate_files import ECB, MAX_BYTES
from remittance.quotes.states import READ, WRITE
from remittance.requests import policies, reading

blueprint = Blueprint("rates", __name__, template_folder="templates")
SEOUL = ZoneInfo("Asia/Seoul")
PAGE_ROWS = 50


@blueprint.get("/rates")
@permit(READ)
def index() -> ResponseReturnValue:
    """List rates."""
    return _page()


def _page(error: HotlineError | None = None, *, form: str = "") -> ResponseReturnValue:
    services = current()
    before = request.args.get("before", "")
    under = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    with services.db.transaction() as session:
        now = services.clock.now()
        hours = policies.current(session, now).rate_hours
        found = rates.listed(session, before=under, limit=PAGE_ROWS + 1)
        waiting = _one_of_each_file(rates.listed(session, waiting=True))
        officers = reading.names_of(
            session, [each for one in [*found, *waiting] for each in (one.entered_by_id, one.agreed_by_id)]
        )
    typing = isinstance(error, (InvalidInput, SeveralFaults)) and form == "typed"
    page = render_template(
        "quotes/rates.html", found=found[:PAGE_ROWS], waiting=waiting, names=officers, hours=hours, words=words,
        state_of=rates.state_of, me_id=actor().id, now=now, zone_of=_zone_of, source_name=source_name,
        older=url_for("rates.index", before=found[PAGE_ROWS - 1].id) if len(found) > PAGE_ROWS else None,
        newer=url_for("rates.index") if under else None, values=request.form if form == "typed" else {},
        errors=explain_fields(error, "rate") if typing and isinstance(error, (InvalidInput, SeveralFaults)) else {},
        faults=error.faults if isinstance(error, SeveralFaults) and form == "file" else [],
        error=explain(error, "rate") if error is not None and not typing else None,
        typed_at=now.astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/rates/file")
@permit(WRITE)
def bring_in() -> ResponseReturnValue:
    """Bring a file of rates in."""
    services, upload = current(), request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise InvalidInput("file", "", f"choose a file of at most {MAX_BYTES} bytes")
        with services.db.transaction() as session:
            done = rates.bring_in(session, services.clock, actor(), upload.stream.read(MAX_BYTES + 1))
    except HotlineError as error:
        return _page(error, form="file")
    if not done.new:
        flash(gettext("Nothing new: all of these rates are on record."), "note")
    else:
        flash(
            ngettext(
                "%(num)s rate brought in; it counts when another officer agrees.",
                "%(num)s rates brought in; they count when another officer agrees.",
                done.new,
            ),
            "good",
        )
    return redirect(url_for("rates.index"))


@blueprint.post("/rates")
@permit(WRITE)
def type_in() -> ResponseReturnValue:
    """Write a rate down."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            rates.type_in(session, services.clock, actor(), _typed(form))
    except HotlineError as error:
        return _page(error, form="typed")
    flash(gettext("Written down. It counts when another officer agrees."), "good")
    return redirect(url_for("rates.index"))


@blueprint.post("/rates/<int:rate_id>/agree")
@permit(WRITE)
def agree(rate_id: int) -> ResponseReturnValue:
    """Agree to a rate."""
    return _act(
        lambda session: rates.agree(session, current().clock, actor(), rate_id),
        gettext("Agreed. It counts from now on."),
    )


@blueprint.post("/rates/<int:rate_id>/refuse")
@permit(WRITE)
def refuse(rate_id: int) -> ResponseReturnValue:
    """Take a rate out of use."""
    return _act(lambda session: rates.refuse(session, current().clock, actor(), rate_id), gettext("No quote uses it."))


def source_name(source: str) -> str:
    """Return what a source is called: ours by name, typed ones as they were written."""
    return gettext(words.SOURCES[source]) if source in words.SOURCES else source


def _act(act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return act_from_page(act, done, about="rate", back=url_for("rates.index"))


def _typed(form: Any) -> rates.Typed:
    given = form.get("at", "").strip()
    try:
        at = datetime.fromisoformat(given[:30])
    except ValueError:
        raise InvalidInput("at", given, "give date and time, such as 2026-11-21T12:00") from None
    return rates.Typed(
        base=form.get("base", "").strip().upper(), quoted=form.get("quoted", "").strip().upper(), value=form.get("value", ""),
        source=form.get("source", "").strip().lower(), at=at if at.tzinfo is not None else at.replace(tzinfo=SEOUL),
    )  # fmt: skip


def _one_of_each_file(waiting: Any) -> list[ExchangeRate]:
    """Of a file that waits, one rate stands for all: they are decided together."""
    seen: set[str] = set()
    kept = []
    for one in waiting:
        if not one.digest or one.digest not in seen:
            kept.append(one)
        seen.add(one.digest)
    return kept


def _zone_of(source: str) -> str:
    return rates.FRANKFURT.key if source == ECB else "UTC"
