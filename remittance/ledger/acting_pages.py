"""What finance officers do in the books: closing months, and entries by hand that wait for a second officer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.ledger import closing, entries, reading
from remittance.ledger.accounts import get_account
from remittance.ledger.balances import totals, trial_balance
from remittance.ledger.months import BOOKS_ZONE, is_period
from remittance.ledger.pages import frame, now_period, number
from remittance.ledger.posting import Line
from remittance.ledger.states import CLOSE, READ, WRITE
from remittance.money.wording import parse_amount

blueprint = Blueprint("ledger_acts", __name__, template_folder="templates")
ROWS, MOST_ROWS = 6, 40
PAGE_ROWS = 50


def month_checks() -> list[closing.MonthCheck]:
    """Return what other rooms want to be true before a month closes."""
    found: list[closing.MonthCheck] = current_app.extensions["registry"].month_checks
    return found


@blueprint.get("/ledger/months")
@permit(READ)
def months() -> ResponseReturnValue:
    """List months, and what stands against closing the one that is next."""
    return _months_page()


def _months_page(error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        periods = reading.periods(session, now_period())
        known = reading.months_by_period(session)
        following = next((each for each in reversed(periods) if each > reading.last_closed(known)), "")
        hindrances = closing.hindrances(session, services.clock, following, month_checks()) if following else []
        sums = totals(trial_balance(session, following)) if following else []
        states = {each: reading.state_of(each, known) for each in periods}
        names = reading.names_of(session, [each for m in known.values() for each in (m.asked_by_id, m.closed_by_id)])
    page = render_template(
        "ledger/months.html",
        **frame(
            periods=periods, known=known, states=states, following=following, sums=sums, names=names, me_id=actor().id,
            hindrances=[(_said(each), _where(each)) for each in hindrances if each.stops],
            still_open=[(_said(each), _where(each)) for each in hindrances if not each.stops],
            error=explain(error, "ledger") if error else None,
        ),
    )  # fmt: skip
    return page, error.status if error else 200


@blueprint.post("/ledger/months/<period>/ask")
@permit(CLOSE)
def ask_month(period: str) -> ResponseReturnValue:
    """Ask for a month to be closed."""
    note = request.form.get("note", "")
    return _on_month(
        period, lambda session: closing.ask(session, current().clock, actor(), period, note, month_checks()),
        gettext("Asked for. Another finance officer closes the month."),
    )  # fmt: skip


@blueprint.post("/ledger/months/<period>/return")
@permit(CLOSE)
def return_month(period: str) -> ResponseReturnValue:
    """Give an asked month back."""
    note = request.form.get("note", "")
    return _on_month(
        period, lambda session: closing.give_back(session, current().clock, actor(), period, note),
        gettext("Given back: the month is open."),
    )  # fmt: skip


@blueprint.post("/ledger/months/<period>/close")
@permit(CLOSE)
def close_month(period: str) -> ResponseReturnValue:
    """Close a month for good."""
    return _on_month(
        period, lambda session: closing.close(session, current().clock, actor(), period, month_checks()),
        gettext("The month is closed."),
    )  # fmt: skip


@blueprint.get("/ledger/entries")
@permit(READ)
def entry_list() -> ResponseReturnValue:
    """List entries by hand, those that wait or all."""
    waiting, before = request.args.get("all") != "1", number(request.args.get("before", ""))
    with current().db.transaction() as session:
        found = reading.list_entries(session, waiting=waiting, before=before, limit=PAGE_ROWS + 1)
        names = reading.names_of(session, [each for e in found for each in (e.asked_by_id, e.decided_by_id)])
    more = found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None
    return render_template(
        "ledger/entries.html",
        **frame(found=found[:PAGE_ROWS], waiting=waiting, before=before, names=names, next_before=more),
    )


@blueprint.get("/ledger/entries/new")
@permit(WRITE)
def entry_form() -> ResponseReturnValue:
    """Show the form for an entry by hand."""
    return _entry_form({"key": secrets.token_urlsafe(12)}, min(MOST_ROWS, number(request.args.get("rows", "")) or ROWS))


@blueprint.post("/ledger/entries/new")
@permit(WRITE)
def ask_entry() -> ResponseReturnValue:
    """Write down an entry that waits for a second officer."""
    services = current()
    try:
        with services.db.transaction() as session:
            entry = entries.ask(session, services.clock, actor(), _wish(session, request.form))
    except NotFound:
        raise
    except HotlineError as error:
        return _entry_form(request.form, _rows_of(request.form), error)
    flash(gettext("Written down. It is posted when another finance officer agrees."), "good")
    return redirect(url_for("ledger_acts.entry", entry_id=entry.id))


@blueprint.get("/ledger/entries/<int:entry_id>")
@permit(READ)
def entry(entry_id: int) -> ResponseReturnValue:
    """Show one entry by hand."""
    return _entry_page(entry_id)


@blueprint.post("/ledger/entries/<int:entry_id>/agree")
@permit(WRITE)
def agree(entry_id: int) -> ResponseReturnValue:
    """Post an entry."""
    return _on_entry(
        entry_id, lambda session: entries.agree(session, current().clock, actor(), entry_id), gettext("Posted.")
    )


@blueprint.post("/ledger/entries/<int:entry_id>/refuse")
@permit(WRITE)
def refuse(entry_id: int) -> ResponseReturnValue:
    """Turn an entry down."""
    note = request.form.get("note", "")
    return _on_entry(
        entry_id, lambda session: entries.refuse(session, current().clock, actor(), entry_id, note), gettext("Refused.")
    )


@blueprint.post("/ledger/entries/<int:entry_id>/withdraw")
@permit(WRITE)
def withdraw(entry_id: int) -> ResponseReturnValue:
    """Take an entry back."""
    return _on_entry(
        entry_id, lambda session: entries.withdraw(session, current().clock, actor(), entry_id), gettext("Withdrawn.")
    )


@blueprint.post("/ledger/journals/<int:journal_id>/reverse")
@permit(WRITE)
def ask_reversal(journal_id: int) -> ResponseReturnValue:
    """Ask for a journal to be reversed."""
    services = current()
    try:
        with services.db.transaction() as session:
            made = entries.ask_reversal(session, services.clock, actor(), journal_id, request.form.get("reason", ""))
    except NotFound:
        raise
    except HotlineError as error:
        with services.db.transaction() as session:
            whole = reading.whole_journal(session, journal_id)
        return render_template("ledger/journal.html", **frame(whole=whole, error=explain(error, "entry"))), error.status
    flash(gettext("Written down. It is posted when another finance officer agrees."), "good")
    return redirect(url_for("ledger_acts.entry", entry_id=made.id))


def _on_month(period: str, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    if not is_period(period):
        raise NotFound("month", period)
    try:
        with current().db.transaction() as session:
            act(session)
    except HotlineError as error:
        return _months_page(error)
    flash(message, "good")
    return redirect(url_for("ledger_acts.months"))


def _on_entry(entry_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    try:
        with current().db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _entry_page(entry_id, error)
    flash(message, "good")
    return redirect(url_for("ledger_acts.entry", entry_id=entry_id))


def _entry_page(entry_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = entries.get_entry(session, entry_id)
        lines = entries.lines_of(session, found)
        shown = reading.shown_accounts(session, [line.account_id for line in lines])
        names = reading.names_of(session, [found.asked_by_id, found.decided_by_id])
        origin = reading.whole_journal(session, found.reverses_id) if found.reverses_id else None
    page = render_template(
        "ledger/entry.html",
        **frame(
            entry=found, lines=[(line, shown[line.account_id]) for line in lines], names=names, origin=origin,
            me_id=actor().id, error=explain(error, "entry") if error else None,
        ),
    )  # fmt: skip
    return page, error.status if error else 200


def _entry_form(given: Any, rows: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        accounts = reading.list_accounts(session)
    faults = {error.field: explain(error, "entry")} if isinstance(error, InvalidInput) else {}
    today = current().clock.now().astimezone(BOOKS_ZONE).strftime("%Y-%m-%dT%H:%M")
    page = render_template(
        "ledger/entry_form.html",
        **frame(
            given=given, rows=rows, accounts=accounts, faults=faults, today=today,
            error=explain(error, "entry") if error and not faults else None,
        ),
    )  # fmt: skip
    return page, error.status if error else 200


def _wish(session: Session, form: MultiDict[str, str]) -> entries.Wish:
    lines = list[Line]()
    for nth in range(_rows_of(form)):
        account_id = number(form.get(f"account-{nth}", ""))
        debit, credit = form.get(f"debit-{nth}", "").strip(), form.get(f"credit-{nth}", "").strip()
        if not (account_id or debit or credit):
            continue
        if not account_id or bool(debit) == bool(credit):
            raise InvalidInput(
                "lines", f"line {nth + 1}", "choose an account and give either a debit or a credit", code="one-side"
            )
        currency = get_account(session, account_id).currency
        paid = parse_amount(debit or credit, currency, field="lines")
        lines.append(Line(account_id, paid if debit else -paid))
    return entries.Wish(
        key=form.get("key", ""),
        occurred_at=_moment(form.get("occurred_at", "")),
        memo=form.get("memo", ""),
        reason=form.get("reason", ""),
        lines=lines,
    )


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given[:30])
    except ValueError:
        raise InvalidInput("occurred_at", given, "give date and time, such as 2026-11-21T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=BOOKS_ZONE)


def _rows_of(form: Any) -> int:
    return min(MOST_ROWS, max([ROWS, *(nth + 1 for nth in range(MOST_ROWS) if f"account-{nth}" in form)]))


def _said(hindrance: closing.Hindrance) -> str:
    refusal = HotlineError(hindrance.code, code=hindrance.code, params=hindrance.params)
    return explain(refusal, "ledger")


def _where(hindrance: closing.Hindrance) -> str:
    """Return the address of the page on which it is mended; empty where there is none."""
    return url_for(hindrance.endpoint, **hindrance.where) if hindrance.endpoint else ""
