"""Taking the assignment of a bank's entry back: it waits in suspense again, and its remittance is what is left of its deposits.

One officer takes back what an officer gave, as giving needs one. Two are needed where more stands behind it than one officer:
what the service found by the bank's own words, and another's deposit that a second officer accepted. From the moment one asks,
nothing is paid out for that remittance. Locked are, as in assigning, the remittance and then the entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, Refused
from remittance.deposits import booking
from remittance.deposits.assigning import BY_HAND, DEPOSIT_RETURNED, get_entry
from remittance.deposits.candidates import REFUND, unlike
from remittance.deposits.holding import held_for
from remittance.deposits.matching import OTHER
from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.states import ASKED, ASSIGNED, DONE, ENTRY, REFUSED, UNDONE
from remittance.quotes.standing import latest_quotes
from remittance.requests import access, moving
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import (
    DEPOSITED,
    DEPOSITS,
    DISPUTED,
    ON_HOLD,
    PAID,
    READY,
    REFUND_PENDING,
    REFUNDED,
    SETTLED,
    WRONG_DEPOSITOR,
)

UNDO, MAX_UNDOS = "undo", 50
_ENDED_BY = {"expire": "undo_expired", "refund_held": "undo_rejected"}
"""By what led to a refund: how it ends when no money was there; by everything else it was called off."""


def take_off(session: Session, clock: Clock, actor: Actor, entry_id: int, *, reason: str) -> DepositUndo:
    """Take an assignment back, or ask a second officer for it where two are needed (`needs_two`).

    On hold nothing moves: there it is only asked for, which keeps the cash back when the hold is lifted. Raises InvalidInput;
    Refused where the entry is given to nothing (`not-assigned`), something was paid out for the remittance (`paid-out`), the
    money went back already (`gone-back`), the bank itself took it back (`return-stays`), or it was asked before (`undo-asked`).
    """
    words = _words(actor, reason)
    one, entry = _locked(session, actor, entry_id)
    if open_of(session, entry.id) is not None:
        raise Refused("It was asked for already.", code="undo-asked")
    held_back = one.state == ON_HOLD
    event = "" if held_back else _event_of(session, one, entry)
    made = DepositUndo(
        entry_id=entry.id, remittance_id=one.id, needs_two=held_back or _needs_two(session, one, entry), reason=words,
        asked_by_id=actor.id, asked_at=clock.now(), state=ASKED,
    )  # fmt: skip
    session.add(made)
    session.flush()
    if made.needs_two:
        _record(session, clock, actor, "undo_asked", made)
    else:
        _undo(session, clock, actor, one, entry, made, event)
    return made


def agree(session: Session, clock: Clock, actor: Actor, entry_id: int) -> DepositUndo:
    """Agree as another officer to what was asked: it is judged anew and taken back. Raises Refused as `take_off` does."""
    _may(actor)
    one, entry = _locked(session, actor, entry_id)
    made = _demand_open(session, entry_id)
    if actor.id is None or actor.id == made.asked_by_id:
        raise Refused("Whoever said what it is cannot agree to it.", code="same-officer-asked")
    _undo(session, clock, actor, one, entry, made, _event_of(session, one, entry))
    return made


def refuse(session: Session, clock: Clock, actor: Actor, entry_id: int, *, reason: str) -> DepositUndo:
    """Say no, or take one's own word back: the entry stays where it was given."""
    words = _words(actor, reason)
    get_entry(session, entry_id, lock=True)
    made = _demand_open(session, entry_id)
    made.state, made.answer, made.decided_by_id, made.decided_at = REFUSED, words, actor.id, clock.now()
    _record(session, clock, actor, "undo_refused", made)
    return made


def open_of(session: Session, entry_id: int) -> DepositUndo | None:
    """Return what was asked for an entry and nobody has answered; None where there is nothing."""
    return session.scalar(select(DepositUndo).where(DepositUndo.entry_id == entry_id, DepositUndo.state == ASKED))


def undos_of(session: Session, entry_id: int) -> Sequence[DepositUndo]:
    """Return every time that an assignment of an entry was, or is to be, taken back, the oldest first."""
    return session.scalars(
        select(DepositUndo).where(DepositUndo.entry_id == entry_id).order_by(DepositUndo.id).limit(MAX_UNDOS)
    ).all()


def hindrance(session: Session, one: Remittance, entry: BankEntry) -> Refused | None:
    """Return why an assigned entry can neither be taken off now nor asked for, for pages; None where it can."""
    try:
        _event_of(session, one, entry)
    except Refused as refused:
        return refused if one.state != ON_HOLD else None
    return None


def _locked(session: Session, actor: Actor, entry_id: int) -> tuple[Remittance, BankEntry]:
    entry = get_entry(session, entry_id)
    if entry.remittance_id is None:
        raise Refused("It is given to no remittance.", code="not-assigned")
    one = access.demand(session, actor, entry.remittance_id, lock=True)
    entry = get_entry(session, entry_id, lock=True)
    if entry.remittance_id != one.id:
        raise Conflict("Somebody gave this entry elsewhere meanwhile. Read it again.", code="entry-changed")
    return one, entry


