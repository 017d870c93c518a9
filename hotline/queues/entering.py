"""Joining a queue and leaving it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.skills import SENIOR, check_language, check_skill, may_take
from hotline.agents.states import ON_DUTY
from hotline.core import outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.queues import steps
from hotline.queues.models import Queue, QueueEntry, Reservation
from hotline.queues.states import ENTRY, LEFT, REASONS, RESERVED, WAITING

MAX_PRIORITY = 9
MAX_ENTRY_SKILLS = 10
DANGER_AHEAD = timedelta(days=30)
"""Danger to life goes before everybody, however long they wait; among each other the earlier one is first."""
OPEN_RESERVATION = ("reserved", "ringing")
_COLUMNS = (
    "queue_id", "call_ref", "kind", "traveller_id", "phone", "language", "skills", "priority", "danger", "drill",
    "hard", "sticky_agent_id", "sticky_until", "state", "enqueued_at", "rank_at", "step", "need", "widens_at",
)  # fmt: skip
_JOIN = text(
    f"INSERT INTO queue_entries ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + each for each in _COLUMNS)})"  # noqa: S608
    " ON CONFLICT (call_ref) DO NOTHING"
)
"""Written as text, because an INSERT with a conflict clause is compiled anew each time; the columns are the constant above."""


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """Somebody who joins: `queue` is the queue's code, `phone` E.164 or empty, `enqueued_at` an earlier place if one is kept."""

    queue: str
    call_ref: str
    phone: str = ""
    traveller_id: int | None = None
    language: str = ""
    skills: Sequence[str] = ()
    priority: int = 0
    danger: bool = False
    drill: bool = False
    hard: bool = False
    """Only staff may answer; danger to life and whoever asks for a senior are hard by themselves."""
    sticky_agent_id: int | None = None
    kind: str = "call"
    enqueued_at: datetime | None = None


def find_queue(session: Session, code: str) -> Queue:
    """Return an active queue by its code; raises NotFound."""
    queue = session.scalar(select(Queue).where(Queue.code == code, Queue.active))
    if queue is None:
        raise NotFound("queue", code)
    return queue


def entry_of(session: Session, call_ref: str, *, lock: bool = False) -> QueueEntry | None:
    """Return the entry of a call, or None."""
    wanted = select(QueueEntry).where(QueueEntry.call_ref == call_ref)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalar(wanted)


def enqueue(session: Session, clock: Clock, entry: NewEntry) -> QueueEntry:
    """Let somebody join; the same call a second time returns the entry that is there.

    Raises InvalidInput, NotFound for an unknown queue, and Refused (`queue-full`) beyond the queue's limit, which holds
    neither for danger to life nor for a callback, whose place was promised. Call `assigning.kick` after the commit.
    """
    known = entry_of(session, entry.call_ref)
    if known is not None:
        return known
    _check(entry)
    queue = find_queue(session, entry.queue)
    if not entry.danger and entry.kind == "call" and _is_full(session, queue):
        raise Refused(f"The queue {queue.code} is full.", code="queue-full", params={"queue": queue.code})
    values = _values(session, clock, queue, entry)
    # Two webhooks of one call may come at once; the second finds what the first wrote.
    session.execute(_JOIN, values)
    return session.scalars(select(QueueEntry).where(QueueEntry.call_ref == entry.call_ref)).one()


def _check(entry: NewEntry) -> None:
    if not 1 <= len(entry.call_ref) <= 80:
        raise InvalidInput("call_ref", entry.call_ref, "use 1 to 80 characters")
    if not 0 <= entry.priority <= MAX_PRIORITY:
        raise InvalidInput("priority", entry.priority, f"use 0 to {MAX_PRIORITY}")
    if len(entry.skills) > MAX_ENTRY_SKILLS:
        raise InvalidInput("skills", len(entry.skills), f"ask for at most {MAX_ENTRY_SKILLS} skills")
    for skill in entry.skills:
        check_skill(skill)
    if entry.language:
        check_language(entry.language)


def _is_full(session: Session, queue: Queue) -> bool:
    # Counts no further than the limit, over the index of those who wait.
    limited = (
        select(QueueEntry.id)
        .where(QueueEntry.queue_id == queue.id, QueueEntry.state.in_((WAITING, RESERVED)))
        .limit(queue.max_waiting)
        .subquery()
    )
    return (session.scalar(select(func.count()).select_from(limited)) or 0) >= queue.max_waiting


def _values(session: Session, clock: Clock, queue: Queue, entry: NewEntry) -> dict[str, object]:
    now = clock.now()
    since = min(entry.enqueued_at or now, now)
    hard = entry.hard or entry.danger or SENIOR in entry.skills
    owner = _sticky(session, entry.sticky_agent_id, queue, hard=hard, drill=entry.drill)
    ladder = steps.read_steps(queue.steps)
    number = steps.STICKY if owner else steps.step_at(ladder, (now - since).total_seconds())
    until = now + timedelta(seconds=queue.sticky_s) if owner else None
    return {
        "queue_id": queue.id, "call_ref": entry.call_ref, "kind": entry.kind, "traveller_id": entry.traveller_id,
        "phone": entry.phone, "language": entry.language, "skills": sorted(set(entry.skills)),
        "priority": entry.priority, "danger": entry.danger, "drill": entry.drill, "hard": hard, "sticky_agent_id": owner,
        "sticky_until": until, "state": WAITING, "enqueued_at": since, "rank_at": rank(queue, since, entry.priority,
        danger=entry.danger), "step": number,
        "need": steps.sticky_need(owner) if owner else steps.need(ladder[number], entry.language, entry.skills, hard=hard),
        "widens_at": until if owner else steps.next_change(ladder, number, since),
    }  # fmt: skip


