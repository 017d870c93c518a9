"""An entry becomes a remittance's deposit, or its refund: postings, event and the entry's state in one transaction.

Locked are, in this order, the remittance and the entry; whoever comes second finds the entry in another state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.outbox import publish
from remittance.deposits import booking, candidates
from remittance.deposits.candidates import MORE, REFUND, Candidate, unlike
from remittance.deposits.holding import going_back, held, held_for
from remittance.deposits.matching import OTHER, event_of
from remittance.deposits.models import BankEntry
from remittance.deposits.states import ASSIGNED, ENTRY
from remittance.quotes.standing import latest_quotes
from remittance.requests import access, moving
from remittance.requests.effects import Step
from remittance.requests.models import Remittance
from remittance.requests.states import (
    DEPOSITED,
    DEPOSITS,
    OVERPAID,
    PARTIAL,
    QUOTED,
    REFUND_PENDING,
    WITH_MONEY,
    WRONG_DEPOSITOR,
)

CONFIRMED = "DepositConfirmed"
"""Fact of the outbox: {remittance_id}; what is due lies at the bank, once for each time a remittance becomes `deposited`."""
BY_HAND, DEPOSIT_RETURNED = "hand", "deposit_returned"
TAKES_BACK = (PARTIAL, OVERPAID, WRONG_DEPOSITOR, DEPOSITED)
"""States in which a deposit can be taken back by the bank and the remittance waits for another."""
_LEADING_TO_DEPOSITED = (QUOTED, *WITH_MONEY)


@dataclass(frozen=True)
class How:
    """By whom an entry is assigned, how it was found, and why."""

    actor: Actor
    how: str
    reason: str = ""


def get_entry(session: Session, entry_id: int, *, lock: bool = False) -> BankEntry:
    """Return an entry; raises NotFound. `lock` keeps others from changing it until commit, and reads it anew."""
    found = session.get(BankEntry, entry_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("entry", entry_id)
    return found


def assign(
    session: Session, clock: Clock, actor: Actor, entry_id: int, remittance_id: int, *, reason: str
) -> Remittance:
    """Give an entry that waits to a remittance, by hand: a deposit where one is taken, a refund where money goes back.

    The event is what the amount and the depositor's name make of it, as for those that found their way themselves: another's
    deposit still waits for the decision of somebody else. Raises Refused where the remittance takes none now (`not-waiting`),
    where more would go back than is to go (`more-than-held`), or where the entry is no longer open (`wrong-state`).
    """
    if not actor.may(DEPOSITS):
        raise Forbidden(f"This needs the permission {DEPOSITS}.")
    words = " ".join(reason.split())
    if not 1 <= len(words) <= moving.MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"say why in 1 to {moving.MAX_REASON_CHARS} characters")
    get_entry(session, entry_id)
    one = access.demand(session, actor, remittance_id, lock=True)
    entry = get_entry(session, entry_id, lock=True)
    candidate = candidates.find(session, [entry], only=one.id)[0]
    if candidate.currency != entry.currency:
        raise Refused(
            f"It was quoted in {candidate.currency or 'no currency'}, the entry is in {entry.currency}.",
            code="other-currency", params={"due": candidate.currency or "–", "currency": entry.currency},
        )  # fmt: skip
    how = How(actor, BY_HAND, words)
    if entry.amount_minor > 0:
        deposit(session, clock, one, entry, _event(candidate, entry), how)
    elif entry.taken_back and one.state in TAKES_BACK:
        take_back(session, clock, one, entry, how)
    else:
        refund(session, clock, one, entry, how)
    audit.record(
        session, clock, actor, "bank_entry.assigned", "bank_entry", entry.id,
        after={"remittance_id": one.id, "event": entry.event},  # not why: words name people, and the trail forgets nobody
    )  # fmt: skip
    return one


def _event(one: Candidate, entry: BankEntry) -> str:
    """Return what a deposit that is given by hand is; raises Refused where none is taken."""
    if one.state in (OVERPAID, DEPOSITED):
        return MORE
    if one.state not in (QUOTED, PARTIAL):
        raise Refused("This remittance takes no deposit now.", code="not-waiting", params={"state": one.state})
    return OTHER if unlike(entry, one.names) else event_of(one.awaited(entry), entry.amount_minor)


def deposit(session: Session, clock: Clock, one: Remittance, entry: BankEntry, event: str, how: How) -> None:
    """Make a locked entry a deposit of a locked remittance, by an event of the lifecycle."""
    _settle(session, clock, one, entry, event, how, "Deposit")
    moving.move(session, clock, SYSTEM, one, event, entry=entry.id, minor=entry.amount_minor, currency=entry.currency)


def refund(session: Session, clock: Clock, one: Remittance, entry: BankEntry, how: How) -> None:
    """Make a locked outgoing entry the refund of a locked remittance; with the last unit it is refunded.

    Raises Refused when more left the bank than is to go back.
    """
    currency, quote = entry.currency, latest_quotes(session, [one.id]).get(one.id)
    held_minor = held(session, one.id, currency)
    due = quote.due_minor if quote is not None and quote.due_currency == currency else 0
    most = going_back(one, held_minor, due)
    if -entry.amount_minor > most:
        raise Refused(
            f"At most {most} minor units of {currency} go back for this remittance.",
            code="more-than-held", params={"most": most, "currency": currency},
        )  # fmt: skip
    _settle(session, clock, one, entry, REFUND, how, "Refund")
    if one.state == REFUND_PENDING and held_minor + entry.amount_minor == 0:
        moving.move(
            session, clock, how.actor, one, "refunded", entry=entry.id, minor=-entry.amount_minor, currency=currency
        )


def take_back(session: Session, clock: Clock, one: Remittance, entry: BankEntry, how: How) -> None:
    """Undo a deposit that the bank took back; what is still held is judged anew."""
    origin = deposit_of(session, entry, one.id)
    if origin is None:
        raise Refused("No deposit of this remittance has this amount.", code="no-such-deposit")
    origin = get_entry(session, origin.id, lock=True)
    origin.state = ENTRY.next_state(origin.state, "take_back", how.actor)
    origin.pair_id, entry.pair_id = entry.id, origin.id
    _settle(session, clock, one, entry, DEPOSIT_RETURNED, how, "Deposit taken back by the bank")
    moving.move(
        session,
        clock,
        SYSTEM,
        one,
        DEPOSIT_RETURNED,
        entry=entry.id,
        minor=-entry.amount_minor,
        currency=entry.currency,
    )
    left = held(session, one.id, entry.currency)
    if left > 0:
        candidate = candidates.find(session, [entry], only=one.id)[0]
        # A further deposit by hand was asked no name, because enough was there: now it may be what is left.
        others = any(
            each.event == OTHER or unlike(each, candidate.names)
            for each in session.scalars(
                select(BankEntry).where(
                    BankEntry.remittance_id == one.id, BankEntry.state == ASSIGNED, BankEntry.amount_minor > 0
                )
            )
        )
        event = OTHER if others else event_of(replace(candidate, held=0).awaited(entry), left)
        moving.move(session, clock, SYSTEM, one, event, minor=left, currency=entry.currency)


def deposit_of(session: Session, entry: BankEntry, remittance_id: int | None = None) -> BankEntry | None:
    """Return the deposit that an entry takes back: the same account and amount, and the bank's reference or the remittance.

    None where there is none, or where several could be meant and nothing tells them apart.
    """
    same = select(BankEntry).where(
        BankEntry.bank_account_id == entry.bank_account_id, BankEntry.amount_minor == -entry.amount_minor,
        BankEntry.state == ASSIGNED, BankEntry.id < entry.id,
    )  # fmt: skip
    if remittance_id is not None:
        same = same.where(BankEntry.remittance_id == remittance_id)
    found = session.scalars(same.order_by(BankEntry.id.desc()).limit(50)).all()
    named = [each for each in found if entry.bank_reference and each.bank_reference == entry.bank_reference]
    if named:
        return named[0] if len({each.remittance_id for each in named}) == 1 else None
    return found[0] if remittance_id is not None and found else None


def _settle(session: Session, clock: Clock, one: Remittance, entry: BankEntry, event: str, how: How, memo: str) -> None:
    """Give the entry to the remittance and its money out of suspense, or back into it."""
    entry.state = ENTRY.next_state(entry.state, "assign", how.actor)
    entry.remittance_id, entry.event, entry.how, entry.why, entry.suggestions = one.id, event, how.how, "", []
    entry.reason, entry.decided_at = how.reason, clock.now()
    entry.decided_by_id = how.actor.id if how.actor.kind == "officer" else None
    booking.to_remittance(session, clock, how.actor, entry, one.id, memo)
    session.flush()


def confirm(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Tell that what is due is there; runs with every change of a remittance."""
    if step.after == DEPOSITED and step.before in _LEADING_TO_DEPOSITED and step.event != "reroute":
        publish(session, clock, CONFIRMED, {"remittance_id": one.id})


def keep_until_refunded(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Refuse the end of a refund while anything is held."""
    if step.event == "refunded" and held_for(session, [one.id]):
        raise Refused("Something is still held for it.", code="still-held")
