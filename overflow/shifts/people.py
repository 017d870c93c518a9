"""Whom shifts are planned for: agents and approved volunteers, with their zone, language, limits and quiet times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.errors import NotFound
from overflow.shifts.limits import AGENT_WEEK, Allowed
from overflow.volunteers.models import Volunteer
from overflow.volunteers.states import APPROVED

MAX_PEOPLE = 4_000
QUIET_FROM, QUIET_TO = 22 * 60, 7 * 60
"""Minutes after local midnight between which staff get no texts that can wait; volunteers say their own."""
_LOCK = 0x53_48_46_54 << 32
"""Key of the advisory locks, one for each person: two planners cannot both find the same hours free."""


@dataclass(frozen=True)
class Person:
    """Somebody with shifts. `zone` is IANA; `quiet` in minutes after local midnight, both equal for none."""

    agent_id: int
    name: str
    phone: str
    language: str
    zone: str
    allowed: Allowed
    quiet: tuple[int, int]
    marks: frozenset[str]
    active: bool
    """Whether anything may still be planned for them."""
    volunteer_id: int | None
    drill: bool


def _wanted() -> Select[tuple[Agent, Officer, Volunteer]]:
    return (
        select(Agent, Officer, Volunteer)
        .join(Officer, Officer.id == Agent.officer_id)
        .outerjoin(Volunteer, Volunteer.agent_id == Agent.id)
    )


def people(session: Session, agent_ids: Collection[int]) -> dict[int, Person]:
    """Return people by agent id; those whom nobody knows are missing."""
    rows = session.execute(_wanted().where(Agent.id.in_(agent_ids))).tuples()
    return {agent.id: _person(agent, officer, volunteer) for agent, officer, volunteer in rows}


def person(session: Session, agent_id: int) -> Person:
    """Return one; raises NotFound."""
    found = people(session, [agent_id]).get(agent_id)
    if found is None:
        raise NotFound("agent", agent_id)
    return found


def plannable(session: Session) -> list[Person]:
    """Return everybody for whom shifts can be planned, by name."""
    rows = session.execute(
        _wanted()
        .where(Agent.active, Officer.disabled_at.is_(None), Volunteer.id.is_(None) | (Volunteer.state == APPROVED))
        .order_by(Officer.display_name, Agent.id)
        .limit(MAX_PEOPLE)
    ).tuples()
    return [_person(*row) for row in rows]


def _person(agent: Agent, officer: Officer, volunteer: Volunteer | None) -> Person:
    active = agent.active and officer.disabled_at is None
    if volunteer is None:
        allowed = Allowed(timedelta(minutes=agent.max_duty_minutes), AGENT_WEEK)
        return Person(
            agent.id, officer.display_name, agent.phone, officer.language, officer.zone, allowed,
            (QUIET_FROM, QUIET_TO), frozenset(agent.marks), active, None, False,
        )  # fmt: skip
    allowed = Allowed(timedelta(hours=volunteer.max_hours_day), timedelta(hours=volunteer.max_hours_week))
    return Person(
        agent.id, volunteer.name or officer.display_name, volunteer.phone, volunteer.speaks, volunteer.zone, allowed,
        (volunteer.quiet_from, volunteer.quiet_to), frozenset(agent.marks), active and volunteer.state == APPROVED,
        volunteer.id, volunteer.drill,
    )  # fmt: skip


def names(session: Session, agent_ids: Collection[int]) -> Mapping[int, str]:
    """Return names by agent id."""
    return {each.agent_id: each.name for each in people(session, agent_ids).values()}


def lock(session: Session, agent_ids: Sequence[int]) -> None:
    """Keep others from planning for these people until the transaction ends.

    The agents' own rows are left alone: routing skips rows that are locked, and nobody's call may wait for a roster.
    """
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(:key + each.id)"
            " FROM (SELECT DISTINCT unnest(CAST(:ids AS bigint[])) AS id ORDER BY 1) AS each"
        ),
        {"key": _LOCK, "ids": sorted(set(agent_ids))},
    )
