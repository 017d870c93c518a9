"""Where somebody stands in a queue: two different numbers, the position by rank and the time they have really waited."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.presence import takers
from hotline.agents.states import ON_DUTY
from hotline.core.clock import Clock
from hotline.core.errors import NotFound
from hotline.queues.models import Queue, QueueEntry, Reservation
from hotline.queues.states import RESERVED, WAITING

MEASURED_OVER = timedelta(hours=1)
MEASURED_CALLS = 10
"""Fewer finished calls say too little; then the queue's usual length of a call is used."""


@dataclass(frozen=True)
class Standing:
    """Position from 1 (0 once taken), seconds waited and expected still (None when nobody is on duty).

    `overflow` is why this caller should go elsewhere (longest_wait, expected_wait, no_staff) and `overflow_to` what the
    queue's rules say then: callback, voicemail or the code of a queue; None when there is no reason or no rule.
    """

    position: int
    waited_s: float
    expected_wait_s: int | None
    callback_offered: bool
    overflow: str | None
    overflow_to: str | None


@dataclass
class Recent:
    """Staff and handling time of queues, measured not long ago: they are the same for everybody who waits in one.

    Thousands of callers ask where they stand, and each would count the same agents and the same calls of the last hour.
    """

    max_age_s: float
    _kept: dict[tuple[int, bool], tuple[float, dict[str, int], float]] = field(default_factory=dict)

    def measured(self, session: Session, queue: Queue, now: datetime, *, drill: bool) -> tuple[dict[str, int], float]:
        """Return the agents on duty by state and the mean handling time in seconds, at most `max_age_s` old."""
        known = self._kept.get((queue.id, drill))
        if known is None or time.monotonic() - known[0] > self.max_age_s:
            known = (time.monotonic(), staff(session, queue, drill=drill), handling_s(session, queue, now))
            self._kept[queue.id, drill] = known
        return known[1], known[2]


def standing(session: Session, clock: Clock, call_ref: str, *, recent: Recent | None = None) -> Standing:
    """Return where a call stands; raises NotFound. `recent` spares measuring the queue for every caller anew."""
    found = session.execute(
        select(QueueEntry, Queue).join(Queue, Queue.id == QueueEntry.queue_id).where(QueueEntry.call_ref == call_ref)
    ).first()
    if found is None:
        raise NotFound("waiting call", call_ref)
    entry, queue = found[0], found[1]
    ended = entry.taken_at or entry.left_at or clock.now()
    waited_s = max(0.0, (ended - entry.enqueued_at).total_seconds())
    if entry.state not in (WAITING, RESERVED):
        return Standing(0, waited_s, None, False, None, None)
    position = 1 + _before(session, entry)
    expected_s = expected_wait_s(session, clock, queue, position, recent=recent, drill=entry.drill)
    if entry.hard and not staff(session, queue, hard=True, drill=entry.drill):
        expected_s = None  # volunteers are on duty, and none of them will ever take this call
    why = overflow(queue, waited_s, expected_s)
    offered = queue.callback_after_s is not None and (expected_s is None or expected_s > queue.callback_after_s)
    return Standing(position, waited_s, expected_s, offered, why, _target(session, queue) if why else None)


def _before(session: Session, entry: QueueEntry) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                QueueEntry.queue_id == entry.queue_id,
                QueueEntry.state.in_((WAITING, RESERVED)),
                (QueueEntry.rank_at < entry.rank_at)
                | ((QueueEntry.rank_at == entry.rank_at) & (QueueEntry.id < entry.id)),
            )
        )
        or 0
    )


def expected_wait_s(
    session: Session, clock: Clock, queue: Queue, position: int, *, recent: Recent | None = None, drill: bool = False
) -> int | None:
    """Return how long the caller at a position will wait, in whole seconds; None when nobody is on duty for the queue.

    Everybody before them and they themselves need an agent to become free; with n agents one does every (handling time / n).
    With free agents in sight it is 0 for the first so many callers.
    """
    states, talk_s = (recent or Recent(0.0)).measured(session, queue, clock.now(), drill=drill)
    agents = sum(states.values())
    if not agents:
        return None
    still = position - states.get("ready", 0)
    return max(0, round(still * talk_s / agents))


def staff(session: Session, queue: Queue, *, hard: bool = False, drill: bool = False) -> dict[str, int]:
    """Return how many agents on duty may answer a queue, by state; for hard calls without the volunteers.

    They are those for real calls, without made-up people of drills; `drill` asks for those for calls of drills.
    """
    wanted = select(Agent.state, func.count()).where(Agent.state.in_(ON_DUTY), Agent.active).group_by(Agent.state)
    if queue.group_ids:
        wanted = wanted.where(Agent.group_id.in_(queue.group_ids))
    if hard:
        wanted = wanted.where(~Agent.first_level)
    wanted = wanted.where(takers(drill))
    return {state: count for state, count in session.execute(wanted).tuples()}


def handling_s(session: Session, queue: Queue, now: datetime) -> float:
    """Return the mean time an agent needs for a call with its wrap-up, in seconds, measured over the last hour."""
    ended = func.coalesce(Reservation.wrapped_at, Reservation.finished_at)
    count, mean = session.execute(
        select(func.count(), func.avg(func.extract("epoch", ended - Reservation.accepted_at))).where(
            Reservation.queue_id == queue.id,
            Reservation.finished_at > now - MEASURED_OVER,
            Reservation.accepted_at.is_not(None),
        )
    ).one()
    return float(mean) if count >= MEASURED_CALLS else float(queue.usual_talk_s)


def overflow(queue: Queue, waited_s: float, expected_s: int | None) -> str | None:
    """Return why a caller should go elsewhere by the queue's rules, or None."""
    if queue.overflow_action == "none":
        return None
    if expected_s is None and queue.overflow_no_staff:
        return "no_staff"
    if queue.overflow_wait_s is not None and waited_s >= queue.overflow_wait_s:
        return "longest_wait"
    if queue.overflow_expected_s is not None and expected_s is not None and expected_s > queue.overflow_expected_s:
        return "expected_wait"
    return None


def _target(session: Session, queue: Queue) -> str:
    if queue.overflow_queue_id is None:
        return queue.overflow_action
    return session.get_one(Queue, queue.overflow_queue_id).code
