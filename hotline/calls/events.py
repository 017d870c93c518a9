"""Every webhook counts once: its name is inserted before anything else, and a repetition gets the very answer of the first.

The insert waits for a transaction that is under way with the same name, so that two copies that arrive at the same moment are
one after the other. When the first fails, nothing of it stays and the second does the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core import jobs, live
from hotline.core.outbox import publish
from hotline.core.services import Services

ORDERS_JOB, ASSIGN_JOB = "calls.carry_out", "queues.assign"
_FIRST = text(
    "INSERT INTO call_events (provider_sid, key, at) VALUES (:sid, :key, :at) ON CONFLICT DO NOTHING RETURNING id"
)
_STORED = text("SELECT twiml FROM call_events WHERE provider_sid = :sid AND key = :key")
_AGENTS_IN = text("SELECT DISTINCT agent_id FROM call_legs WHERE call_id = :call AND agent_id IS NOT NULL")
_KEEP = text("UPDATE call_events SET twiml = :twiml, call_id = :call WHERE id = :id")


@dataclass(frozen=True)
class Reply:
    """What a stage answers: the document (None for a bare receipt), its call, and the jobs to wake after the commit."""

    twiml: str | None
    call_id: int | None
    jobs: tuple[str, ...] = ()
    changed: bool = True


Stage = Callable[[Session], Reply]


def take(services: Services, sid: str, key: str, stage: Stage) -> tuple[str | None, Callable[[], None] | None]:
    """Run a stage once for this event; return the answer, and what is to be done after it was sent (None: nothing)."""
    with services.db.transaction() as session:
        event_id = session.scalar(_FIRST, {"sid": sid, "key": key[:80], "at": services.clock.now()})
        if event_id is None:
            return session.scalar(_STORED, {"sid": sid, "key": key[:80]}), None
        reply = stage(session)
        session.flush()
        session.execute(_KEEP, {"twiml": reply.twiml, "call": reply.call_id, "id": event_id})
    return reply.twiml, (lambda: wake(services, reply)) if reply.changed or reply.jobs else None


def wake(services: Services, reply: Reply) -> None:
    """Tell open pages, and enqueue the jobs; what Redis loses here the sweepers find in SQL."""
    for job in reply.jobs:
        jobs.enqueue(services, job)
    if reply.changed:
        live.notify(services.redis, "calls")
        if reply.call_id is not None:
            live.notify(services.redis, f"call:{reply.call_id}")
            tell_desks(services, reply.call_id)


def tell_desks(services: Services, call_id: int) -> None:
    """Have the desks of everybody who is or was in a call look again."""
    with services.db.transaction() as session:
        agents = session.scalars(_AGENTS_IN, {"call": call_id}).all()
    for agent_id in agents:
        live.notify_desk(services.redis, agent_id)


def wake_all(services: Services, call_id: int | None) -> None:
    """Wake what may follow on an act of an agent: dialling and orders, assigning, and open pages."""
    wake(services, Reply(None, call_id, (ORDERS_JOB, ASSIGN_JOB)))
    live.notify(services.redis, "agents")


def tell(session: Session, services: Services, topic: str, **payload: object) -> None:
    """Write a fact about a call into the outbox."""
    publish(session, services.clock, topic, payload)
