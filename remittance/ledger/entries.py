"""Entries by hand: written with a reason by one finance officer, posted by another's yes; a journal is reversed so, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from remittance.ledger.accounts import get_accounts
from remittance.ledger.models import LedgerEntry, LedgerJournal
from remittance.ledger.posting import MAX_KEY_CHARS, MAX_MEMO_CHARS, About, Line, check_said, post, reverse
from remittance.ledger.states import ENTRY, WAITING, WRITE
from remittance.money.amounts import Money

MAX_REASON_CHARS = 1_000
MAX_WAITING = 200
"""Entries that may wait at the same time; more would be a second set of books that nobody reads."""
ABOUT = "ledger_entry"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an officer wants to stand in the books, and why; `key` is the form's own, so that one form is one entry."""

    key: str
    occurred_at: datetime
    memo: str
    reason: str
    lines: Sequence[Line]


def ask(session: Session, clock: Clock, actor: Actor, wish: Wish) -> LedgerEntry:
    """Write down an entry that waits for a second officer.

    Everything that posting would refuse is refused here already, so that the second officer decides on the matter and not on its
    form. The same form again, also at once, is the entry of the first time. Raises InvalidInput, NotFound for an unknown account,
    Forbidden, Refused when too many wait or (`entry-key-taken`) when the key stands for another entry.
    """
    _demand(actor)
    if not 1 <= len(wish.key) <= MAX_KEY_CHARS:
        raise InvalidInput("key", wish.key, f"give 1 to {MAX_KEY_CHARS} characters")
    reason = _words("reason", wish.reason, MAX_REASON_CHARS)
    memo = _words("memo", wish.memo, MAX_MEMO_CHARS)
    check_said("entry", wish.occurred_at, memo, wish.lines, clock.now())
    accounts = get_accounts(session, [line.account_id for line in wish.lines])
    for line in wish.lines:
        if accounts[line.account_id].currency != line.amount.currency:
            raise InvalidInput(
                "lines", str(line.amount), f"account {line.account_id} is in {accounts[line.account_id].currency}",
                code="account-currency",
            )  # fmt: skip
    entry = LedgerEntry(
        key=wish.key, state=WAITING, occurred_at=wish.occurred_at, memo=memo, reason=reason,
        lines=[[line.account_id, line.amount.minor] for line in wish.lines], asked_by_id=actor.id, asked_at=clock.now(),
    )  # fmt: skip
    return _before(session, entry) or _asked(session, clock, actor, entry)


