"""What in suspense is nobody's deposit: the bank's charges, money to be sent back, and what undoes each other.

One officer says what an entry is and why, another agrees; only then is anything posted or ordered. The database refuses an entry
that the one who asked decided.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from remittance.deposits import booking
from remittance.deposits.assigning import get_entry
from remittance.deposits.models import BankEntry
from remittance.deposits.states import ENTRY, FEES_ASKED, REFUND_ORDERED, SUSPENSE
from remittance.requests.moving import MAX_REASON_CHARS
from remittance.requests.states import DEPOSITS

FEES, REFUND = "ask_fees", "ask_refund"
ASKS = (FEES, REFUND)


def ask(session: Session, clock: Clock, actor: Actor, entry_id: int, what: str, *, reason: str) -> BankEntry:
    """Say that an entry is a charge or interest of the bank (`ask_fees`), or goes back to its sender (`ask_refund`).

    Raises InvalidInput; Refused where it is no longer in suspense (`wrong-state`) or where what left is to be refunded
    (`not-incoming`).
    """
    _may(actor)
    if what not in ASKS:
        raise InvalidInput("what", what, f"use one of {', '.join(ASKS)}")
    words = _words(reason)
    entry = get_entry(session, entry_id, lock=True)
    if what == REFUND and entry.amount_minor < 0:
        raise Refused("Only what came in can be sent back.", code="not-incoming")
    entry.state = ENTRY.next_state(entry.state, what, actor)
    entry.asked_by_id, entry.asked_at, entry.reason = actor.id, clock.now(), words
    _record(session, clock, actor, what, entry)
    return entry


def agree(session: Session, clock: Clock, actor: Actor, entry_id: int) -> BankEntry:
    """Agree as another officer: a charge is posted now, a refund may be transferred. Raises Refused (`same-officer-asked`)."""
    _may(actor)
    entry = get_entry(session, entry_id, lock=True)
    before = entry.state
    after = ENTRY.next_state(before, "agree", actor)
    if actor.id is None or actor.id == entry.asked_by_id:
        raise Refused("Whoever said what it is cannot agree to it.", code="same-officer-asked")
    entry.state, entry.decided_by_id, entry.decided_at, entry.suggestions = after, actor.id, clock.now(), []
    if before == FEES_ASKED:
        booking.to_fees(session, clock, actor, entry)
    _record(session, clock, actor, "agree", entry)
    return entry


def refuse(session: Session, clock: Clock, actor: Actor, entry_id: int, *, reason: str) -> BankEntry:
    """Say no, or take one's own word back: the entry waits in suspense again."""
    _may(actor)
    words = _words(reason)
    entry = get_entry(session, entry_id, lock=True)
    entry.state = ENTRY.next_state(entry.state, "refuse", actor)
    entry.asked_by_id, entry.asked_at, entry.reason = None, None, words
    _record(session, clock, actor, "refuse", entry)
    return entry


def pair(session: Session, clock: Clock, actor: Actor, entry_id: int, other_id: int) -> BankEntry:
    """Say that an outgoing entry is the refund, ordered by two officers, of an incoming one of the same amount and account.

    In suspense both undo each other, so that nothing is posted. Returns the outgoing entry; raises Refused (`no-pair`) where
    they do not belong together.
    """
    _may(actor)
    if entry_id == other_id:
        raise InvalidInput("other_id", other_id, "name the entry that was refunded")
    first, second = (get_entry(session, number, lock=True) for number in sorted((entry_id, other_id)))
    outgoing, incoming = (first, second) if first.id == entry_id else (second, first)
    fits = (
        outgoing.amount_minor < 0 and incoming.amount_minor == -outgoing.amount_minor
        and outgoing.bank_account_id == incoming.bank_account_id
        and (outgoing.state, incoming.state) == (SUSPENSE, REFUND_ORDERED)
    )  # fmt: skip
    if not fits:
        raise Refused("These two do not undo each other.", code="no-pair")
    for each, partner in ((outgoing, incoming), (incoming, outgoing)):
        each.state, each.pair_id = ENTRY.next_state(each.state, "pair", actor), partner.id
        each.suggestions, each.why = [], ""
    outgoing.decided_by_id, outgoing.decided_at = actor.id, clock.now()
    _record(session, clock, actor, "pair", outgoing, pair_id=incoming.id)
    return outgoing


def _may(actor: Actor) -> None:
    if not actor.may(DEPOSITS):
        raise Forbidden(f"This needs the permission {DEPOSITS}.")


def _words(reason: str) -> str:
    words = " ".join(reason.split())
    if not 1 <= len(words) <= MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"say why in 1 to {MAX_REASON_CHARS} characters")
    return words


def _record(session: Session, clock: Clock, actor: Actor, act: str, entry: BankEntry, **facts: object) -> None:
    """Put it on the trail without its words: they name people, and the trail forgets nobody."""
    audit.record(
        session, clock, actor, f"bank_entry.{act}", "bank_entry", entry.id, after={"state": entry.state, **facts}
    )
