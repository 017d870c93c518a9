"""What a scheduler looks after, so that nobody is stuck: offers nobody answered, wrap-ups and duties that are too long,
callbacks that are due, promises, and callers whom the queue's rules send to another queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import ENGAGED, OFFLINE, READY, WRAP_UP
from hotline.core import live
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import assigning, callbacks, offering, steps
from hotline.queues.entering import rank
from hotline.queues.models import EntryStep, Queue, QueueEntry, Reservation
from hotline.queues.standing import expected_wait_s, overflow, staff
from hotline.queues.states import WAITING

BATCH = 200
_REPAIR_AGENTS = """
UPDATE agents a SET state = 'not_ready', reason = 'technical', token = NULL, wrap_up_until = NULL, state_since = :now
 WHERE a.state = ANY(:engaged) AND NOT EXISTS (
   SELECT 1 FROM reservations r WHERE r.token = a.token AND r.state = a.state)
RETURNING a.id
"""
_REPAIR_ENTRIES = """
UPDATE queue_entries e SET state = 'waiting'
 WHERE e.state = 'reserved' AND NOT EXISTS (
   SELECT 1 FROM reservations r WHERE r.entry_id = e.id AND r.state IN ('reserved', 'ringing'))
RETURNING e.id
"""


def tend(services: Services) -> int:
    """Do one round of everything, each in transactions of its own; returns how many rows were changed."""
    done = reconcile(services) + reap(services) + end_wrap_ups(services) + end_duties(services)
    with services.db.transaction() as session:
        done += callbacks.due(session, services.clock)
        done += callbacks.remind_and_escalate(session, services.clock)
    done += overflow_due(services)
    if done:
        assigning.kick(services)
        live.notify(services.redis, "callbacks")
    return done


def start(services: Services) -> None:
    """Mend what a crash left, take back dead offers, and assign; each worker does so when it starts."""
    reconcile(services)
    reap(services)
    assigning.assign_due(services)


def on_abandoned(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallAbandoned`: call them back where the queue's policy says so; idempotent."""
    with services.db.transaction() as session:
        made = callbacks.after_abandon(session, services.clock, str(payload["call_ref"]))
    if made is not None:
        assigning.kick(services)


def reap(services: Services) -> int:
    """Take back offers whose time has passed: whoever should have told us has died, or the telling was lost."""
    with services.db.transaction() as session:
        tokens = session.scalars(
            select(Reservation.token)
            .where(Reservation.state.in_(("reserved", "ringing")), Reservation.expires_at <= services.clock.now())
            .order_by(Reservation.expires_at)
            .limit(BATCH)
        ).all()
    for token in tokens:
        try:
            with services.db.transaction() as session:
                offering.missed(session, services.clock, token, "expired")
        except Refused:
            continue  # answered, or taken back, between looking and locking: there is nothing to reap any more
    return len(tokens)


def reconcile(services: Services) -> int:
    """Mend what a crash left half done; run when a worker starts, and with every look of the scheduler.

    Changes of a call's state are single transactions, so this finds nothing unless rows were restored or edited by hand.
    """
    now = services.clock.now()
    with services.db.transaction() as session:
        agents = session.execute(text(_REPAIR_AGENTS), {"now": now, "engaged": list(ENGAGED)}).all()
        entries = session.execute(text(_REPAIR_ENTRIES)).all()
    return len(agents) + len(entries)


def end_wrap_ups(services: Services) -> int:
    """End wrap-ups beyond the queue's limit: the agent is not ready then, so that no call surprises them."""
    return _each_agent(services, [Agent.state == WRAP_UP, Agent.wrap_up_until <= services.clock.now()], _end_wrap_up)


def _end_wrap_up(session: Session, services: Services, agent: Agent) -> bool:
    now = services.clock.now()
    if agent.state != WRAP_UP or agent.wrap_up_until is None or agent.wrap_up_until > now:
        return False
    offering.close_wrap_up(session, services.clock, agent, "")
    chosen, reason = agent.next_state, agent.next_reason
    presence.move(session, services.clock, agent, "bench", reason="wrap_up_over")
    agent.next_state, agent.next_reason = None, ""
    if chosen not in (None, READY):
        presence.choose(session, services.clock, agent.id, chosen or OFFLINE, reason)
    return True


def end_duties(services: Services) -> int:
    """Take agents off the queue whose longest time on duty is over; whoever has a call finishes it first."""
    until = Agent.duty_since + func.make_interval(0, 0, 0, 0, 0, Agent.max_duty_minutes)
    return _each_agent(services, [Agent.state == READY, until <= services.clock.now()], _end_duty)


def _end_duty(session: Session, services: Services, agent: Agent) -> bool:
    if agent.state != READY or not presence.duty_is_over(agent, services.clock):
        return False
    presence.move(session, services.clock, agent, "bench", reason="duty_over")
    return True


def _each_agent(
    services: Services,
    conditions: list[ColumnElement[bool]],
    act: Callable[[Session, Services, Agent], bool],
) -> int:
    """Lock and change each agent in a transaction of its own; what was found is looked at again under the lock."""
    with services.db.transaction() as session:
        found = session.scalars(select(Agent.id).where(*conditions).limit(BATCH)).all()
    done = 0
    for agent_id in found:
        with services.db.transaction() as session:
            changed = act(session, services, presence.get_agent(session, agent_id, lock=True))
        if changed:
            live.notify_desk(services.redis, agent_id)
        done += changed
    return done


def overflow_due(services: Services) -> int:
    """Move callers to the queue that their own one overflows into; they keep the moment they joined."""
    moved = 0
    with services.db.transaction() as session:
        queues = session.scalars(select(Queue).where(Queue.overflow_action == "queue", Queue.active)).all()
        for queue in queues:
            moved += _overflow(session, services, queue)
    return moved


def _overflow(session: Session, services: Services, queue: Queue) -> int:
    waiting = session.scalars(
        select(QueueEntry)
        .where(QueueEntry.queue_id == queue.id, QueueEntry.state == WAITING)
        .order_by(QueueEntry.rank_at, QueueEntry.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    now, target = services.clock.now(), session.get_one(Queue, queue.overflow_queue_id or 0)
    if not waiting or not target.active or not staff(session, target):
        return 0  # nobody is there either: moving would only lose the caller's own desk
    expected = [expected_wait_s(session, services.clock, queue, 1), expected_wait_s(session, services.clock, queue, 2)]
    moved = 0
    for position, entry in enumerate(waiting, 1):
        first, second = expected
        expected_s = None if first is None or second is None else round(first + (second - first) * (position - 1))
        why = overflow(queue, (now - entry.enqueued_at).total_seconds(), expected_s)
        if why is not None:
            _move(session, services, entry, target, why)
            moved += 1
    return moved


def _move(session: Session, services: Services, entry: QueueEntry, target: Queue, why: str) -> None:
    now, ladder = services.clock.now(), steps.read_steps(target.steps)
    entry.queue_id = target.id
    entry.step = steps.step_at(ladder, (now - entry.enqueued_at).total_seconds())
    entry.need = steps.need(ladder[entry.step], entry.language, entry.skills, hard=entry.hard)
    entry.widens_at = steps.next_change(ladder, entry.step, entry.enqueued_at)
    entry.rank_at = rank(target, entry.enqueued_at, entry.priority, danger=entry.danger)
    session.add(EntryStep(entry_id=entry.id, at=now, kind="overflowed", step=entry.step, need=entry.need, why=why))
    session.flush()