def _event_of(session: Session, one: Remittance, entry: BankEntry) -> str:
    """Return the event of the remittance that follows, empty where it stays what it is; raises Refused."""
    if entry.state != ASSIGNED or entry.event == DEPOSIT_RETURNED:
        raise Refused("What the bank took back is not given back here.", code="return-stays")
    if one.state == ON_HOLD:
        raise Refused("It is on hold.", code="undo-on-hold")
    if entry.amount_minor < 0:
        return "undo_refund" if one.state == REFUNDED else ""
    if one.state in (PAID, SETTLED, DISPUTED) or _was_paid(session, one):
        raise Refused("Cash was paid out for it.", code="paid-out")
    there = held_for(session, [one.id])
    quote = latest_quotes(session, [one.id]).get(one.id)
    due = quote.due_minor if quote is not None and quote.due_currency == entry.currency else 0
    released = due if one.state == READY else 0  # comes back with the release, in the same transaction
    left = there.pop((one.id, entry.currency), 0) + released - entry.amount_minor
    if left < 0:
        raise Refused("Some of it has gone back already.", code="gone-back")
    if one.state == REFUND_PENDING:
        return "" if left or there else _end_of(session, one)
    if one.state == REFUNDED:
        raise Refused("Some of it has gone back already.", code="gone-back")
    return _by_what_is_left(session, one, entry, left, due)


def _by_what_is_left(session: Session, one: Remittance, entry: BankEntry, left: int, due: int) -> str:
    if left == 0:
        return UNDO
    names = (one.payer_name,) if one.payer_name else ()
    rest = select(BankEntry).where(
        BankEntry.remittance_id == one.id, BankEntry.state == ASSIGNED, BankEntry.amount_minor > 0,
        BankEntry.id != entry.id,
    )  # fmt: skip
    if any(each.event == OTHER or unlike(each, names) for each in session.scalars(rest)):
        return "undo_other"  # nobody has accepted it as all there is
    if left < due:
        return "undo_part"
    if one.state in (DEPOSITED, READY):
        return ""  # what is due is there without it
    return "undo_whole" if left == due else "undo_over"


def _end_of(session: Session, one: Remittance) -> str:
    """Return how a refund ends for which nothing is left: what went back was all, or there was nothing to go back."""
    went = select(BankEntry.id).where(BankEntry.remittance_id == one.id, BankEntry.event == REFUND).limit(1)
    if session.scalar(went) is not None:
        return "refunded"
    led = session.scalar(
        select(RemittanceChange.event)
        .where(
            RemittanceChange.remittance_id == one.id, RemittanceChange.after == REFUND_PENDING,
            RemittanceChange.event != "undo_refund",
        )
        .order_by(RemittanceChange.id.desc())
        .limit(1)
    )  # fmt: skip
    return _ENDED_BY.get(led or "", "undo_cancelled")


def _was_paid(session: Session, one: Remittance) -> bool:
    paid = select(RemittanceChange.id).where(RemittanceChange.remittance_id == one.id, RemittanceChange.after == PAID)
    return session.scalar(paid.limit(1)) is not None


def _needs_two(session: Session, one: Remittance, entry: BankEntry) -> bool:
    """Say whether more than one officer stands behind an assignment: the bank's words, or a second officer's acceptance."""
    if entry.how != BY_HAND:
        return True
    if entry.event != OTHER or one.state == WRONG_DEPOSITOR:
        return False
    accepted = select(RemittanceChange.id).where(
        RemittanceChange.remittance_id == one.id, RemittanceChange.event == "accept"
    )
    return session.scalar(accepted.limit(1)) is not None


def _undo(
    session: Session, clock: Clock, actor: Actor, one: Remittance, entry: BankEntry, made: DepositUndo, event: str
) -> None:
    state = ENTRY.next_state(entry.state, UNDO, actor)
    reversal_id = booking.into_suspense_again(session, clock, actor, entry, made.id)
    made.state, made.journal_id, made.decided_by_id, made.decided_at = DONE, reversal_id, actor.id, clock.now()
    entry.state, entry.moved_journal_id = state, None
    entry.remittance_id, entry.event, entry.how, entry.why, entry.suggestions = None, "", "", UNDONE, []
    entry.reason, entry.decided_at, entry.decided_by_id = "", None, None
    session.flush()
    if event:
        moving.move(
            session, clock, actor, one, event, entry=entry.id, minor=entry.amount_minor, currency=entry.currency
        )
    _record(session, clock, actor, "undone", made)


def _demand_open(session: Session, entry_id: int) -> DepositUndo:
    made = open_of(session, entry_id)
    if made is None:
        raise Refused("Nobody asked for it to be taken back.", code="no-undo-asked")
    return made


def _may(actor: Actor) -> None:
    if not actor.may(DEPOSITS):
        raise Forbidden(f"This needs the permission {DEPOSITS}.")


def _words(actor: Actor, reason: str) -> str:
    _may(actor)
    words = " ".join(reason.split())
    if not 1 <= len(words) <= moving.MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"say why in 1 to {moving.MAX_REASON_CHARS} characters")
    return words


def _record(session: Session, clock: Clock, actor: Actor, act: str, made: DepositUndo) -> None:
    """Put it on the trail without its words, which name people and are emptied one day."""
    audit.record(
        session, clock, actor, f"bank_entry.{act}", "bank_entry", made.entry_id,
        after={"undo_id": made.id, "remittance_id": made.remittance_id, "state": made.state},
    )  # fmt: skip
