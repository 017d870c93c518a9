"""Whose hand-overs somebody may see and answer: staff of a mission their own, the centre all of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import Forbidden
from hotline.missions import staff
from hotline.missions.models import Mission, MissionStaff
from overflow.handover.states import OWN, WATCH

ALL = "cases.read"
"""Whoever reads cases works for the centre and sees what was handed over to every mission."""


def own_missions(session: Session, actor: Actor) -> Sequence[Mission]:
    """Return the missions that somebody is staff of, by code; none for whoever holds no such role."""
    if actor.id is None or not actor.may(OWN):
        return []
    return session.scalars(
        select(Mission)
        .join(MissionStaff, MissionStaff.mission_id == Mission.id)
        .where(MissionStaff.officer_id == actor.id, Mission.closed_at.is_(None))
        .order_by(Mission.code)
    ).all()


def is_staff(session: Session, actor: Actor, mission_id: int) -> bool:
    """Say whether somebody may answer for a mission."""
    return actor.may(OWN) and staff.works_at(session, actor, mission_id)


def sees_all(actor: Actor) -> bool:
    """Say whether somebody sees the hand-overs of every mission."""
    return actor.may(ALL) or actor.may(WATCH)


def demand_sight(session: Session, actor: Actor, mission_id: int) -> None:
    """Raise Forbidden for whoever may not see what was handed over to a mission."""
    if not sees_all(actor) and not is_staff(session, actor, mission_id):
        raise Forbidden("Only staff of this mission and the centre see this.", code="not-mission-staff")
