"""Names of agents, colleagues and queues as the pages of calls show them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls import queueing

MAX_COLLEAGUES = 200


def agent_of(session: Session, officer_id: int | None) -> int | None:
    """Return the agent that an officer is; None for officers who take no calls."""
    agent = presence.agent_of(session, officer_id)
    return agent.id if agent is not None else None


def agent_row(session: Session, agent_id: int | None) -> Agent | None:
    """Return an agent for showing."""
    return session.get(Agent, agent_id) if agent_id is not None else None


def names_of_agents(session: Session, agent_ids: set[int]) -> dict[int, str]:
    """Return agents' names."""
    if not agent_ids:
        return {}
    rows = session.execute(
        select(Agent.id, Officer.display_name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Agent.id.in_(agent_ids))
    )
    return dict(rows.tuples().all())


def colleagues(session: Session, but_not: int | None) -> list[tuple[int, str]]:
    """Return the agents who are there and free, by name."""
    rows = session.execute(
        select(Agent.id, Officer.display_name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Agent.state == "ready", Agent.active, Agent.id != (but_not or -1))
        .order_by(Officer.display_name)
        .limit(MAX_COLLEAGUES)
    )
    return list(rows.tuples().all())


def queue_names(session: Session) -> list[tuple[str, str, str]]:
    """Return the queues that a call can be given to, as code, Korean and English name."""
    return [(queue.code, queue.name_ko, queue.name_en) for queue in queueing.active(session)]
