"""`/remittances/figures`: the figures of a period as a page and as a table to take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import InvalidInput
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.tables import as_csv
from hotline.core.web import permit
from hotline.missions.models import Mission
from remittance.figures import counting
from remittance.figures.counting import BY, STAGES, Line, Period
from remittance.figures.words import BY_WORDS, STAGE_WORDS
from remittance.money.amounts import Money
from remittance.requests import words
from remittance.requests.states import READ

blueprint = Blueprint("remittance_figures", __name__, template_folder="templates")
COUNTS = ("asked", "approved", "rejected", "paid", "lapsed", "refunded", "open_now")


def asked_for() -> tuple[Period, str]:
    """Return the period and the grouping that the address asks for; raises InvalidInput for the first that cannot be."""
    services = current()
    today = services.clock.now().astimezone(ZoneInfo(services.settings.home_zone)).date()
    period = counting.read_period(
        request.args.get("from", "")[:40],
        request.args.get("to", "")[:40],
        today,
        drill=request.args.get("drill") == "1",
    )
    by = request.args.get("by") or "mission"
    if by not in BY:
        raise InvalidInput("by", by[:20], f"use one of {', '.join(BY)}")
    return period, by


@blueprint.get("/remittances/figures")
@permit(READ)
def index() -> ResponseReturnValue:
    """Show the sums by currency, how long each step took, and the lines; what was asked wrongly is named and kept."""
    services = current()
    try:
        period, by = asked_for()
    except InvalidInput as error:
        return _page(errors=explain_fields(error, "figures")), error.status
    with services.db.transaction() as session:
        zone = services.settings.home_zone
        sums = counting.count(session, actor(), period, "currency", zone)
        lines = counting.count(session, actor(), period, by, zone) if by != "currency" else sums
        names = names_of(session, lines, by)
    return _page(sums=sums, lines=lines, names=names, period=period, by=by)


def _page(**more: Any) -> str:
    """Return the page; without figures where the question could not be understood, so that none pass for its answer."""
    shown: dict[str, Any] = {"sums": [], "lines": [], "names": {}, "period": None, "errors": {}}
    shown["by"] = request.args.get("by") if request.args.get("by") in BY else "mission"
    return render_template(
        "figures/index.html", **(shown | more), stages=STAGE_WORDS, by_words=BY_WORDS, values=request.args,
        drill=request.args.get("drill") == "1",
    )  # fmt: skip


@blueprint.get("/remittances/figures.csv")
@permit(READ)
def table() -> ResponseReturnValue:
    """Return the lines as a table; times in seconds, amounts as decimal numbers."""
    services = current()
    period, by = asked_for()
    with services.db.transaction() as session:
        lines = counting.count(session, actor(), period, by, services.settings.home_zone)
        names = names_of(session, lines, by)
    times = [f"{name}_{what}" for name in STAGES for what in ("count", "median_s", "p90_s")]
    head = [by, "name", "currency", *COUNTS, "asked_amount", "paid_amount", *times]
    rows = [
        [
            line.key, names.get(line.key, line.key), line.currency, *(getattr(line, name) for name in COUNTS),
            Money(line.asked_minor, line.currency).decimal(), Money(line.paid_minor, line.currency).decimal(),
            *(value for each in line.stages.values() for value in (each.count, each.median_s, each.slow_s)),
        ]
        for line in lines
    ]  # fmt: skip
    response = Response(as_csv([head, *rows]), content_type="text/csv; charset=utf-8")
    name = f"remittances-{period.first.isoformat()}-{period.last.isoformat()}{'-drills' if period.drill else ''}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def names_of(session: Session, lines: Sequence[Line], by: str) -> dict[str, str]:
    """Return what the keys of lines are called in the reader's language."""
    if by == "reason":
        return {line.key: gettext(words.REASONS[line.key]) for line in lines if line.key in words.REASONS}
    if by != "mission":
        return {line.key: line.key or gettext("All") for line in lines}
    korean = str(get_locale()) == "ko"
    found = session.scalars(select(Mission).where(Mission.id.in_({int(line.key) for line in lines})))
    return {str(each.id): each.name_ko if korean else each.name_en for each in found}
