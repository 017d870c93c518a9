"""Makers of queues, agents and entries for tests."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.skills import tags_had
from hotline.core.services import Services
from hotline.queues import entering
from hotline.queues.entering import NewEntry
from hotline.queues.models import CallQueue, QueueEntry, Reservation
from tests.factories import NOW, make_officer

_numbers = itertools.count(1)


def make_queue(session: Session, *, code: str = "main", **more: Any) -> CallQueue:
    """Add a queue."""
    queue = CallQueue(**({"code": code, "name_ko": code, "name_en": code} | more))
    session.add(queue)
    session.flush()
    return queue


def make_agent(session: Session, *, state: str = "ready", skills: dict[str, int] | None = None, **more: Any) -> Agent:
    """Add an agent who speaks Korean; ready agents are idle in the order in which they were made."""
    number = next(_numbers)
    languages = more.pop("languages", ["ko"])
    values: dict[str, Any] = {
        "officer_id": make_officer(session, roles=("agent",)).id, "phone": f"+8210{30000000 + number}", "via": "phone",
        "skills": skills or {}, "languages": languages, "tags": tags_had(skills or {}, languages), "state": state,
        "since": NOW, "idle_since": NOW, "duty_since": None if state == "offline" else NOW, "created_at": NOW,
    }  # fmt: skip
    agent = Agent(**(values | more))
    session.add(agent)
    session.flush()
    return agent


def arrive(services: Services, ref: str = "", **more: Any) -> QueueEntry:
    """Let somebody begin to wait."""
    values: dict[str, Any] = {"call_ref": ref or f"call-{next(_numbers)}", "queue": "main"}
    with services.db.transaction() as session:
        return entering.enqueue(session, services.clock, NewEntry(**(values | more)))


def reservation_of(services: Services, ref: str) -> Reservation | None:
    """Return the latest reservation of a call."""
    with services.db.transaction() as session:
        found = select(Reservation).join(QueueEntry, QueueEntry.id == Reservation.entry_id)
        return session.scalar(found.where(QueueEntry.call_ref == ref).order_by(Reservation.id.desc()).limit(1))


def agent_now(services: Services, agent_id: int) -> Agent:
    """Return an agent as they are now."""
    with services.db.transaction() as session:
        return session.get_one(Agent, agent_id)


def entry_now(services: Services, ref: str) -> QueueEntry:
    """Return an entry as it is now."""
    with services.db.transaction() as session:
        return entering.entry_of(session, ref)
