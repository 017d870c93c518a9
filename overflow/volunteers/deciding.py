"""Decisions about a volunteer by name of the event, as pages and the API give them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from overflow.volunteers import approving, leaving
from overflow.volunteers.models import Volunteer

EVENTS: dict[str, Callable[[Session, Clock, Actor, int, str], Volunteer]] = {
    "approve": approving.approve,
    "refuse": approving.refuse,
    "suspend": approving.suspend,
    "reinstate": approving.reinstate,
    "remove": leaving.remove,
}


def decide(session: Session, clock: Clock, actor: Actor, volunteer_id: int, event: str, reason: str) -> Volunteer:
    """Do one of EVENTS; raises InvalidInput for another, and what the event itself raises."""
    act = EVENTS.get(event)
    if act is None:
        raise InvalidInput("event", event, f"use one of {', '.join(EVENTS)}")
    return act(session, clock, actor, volunteer_id, reason)
