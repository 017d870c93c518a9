"""A settlement's bank transfer: the outgoing entry of the bank's statement that waits in suspense is the one that paid it.

`SUSPENSE -cost / FX +cost` in the bank's currency: with what the deposits were worth, what the exchange earned or cost is left
on the account of exchanges. The amount is the bank's: how many won the mission's currency cost is known from no other place.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, Refused
from remittance.deposits import booking
from remittance.deposits.assigning import get_entry
from remittance.deposits.models import BankEntry
from remittance.deposits.states import ENTRY, SUSPENSE
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About
from remittance.ledger.states import FX
from remittance.requests.states import SETTLE
from remittance.settlement.models import Settlement
from remittance.settlement.settling import ABOUT, locked, recorded

MAX_OFFERED = 50
HOW = "settlement"


def offered(session: Session) -> Sequence[BankEntry]:
    """Return outgoing entries that wait in suspense, the latest first: one of them may have paid a settlement."""
    return session.scalars(
        select(BankEntry)
        .where(BankEntry.state == SUSPENSE, BankEntry.amount_minor < 0, BankEntry.taken_back.is_(False))
        .order_by(BankEntry.id.desc())
        .limit(MAX_OFFERED)
    ).all()


def pay(session: Session, clock: Clock, actor: Actor, settlement_id: int, entry_id: int) -> Settlement:
    """Say that an outgoing entry of the bank paid a settlement, and take it out of suspense.

    Raises NotFound, Forbidden (`four-eyes`) for whoever prepared the settlement, Refused where it awaits no transfer
    (`no-transfer-awaited`), for an entry that did not go out (`not-outgoing`), or that waits no more (`wrong-state`).
    """
    if actor.id is None or not actor.may(SETTLE):
        raise Forbidden(f"This needs the permission {SETTLE}.")
    one = locked(session, settlement_id)
    if not one.awaits_transfer:
        raise Refused("This settlement awaits no transfer.", code="no-transfer-awaited")
    if actor.id == one.prepared_by_id:
        raise Forbidden("Whoever prepared a settlement does not say how it was paid.", code="four-eyes")
    entry = get_entry(session, entry_id, lock=True)
    if entry.amount_minor >= 0 or entry.taken_back:
        raise Refused("This entry did not go out to anybody.", code="not-outgoing")
    entry.state = ENTRY.next_state(entry.state, "use", actor)
    entry.how, entry.why, entry.suggestions = HOW, "", []
    entry.decided_by_id, entry.decided_at = actor.id, clock.now()
    exchange = account_for(session, clock, FX, entry.currency)
    booking.leave_suspense(session, clock, actor, entry, exchange, About(ABOUT, one.id), "Transfer to a mission")
    one.bank_entry_id, one.paid_by_id, one.paid_at = entry.id, actor.id, clock.now()
    recorded(session, clock, actor, one, "paid")
    return one
