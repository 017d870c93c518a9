"""Where a caller stands: the position, and the wait that is expected; two different numbers, and neither is guessed.

The position is who is counted before them. The expected wait follows from how long calls of the queue took lately and how many
agents who fit are on duty; without such agents there is none to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import READY, STAFFED
from hotline.core.clock import Clock
from hotline.queues.entering import entry_of, waiting
from hotline.queues.models import CallQueue, QueueEntry, QueueNeed

USUAL_HANDLING_S = 240.0
"""Taken for a call's length until the queue has had calls of its own."""
LATELY = 100
"""So many of the last calls tell how long a call takes."""


@dataclass(frozen=True)
class Standing:
    """Position from 1 (0 when not waiting any more), seconds waited, seconds still expected, and what is on offer."""

    position: int
    waited_s: float
    expected_wait_s: int | None
    callback_offered: bool
    overflow: str | None
    """longest_wait, expected_wait, no_staff or full; None while the queue itself will do."""


def standing(session: Session, clock: Clock, call_ref: str) -> Standing:
    """Return where a caller stands; raises NotFound."""
    entry = entry_of(session, call_ref)
    queue = session.get_one(CallQueue, entry.queue_id)
    now = clock.now()
    waited_s = ((entry.ended_at or now) - entry.enqueued_at).total_seconds()
    if entry.state != "waiting":
        return Standing(0, waited_s, 0 if entry.state in ("reserved", "taken") else None, False, None)
    position = position_of(session, entry)
    expected = expected_wait_s(session, entry, position)
    offer = queue.callback_offer_s
    offered = offer is not None and not entry.danger and (expected is None or expected > offer)
    return Standing(position, waited_s, expected, offered, overflow(session, queue, entry, now, expected))


def position_of(session: Session, entry: QueueEntry) -> int:
    """Return how many of the same queue come before the entry, and itself: 1 is next."""
    before = select(func.count()).where(
        QueueEntry.queue_id == entry.queue_id,
        QueueEntry.state == "waiting",
        tuple_(QueueEntry.rank, QueueEntry.id) < (entry.rank, entry.id),
    )
    return (session.scalar(before) or 0) + 1


def expected_wait_s(session: Session, entry: QueueEntry, position: int) -> int | None:
    """Return the seconds still to wait: every fitting agent frees one place per mean handling time; None without staff."""
    need = session.get_one(QueueNeed, entry.need_id)
    ready, staffed = staff(session, need.tags, need.groups)
    if not staffed:
        return None
    if position <= ready:
        return 0
    return round((position - ready) * mean_handling_s(session, entry.queue_id) / staffed)


def staff(session: Session, tags: Sequence[str], groups: Sequence[int]) -> tuple[int, int]:
    """Return how many fitting agents are ready, and how many are ready or on a call."""
    fits = [Agent.enabled, Agent.state.in_(STAFFED), Agent.tags.contains(list(tags))]
    if groups:
        fits.append(Agent.group_id.in_(groups))
    row = session.execute(select(func.count().filter(Agent.state == READY), func.count()).where(*fits)).one()
    return row[0], row[1]


_MEAN = text("""
SELECT avg(extract(epoch FROM r.finished_at - r.accepted_at)) FROM (
  SELECT finished_at, accepted_at FROM reservations WHERE queue_id = :queue AND state = 'finished'
   ORDER BY finished_at DESC LIMIT :lately) r
""")


def mean_handling_s(session: Session, queue_id: int) -> float:
    """Return the mean of the last calls in seconds, with the writing-up that the queue allows."""
    mean = session.scalar(_MEAN, {"queue": queue_id, "lately": LATELY})
    wrap_up_s = session.get_one(CallQueue, queue_id).wrap_up_s
    return float(mean) + wrap_up_s / 2 if mean is not None else USUAL_HANDLING_S


def overflow(
    session: Session, queue: CallQueue, entry: QueueEntry, now: datetime, expected_s: int | None
) -> str | None:
    """Say why the entry should be taken elsewhere, if it should; danger is never sent away."""
    if entry.danger:
        return None
    if queue.overflow_no_staff and expected_s is None and not anybody(session, queue.id):
        return "no_staff"
    if queue.overflow_longest_s is not None and now - entry.enqueued_at >= timedelta(seconds=queue.overflow_longest_s):
        return "longest_wait"
    limit = queue.overflow_expected_s
    if limit is not None and expected_s is not None and expected_s > limit:
        return "expected_wait"
    if queue.max_waiting is not None and waiting(session, queue.id) > queue.max_waiting:
        return "full"
    return None


def anybody(session: Session, queue_id: int) -> bool:
    """Say whether anybody on duty could answer some caller of this queue, at any step of widening."""
    fits = Agent.tags.contains(QueueNeed.tags) & or_(
        func.cardinality(QueueNeed.groups) == 0, Agent.group_id == func.any(QueueNeed.groups)
    )
    found = select(Agent.id).join(QueueNeed, fits).where(QueueNeed.queue_id == queue_id)
    return session.scalar(found.where(Agent.enabled, Agent.state.in_(STAFFED)).limit(1)) is not None
