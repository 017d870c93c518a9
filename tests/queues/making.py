"""Makers of agents, queues and callers for the tests of routing; keyword-only."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, AgentGroup, Site
from hotline.agents.skills import marks_of
from hotline.auth.models import Officer
from hotline.core.clock import Clock
from hotline.core.services import Services
from hotline.queues.entering import NewEntry, enqueue
from hotline.queues.models import Queue, QueueEntry, Reservation
from tests.factories import NOW, make_officer

_numbers = itertools.count(1)


def make_group(session: Session, *, name: str = "House", outsourced: bool = False) -> AgentGroup:
    """Return the group of this name, made with its site when it is not there."""
    group = session.scalar(select(AgentGroup).where(AgentGroup.name == name))
    if group is None:
        site = Site(name=f"Site of {name}")
        session.add(site)
        session.flush()
        group = AgentGroup(name=name, site_id=site.id, outsourced=outsourced)
        session.add(group)
        session.flush()
    return group


def make_agent(
    session: Session, *, state: str = "ready", group: str = "House", officer: Officer | None = None, **more: Any
) -> Agent:
    """Add an officer (a new one where none is given) who is an agent, speaking Korean unless told otherwise."""
    officer = officer or make_officer(session, roles=("agent",))
    values: dict[str, Any] = {
        "officer_id": officer.id, "group_id": make_group(session, name=group).id, "phone": "+82100000000", "via": "phone",
        "skills": {}, "languages": ["ko"], "created_at": NOW, "state": state, "state_since": NOW, "idle_since": NOW,
        "duty_since": None if state == "offline" else NOW,
    }  # fmt: skip
    agent = Agent(**(values | more))
    session.add(agent)
    session.flush()
    agent.marks = marks_of(agent.id, agent.skills, agent.languages, first_level=bool(agent.first_level))
    session.flush()
    return agent


def make_queue(session: Session, *, code: str = "general", **more: Any) -> Queue:
    """Add a queue."""
    queue = Queue(**({"code": code, "name_ko": "일반", "name_en": "General", "updated_at": NOW} | more))
    session.add(queue)
    session.flush()
    return queue


def call_in(session: Session, clock: Clock, *, queue: str = "general", ref: str = "", **more: Any) -> QueueEntry:
    """Let somebody join a queue."""
    return enqueue(session, clock, NewEntry(queue=queue, call_ref=ref or f"call:{next(_numbers)}", **more))


def open_reservations(services: Services) -> list[Reservation]:
    """Return the reservations that hold an agent now, in the order they were made."""
    with services.db.transaction() as session:
        return list(
            session.scalars(
                select(Reservation)
                .where(Reservation.state.in_(("reserved", "ringing", "talking", "wrap_up")))
                .order_by(Reservation.id)
            )
        )
