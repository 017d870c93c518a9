"""Figures of queues and agents for the wallboard, read from rows over indexes, of one day at most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import STATES
from hotline.core.clock import Clock
from hotline.queues.models import Callback, Queue, QueueEntry
from hotline.queues.standing import expected_wait_s, staff
from hotline.queues.states import OPEN, RESERVED, WAITING

WINDOW = timedelta(hours=24)
LIVE = (WAITING, RESERVED)


@dataclass(frozen=True)
class QueueFigures:
    """What the wallboard shows of one queue; times in seconds, over the last 24 hours where nothing else is said.

    Nothing of an exercise is counted but in `exercise`: those of drills who wait.

    `service_level` is the share answered within the queue's limit of all who were answered or hung up late; None without any.
    """

    queue: Queue
    waiting: int
    longest_s: int
    expected_s: int | None
    answered: int
    asa_s: float | None
    service_level: float | None
    abandoned: int
    short: int
    staff: dict[str, int]
    callbacks: int
    languages: dict[str, int]
    """Waiting callers by language; `` for those who said none."""
    exercise: int = 0

    @property
    def fault(self) -> bool:
        """Somebody waits and nobody is on duty for them."""
        return self.waiting > 0 and not self.staff


def queue_figures(session: Session, clock: Clock) -> list[QueueFigures]:
    """Return the figures of every active queue, in the order they were made."""
    now = clock.now()
    queues = session.scalars(select(Queue).where(Queue.active).order_by(Queue.id)).all()
    waiting, languages, exercise = _waiting(session), _languages(session), _exercise(session)
    day, callbacks = _day(session, now), _callbacks(session)
    return [
        replace(
            _figures(
                session, clock, queue, waiting.get(queue.id), day.get(queue.id), callbacks.get(queue.id, 0), languages
            ),
            exercise=exercise.get(queue.id, 0),
        )
        for queue in queues
    ]


def _figures(
    session: Session,
    clock: Clock,
    queue: Queue,
    waiting: tuple[int, datetime] | None,
    day: tuple[int, float | None, int, int, int] | None,
    callbacks: int,
    languages: dict[int, dict[str, int]],
) -> QueueFigures:
    count, since = waiting or (0, clock.now())
    answered, asa_s, in_time, abandoned, short = day or (0, None, 0, 0, 0)
    counted = answered + abandoned
    return QueueFigures(
        queue, count, max(0, round((clock.now() - since).total_seconds())),
        expected_wait_s(session, clock, queue, count + 1), answered, asa_s,
        in_time / counted if counted else None, abandoned, short, staff(session, queue), callbacks,
        languages.get(queue.id, {}),
    )  # fmt: skip


def _waiting(session: Session) -> dict[int, tuple[int, datetime]]:
    rows = session.execute(
        select(QueueEntry.queue_id, func.count(), func.min(QueueEntry.enqueued_at))
        .where(QueueEntry.state.in_(LIVE), ~QueueEntry.drill)
        .group_by(QueueEntry.queue_id)
    )
    return {queue_id: (count, since) for queue_id, count, since in rows.tuples()}


def _languages(session: Session) -> dict[int, dict[str, int]]:
    rows = session.execute(
        select(QueueEntry.queue_id, QueueEntry.language, func.count())
        .where(QueueEntry.state.in_(LIVE), ~QueueEntry.drill)
        .group_by(QueueEntry.queue_id, QueueEntry.language)
        .order_by(func.count().desc())
    )
    found: dict[int, dict[str, int]] = {}
    for queue_id, language, count in rows.tuples():
        found.setdefault(queue_id, {})[language] = count
    return found


def _exercise(session: Session) -> dict[int, int]:
    rows = session.execute(
        select(QueueEntry.queue_id, func.count())
        .where(QueueEntry.state.in_(LIVE), QueueEntry.drill)
        .group_by(QueueEntry.queue_id)
    )
    return {queue_id: count for queue_id, count in rows.tuples()}


def _day(session: Session, now: datetime) -> dict[int, tuple[int, float | None, int, int, int]]:
    """Return (answered, mean wait, answered in time, hung up, hung up shortly) of the last day, calls only, no exercises."""
    waited_s = func.extract("epoch", QueueEntry.taken_at - QueueEntry.enqueued_at)
    late = (QueueEntry.left_reason == "hangup") & ~QueueEntry.short
    rows = session.execute(
        select(
            QueueEntry.queue_id,
            func.count(QueueEntry.taken_at),
            func.avg(waited_s),
            func.count(case((waited_s <= Queue.service_level_s, 1))),
            func.count(case((late, 1))),
            func.count(case((QueueEntry.short, 1))),
        )
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .where(QueueEntry.enqueued_at > now - WINDOW, QueueEntry.kind == "call", ~QueueEntry.drill)
        .group_by(QueueEntry.queue_id)
    )
    return {
        row[0]: (row[1], None if row[2] is None else float(row[2]), row[3], row[4], row[5]) for row in rows.tuples()
    }


def _callbacks(session: Session) -> dict[int, int]:
    rows = session.execute(
        select(Callback.queue_id, func.count())
        .where(Callback.state.in_(OPEN), ~Callback.drill)
        .group_by(Callback.queue_id)
    )
    return {queue_id: count for queue_id, count in rows.tuples()}


def agents_by_state(session: Session) -> dict[str, int]:
    """Return how many active agents are in each state, every state named; made-up people of drills are not counted."""
    rows = session.execute(select(Agent.state, func.count()).where(Agent.active, ~Agent.drill).group_by(Agent.state))
    found = {state: count for state, count in rows.tuples()}
    return {state: found.get(state, 0) for state in STATES}


def agents_by_language(session: Session) -> dict[str, tuple[int, int]]:
    """Return (ready, on duty) by language, the commonest first."""
    language = func.unnest(Agent.languages).label("language")
    spoken = (
        select(language, Agent.state).where(Agent.active, ~Agent.drill, Agent.state.not_in(("offline", "not_ready"))).subquery()
    )  # fmt: skip
    rows = session.execute(
        select(spoken.c.language, func.count(case((spoken.c.state == "ready", 1))), func.count())
        .group_by(spoken.c.language)
        .order_by(func.count().desc(), spoken.c.language)
    )
    return {name: (ready, on_duty) for name, ready, on_duty in rows.tuples()}
