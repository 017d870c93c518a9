"""Who is an agent, what they can and where they sit: kept by administrators, with every change on the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, AgentGroup, Site
from hotline.agents.presence import get_agent
from hotline.agents.skills import check_languages, check_skills, marks_of
from hotline.agents.states import ENGAGED, WRAP_UP
from hotline.auth.models import Officer
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.phone import to_e164

MAX_DUTY_MINUTES = 24 * 60
MAX_NAME_CHARS = 80


@dataclass(frozen=True, kw_only=True)
class AgentFacts:
    """What is kept about an agent; `phone` as people write it, `skills` levels 1 to 5, duty in minutes."""

    group_id: int
    via: str = "browser"
    phone: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: Sequence[str] = ()
    max_duty_minutes: int = 720
    max_misses: int = 3
    active: bool = True
    first_level: bool | None = None
    """A volunteer: first level of every skill, and no hard calls; None leaves it as it was, and a new agent is none."""
    drill: bool | None = None
    """A made-up person of drills, who gets no real calls; None as above: no form or API of agents knows of either."""


def keep_agent(session: Session, clock: Clock, actor: Actor, officer_id: int, facts: AgentFacts) -> Agent:
    """Make an officer an agent, or change what is kept of one; takes effect with the next call.

    Raises NotFound for an unknown officer, InvalidInput naming the field.
    """
    values = {name: value for name, value in _checked(session, facts).items() if value is not None}
    if session.get(Officer, officer_id) is None:
        raise NotFound("officer", officer_id)
    agent = session.scalar(select(Agent).where(Agent.officer_id == officer_id).with_for_update())
    before = None if agent is None else _shown(agent)
    if agent is None:
        now = clock.now()
        agent = Agent(officer_id=officer_id, created_at=now, state_since=now, idle_since=now, **values)
        session.add(agent)
    else:
        for name, value in values.items():
            setattr(agent, name, value)
    session.flush()
    agent.marks = marks_of(agent.id, agent.skills, agent.languages, first_level=agent.first_level)
    audit.record(session, clock, actor, "agent.kept", "agent", agent.id, before=before, after=_shown(agent))
    return agent


def choose_telephone(session: Session, clock: Clock, actor: Actor, agent_id: int, via: str) -> Agent:
    """Let an agent's calls ring at their own telephone, or in the browser whose desk is open, from the next one on.

    Raises InvalidInput for another `via` or a telephone without a number, Forbidden for somebody else's desk, Refused
    (`in-a-call`) while a call is coming or on: its leg is on its way to where it was.
    """
    agent = get_agent(session, agent_id, lock=True)
    if actor.kind != "system" and actor.id != agent.officer_id:
        raise Forbidden("Only they themselves choose where their calls ring.", code="not-your-state")
    if via not in ("phone", "browser"):
        raise InvalidInput("via", via, "use phone or browser")
    if via == "phone" and not agent.phone:
        raise InvalidInput("phone", "", "an agent on the phone needs a number")
    if agent.state in ENGAGED and agent.state != WRAP_UP:
        raise Refused("A call is coming or on; choose afterwards.", code="in-a-call")
    if agent.via != via:
        before, agent.via = agent.via, via
        audit.record(
            session, clock, actor, "agent.telephone", "agent", agent.id, before={"via": before}, after={"via": via}
        )
    return agent


def _checked(session: Session, facts: AgentFacts) -> dict[str, Any]:
    if session.get(AgentGroup, facts.group_id) is None:
        raise InvalidInput("group_id", facts.group_id, "choose a group that exists")
    if facts.via not in ("phone", "browser"):
        raise InvalidInput("via", facts.via, "use phone or browser")
    if facts.via == "phone" and not facts.phone:
        raise InvalidInput("phone", facts.phone, "an agent on the phone needs a number")
    if not 15 <= facts.max_duty_minutes <= MAX_DUTY_MINUTES:
        raise InvalidInput("max_duty_minutes", facts.max_duty_minutes, f"use 15 to {MAX_DUTY_MINUTES} minutes")
    if not 1 <= facts.max_misses <= 20:
        raise InvalidInput("max_misses", facts.max_misses, "use 1 to 20")
    return {
        "group_id": facts.group_id, "via": facts.via, "phone": to_e164(facts.phone) if facts.phone else "",
        "skills": check_skills(facts.skills), "languages": check_languages(facts.languages),
        "max_duty_minutes": facts.max_duty_minutes, "max_misses": facts.max_misses, "active": facts.active,
        "first_level": facts.first_level, "drill": facts.drill,
    }  # fmt: skip


def _shown(agent: Agent) -> dict[str, Any]:
    names = (
        "group_id", "via", "skills", "languages", "max_duty_minutes", "max_misses", "active", "first_level", "drill",
    )  # fmt: skip
    return {name: getattr(agent, name) for name in names}


def keep_group(session: Session, clock: Clock, actor: Actor, name: str, site: str, *, outsourced: bool) -> AgentGroup:
    """Add a group at a site, which is made when it is new, or change the group of this name."""
    for where, given in (("name", name), ("site", site)):
        if not 1 <= len(given.strip()) <= MAX_NAME_CHARS:
            raise InvalidInput(where, given, f"use 1 to {MAX_NAME_CHARS} characters")
    place = session.scalar(select(Site).where(Site.name == site.strip())) or Site(name=site.strip())
    session.add(place)
    session.flush()
    group = session.scalar(select(AgentGroup).where(AgentGroup.name == name.strip()))
    before = None if group is None else {"site_id": group.site_id, "outsourced": group.outsourced}
    if group is None:
        group = AgentGroup(name=name.strip())
        session.add(group)
    group.site_id, group.outsourced = place.id, outsourced
    session.flush()
    audit.record(
        session, clock, actor, "agent_group.kept", "agent_group", group.id, before=before,
        after={"name": group.name, "site_id": group.site_id, "outsourced": group.outsourced},
    )  # fmt: skip
    return group
