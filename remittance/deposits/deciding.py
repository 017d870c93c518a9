"""What is made of a deposit that came otherwise than asked: it is accepted for what it is, or goes back."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from remittance.deposits.holding import held
from remittance.deposits.matching import OTHER
from remittance.deposits.models import BankEntry
from remittance.deposits.states import ASSIGNED
from remittance.quotes.quoting import accepted_quote
from remittance.quotes.standing import latest_quotes
from remittance.requests import access
from remittance.requests.models import Remittance
from remittance.requests.moving import demand_version, move
from remittance.requests.states import REMITTANCE, WRONG_DEPOSITOR


def accept(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, *, reason: str, version: int | None = None
) -> Remittance:
    """Take what came: a part buys what it buys, of too much what is due is used and the rest is a surplus to be refunded.

    Another's deposit is accepted by somebody who neither asked for the remittance, nor reviewed or approved it, nor gave it that
    deposit. Raises Refused (`had-a-part-in-deposit`, `nothing-to-pay`, `wrong-state`), Forbidden, InvalidInput, Conflict.
    """
    one = access.demand(session, actor, remittance_id, lock=True)
    demand_version(one, version)
    REMITTANCE.next_state(one.state, "accept", actor)
    quote = latest_quotes(session, [one.id]).get(one.id)
    if quote is None:
        raise Refused("It was never quoted.", code="not-quoted")
    if one.state == WRONG_DEPOSITOR and actor.id in _had_a_part(session, one):
        raise Refused("Whoever had a part in it does not accept another's deposit.", code="had-a-part-in-deposit")
    there = held(session, one.id, quote.due_currency)
    used = min(there, quote.due_minor)
    if used < quote.due_minor:
        accepted_quote(session, clock, actor, one, used)
    return move(
        session, clock, actor, one, "accept", reason=reason, needs_reason=True, used_minor=used, surplus_minor=there - used,
        currency=quote.due_currency,
    )  # fmt: skip


def refund(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, *, reason: str, version: int | None = None
) -> Remittance:
    """Order that everything that came goes back; the money leaves by the bank, and its entry in a statement ends it."""
    one = access.demand(session, actor, remittance_id, lock=True)
    demand_version(one, version)
    return move(session, clock, actor, one, "refund", reason=reason, needs_reason=True)


def _had_a_part(session: Session, one: Remittance) -> set[int | None]:
    """Return who may not accept another's deposit."""
    gave = session.scalars(
        select(BankEntry.decided_by_id).where(
            BankEntry.remittance_id == one.id, BankEntry.event == OTHER, BankEntry.state == ASSIGNED
        )
    )
    return {one.requested_by_id, one.reviewed_by_id, one.approved_by_id, *gave} - {None}
