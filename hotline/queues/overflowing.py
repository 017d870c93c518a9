"""Overflow: who waits too long, would have to, or for nobody, is moved to the queue that the editor names, with their place."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.queues.entering import move_to_queue
from hotline.queues.models import CallQueue, QueueEntry
from hotline.queues.standing import expected_wait_s, overflow, position_of

MAX_MOVED = 20
"""Callers of one queue looked at in one pass, from the end of the queue for those who would wait too long."""


def overflow_due(session: Session, clock: Clock) -> int:
    """Move callers of queues that flow over into another; once per caller, so that nobody goes in circles."""
    moved = 0
    for queue in session.scalars(
        select(CallQueue).where(CallQueue.active, CallQueue.overflow_queue_id.is_not(None))
    ).all():
        target = session.get_one(CallQueue, queue.overflow_queue_id)
        if target.active:
            moved += _of_queue(session, clock, queue, target)
    return moved


def _of_queue(session: Session, clock: Clock, queue: CallQueue, target: CallQueue) -> int:
    waiting = select(QueueEntry).where(
        QueueEntry.queue_id == queue.id, QueueEntry.state == "waiting", QueueEntry.kind == "call",
        QueueEntry.overflowed_from.is_(None),
    )  # fmt: skip
    ends = (waiting.order_by(QueueEntry.rank), waiting.order_by(QueueEntry.rank.desc()))
    moved = 0
    for part in ends:
        for entry in session.scalars(part.limit(MAX_MOVED).with_for_update(skip_locked=True)).all():
            expected = expected_wait_s(session, entry, position_of(session, entry))
            why = overflow(session, queue, entry, clock.now(), expected)
            if why is not None and entry.overflowed_from is None:
                move_to_queue(session, entry, target, clock.now(), why)
                session.flush()
                moved += 1
    return moved
