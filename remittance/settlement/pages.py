"""Pages of settlements: the list with what waits to be settled, preparing one, one with its payouts, and its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from remittance.deposits.states import READ as STATEMENTS_READ
from remittance.ledger.months import BOOKS_ZONE
from remittance.ledger.pages import number
from remittance.ledger.reading import names_of
from remittance.money.currencies import exponent
from remittance.requests.states import READ as REMITTANCES_READ
from remittance.requests.states import SETTLE
from remittance.settlement import reading, reckoning, settling, statement_files, transferring, words
from remittance.settlement.models import Settlement
from remittance.settlement.reading import PAGE_ROWS
from remittance.settlement.states import ALLOTMENT, STATES
from remittance.tills import access, overview
from remittance.tills.pages import frame
from remittance.tills.states import READ

blueprint = Blueprint("settlements", __name__, template_folder="templates")
LANGUAGES = ("ko", "en")


@blueprint.get("/settlements")
@permit(READ)
def index() -> ResponseReturnValue:
    """List settlements, and what waits to be settled, the oldest first."""
    state, before = request.args.get("state", ""), number(request.args.get("before", ""))
    state = state if state in STATES else ""
    with current().db.transaction() as session:
        found = reading.listed(session, actor(), state=state, before=before, limit=PAGE_ROWS + 1)
        waiting = _unsettled(session, access.seen(session, actor()))
    more = found[PAGE_ROWS - 1][0].id if len(found) > PAGE_ROWS else None
    return render_template(
        "settlement/list.html",
        **frame(found=found[:PAGE_ROWS], state=state, states=STATES, before=before, next_before=more, waiting=waiting,
                settled=words, zone=BOOKS_ZONE.key),
    )  # fmt: skip


@blueprint.get("/settlements/new")
@permit(SETTLE)
def new() -> ResponseReturnValue:
    """Show what a settlement would have in it, before it is prepared; of which till is asked where the address does not say."""
    if not request.args.get("mission") or not request.args.get("currency"):
        return _choose()
    return _preview(request.args.get("mission", ""), request.args.get("currency", ""), request.args.get("day", ""))


@blueprint.post("/settlements")
@permit(SETTLE)
def prepare() -> ResponseReturnValue:
    """Prepare a settlement."""
    services, form = current(), request.form
    mission, currency, day = form.get("mission", ""), form.get("currency", ""), form.get("day", "")
    way = form.get("way", ALLOTMENT)
    try:
        with services.db.transaction() as session:
            made = settling.prepare(session, services.clock, actor(), number(mission), currency, _day(day), way)
    except NotFound:
        raise
    except HotlineError as error:
        return _preview(mission, currency, "", error)
    flash(gettext("Prepared. Another finance officer confirms it."), "good")
    return redirect(url_for("settlements.show", settlement_id=made.id))


def _choose() -> ResponseReturnValue:
    """Offer the tills of which anything waits to be settled; a mission that the address names is offered alone."""
    wanted, day = number(request.args.get("mission", "")), request.args.get("day", "")
    with current().db.transaction() as session:
        waiting = _unsettled(session, [wanted] if wanted else access.seen(session, actor()))
    return render_template("settlement/choose.html", **frame(waiting=waiting, day=day))


def _unsettled(session: Session, seen: Sequence[int] | None) -> list[overview.Till]:
    """Return the tills of which something waits to be settled, the oldest first."""
    found = [each for each in overview.tills(session, current().clock.now(), missions=seen) if each.unsettled]
    return sorted(found, key=lambda each: (-(each.oldest_days or 0), each.name_en, each.currency))


def _preview(mission_id: str, currency: str, day: str, error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    today = services.clock.now().astimezone(BOOKS_ZONE).date()
    try:
        last_day = _day(day) if day else today
        exponent(currency)
    except InvalidInput as fault:
        error, last_day = error or fault, today
        currency = currency if fault.field != "currency" else "USD"
    found: list[reckoning.Payout] = []
    with services.db.transaction() as session:
        mission = missions.get(session, number(mission_id))
        try:
            found = reckoning.payouts(session, mission.id, currency, last_day)
        except HotlineError as fault:
            error = error or fault
    page = render_template(
        "settlement/new.html",
        **frame(mission=mission, currency=currency, day=last_day, settled=words, today=today, found=found, zone=BOOKS_ZONE.key,
                total=sum(each.minor for each in found), most=reckoning.MAX_REMITTANCES,
                error=explain(error, "settlement") if error is not None else None),
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.get("/settlements/<int:settlement_id>")
@permit(READ)
def show(settlement_id: int) -> ResponseReturnValue:
    """Show one settlement with its payouts."""
    with current().db.transaction() as session:
        whole = reading.whole(session, actor(), settlement_id)
        names = names_of(session, [whole.one.prepared_by_id, whole.one.decided_by_id, whole.one.paid_by_id])
        pays = whole.one.awaits_transfer and actor().may(SETTLE) and actor().may(STATEMENTS_READ)
        entries = transferring.offered(session) if pays else []
    return render_template(
        "settlement/show.html",
        **frame(
            whole=whole,
            one=whole.one,
            names=names,
            entries=entries,
            pays=pays,
            settled=words,
            me_id=actor().id,
            zone=BOOKS_ZONE.key,
        ),
    )


@blueprint.post("/settlements/<int:settlement_id>/confirm")
@permit(SETTLE)
def confirm(settlement_id: int) -> ResponseReturnValue:
    """Agree to what was read."""
    digest = request.form.get("digest", "")
    return _act(
        settlement_id,
        lambda session: settling.confirm(session, current().clock, actor(), settlement_id, digest),
        gettext("Confirmed and booked."),
    )


@blueprint.post("/settlements/<int:settlement_id>/withdraw")
@permit(SETTLE)
def withdraw(settlement_id: int) -> ResponseReturnValue:
    """Call one off."""
    note = request.form.get("note", "")
    return _act(
        settlement_id,
        lambda session: settling.withdraw(session, current().clock, actor(), settlement_id, note),
        gettext("Withdrawn."),
    )


@blueprint.post("/settlements/<int:settlement_id>/pay")
@permit(SETTLE)
def pay(settlement_id: int) -> ResponseReturnValue:
    """Say which outgoing entry of the bank paid it."""
    entry_id = number(request.form.get("entry", ""))
    return _act(
        settlement_id,
        lambda session: transferring.pay(session, current().clock, actor(), settlement_id, entry_id),
        gettext("Booked: this transfer paid the settlement."),
    )


@blueprint.get("/settlements/<int:settlement_id>.csv")
@permit(READ)
def table(settlement_id: int) -> ResponseReturnValue:
    """Return one for a spreadsheet."""
    with current().db.transaction() as session:
        whole = reading.whole(session, actor(), settlement_id)
    return _file(statement_files.csv_of(whole), "text/csv; charset=utf-8", f"settlement-{settlement_id}.csv")


@blueprint.get("/settlements/<int:settlement_id>.pdf")
@permit(READ)
def sheet(settlement_id: int) -> ResponseReturnValue:
    """Return one to print; `language` chooses the other language than the reader's."""
    with current().db.transaction() as session:
        whole = reading.whole(session, actor(), settlement_id)
    now, language = current().clock.now(), request.args.get("language", "")
    if language in LANGUAGES:
        with force_locale(language):
            made = statement_files.pdf_of(whole, now)
    else:
        made = statement_files.pdf_of(whole, now)
    return _file(made, "application/pdf", f"settlement-{settlement_id}.pdf")


@blueprint.get("/settlements/of-remittance/<int:remittance_id>")
@permit(REMITTANCES_READ)
def remittance_panel(remittance_id: int) -> str:
    """Return the part of a remittance's page that says in which settlement it is; empty where it is in none."""
    with current().db.transaction() as session:
        found = reading.of_remittance(session, remittance_id)
        if found is not None and not _sees(session, found):
            found = None
    if found is None:
        return ""
    return render_template("settlement/_remittance.html", **frame(one=found, settled=words, zone=BOOKS_ZONE.key))


def _sees(session: Session, one: Settlement) -> bool:
    if not actor().may(READ):
        return False
    allowed = access.seen(session, actor())
    return allowed is None or one.mission_id in allowed


def _act(settlement_id: int, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    back = url_for("settlements.show", settlement_id=settlement_id)
    return act_from_page(act, done, about="settlement", back=back, subject="settlement")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("last_day", text, "write the day as 2026-11-21") from None


def _file(content: str | bytes, content_type: str, name: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
