"""What quotes have to do with a remittance's changes: the limit weighed at the yes, cash at a reroute, time in every quote."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import Refused
from remittance.money.amounts import Money
from remittance.quotes import floats, weighing
from remittance.quotes.standing import quote_of
from remittance.requests.effects import Step
from remittance.requests.models import Policy, Remittance
from remittance.requests.states import ON_HOLD, QUOTED, RESERVING

GRACE = timedelta(hours=2)
"""Whoever comes back to waiting for a deposit (from a hold, after a deposit was returned or taken off) has so long."""
NAME = "quotes"
"""Of this room's effect."""


def follow(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Guard a change and set until when a quoted remittance waits; raises Refused (`remittance-limit`, `float-short`)."""
    if step.event == "approve":
        _weigh_if_possible(session, clock, one)
    if step.event == "reroute" and step.after in RESERVING:
        _demand_cash_there(session, clock, one)
    if step.after == QUOTED:
        _set_time(session, clock, one, step)


def _weigh_if_possible(session: Session, clock: Clock, one: Remittance) -> None:
    """Refuse what is past the limit by the present rate; without one the yes is given, and the quote weighs it."""
    policy, now = session.get_one(Policy, one.policy_id), clock.now()
    known = weighing.known_rates(session, policy, now)
    try:
        weight = weighing.weigh(Money(one.wanted_minor, one.currency), known, policy, now)
        weighing.demand_within_limit(session, one, weight, known, now)
    except Refused as error:
        if error.code != "no-rate":
            raise


def _demand_cash_there(session: Session, clock: Clock, one: Remittance) -> None:
    held = quote_of(session, one.id)
    if held is not None:
        floats.demand_cash(session, clock, one, Money(held.paid_minor, held.currency))


def _set_time(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    held = quote_of(session, one.id)
    if held is None:
        return
    came_back = step.before == ON_HOLD or step.event in ("deposit_returned", "undo")
    one.due_at = max(held.expires_at, clock.now() + GRACE) if came_back else held.expires_at
