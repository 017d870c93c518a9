"""Lists of agents with their names, groups and sites, as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, AgentGroup, Site
from hotline.agents.states import STATES
from hotline.auth.models import Officer
from hotline.core.errors import InvalidInput, NotFound

MAX_AGENTS = 2_000


@dataclass(frozen=True)
class AgentRow:
    """An agent with the names that people know."""

    agent: Agent
    name: str
    group: AgentGroup
    site: str


def _rows() -> Select[tuple[Agent, str, AgentGroup, str]]:
    return (
        select(Agent, Officer.display_name, AgentGroup, Site.name)
        .join(Officer, Officer.id == Agent.officer_id)
        .join(AgentGroup, AgentGroup.id == Agent.group_id)
        .join(Site, Site.id == AgentGroup.site_id)
    )


def list_agents(
    session: Session, *, state: str = "", group_id: int | None = None, skip: int = 0, most: int = MAX_AGENTS
) -> list[AgentRow]:
    """Return agents, those with calls first and those off duty last, at most `most` after `skip` others.

    Raises InvalidInput for an unknown state.
    """
    if state and state not in STATES:
        raise InvalidInput("state", state, f"use one of {', '.join(STATES)}")
    order = {name: place for place, name in enumerate(reversed(STATES))}
    wanted = _rows().where(Agent.active).order_by(case(order, value=Agent.state), Officer.display_name, Agent.id)
    if state:
        wanted = wanted.where(Agent.state == state)
    if group_id is not None:
        wanted = wanted.where(Agent.group_id == group_id)
    return [AgentRow(*row) for row in session.execute(wanted.offset(skip).limit(most)).tuples()]


def agent_row(session: Session, agent_id: int) -> AgentRow:
    """Return one agent; raises NotFound."""
    row = session.execute(_rows().where(Agent.id == agent_id)).tuples().first()
    if row is None:
        raise NotFound("agent", agent_id)
    return AgentRow(*row)


def groups(session: Session) -> list[tuple[AgentGroup, str]]:
    """Return every group with its site, by name."""
    rows = session.execute(select(AgentGroup, Site.name).join(Site).order_by(AgentGroup.name))
    return list(rows.tuples())


def officers_without(session: Session) -> list[tuple[int, str]]:
    """Return officers in service who are no agents yet."""
    rows = session.execute(
        select(Officer.id, Officer.display_name)
        .where(Officer.disabled_at.is_(None), Officer.id.not_in(select(Agent.officer_id)))
        .order_by(Officer.display_name)
        .limit(MAX_AGENTS)
    )
    return list(rows.tuples())
