"""A mission's duty telephone and its deputies: called into the bridge one after another until somebody there presses 1.

The person stays with the agent all the while, so nobody is sent anywhere before somebody has answered, and nobody in a circle:
numbers that are forwarded to us are left out.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls.inviting import MAX_LEGS, Invited, invite
from hotline.calls.loops import comes_back
from hotline.calls.models import Call, Leg
from hotline.calls.reading import legs_of, open_legs
from hotline.calls.states import JOINED, OVER, TALKING
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionDuty

PURPOSE = "duty"
MAX_CHAIN = 10


class Deputy(NamedTuple):
    """Somebody of a mission's chain; the number is E.164."""

    name: str
    phone: str


def chain(session: Session, call: Call) -> list[Deputy]:
    """Return whom to ring for the call's mission, in order, each number once; at last the mission's emergency number."""
    mission = session.get(Mission, call.mission_id) if call.mission_id is not None else None
    if mission is None:
        return []
    rows = session.scalars(
        select(MissionDuty)
        .where(MissionDuty.mission_id == mission.id)
        .order_by(MissionDuty.position, MissionDuty.id)
        .limit(MAX_CHAIN)
    )
    listed = [Deputy(row.name, row.phone) for row in rows] + [Deputy(mission.name_en, mission.emergency_phone)]
    found: dict[str, Deputy] = {}
    for each in listed:
        if each.phone not in found and not comes_back(session, call, each.phone):
            found[each.phone] = each
    return list(found.values())


def ring_first(session: Session, services: Services, call: Call) -> Leg:
    """Ring the first of the chain; raises Refused when there is nobody, or somebody of the mission is rung or in the call."""
    listed = chain(session, call)
    if not listed:
        raise Refused("Nobody of the mission can be rung.", code="no-duty-phone")
    if any(leg.role == "mission" for leg in open_legs(session, call.id)):
        raise Refused("They are in this call or being rung already.", code="already-invited")
    return _ring(session, services, call, listed[0])


def next_deputy(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """Ring the next of the chain after a leg that never joined; each is rung once in a round, and then it is over.

    An agent who lets the ringing telephone go ends the round (the leg's purpose is changed with it).
    """
    legs = legs_of(session, call.id)
    with_agent = any(each.role == "agent" and each.state == JOINED for each in legs)
    full = len(open_legs(session, call.id)) >= MAX_LEGS
    if leg.purpose != PURPOSE or call.state != TALKING or not with_agent or full:
        return
    listed = chain(session, call)
    place = next((number for number, each in enumerate(listed) if each.phone == leg.to), len(listed)) + 1
    if place >= len(listed):
        audit.record(
            session, services.clock, SYSTEM, "call.duty_unreached", "call", call.id, after={"rung": len(listed)}
        )
        return
    new = _ring(session, services, call, listed[place])
    audit.record(
        session, services.clock, SYSTEM, "call.duty_rung", "call", call.id, after={"leg": new.id, "place": place + 1}
    )


def unreached(legs: list[Leg]) -> bool:
    """Say whether the mission's telephones were rung and the last of them did not join, so that the agent sees it."""
    rung = [leg for leg in legs if leg.purpose == PURPOSE]
    return bool(rung) and rung[-1].state == OVER and rung[-1].joined_at is None


def _ring(session: Session, services: Services, call: Call, who: Deputy) -> Leg:
    invited = Invited(role="mission", to=who.phone, purpose=PURPOSE, label=who.name)
    return invite(session, services, call, invited)
