"""Disputes: somebody says that a payout was not as the books have it; another finance officer upholds it or orders the refund."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from remittance.payouts.models import Payout
from remittance.payouts.states import PAID as DONE
from remittance.quotes.standing import quote_of
from remittance.requests import access
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.moving import move
from remittance.requests.states import DISPUTED, SETTLED
from remittance.tills import access as access_of_tills
from remittance.tills import returned

DISPUTE, UPHOLD, REFUND = "dispute", "uphold", "refund"
EVENTS = (DISPUTE, UPHOLD, REFUND)


def decide(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, event: str, *, reason: str, cash: str = ""
) -> Remittance:
    """Dispute a payout, uphold it (it goes back to where it stood), or order the refund of what was deposited.

    A refund puts the cash into the till by the books; `cash` says whether it is there (`in_till`, for the mission to count) or
    not (`missing`: an open difference of the till). Whoever paid or witnessed has no say in it; whoever raised the dispute does
    not end it. Raises InvalidInput, NotFound, Forbidden, Refused (`wrong-state`, `had-a-part-payout`, `same-officer-dispute`).
    """
    if event not in EVENTS:
        raise InvalidInput("event", event, f"use one of {', '.join(EVENTS)}")
    one = access.demand(session, actor, remittance_id, lock=True)
    paid = session.scalar(select(Payout).where(Payout.remittance_id == one.id, Payout.state == DONE))
    if paid is not None and actor.id in (paid.prepared_by_id, paid.witness_id):
        raise Refused("Whoever paid or witnessed has no say in its dispute.", code="had-a-part-payout")
    if event == DISPUTE:
        return move(session, clock, actor, one, DISPUTE, reason=reason, needs_reason=True)
    raised = opening_of(session, one.id)
    if one.state != DISPUTED or raised is None:
        raise Refused("It is not disputed.", code="not-disputed")
    if raised.by_id == actor.id and actor.id is not None:
        raise Refused("Whoever raised the dispute does not end it.", code="same-officer-dispute")
    if event == REFUND:
        return _refund(session, clock, actor, one, reason=reason, cash=cash)
    told = "uphold_settled" if event == UPHOLD and raised.before == SETTLED else event
    return move(session, clock, actor, one, told, reason=reason, needs_reason=True)


def _refund(session: Session, clock: Clock, actor: Actor, one: Remittance, *, reason: str, cash: str) -> Remittance:
    if cash not in returned.WHERE:
        raise InvalidInput("cash", cash, f"say where the cash is: {', '.join(returned.WHERE)}")
    quote = quote_of(session, one.id)
    if quote is None:
        raise Refused("It was never quoted.", code="not-quoted")
    access_of_tills.held_till(
        session, one.mission_id, quote.currency
    )  # no count falls between the books and what is said here
    move(
        session, clock, actor, one, REFUND, reason=reason, needs_reason=True, cash=cash, minor=quote.paid_minor,
        currency=quote.currency, mission_id=one.mission_id,
    )  # fmt: skip
    if cash == returned.MISSING:
        returned.open_missing(session, clock, one.id, one.mission_id, quote.currency, quote.paid_minor)
    return one


def opening_of(session: Session, remittance_id: int) -> RemittanceChange | None:
    """Return the change by which the last dispute of a remittance was raised."""
    return session.scalar(
        select(RemittanceChange)
        .where(RemittanceChange.remittance_id == remittance_id, RemittanceChange.event == DISPUTE)
        .order_by(RemittanceChange.id.desc())
        .limit(1)
    )
