"""Who has the star as a key in the bridge, and the bridge with it; apart, because both ends of a call's middle need it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.calls import speaking
from hotline.calls.going_on import line_of
from hotline.calls.models import Call, Leg
from hotline.calls.speaking import Bridge
from hotline.core.services import Services


def may_pass_on(session: Session, agent_id: int | None) -> bool:
    """Say whether this agent has the key: a volunteer of the first level."""
    return agent_id is not None and presence.get_agent(session, agent_id).first_level


def bridge_of(services: Services, call: Call, leg: Leg) -> str:
    """Return the document that puts a volunteer's telephone into the bridge, with the star as their key."""
    line = line_of(services, call)
    bridge = Bridge(speaking.conference_name(call.id), beep=False, star=True)
    return speaking.join(line, bridge, line.address("starred", leg=leg.id, asked=0))
