"""The books for finance officers and auditors: accounts, statements, journals, the trial balance, and the journal as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.ledger import exporting, reading, words
from remittance.ledger.balances import totals
from remittance.ledger.months import BOOKS_ZONE, is_period, period_of, read_period
from remittance.ledger.states import KINDS, READ
from remittance.money.amounts import Money
from remittance.money.currencies import exponents
from remittance.money.wording import format_amount, format_money

blueprint = Blueprint("ledger", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
PAGE_ROWS, STATEMENT_ROWS = 50, 100
MAX_SEARCH_CHARS = 60


def speaks() -> str:
    """Return the reader's language."""
    return str(get_locale() or DEFAULT_LANGUAGE)


def money(minor: int, currency: str) -> str:
    """Return an amount with its currency in the reader's language."""
    return format_money(Money(minor, currency), speaks())


def amount(minor: int, currency: str) -> str:
    """Return an amount without its currency, for columns."""
    return format_amount(Money(minor, currency), speaks())


def account_name(shown: reading.Shown) -> str:
    """Return what an account is called: its kind, whose it is, and which of several."""
    parts = [gettext(words.KINDS[shown.account.kind])]
    if shown.mission is not None:
        parts.append(shown.mission.name_ko if speaks() == "ko" else shown.mission.name_en)
    if shown.account.reference:
        parts.append(shown.account.reference)
    return " · ".join(parts)


def frame(**more: Any) -> dict[str, Any]:
    """Return what every page of the books needs beside its own."""
    return {
        "words": words, "money": money, "amount": amount, "account_name": account_name, "kinds": KINDS, "zone": BOOKS_ZONE.key,
        **more,
    }  # fmt: skip


def now_period() -> str:
    """Return the month that is now."""
    return period_of(current().clock.now())


def asked_period(default: str | None = None) -> str:
    """Return the month in the address, or the present one."""
    given = request.args.get("period", "")
    return given if is_period(given) else (now_period() if default is None else default)


@blueprint.get("/ledger")
@permit(READ)
def accounts() -> ResponseReturnValue:
    """List accounts with what they hold."""
    kind, currency = request.args.get("kind", ""), request.args.get("currency", "")
    search = request.args.get("q", "")[:MAX_SEARCH_CHARS].strip()
    kind, currency = kind if kind in KINDS else "", currency if currency in exponents() else ""
    with current().db.transaction() as session:
        found = reading.list_accounts(session, kind=kind, currency=currency, search=search)
        currencies = sorted({each.account.currency for each in reading.list_accounts(session)})
        waiting = len(reading.list_entries(session, waiting=True))
    return render_template(
        "ledger/accounts.html",
        **frame(found=found, kind=kind, currency=currency, search=search, currencies=currencies, waiting=waiting),
    )


@blueprint.get("/ledger/accounts/<int:account_id>")
@permit(READ)
def account(account_id: int) -> ResponseReturnValue:
    """Show one account's month."""
    period, after = asked_period(), number(request.args.get("after", ""))
    with current().db.transaction() as session:
        found = reading.statement(session, account_id, period, after=after, limit=STATEMENT_ROWS)
        periods = reading.periods(session, now_period())
    return render_template("ledger/account.html", **frame(found=found, period=period, periods=periods, after=after))


@blueprint.get("/ledger/journals")
@permit(READ)
def journals() -> ResponseReturnValue:
    """List journals, the latest first."""
    period, before = asked_period(""), number(request.args.get("before", ""))
    with current().db.transaction() as session:
        page = reading.list_journals(session, period=period, before=before, limit=PAGE_ROWS)
        lines = reading.lines_of_journals(session, [journal.id for journal in page.journals])
        periods = reading.periods(session, now_period())
    return render_template(
        "ledger/journals.html", **frame(page=page, lines=lines, period=period, periods=periods, before=before)
    )


@blueprint.get("/ledger/journals/<int:journal_id>")
@permit(READ)
def journal(journal_id: int) -> ResponseReturnValue:
    """Show one journal."""
    with current().db.transaction() as session:
        whole = reading.whole_journal(session, journal_id)
    return render_template("ledger/journal.html", **frame(whole=whole))


@blueprint.get("/ledger/trial-balance")
@permit(READ)
def trial() -> ResponseReturnValue:
    """Show a month's trial balance."""
    period = asked_period()
    with current().db.transaction() as session:
        rows = reading.shown_trial(session, period)
        periods = reading.periods(session, now_period())
        state = reading.state_of(period, reading.months_by_period(session))
    sums = {total.currency: total for total in totals([row for row, _ in rows])}
    return render_template(
        "ledger/trial.html", **frame(rows=rows, sums=sums, period=period, periods=periods, state=state)
    )


@blueprint.get("/ledger/journal.csv")
@permit(READ)
def export_csv() -> ResponseReturnValue:
    """Return the journal, or one month of it, for a spreadsheet."""
    period = request.args.get("period", "")
    if period:
        read_period(period)
    return _file(exporting.csv_lines(current().db, period), "text/csv; charset=utf-8", f"journal-{period or 'all'}.csv")


@blueprint.get("/ledger/books.beancount")
@permit(READ)
def export_beancount() -> ResponseReturnValue:
    """Return all of the books as plain text for beancount."""
    return _file(exporting.beancount_lines(current().db), "text/plain; charset=utf-8", "books.beancount")


def number(given: str) -> int:
    """Return a row's number from an address; 0 where it is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _file(pieces: Iterator[str], content_type: str, name: str) -> Response:
    response = Response(pieces, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
