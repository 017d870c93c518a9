"""Closing a month: one finance officer asks, another agrees to the same figures, and nothing goes into it any more.

What is asked for is a trial balance, kept as its digest: when something was posted meanwhile, the second officer is told to have
it asked again. A closing waits for postings under way and is final; what becomes known later is booked into an open month.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from remittance.ledger import sealing
from remittance.ledger.balances import TrialRow, digest_of, totals, trial_balance
from remittance.ledger.models import LedgerCarried, LedgerEntry, LedgerJournal, LedgerMonth
from remittance.ledger.months import ends, read_period
from remittance.ledger.posting import BOOKS_LOCK
from remittance.ledger.states import ASKED, CLOSED, MONTH, OPEN, WAITING

MAX_NOTE_CHARS = 500
MAX_SEALED_AT_CLOSING = 1_000_000


@dataclass(frozen=True)
class Hindrance:
    """Why a month cannot be closed: a code with a registered explanation, and what that is filled with.

    `endpoint` and `where` name the page on which it is mended. One that does not stop the closing is told beside the others.
    """

    code: str
    params: dict[str, object] = field(default_factory=dict)
    endpoint: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    stops: bool = True


MonthCheck = Callable[[Session, str], Sequence[Hindrance]]
"""What another room wants to be true before a month closes (the bank's account equals its last statement, tills are counted)."""


def hindrances(session: Session, clock: Clock, period: str, checks: Sequence[MonthCheck] = ()) -> list[Hindrance]:
    """Return everything that stands against closing a month now, and what is open beside; an empty list where nothing is."""
    found = list[Hindrance]()
    if period <= _closed(session):
        found.append(Hindrance("period-closed", {"period": period}))
    if ends(period) > clock.now():
        found.append(Hindrance("month-not-over", {"period": period}))
    earlier = session.scalar(
        select(func.min(LedgerJournal.period)).where(
            LedgerJournal.period < period, LedgerJournal.period > _closed(session)
        )
    )
    if earlier is not None:
        found.append(Hindrance("earlier-month-open", {"period": earlier}))
    waiting = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(LedgerEntry.state == WAITING, LedgerEntry.occurred_at < ends(period))
    )
    if waiting:
        found.append(Hindrance("entries-waiting", {"count": waiting}))
    for total in totals(trial_balance(session, period)):
        if not total.agrees:
            found.append(Hindrance("does-not-agree", {"currency": total.currency}))
    for check in checks:
        found += check(session, period)
    return found


def ask(
    session: Session, clock: Clock, actor: Actor, period: str, note: str = "", checks: Sequence[MonthCheck] = ()
) -> LedgerMonth:
    """Ask for a month to be closed with the figures that it has now; asking again takes the newest figures.

    Raises Refused with the first hindrance's code, or when it is closed.
    """
    month = _locked(session, period)
    state = ASKED
    if month.state != ASKED:
        state = MONTH.next_state(month.state, "ask", actor)
    elif not actor.may("ledger.close"):
        raise Forbidden("Closing a month needs the permission ledger.close.")
    _refuse_hindered(session, clock, period, checks)
    digest = digest_of(trial_balance(session, period))
    note = _note(note)
    month.state, month.digest, month.note = state, digest, note
    month.asked_by_id, month.asked_at = actor.id, clock.now()
    audit.record(session, clock, actor, "ledger.month.ask", "ledger_month", _number(period), after={"period": period})
    return month


def give_back(session: Session, clock: Clock, actor: Actor, period: str, note: str) -> LedgerMonth:
    """Open an asked month again, with the reason; by anybody who may close, the one who asked too."""
    month = _locked(session, period)
    month.state, month.note = MONTH.next_state(month.state, "return", actor), _note(note, required=True)
    audit.record(
        session, clock, actor, "ledger.month.return", "ledger_month", _number(period), after={"note": month.note}
    )
    return month


def close(session: Session, clock: Clock, actor: Actor, period: str, checks: Sequence[MonthCheck] = ()) -> LedgerMonth:
    """Close a month for good: seal its journals, carry every account's balance forward, lock it.

    Raises Forbidden when the one who asked would close (`four-eyes`); Refused when nobody asked, when the figures have
    changed since (`figures-changed`), or with the first hindrance's code.
    """
    # Alone with the books from here on: who is posting is waited for, who comes later sees the month closed.
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": BOOKS_LOCK})
    month = _locked(session, period)
    state = MONTH.next_state(month.state, "close", actor)
    if actor.id is None or month.asked_by_id == actor.id:
        raise Forbidden(
            "The officer who asked for the closing cannot carry it out; another one does.", code="four-eyes"
        )
    _refuse_hindered(session, clock, period, checks)
    rows = trial_balance(session, period)
    if digest_of(rows) != month.digest:
        raise Refused("Something was posted since the closing was asked for; ask again.", code="figures-changed")
    sealing.seal(session, clock, limit=MAX_SEALED_AT_CLOSING)
    month.state, month.closed_by_id, month.closed_at = state, actor.id, clock.now()
    month.head = sealing.head(session)[1]
    session.flush()
    _carry(session, period, rows)
    audit.record(
        session, clock, actor, "ledger.month.close", "ledger_month", _number(period),
        after={"period": period, "digest": month.digest, "head": month.head},
    )  # fmt: skip
    return month


def _carry(session: Session, period: str, rows: Sequence[TrialRow]) -> None:
    session.add_all(
        LedgerCarried(period=period, account_id=row.account_id, debit=row.debit, credit=row.credit, minor=row.closing)
        for row in rows
    )
    session.flush()


def _locked(session: Session, period: str) -> LedgerMonth:
    read_period(period)
    session.execute(
        text("INSERT INTO ledger_months (period, state) VALUES (:period, :state) ON CONFLICT DO NOTHING"),
        {"period": period, "state": OPEN},
    )
    month = session.scalar(
        select(LedgerMonth)
        .where(LedgerMonth.period == period)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert month is not None, "it was there or was made"
    return month


def _closed(session: Session) -> str:
    return session.scalar(select(func.max(LedgerMonth.period)).where(LedgerMonth.state == CLOSED)) or ""


def _refuse_hindered(session: Session, clock: Clock, period: str, checks: Sequence[MonthCheck]) -> None:
    found = [each for each in hindrances(session, clock, period, checks) if each.stops]
    if found:
        raise Refused(
            f"{period} cannot be closed: {', '.join(each.code for each in found)}.", code=found[0].code,
            params=found[0].params,
        )  # fmt: skip


def _note(note: str, *, required: bool = False) -> str:
    note = note.strip()
    if len(note) > MAX_NOTE_CHARS or (required and not note) or "\x00" in note:
        raise InvalidInput("note", note, f"write {'1' if required else '0'} to {MAX_NOTE_CHARS} characters")
    return note


def _number(period: str) -> int:
    """The audit trail names its subjects by numbers: 202611."""
    return int(period.replace("-", ""))