def _before(session: Session, entry: LedgerEntry) -> LedgerEntry | None:
    """Return the entry that was written under this key before; those with one key wait for each other until commit."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 37))"), {"key": entry.key})
    found = session.scalar(select(LedgerEntry).where(LedgerEntry.key == entry.key))
    same = ("asked_by_id", "occurred_at", "memo", "reason", "lines")
    if found is not None and any(getattr(found, name) != getattr(entry, name) for name in same):
        raise Refused("This key stands for another entry.", code="entry-key-taken")
    return found


def ask_reversal(session: Session, clock: Clock, actor: Actor, journal_id: int, reason: str) -> LedgerEntry:
    """Write down that a journal shall be reversed; NotFound, Refused where it cannot be (again)."""
    _demand(actor)
    reason = _words("reason", reason, MAX_REASON_CHARS)
    origin = session.get(LedgerJournal, journal_id)
    if origin is None:
        raise NotFound("journal", journal_id)
    if origin.reverses_id is not None:
        raise Refused("A reversal is not reversed; post what is right instead.", code="is-reversal")
    if session.scalar(select(LedgerJournal.id).where(LedgerJournal.reverses_id == journal_id)) is not None:
        raise Refused(f"Journal {journal_id} was reversed before.", code="already-reversed")
    waiting = select(LedgerEntry.id).where(LedgerEntry.state == WAITING, LedgerEntry.reverses_id == journal_id)
    if session.scalar(waiting) is not None:
        raise Refused("Its reversal waits for the second officer already.", code="reversal-waiting")
    entry = LedgerEntry(
        state=WAITING, occurred_at=clock.now(), memo=f"Reversal: {origin.memo}"[:MAX_MEMO_CHARS], reason=reason, lines=[],
        reverses_id=journal_id, asked_by_id=actor.id, asked_at=clock.now(),
    )  # fmt: skip
    return _asked(session, clock, actor, entry)


def agree(session: Session, clock: Clock, actor: Actor, entry_id: int) -> LedgerEntry:
    """Post what waits. Raises Forbidden (`four-eyes`) when the one who asked would agree; Refused as posting does."""
    entry = _locked(session, entry_id)
    state = ENTRY.next_state(entry.state, "agree", actor)
    if actor.id is None or actor.id == entry.asked_by_id:
        raise Forbidden("The officer who asked for an entry cannot agree to it; another one does.", code="four-eyes")
    key = f"entry:{entry.id}"
    if entry.reverses_id is not None:
        posted = reverse(session, clock, actor, key=key, journal_id=entry.reverses_id, memo=entry.memo)
    else:
        lines = lines_of(session, entry)
        posted = post(
            session, clock, actor, key=key, occurred_at=entry.occurred_at, memo=entry.memo, about=About(ABOUT, entry.id),
            lines=lines,
        )  # fmt: skip
    entry.state, entry.journal_id = state, posted.journal_id
    return _decided(session, clock, actor, entry, "agree")


def refuse(session: Session, clock: Clock, actor: Actor, entry_id: int, note: str) -> LedgerEntry:
    """Turn down what waits, with the reason; by anybody else than the one who asked, who withdraws it instead."""
    entry = _locked(session, entry_id)
    state = ENTRY.next_state(entry.state, "refuse", actor)
    if actor.id == entry.asked_by_id:
        raise Forbidden("The officer who asked for an entry withdraws it; another one refuses it.", code="four-eyes")
    note = _words("note", note, MAX_MEMO_CHARS)
    entry.state, entry.note = state, note
    return _decided(session, clock, actor, entry, "refuse")


def withdraw(session: Session, clock: Clock, actor: Actor, entry_id: int) -> LedgerEntry:
    """Take back what one asked for oneself."""
    entry = _locked(session, entry_id)
    state = ENTRY.next_state(entry.state, "withdraw", actor)
    if actor.id != entry.asked_by_id:
        raise Forbidden("Only the officer who asked for an entry withdraws it.", code="not-yours")
    entry.state = state
    return _decided(session, clock, actor, entry, "withdraw")


def lines_of(session: Session, entry: LedgerEntry) -> list[Line]:
    """Return an entry's lines as amounts."""
    accounts = get_accounts(session, [account_id for account_id, _ in entry.lines])
    return [Line(account_id, Money(minor, accounts[account_id].currency)) for account_id, minor in entry.lines]


def get_entry(session: Session, entry_id: int) -> LedgerEntry:
    """Return an entry; raises NotFound."""
    found = session.get(LedgerEntry, entry_id)
    if found is None:
        raise NotFound("entry", entry_id)
    return found


def _asked(session: Session, clock: Clock, actor: Actor, entry: LedgerEntry) -> LedgerEntry:
    waiting = session.scalars(select(LedgerEntry.id).where(LedgerEntry.state == WAITING).limit(MAX_WAITING)).all()
    if len(waiting) >= MAX_WAITING:
        raise Refused(f"{MAX_WAITING} entries wait; have them decided first.", code="too-many-entries")
    session.add(entry)
    session.flush()
    after = {"memo": entry.memo, "reason": entry.reason, "lines": entry.lines, "reverses_id": entry.reverses_id}
    audit.record(session, clock, actor, "ledger.entry.ask", "ledger_entry", entry.id, after=after)
    return entry


def _decided(session: Session, clock: Clock, actor: Actor, entry: LedgerEntry, event: str) -> LedgerEntry:
    entry.decided_by_id, entry.decided_at = actor.id, clock.now()
    session.flush()
    audit.record(
        session, clock, actor, f"ledger.entry.{event}", "ledger_entry", entry.id, before={"state": WAITING},
        after={"state": entry.state, "journal_id": entry.journal_id, "note": entry.note},
    )  # fmt: skip
    return entry


def _locked(session: Session, entry_id: int) -> LedgerEntry:
    found = session.scalar(
        select(LedgerEntry)
        .where(LedgerEntry.id == entry_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("entry", entry_id)
    return found


def _demand(actor: Actor) -> None:
    if actor.id is None or not actor.may(WRITE):
        raise Forbidden(f"An entry by hand is asked for by an officer with the permission {WRITE}.")


def _words(field: str, words: str, most: int) -> str:
    words = words.strip()
    if not words or len(words) > most or "\x00" in words:
        raise InvalidInput(field, words, f"write 1 to {most} characters")
    return words
