"""Names of agents, colleagues and queues as the pages of calls show them, and whom a call can be handed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.presence import takers
from hotline.auth.models import Officer
from hotline.calls import book, queueing
from hotline.calls.models import PhoneBookEntry
from hotline.queues.models import Queue

MAX_COLLEAGUES = 200


@dataclass(frozen=True)
class Hands:
    """Whom a call can be given to: the phone book, colleagues who are free, queues that are open."""

    book: Sequence[PhoneBookEntry]
    colleagues: list[tuple[int, str]]
    queues: Sequence[Queue]


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


def colleagues(session: Session, but_not: int | None, *, drill: bool) -> list[tuple[int, str]]:
    """Return the agents who are there, free, and may get calls of this kind, by name."""
    rows = session.execute(
        select(Agent.id, Officer.display_name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Agent.state == "ready", Agent.active, Agent.id != (but_not or -1), takers(drill))
        .order_by(Officer.display_name)
        .limit(MAX_COLLEAGUES)
    )
    return list(rows.tuples().all())


def hands_for(session: Session, agent_id: int, *, drill: bool) -> Hands:
    """Return whom an agent can give a call of this kind to."""
    return Hands(book.everybody(session), colleagues(session, agent_id, drill=drill), queueing.active(session))


def queue_names(session: Session) -> dict[str, Queue]:
    """Return the queues that there are by code, the closed ones too: a menu may name one."""
    return {queue.code: queue for queue in session.scalars(select(Queue).order_by(Queue.id).limit(queueing.MAX_QUEUES))}
