"""Which mission a call was meant for: as the room above knows that is told of forwarded calls, else by the numbers alone."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls.fields import Ring
from hotline.calls.models import Call, CallLine
from hotline.core import jobs
from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from hotline.missions.models import Mission


def meant_for(
    session: Session, services: Services, call: Call, line: CallLine | None, ring: Ring
) -> tuple[Recognised, Mission | None]:
    """Return what is known of a call that has just been written down, and its mission; both are put on the call's row."""
    recognised = _recognised(session, services, call, ring)
    mission = _mission(session, recognised, line, ring)
    call.mission_id = mission.id if mission is not None else None
    return recognised, mission


def _recognised(session: Session, services: Services, call: Call, ring: Ring) -> Recognised:
    """Ask the room that knows who forwards to us; what it does not know is found by the numbers alone."""
    tells = jobs.registry().recognise
    incoming = IncomingCall(call.id, ring.phone, ring.called, ring.forwarded_from, ring.context, ring.diversion)
    found = tells(session, services, incoming) if tells is not None else None
    if found is None:
        return Recognised(None)
    call.language, call.drill = found.language, call.drill or found.drill or found.test
    return found


def _mission(session: Session, recognised: Recognised, line: CallLine | None, ring: Ring) -> Mission | None:
    if recognised.mission_id is not None:
        return session.get(Mission, recognised.mission_id)
    return mission_of(session, line, ring)


def mission_of(session: Session, line: CallLine | None, ring: Ring) -> Mission | None:
    """Return the mission that was called: by the number called, which is reliable, else by the number that was forwarded."""
    if line is not None and line.mission_id is not None:
        return session.get(Mission, line.mission_id)
    if not ring.forwarded_from:
        return None
    number = ring.forwarded_from
    return session.scalar(
        select(Mission)
        .where((Mission.phone == number) | (Mission.emergency_phone == number), Mission.closed_at.is_(None))
        .order_by(Mission.id)
        .limit(1)
    )
