"""Who works on an incident, and with which part."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.i18n import gettext_noop
from hotline.incidents import log, opening
from hotline.incidents.models import TeamMember
from hotline.incidents.states import OPEN, PARTS, WRITE

MAX_MEMBERS = 60


def add(session: Session, clock: Clock, actor: Actor, incident_id: int, officer_id: int, part: str) -> TeamMember:
    """Give an officer a part; giving it twice changes nothing.

    Raises NotFound, Forbidden, InvalidInput, and Refused when the incident is closed or the team is full.
    """
    _demand(actor)
    found = opening.get(session, incident_id, lock=True)
    if found.state != OPEN:
        raise Refused("The incident is closed; reopen it first.", code="incident-closed")
    if part not in PARTS:
        raise InvalidInput("part", part, f"use one of {', '.join(PARTS)}")
    officer = session.get(Officer, officer_id)
    if officer is None or officer.disabled_at is not None:
        raise InvalidInput("officer_id", officer_id, "choose an officer who can sign in")
    now_there = select(TeamMember).where(TeamMember.incident_id == incident_id, TeamMember.until.is_(None))
    known = session.scalar(now_there.where(TeamMember.officer_id == officer_id, TeamMember.part == part))
    if known is not None:
        return known
    if (session.scalar(select(func.count()).select_from(now_there.subquery())) or 0) >= MAX_MEMBERS:
        raise Refused(f"A team has at most {MAX_MEMBERS} members.", code="team-full")
    member = TeamMember(
        incident_id=incident_id, officer_id=officer_id, part=part, since=clock.now(), by_id=actor.id, until=None
    )
    session.add(member)
    session.flush()
    log.write(session, clock, incident_id, actor, gettext_noop("%(name)s joined the team"), name=officer.display_name)
    audit.record(
        session,
        clock,
        actor,
        "incident.team_added",
        "incident",
        incident_id,
        after={"officer": officer_id, "part": part},
    )
    return member


def remove(session: Session, clock: Clock, actor: Actor, incident_id: int, member_id: int) -> None:
    """End a part; ending it twice changes nothing. Raises NotFound and Forbidden."""
    _demand(actor)
    opening.get(session, incident_id, lock=True)
    member = session.get(TeamMember, member_id, with_for_update=True)
    if member is None or member.incident_id != incident_id:
        raise NotFound("member of the team", member_id)
    if member.until is not None:
        return
    member.until = clock.now()
    name = session.get_one(Officer, member.officer_id).display_name
    log.write(session, clock, incident_id, actor, gettext_noop("%(name)s left the team"), name=name)
    audit.record(
        session, clock, actor, "incident.team_removed", "incident", incident_id,
        before={"officer": member.officer_id, "part": member.part},
    )  # fmt: skip


def members(session: Session, incident_id: int) -> list[tuple[TeamMember, str]]:
    """Return who has a part now, with their names, in the order of the parts."""
    found = session.execute(
        select(TeamMember, Officer.display_name)
        .join(Officer, Officer.id == TeamMember.officer_id)
        .where(TeamMember.incident_id == incident_id, TeamMember.until.is_(None))
        .order_by(TeamMember.since, TeamMember.id)
    ).tuples()
    return sorted(found, key=lambda each: PARTS.index(each[0].part))


def officers(session: Session) -> list[tuple[int, str]]:
    """Return who can be given a part, by name; at most 2,000."""
    found = select(Officer.id, Officer.display_name).where(Officer.disabled_at.is_(None)).order_by(Officer.display_name)
    return [(number, name) for number, name in session.execute(found.limit(2_000)).tuples()]


def _demand(actor: Actor) -> None:
    if not actor.may(WRITE) or actor.id is None:
        raise Forbidden(f"Changing the team needs the permission {WRITE}.")