def rank(queue: Queue, enqueued_at: datetime, priority: int, *, danger: bool) -> datetime:
    """Return the moment by which the order goes: priority is worth seconds of waiting, so nobody starves."""
    ahead = timedelta(seconds=priority * queue.priority_s) + (DANGER_AHEAD if danger else timedelta())
    return enqueued_at - ahead


def move_ahead(session: Session, entry_id: int | None, enqueued_at: datetime) -> None:
    """Give somebody who waits the earlier place that is theirs as well (aware); a later one changes nothing."""
    entry = session.get(QueueEntry, entry_id, with_for_update=True, populate_existing=True) if entry_id else None
    if entry is None or enqueued_at >= entry.enqueued_at or entry.state not in (WAITING, RESERVED):
        return
    queue = session.get_one(Queue, entry.queue_id)
    entry.enqueued_at = enqueued_at
    entry.rank_at = rank(queue, enqueued_at, entry.priority, danger=entry.danger)
    if entry.step != steps.STICKY:  # what they have waited for by now is widened with the next pass
        entry.widens_at = steps.next_change(steps.read_steps(queue.steps), entry.step, enqueued_at)


def raise_to_danger(session: Session, clock: Clock, entry_id: int | None) -> None:
    """Put somebody who waits before everybody, and with staff alone: what they said meanwhile is danger to life.

    Whoever is just being offered keeps the offer, and comes first should it be missed.
    """
    entry = session.get(QueueEntry, entry_id, with_for_update=True, populate_existing=True) if entry_id else None
    if entry is None or entry.danger or entry.state not in (WAITING, RESERVED):
        return
    queue = session.get_one(Queue, entry.queue_id)
    entry.danger = entry.hard = True
    entry.rank_at = rank(queue, entry.enqueued_at, entry.priority, danger=True)
    if entry.step == steps.STICKY and _sticky(session, entry.sticky_agent_id, queue, hard=True, drill=entry.drill):
        return  # their owner is staff and here
    ladder = steps.read_steps(queue.steps)
    waited_s = (clock.now() - entry.enqueued_at).total_seconds()
    entry.step = steps.step_at(ladder, waited_s) if entry.step == steps.STICKY else entry.step
    entry.need = steps.need(ladder[entry.step], entry.language, entry.skills, hard=True)
    entry.widens_at = steps.next_change(ladder, entry.step, entry.enqueued_at)


def _sticky(session: Session, agent_id: int | None, queue: Queue, *, hard: bool, drill: bool) -> int | None:
    """Return the owner if waiting for them makes sense: an owner who is not on duty would only cost the caller time.

    A hard call waits for no volunteer, even one who knows the caller, and no call for somebody who may not get its kind.
    """
    agent = session.get(Agent, agent_id) if agent_id and queue.sticky_s else None
    if agent is None or not agent.active or agent.state not in ON_DUTY or (hard and agent.first_level):
        return None
    return agent.id if may_take(drill, first_level=agent.first_level, drill=agent.drill) else None


def leave(session: Session, clock: Clock, call_ref: str, reason: str) -> QueueEntry | None:
    """Let somebody leave who has not been taken; an agent who was kept for them is free again.

    Returns None for an unknown call. After they were taken, or left, it changes nothing. A hang-up publishes
    `CallAbandoned`; very short waits are marked as such and counted apart.
    """
    if reason not in REASONS:
        raise InvalidInput("reason", reason, f"use one of {', '.join(REASONS)}")
    entry = entry_of(session, call_ref, lock=True)
    if entry is None or entry.state not in (WAITING, RESERVED):
        return entry
    release_agent(session, clock, entry, reason)
    now = clock.now()
    entry.state, entry.left_at, entry.left_reason = ENTRY.next_state(entry.state, "leave", SYSTEM), now, reason
    entry.ended_at = now
    if reason == "hangup":
        _abandoned(session, clock, entry)
    session.flush()
    assert entry.state == LEFT
    return entry


def release_agent(session: Session, clock: Clock, entry: QueueEntry, why: str) -> None:
    """Free the agent who is kept for a locked entry, if there is one; their turn is not lost."""
    if entry.state != RESERVED:
        return
    found = session.scalar(
        select(Reservation).where(Reservation.entry_id == entry.id, Reservation.state.in_(OPEN_RESERVATION))
    )
    if found is None:
        return
    agent = presence.get_agent(session, found.agent_id, lock=True)
    session.refresh(found, with_for_update=True)
    if found.state in OPEN_RESERVATION:
        found.state, found.why, found.finished_at = "released", why[:20], clock.now()
        idle_since = agent.idle_since
        presence.move(session, clock, agent, "free")
        agent.idle_since = idle_since
        presence.settle(session, clock, agent)
        session.flush()


def _abandoned(session: Session, clock: Clock, entry: QueueEntry) -> None:
    queue = session.get_one(Queue, entry.queue_id)
    waited_s = (clock.now() - entry.enqueued_at).total_seconds()
    entry.short = waited_s < queue.short_abandon_s
    outbox.publish(
        session, clock, "CallAbandoned",
        {"entry_id": entry.id, "call_ref": entry.call_ref, "queue_id": queue.id, "waited_s": round(waited_s, 3),
         "short": entry.short, "danger": entry.danger},
    )  # fmt: skip
