"""The reaper: frees what was left behind, so that no caller and no agent is stuck, whatever died in between.

It also runs at the start of every worker, which reconciles states with reservations after a crash.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import RESERVED, RINGING, TALKING
from hotline.core import jobs, live
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import assigning, callbacks, offering, overflowing
from hotline.queues.models import QueueEntry, Reservation

log = structlog.get_logger(__name__)

JOB = "queues.reap"
MAX_EXPIRED = 200


def reap(services: Services) -> int:
    """Expire reservations, end wrap-ups and duties, queue due callbacks, remind, overflow; then assign what became possible."""
    done = expire(services)
    with services.db.transaction() as session:
        done += presence.end_wrap_ups(session, services.clock) + presence.end_duties(session, services.clock)
    with services.db.transaction() as session:
        done += callbacks.queue_due(session, services.clock)
    with services.db.transaction() as session:
        done += callbacks.remind(session, services.clock)
    with services.db.transaction() as session:
        done += overflowing.overflow_due(session, services.clock)
    if done:
        live.notify(services.redis, "queues")
        live.notify(services.redis, "agents")
        jobs.enqueue(services, assigning.JOB)
    return done


def expire(services: Services) -> int:
    """Treat every offer that nobody reported on in time as missed; the caller keeps the place."""
    now = services.clock.now()
    with services.db.transaction() as session:
        due = (
            select(Reservation.token)
            .where(Reservation.state.in_(("reserved", "ringing")), Reservation.expires_at <= now)
            .order_by(Reservation.expires_at)
            .limit(MAX_EXPIRED)
        )
        tokens = session.scalars(due).all()
    expired = 0
    for token in tokens:
        try:
            with services.db.transaction() as session:
                offering.missed(session, services.clock, token, "expired")
            expired += 1
        except Refused:
            log.info("queues.expired_meanwhile")  # accepted or left between the look and the lock: nothing to free
    return expired


_LOST_AGENTS = text("""
SELECT a.id FROM agents a WHERE a.state IN ('reserved', 'ringing', 'talking') AND NOT EXISTS (
  SELECT FROM reservations r WHERE r.agent_id = a.id AND r.token = a.token AND r.state IN ('reserved', 'ringing', 'accepted'))
""")
_LOST_ENTRIES = text("""
SELECT e.id FROM queue_entries e WHERE e.state = 'reserved' AND NOT EXISTS (
  SELECT FROM reservations r WHERE r.entry_id = e.id AND r.token = e.token AND r.state IN ('reserved', 'ringing'))
""")


def reconcile(services: Services) -> int:
    """Make states agree with reservations again, at a worker's start: what holds no live reservation is freed."""
    mended = 0
    with services.db.transaction() as session:
        mended += _free_entries(session)
        for agent_id in session.scalars(_LOST_AGENTS).all():
            mended += _free_agent(session, services, agent_id)
    if mended:
        log.warning("queues.reconciled", mended=mended)
    reap(services)
    jobs.enqueue(services, assigning.JOB)
    return mended


def _free_entries(session: Session) -> int:
    found = session.scalars(_LOST_ENTRIES).all()
    for entry_id in found:
        entry = session.get_one(QueueEntry, entry_id, with_for_update=True)
        entry.state, entry.agent_id, entry.token = "waiting", None, None
    session.flush()
    return len(found)


def _free_agent(session: Session, services: Services, agent_id: int) -> int:
    agent: Agent = presence.get_agent(session, agent_id, lock=True)
    now = services.clock.now()
    if agent.state in (RESERVED, RINGING):
        presence.end_offer(session, agent, now, "")
    elif agent.state == TALKING:
        presence.hang_up(session, agent, now, 0)
    return 1
