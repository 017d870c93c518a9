"""Planning the leg of somebody who is to join a call that is on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.calls import callers
from hotline.calls.models import Call, Leg
from hotline.calls.reading import open_legs
from hotline.calls.states import PLANNED
from hotline.core.errors import Refused
from hotline.core.services import Services

MAX_LEGS = 8


@dataclass(frozen=True, kw_only=True)
class Invited:
    """Who is called into a bridge: role, number or browser, name, and what for; an agent's leg carries their token."""

    role: str
    to: str
    purpose: str
    label: str = ""
    agent_id: int | None = None
    token: str = ""


def invite(session: Session, services: Services, call: Call, who: Invited) -> Leg:
    """Plan the leg of somebody who is to join a call; raises Refused when they are in it or it is full."""
    legs = open_legs(session, call.id)
    if len(legs) >= MAX_LEGS:
        raise Refused("There are enough people in this call.", code="call-full")
    if any(leg.to == who.to for leg in legs):
        raise Refused("They are in this call or being rung already.", code="already-invited")
    now = services.clock.now()
    leg = Leg(
        call_id=call.id, role=who.role, state=PLANNED, to=who.to, label=who.label[:160], purpose=who.purpose,
        agent_id=who.agent_id, token=who.token, sender=callers.shown_to(session, services.settings, who.to),
        due_at=now, created_at=now,
    )  # fmt: skip
    session.add(leg)
    session.flush()
    return leg
