"""`/api/v1/ledger`: the books to read. What goes into them comes from the service's own acts and from entries by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from hotline.core.description import MAX_ID, PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from remittance.ledger import reading
from remittance.ledger.balances import totals
from remittance.ledger.models import LedgerJournal
from remittance.ledger.months import period_of, read_period
from remittance.ledger.reading import Shown
from remittance.ledger.states import KINDS, READ
from remittance.money.amounts import Money
from remittance.money.currencies import exponent

blueprint = APIBlueprint("api_ledger", __name__, url_prefix="/api/v1", tag="Ledger")
PERIOD = {"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])$"}
ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
Kind = Literal[
    "bank", "mission_cash", "mission_settlement", "suspense", "deposits_held", "payouts_due", "fees", "rounding", "fx"
]


class AmountOut(BaseModel):
    """An amount: whole minor units of an ISO 4217 currency, and the same in major units with all its digits, as text."""

    minor: int
    currency: str
    amount: str


class AccountOut(BaseModel):
    """One account and what it holds now; less than zero is a credit balance."""

    id: int
    kind: Kind
    currency: str
    mission_id: int | None
    reference: str
    balance: AmountOut


class AccountList(BaseModel):
    """One page of accounts by id; `next_after` continues, null ends."""

    accounts: list[AccountOut]
    next_after: int | None


class StatementLineOut(BaseModel):
    """One posting with what the account held after it."""

    id: int
    journal_id: int
    occurred_at: datetime
    memo: str
    minor: int
    running: int


class StatementOut(BaseModel):
    """One account's month, in minor units of its currency; `next_after` continues the lines, null ends them."""

    account_id: int
    currency: str
    period: str
    opening: int
    debit: int
    credit: int
    closing: int
    lines: list[StatementLineOut]
    next_after: int | None


class PostingOut(BaseModel):
    """One line of a journal; more than zero is a debit, less a credit."""

    account_id: int
    value: AmountOut


class JournalOut(BaseModel):
    """One journal; `period` is the month it is booked into, times are UTC."""

    id: int
    key: str
    occurred_at: datetime
    posted_at: datetime
    period: str
    memo: str
    about_kind: str
    about_id: int | None
    reverses_id: int | None
    actor_name: str
    postings: list[PostingOut]


class JournalDetailOut(JournalOut):
    """A journal with what reversed it and its link of the chain, null while it is not sealed."""

    reversed_by: int | None
    seal: int | None
    seal_hash: str | None


class JournalList(BaseModel):
    """One page, the latest first; `next_before` continues, null ends."""

    journals: list[JournalOut]
    next_before: int | None


class TrialRowOut(BaseModel):
    """One account in a month, in minor units."""

    account_id: int
    currency: str
    opening: int
    debit: int
    credit: int
    closing: int


class TotalOut(BaseModel):
    """The sums of one currency; `agrees` when they balance."""

    currency: str
    debit: int
    credit: int
    balance: int
    agrees: bool


class TrialOut(BaseModel):
    """A month's trial balance and the state of the month."""

    period: str
    state: Literal["open", "asked", "closed"]
    rows: list[TrialRowOut]
    totals: list[TotalOut]


class MonthOut(BaseModel):
    """A month and who asked for its closing and closed it."""

    period: str
    state: Literal["open", "asked", "closed"]
    asked_by_id: int | None
    asked_at: datetime | None
    closed_by_id: int | None
    closed_at: datetime | None
    head: str


class MonthList(BaseModel):
    """Months from the first posting to this one, the latest first."""

    months: list[MonthOut]


@blueprint.get("/ledger/accounts")
@blueprint.output(AccountList)
@blueprint.doc(summary="List accounts with their balances, by id")
@takes(
    query("kind", {"type": "string", "enum": list(KINDS)}, "Only of this kind"),
    query("currency", {"type": "string", "pattern": "^[A-Z]{3}$"}, "Only in this currency (ISO 4217)"),
    query("mission", ID, "Only of this mission"),
    query("limit", PAGE_LIMIT, "Accounts on one page"),
    query("after", ID, "`next_after` of the page before"),
)
@permit(READ)
def accounts() -> ResponseReturnValue:
    """List accounts."""
    kind, currency, limit = request.args.get("kind", ""), request.args.get("currency", ""), _number("limit", 50)
    if kind and kind not in KINDS:
        raise InvalidInput("kind", kind, f"use one of {', '.join(KINDS)}")
    if currency:
        exponent(currency)
    with current().db.transaction() as session:
        found = reading.list_accounts(
            session,
            kind=kind,
            currency=currency,
            mission_id=_number("mission", 0),
            after=_number("after", 0),
            limit=limit + 1,
        )
    more = found[limit - 1].account.id if len(found) > limit else None
    return jsonify(accounts=[_account(each) for each in found[:limit]], next_after=more)


@blueprint.get("/ledger/accounts/<int:account_id>/postings")
@blueprint.output(StatementOut)
@blueprint.doc(summary="Show one account's month", responses={404: "There is no such account"})
@takes(
    query("period", PERIOD, "The month, such as 2026-11; without it the present one"),
    query("limit", PAGE_LIMIT, "Lines on one page"),
    query("after", ID, "`next_after` of the page before"),
)
@permit(READ)
def postings(account_id: int) -> ResponseReturnValue:
    """Show one account's month."""
    with current().db.transaction() as session:
        found = reading.statement(
            session, account_id, _period() or _now(), after=_number("after", 0), limit=_number("limit", 50)
        )
    figures = found.figures
    return jsonify(
        account_id=account_id, currency=figures.currency, period=found.period, opening=figures.opening,
        debit=figures.debit, credit=figures.credit, closing=figures.closing, next_after=found.next_after,
        lines=[
            {
                "id": line.posting_id, "journal_id": line.journal_id, "occurred_at": line.occurred_at.isoformat(),
                "memo": line.memo, "minor": line.minor, "running": line.running,
            }
            for line in found.lines
        ],
    )  # fmt: skip


