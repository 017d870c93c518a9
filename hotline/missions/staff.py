"""Who works at a mission, and who may see and change what belongs to it.

Name, place, numbers and whether it is open are what anybody with `missions.read` sees of every mission, as the ministry's own
site shows it. Its duty chain, lines, bulletins and reasons are seen and changed by those who keep missions, and by an officer of
a mission (`missions.own`) only where they work.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.missions import missions
from hotline.missions.models import MissionStaff

MAX_STAFF = 60
AT_MISSIONS = frozenset({"mission_officer", "cashier"})
"""Roles of those who work at missions."""
READ, WRITE, OWN = "missions.read", "missions.write", "missions.own"


def may_see(session: Session, actor: Actor, mission_id: int) -> bool:
    """Whether the actor may see everything of a mission: an officer of missions only where they work."""
    if actor.may(WRITE) or actor.kind == SYSTEM.kind:
        return True
    if actor.may(OWN):
        return works_at(session, actor, mission_id)
    return actor.may(READ)


def may_change(session: Session, actor: Actor, mission_id: int) -> bool:
    """Whether the actor may change hours, lines, duty chain and bulletins of a mission."""
    if actor.may(WRITE) or actor.kind == SYSTEM.kind:
        return True
    return actor.may(OWN) and works_at(session, actor, mission_id)


def demand(session: Session, actor: Actor, mission_id: int, *, change: bool = False) -> None:
    """Raise Forbidden unless the actor may see (or change) everything of the mission; raises NotFound when there is none."""
    missions.get(session, mission_id)
    if not (may_change if change else may_see)(session, actor, mission_id):
        raise Forbidden("Only those who work at this mission, or keep missions, may do that.", code="not-your-mission")


def works_at(session: Session, actor: Actor, mission_id: int) -> bool:
    """Whether the actor is on the mission's staff."""
    if actor.kind != "officer" or actor.id is None:
        return False
    found = select(MissionStaff.id).where(MissionStaff.officer_id == actor.id, MissionStaff.mission_id == mission_id)
    return session.scalar(found) is not None


def missions_of(session: Session, officer_id: int) -> list[int]:
    """Return the missions at which an officer works, by id."""
    found = select(MissionStaff.mission_id).where(MissionStaff.officer_id == officer_id)
    return list(session.scalars(found.order_by(MissionStaff.mission_id)))


def people_of(session: Session, mission_id: int) -> list[Officer]:
    """Return the officers who work at a mission, by name."""
    joined = select(Officer).join(MissionStaff, MissionStaff.officer_id == Officer.id)
    return list(session.scalars(joined.where(MissionStaff.mission_id == mission_id).order_by(Officer.display_name)))


def add(session: Session, clock: Clock, actor: Actor, mission_id: int, name: str) -> Officer:
    """Put an officer (by sign-in name) on a mission's staff; again changes nothing. Only who keeps missions may.

    Raises NotFound, Forbidden, InvalidInput for an unknown name or one without the role, Refused beyond 60.
    """
    _demand_keeper(actor)
    missions.get(session, mission_id, lock=True)
    officer = session.scalar(select(Officer).where(Officer.name == name.strip().casefold()))
    if officer is None or not AT_MISSIONS & set(officer.roles):
        raise InvalidInput("name", name, "give the sign-in name of a mission's officer or of a cashier")
    known = people_of(session, mission_id)
    if officer in known:
        return officer
    if len(known) >= MAX_STAFF:
        raise Refused(f"A mission has at most {MAX_STAFF} officers here.", code="too-many-staff")
    session.add(MissionStaff(officer_id=officer.id, mission_id=mission_id, since=clock.now()))
    session.flush()
    audit.record(session, clock, actor, "mission.staff_added", "mission", mission_id, after={"officer_id": officer.id})
    return officer


def remove(session: Session, clock: Clock, actor: Actor, mission_id: int, officer_id: int) -> None:
    """Take an officer off a mission's staff; who is not on it stays off. Raises NotFound and Forbidden."""
    _demand_keeper(actor)
    missions.get(session, mission_id, lock=True)
    found = session.scalar(
        select(MissionStaff).where(MissionStaff.officer_id == officer_id, MissionStaff.mission_id == mission_id)
    )
    if found is None:
        return
    session.delete(found)
    session.flush()
    audit.record(
        session, clock, actor, "mission.staff_removed", "mission", mission_id, before={"officer_id": officer_id}
    )


def _demand_keeper(actor: Actor) -> None:
    if not actor.may(WRITE) and actor.kind != SYSTEM.kind:
        raise Forbidden("Only who keeps missions may say who works there.", code="not-your-mission")
