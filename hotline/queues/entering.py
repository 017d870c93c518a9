"""Entering and leaving a queue; each idempotent for one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import OFFLINE
from hotline.core import outbox
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.queues.models import CallQueue, QueueEntry, QueueNeed, QueueStep, Reservation
from hotline.queues.widening import MAX_PRIORITY, rank, steps_of, tags_needed

LEAVING = ("hangup", "menu", "voicemail", "transfer", "error")
MAX_REF_CHARS = 80


@dataclass(frozen=True)
class NewEntry:
    """Somebody who begins to wait. `phone` is E.164 or empty; `enqueued_at` only when the place is older than the entry."""

    call_ref: str
    queue: str
    language: str = "ko"
    skills: Sequence[str] = ()
    priority: int = 0
    phone: str = ""
    person_id: int | None = None
    traveller_id: int | None = None
    danger: bool = False
    drill: bool = False
    sticky_agent_id: int | None = None
    sticky_officer_id: int | None = None
    """The owner as an officer, for callers of this function who know no agents."""
    kind: str = "call"
    enqueued_at: datetime | None = None


def queue_by_code(session: Session, code: str) -> CallQueue:
    """Return the queue of this code; raises NotFound."""
    queue = session.scalar(select(CallQueue).where(CallQueue.code == code))
    if queue is None:
        raise NotFound("queue", code)
    return queue


def enqueue(session: Session, clock: Clock, new: NewEntry) -> QueueEntry:
    """Let somebody wait; the same call a second time gets its first entry.

    Raises Refused (`queue-full`) beyond the queue's largest number of callers, unless it flows over into another queue or
    the caller is in danger.
    """
    if not 0 < len(new.call_ref) <= MAX_REF_CHARS:
        raise InvalidInput("call_ref", new.call_ref, f"use 1 to {MAX_REF_CHARS} characters")
    if not -MAX_PRIORITY <= new.priority <= MAX_PRIORITY:
        raise InvalidInput("priority", new.priority, f"use -{MAX_PRIORITY} to {MAX_PRIORITY}")
    known = session.scalar(select(QueueEntry).where(QueueEntry.call_ref == new.call_ref))
    if known is not None:
        return known
    asked = queue_by_code(session, new.queue)
    queue = _with_room(session, asked, new)
    now = clock.now()
    since = new.enqueued_at or now
    need = need_of(session, queue, new.language, new.skills, 0)
    sticky = _sticky(session, new)
    values = {
        "call_ref": new.call_ref, "kind": new.kind, "queue_id": queue.id, "need_id": need.id, "person_id": new.person_id,
        "traveller_id": new.traveller_id, "phone": new.phone, "language": new.language, "skills": sorted(set(new.skills)),
        "priority": new.priority, "danger": new.danger, "drill": new.drill, "state": "waiting",
        "sticky_agent_id": sticky, "sticky_until": now + timedelta(seconds=queue.sticky_s) if sticky else None,
        "rank": rank(since, new.priority + queue.priority, queue.priority_s, danger=new.danger), "step": 0,
        "widen_at": _widen_at(need, since, now + timedelta(seconds=queue.sticky_s) if sticky else None),
        "enqueued_at": since, "overflowed_from": asked.id if queue is not asked else None,
    }  # fmt: skip
    session.execute(insert(QueueEntry).values(values).on_conflict_do_nothing(index_elements=["call_ref"]))
    return session.scalars(select(QueueEntry).where(QueueEntry.call_ref == new.call_ref)).one()


def _with_room(session: Session, queue: CallQueue, new: NewEntry) -> CallQueue:
    if queue.max_waiting is None or new.danger or new.kind != "call" or waiting(session, queue.id) < queue.max_waiting:
        return queue
    if queue.overflow_queue_id is not None:
        return session.get_one(CallQueue, queue.overflow_queue_id)
    raise Refused("The queue is full.", code="queue-full", params={"queue": queue.code})


def waiting(session: Session, queue_id: int) -> int:
    """Return how many wait in a queue, on the line or for a callback."""
    found = select(func.count()).where(QueueEntry.queue_id == queue_id, QueueEntry.state == "waiting")
    return session.scalar(found) or 0


def _sticky(session: Session, new: NewEntry) -> int:
    """Return the owner whom the caller waits for first; 0 when there is none or they are not on duty."""
    agent = session.get(Agent, new.sticky_agent_id) if new.sticky_agent_id else None
    if agent is None and new.sticky_officer_id:
        agent = presence.of_officer(session, new.sticky_officer_id)
    return agent.id if agent is not None and agent.state != OFFLINE and agent.enabled else 0


def _widen_at(need: QueueNeed, since: datetime, sticky_until: datetime | None) -> datetime | None:
    next_step = since + timedelta(seconds=need.until_s) if need.until_s is not None else None
    moments = [moment for moment in (next_step, sticky_until) if moment is not None]
    return min(moments) if moments else None


def need_of(session: Session, queue: CallQueue, language: str, skills: Sequence[str], step: int) -> QueueNeed:
    """Return the shared row of what such a caller needs at a step, made when it is the first."""
    steps = steps_of(queue.steps)
    number = min(step, len(steps) - 1)
    wanted = sorted({*queue.skills, *skills})
    key = (
        select(QueueNeed)
        .where(QueueNeed.queue_id == queue.id, QueueNeed.language == language)
        .where(QueueNeed.skills == wanted, QueueNeed.step == number)
    )
    found = session.scalar(key)
    if found is None:
        now = steps[number]
        values = {
            "queue_id": queue.id, "language": language, "skills": wanted, "step": number, "groups": list(now.groups),
            "tags": tags_needed(now, language, wanted),
            "until_s": steps[number + 1].after_s if number + 1 < len(steps) else None,
        }  # fmt: skip
        session.execute(insert(QueueNeed).values(values).on_conflict_do_nothing())
        found = session.scalars(key).one()
    return found


def widen(session: Session, clock: Clock, *, limit: int = 1000) -> int:
    """Take the next step for entries that have waited long enough, and end stickiness that is over; both are recorded."""
    now = clock.now()
    due = (
        select(QueueEntry)
        .where(QueueEntry.state == "waiting", QueueEntry.widen_at <= now)
        .order_by(QueueEntry.widen_at)
        .limit(limit)
    )
    entries = session.scalars(due.with_for_update(skip_locked=True)).all()
    for entry in entries:
        _widen_one(session, entry, now)
    return len(entries)


def _widen_one(session: Session, entry: QueueEntry, now: datetime) -> None:
    if entry.sticky_until is not None and entry.sticky_until <= now:
        entry.sticky_agent_id, entry.sticky_until = 0, None
        session.add(QueueStep(entry_id=entry.id, at=now, what="unstuck", step=entry.step))
    need = session.get_one(QueueNeed, entry.need_id)
    queue = session.get_one(CallQueue, entry.queue_id)
    while need.until_s is not None and entry.enqueued_at + timedelta(seconds=need.until_s) <= now:
        need = need_of(session, queue, entry.language, entry.skills, need.step + 1)
        session.add(QueueStep(entry_id=entry.id, at=now, what="widened", step=need.step))
    entry.need_id, entry.step = need.id, need.step
    entry.widen_at = _widen_at(need, entry.enqueued_at, entry.sticky_until)


def move_to_queue(session: Session, entry: QueueEntry, queue: CallQueue, now: datetime, why: str) -> None:
    """Move somebody who waits to another queue; the time of entering stays, so the place is as old as it was."""
    need = need_of(session, queue, entry.language, entry.skills, 0)
    entry.overflowed_from, entry.queue_id, entry.need_id, entry.step = entry.queue_id, queue.id, need.id, 0
    entry.rank = rank(entry.enqueued_at, entry.priority + queue.priority, queue.priority_s, danger=entry.danger)
    entry.widen_at = _widen_at(need, entry.enqueued_at, entry.sticky_until)
    session.add(QueueStep(entry_id=entry.id, at=now, what="overflow", step=0, detail=why))


def entry_of(session: Session, call_ref: str, *, lock: bool = False) -> QueueEntry:
    """Return the entry of a call; raises NotFound."""
    query = select(QueueEntry).where(QueueEntry.call_ref == call_ref).execution_options(populate_existing=lock)
    entry = session.scalar(query.with_for_update() if lock else query)
    if entry is None:
        raise NotFound("queue entry", call_ref)
    return entry


def leave(session: Session, clock: Clock, call_ref: str, reason: str) -> QueueEntry:
    """Somebody who waits goes: hangup, menu, voicemail, transfer or error. A second time, and while talking, nothing changes.

    An agent who was reserved is free again at once, and whoever rings them is told to stop (`ReservationCancelled`). A
    hang-up is told as `CallAbandoned`, with `short` for one that cannot have been meant.
    """
    if reason not in LEAVING:
        raise InvalidInput("reason", reason, f"use one of {', '.join(LEAVING)}")
    entry = entry_of(session, call_ref, lock=True)
    if entry.state in ("left", "taken") or (entry.kind == "callback" and reason == "hangup"):
        return entry
    now = clock.now()
    if entry.state == "reserved":
        cancel_reservation(session, clock, entry, "caller_left")
    entry.state, entry.ended_at, entry.left_reason, entry.widen_at = "left", now, reason, None
    if reason == "hangup":
        _abandoned(session, clock, entry)
    session.flush()
    return entry


def _abandoned(session: Session, clock: Clock, entry: QueueEntry) -> None:
    waited_s = (clock.now() - entry.enqueued_at).total_seconds()
    queue = session.get_one(CallQueue, entry.queue_id)
    fact = {
        "entry_id": entry.id, "call_ref": entry.call_ref, "queue_id": queue.id, "phone": entry.phone,
        "traveller_id": entry.traveller_id, "waited_s": round(waited_s, 1), "short": waited_s < queue.short_abandon_s,
        "drill": entry.drill, "danger": entry.danger,
    }  # fmt: skip
    outbox.publish(session, clock, "CallAbandoned", fact)


def cancel_reservation(session: Session, clock: Clock, entry: QueueEntry, why: str) -> None:
    """Free the agent who was reserved for a locked entry; not the agent's doing, so it is no miss."""
    assert entry.agent_id is not None and entry.token is not None
    agent = presence.get_agent(session, entry.agent_id, lock=True)
    found = select(Reservation).where(Reservation.token == entry.token).with_for_update()
    reservation = session.scalars(found).one()
    reservation.state, reservation.why, reservation.finished_at = "cancelled", why, clock.now()
    fact = {"token": entry.token, "agent_id": agent.id, "call_ref": entry.call_ref, "why": why}
    entry.state, entry.agent_id, entry.token = "waiting", None, None
    presence.end_offer(session, agent, clock.now(), "")
    outbox.publish(session, clock, "ReservationCancelled", fact)
