"""What is held for remittances, and how much of it is to go back."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.states import ASKED, ASSIGNED, NEW, WAITING
from remittance.ledger.models import LedgerAccount, LedgerJournal, LedgerPosting
from remittance.ledger.states import DEPOSITS
from remittance.quotes.standing import latest_quotes
from remittance.requests.models import Remittance
from remittance.requests.states import DEPOSITED, DISPUTED, PAID, READY, REFUND_PENDING, SETTLED

AFTER_RELEASE = (READY, PAID, SETTLED, DISPUTED)
"""What was due has left the deposits: what is still held is a surplus."""


def held_for(session: Session, remittance_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """Return the minor units held for each remittance and currency, where there are any."""
    rows = session.execute(
        select(LedgerJournal.about_id, LedgerPosting.currency, -func.sum(LedgerPosting.minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerPosting.journal_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerJournal.about_kind == "remittance",
            LedgerJournal.about_id.in_(set(remittance_ids)),
            LedgerAccount.kind == DEPOSITS,
        )
        .group_by(LedgerJournal.about_id, LedgerPosting.currency)
    )
    return {(int(number or 0), currency): int(minor) for number, currency, minor in rows if minor}


def something_held() -> ColumnElement[bool]:
    """Return the condition under which anything is held for a remittance."""
    total = (
        select(func.coalesce(func.sum(LedgerPosting.minor), 0))
        .join(LedgerJournal, LedgerJournal.id == LedgerPosting.journal_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerJournal.about_kind == "remittance",
            LedgerJournal.about_id == Remittance.id,
            LedgerAccount.kind == DEPOSITS,
        )
        .correlate(Remittance)
    )
    return total.scalar_subquery() < 0


def held(session: Session, remittance_id: int, currency: str) -> int:
    """Return the minor units of a currency that are held for a remittance."""
    return held_for(session, [remittance_id]).get((remittance_id, currency), 0)


def going_back(one: Remittance, held_minor: int, due_minor: int) -> int:
    """Return how much of what is held is to be refunded: all, the surplus, or nothing while nobody has decided.

    Of a remittance on hold nothing leaves, whatever it was before.
    """
    if one.state == REFUND_PENDING or one.state in AFTER_RELEASE:
        return max(0, held_minor)
    if one.state == DEPOSITED:
        return max(0, held_minor - due_minor)
    return 0


def left_unexplained(session: Session, one: Remittance) -> bool:
    """Say whether a deposit of this remittance is in question: money that left the bank may be it, or somebody asks for it back.

    Such are entries that the bank marks as taken back, also those that nobody has looked at since the import, and all that is
    more than the surplus that is to go back; and an assignment of which one officer says that it was a mistake.
    """
    if session.scalar(_taken_back_unseen(one.id)) is not None or session.scalar(_undo_asked(one.id)) is not None:
        return True
    found = session.execute(
        select(BankEntry.amount_minor, BankEntry.currency, BankEntry.taken_back).where(
            BankEntry.state.in_(WAITING), BankEntry.amount_minor < 0, BankEntry.suggestions.contains([one.id])
        )
    ).all()
    if not found:
        return False
    quote = latest_quotes(session, [one.id]).get(one.id)
    surplus = {
        currency: going_back(one, minor, quote.due_minor if quote is not None and quote.due_currency == currency else 0)
        for (_, currency), minor in held_for(session, [one.id]).items()
    }
    return any(back or -minor > surplus.get(currency, 0) for minor, currency, back in found)


def _taken_back_unseen(remittance_id: int) -> Select[tuple[int]]:
    """Select an entry that may take a deposit of this remittance back and waits to be placed."""
    came = aliased(BankEntry)
    return (
        select(BankEntry.id)
        .join(came, (came.bank_account_id == BankEntry.bank_account_id) & (came.amount_minor == -BankEntry.amount_minor))
        .where(
            BankEntry.state == NEW, BankEntry.taken_back, BankEntry.amount_minor < 0, came.remittance_id == remittance_id,
            came.state == ASSIGNED,
        )
        .limit(1)
    )  # fmt: skip


def _undo_asked(remittance_id: int) -> Select[tuple[int]]:
    """Select an assignment to this remittance that somebody wants taken back."""
    return (
        select(DepositUndo.id)
        .join(BankEntry, BankEntry.id == DepositUndo.entry_id)
        .where(
            DepositUndo.remittance_id == remittance_id, DepositUndo.state == ASKED, BankEntry.state == ASSIGNED,
            BankEntry.remittance_id == remittance_id,
        )
        .limit(1)
    )  # fmt: skip