@blueprint.get("/ledger/journals")
@blueprint.output(JournalList)
@blueprint.doc(summary="List journals with their postings, the latest first")
@takes(
    query("period", PERIOD, "Only of this month"),
    query("about_kind", {"type": "string", "maxLength": 40}, "Only about this kind of thing, such as remittance"),
    query("about_id", ID, "Only about the thing with this id; goes with `about_kind`"),
    query("limit", PAGE_LIMIT, "Journals on one page"),
    query("before", ID, "`next_before` of the page before"),
)
@permit(READ)
def journals() -> ResponseReturnValue:
    """List journals."""
    kind, thing = request.args.get("about_kind", "")[:40], _number("about_id", 0)
    if bool(kind) != bool(thing):
        raise InvalidInput("about_id", thing or "", "give about_kind and about_id together, or neither")
    with current().db.transaction() as session:
        page = reading.list_journals(
            session, period=_period(), about=(kind, thing) if kind else None, before=_number("before", 0),
            limit=_number("limit", 50),
        )  # fmt: skip
        return jsonify(journals=_journals(session, page.journals), next_before=page.next_before)


@blueprint.get("/ledger/journals/<int:journal_id>")
@blueprint.output(JournalDetailOut)
@blueprint.doc(summary="Show one journal", responses={404: "There is no such journal"})
@permit(READ)
def journal(journal_id: int) -> ResponseReturnValue:
    """Show one journal."""
    with current().db.transaction() as session:
        whole = reading.whole_journal(session, journal_id)
        shown = _journals(session, [whole.journal])[0]
    seal = whole.seal or (None, None)
    return jsonify(shown | {"reversed_by": whole.reversed_by, "seal": seal[0], "seal_hash": seal[1]})


@blueprint.get("/ledger/trial-balance")
@blueprint.output(TrialOut)
@blueprint.doc(summary="Show a month's trial balance")
@takes(query("period", PERIOD, "The month, such as 2026-11; without it the present one"))
@permit(READ)
def trial() -> ResponseReturnValue:
    """Show a trial balance."""
    period = _period() or _now()
    with current().db.transaction() as session:
        rows = [row for row, _ in reading.shown_trial(session, period)]
        state = reading.state_of(period, reading.months_by_period(session))
    return jsonify(
        period=period, state=state,
        rows=[
            {
                "account_id": row.account_id, "currency": row.currency, "opening": row.opening, "debit": row.debit,
                "credit": row.credit, "closing": row.closing,
            }
            for row in rows
        ],
        totals=[
            {
                "currency": total.currency, "debit": total.debit, "credit": total.credit, "balance": total.balance,
                "agrees": total.agrees,
            }
            for total in totals(rows)
        ],
    )  # fmt: skip


@blueprint.get("/ledger/months")
@blueprint.output(MonthList)
@blueprint.doc(summary="List months and their closings, the latest first")
@permit(READ)
def months() -> ResponseReturnValue:
    """List months."""
    with current().db.transaction() as session:
        periods, known = reading.periods(session, _now()), reading.months_by_period(session)
    shown = list[dict[str, Any]]()
    for period in periods:
        month = known.get(period)
        shown.append(
            {
                "period": period, "state": reading.state_of(period, known),
                "asked_by_id": month.asked_by_id if month else None,
                "asked_at": month.asked_at.isoformat() if month and month.asked_at else None,
                "closed_by_id": month.closed_by_id if month else None,
                "closed_at": month.closed_at.isoformat() if month and month.closed_at else None,
                "head": month.head if month else "",
            }
        )  # fmt: skip
    return jsonify(months=shown)


def _account(shown: Shown) -> dict[str, Any]:
    account = shown.account
    return {
        "id": account.id, "kind": account.kind, "currency": account.currency, "mission_id": account.mission_id,
        "reference": account.reference, "balance": _amount(shown.minor, account.currency),
    }  # fmt: skip


def _amount(minor: int, currency: str) -> dict[str, Any]:
    return {"minor": minor, "currency": currency, "amount": f"{Money(minor, currency).decimal():f}"}


def _journals(session: Session, found: list[LedgerJournal]) -> list[dict[str, Any]]:
    lines = reading.lines_of_journals(session, [journal.id for journal in found])
    return [
        {
            "id": journal.id, "key": journal.key, "occurred_at": journal.occurred_at.isoformat(),
            "posted_at": journal.posted_at.isoformat(), "period": journal.period, "memo": journal.memo,
            "about_kind": journal.about_kind, "about_id": journal.about_id, "reverses_id": journal.reverses_id,
            "actor_name": journal.actor_name,
            "postings": [
                {"account_id": posting.account_id, "value": _amount(posting.minor, posting.currency)}
                for posting, _ in lines[journal.id]
            ],
        }
        for journal in found
    ]  # fmt: skip


def _period() -> str:
    given = request.args.get("period", "")
    return read_period(given) if given else ""


def _now() -> str:
    return period_of(current().clock.now())


def _number(name: str, default: int) -> int:
    given = request.args.get(name, "")
    if not given:
        return default
    most = 200 if name == "limit" else MAX_ID
    if not (given.isascii() and given.isdigit() and len(given) < 19 and 1 <= int(given) <= most):
        raise InvalidInput(name, given, f"give a whole number from 1 to {most}")
    return int(given)
