"""What entries of a statement are in the books: always first through suspense, so that our bank account is the bank's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.states import DONE
from remittance.ledger.accounts import account_for
from remittance.ledger.months import BOOKS_ZONE
from remittance.ledger.posting import About, Line, post, reverse
from remittance.ledger.states import DEPOSITS, FEES, SUSPENSE
from remittance.money.amounts import Money

ABOUT = "bank_entry"


def moment_of(day: date) -> datetime:
    """Return the moment for which a bank's day stands in the books: its beginning there, so that it falls into its month."""
    return datetime.combine(day, time.min, BOOKS_ZONE).astimezone(UTC)


def book(
    session: Session, clock: Clock, actor: Actor, entry_id: int, amount: Money, day: date, accounts: tuple[int, int]
) -> int:
    """Post an entry, bank against suspense (`accounts`), and return the journal; a closed month's is booked into an open one."""
    bank, suspense = accounts
    return post(
        session, clock, actor, key=f"bank_entry:{entry_id}", occurred_at=moment_of(day), memo="Entry of a bank's statement",
        about=About(ABOUT, entry_id), lines=[Line(bank, amount), Line(suspense, -amount)], late=True,
    ).journal_id  # fmt: skip


def leave_suspense(
    session: Session, clock: Clock, actor: Actor, entry: BankEntry, account_id: int, about: About, memo: str
) -> int:
    """Move a locked entry's money out of suspense onto an account of its currency, and return the journal.

    Once, and once more for each time that an assignment was taken back.
    """
    amount = Money(entry.amount_minor, entry.currency)
    suspense = account_for(session, clock, SUSPENSE, entry.currency)
    undone = session.scalar(select(func.count()).where(DepositUndo.entry_id == entry.id, DepositUndo.state == DONE))
    key = f"bank_entry:{entry.id}:out" + (f":{undone + 1}" if undone else "")
    posted = post(
        session, clock, actor, key=key, occurred_at=clock.now(), memo=memo, about=about,
        lines=[Line(suspense, amount), Line(account_id, -amount)], late=True,
    )  # fmt: skip
    entry.moved_journal_id = posted.journal_id
    return posted.journal_id


def to_remittance(session: Session, clock: Clock, actor: Actor, entry: BankEntry, remittance_id: int, memo: str) -> int:
    """Move a locked entry's money to what is held for a remittance; of an outgoing one, from there."""
    held = account_for(session, clock, DEPOSITS, entry.currency)
    return leave_suspense(session, clock, actor, entry, held, About("remittance", remittance_id), memo)


def to_fees(session: Session, clock: Clock, actor: Actor, entry: BankEntry) -> int:
    """Move a locked entry's money to what is earned or spent: the bank's charges and interest."""
    fees = account_for(session, clock, FEES, entry.currency)
    return leave_suspense(session, clock, actor, entry, fees, About(ABOUT, entry.id), "Charge or interest of the bank")


def into_suspense_again(session: Session, clock: Clock, actor: Actor, entry: BankEntry, undo_id: int) -> int:
    """Reverse what moved a locked entry's money out of suspense, and return the reversal."""
    if entry.moved_journal_id is None:
        raise AssertionError(f"entry {entry.id} never left suspense")
    return reverse(
        session, clock, actor, key=f"bank_entry:{entry.id}:undo:{undo_id}", journal_id=entry.moved_journal_id,
        memo="Assignment of a bank's entry taken back",
    ).journal_id  # fmt: skip
