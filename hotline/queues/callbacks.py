"""Callbacks: the place that is kept, a time that was reserved, a promise with an owner, and people who hung up too soon.

A callback that is due waits in its queue like a caller, with the place that was kept; so it takes an agent only when one is
free for it, and callbacks under way can never be more than free agents. One is open for each number and queue.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.auth.models import Officer
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.phone import to_e164
from hotline.queues import entering
from hotline.queues.models import Callback, EntryStep, Queue, QueueEntry
from hotline.queues.states import CALLBACK, OPEN, PLANNED, RESERVED, WAITING

REMIND_BEFORE = timedelta(minutes=10)
ESCALATE_AFTER = timedelta(minutes=15)
"""A promise is overdue so long after its time; then whoever may assign work sees it first."""
LATEST = timedelta(days=30)
PROMISE_PRIORITY = 5
DUE_BATCH = 200


def keep_place(session: Session, clock: Clock, call_ref: str, phone: str) -> Callback:
    """The caller hangs up and keeps the place: a callback waits in their stead, with the moment they joined.

    Raises NotFound for a call that waits in no queue, InvalidInput for a number that cannot be called.
    """
    number = to_e164(phone)
    entry = entering.entry_of(session, call_ref, lock=True)
    if entry is None:
        raise NotFound("waiting call", call_ref)
    known = session.scalar(select(Callback).where(Callback.origin_ref == call_ref, Callback.kind == "place"))
    if known is not None:
        return known
    if entry.state not in (WAITING, RESERVED):
        raise Refused("This call waits no more.", code="not-waiting")
    entering.leave(session, clock, call_ref, "callback")
    session.add(EntryStep(entry_id=entry.id, at=clock.now(), kind="kept_place", step=entry.step, need=entry.need))
    return _plan(
        session, clock, kind="place", queue_id=entry.queue_id, phone=number, due_at=clock.now(),
        enqueued_at=entry.enqueued_at, traveller_id=entry.traveller_id, language=entry.language, skills=entry.skills,
        priority=entry.priority, danger=entry.danger, drill=entry.drill, origin_ref=call_ref,
    )  # fmt: skip


def reserve(
    session: Session, clock: Clock, *, queue: str, phone: str, at: datetime, language: str = "",
    traveller_id: int | None = None, case_id: int | None = None,
) -> Callback:  # fmt: skip
    """Reserve a callback for a moment (aware). Raises InvalidInput for the past and for more than 30 days ahead."""
    due_at = _due(clock, at)
    found = entering.find_queue(session, queue)
    return _plan(
        session, clock, kind="time", queue_id=found.id, phone=to_e164(phone), due_at=due_at, enqueued_at=due_at,
        traveller_id=traveller_id, case_id=case_id, language=language,
    )  # fmt: skip


def promise(
    session: Session, clock: Clock, case_id: int | None, due_at: datetime, owner_id: int, phone: str, *,
    queue: str = "", actor: Actor = SYSTEM,
) -> Callback:  # fmt: skip
    """Promise to call somebody by a moment, with an officer who answers for it.

    It is put before its owner at the time; away, anybody gets it. Reminder before, escalation after (`tending`).
    """
    due = _due(clock, due_at)
    owner = session.get(Officer, owner_id)
    if owner is None or owner.disabled_at is not None:
        raise InvalidInput("owner_id", owner_id, "choose an officer who works here")
    found = entering.find_queue(session, queue) if queue else _first_queue(session)
    callback = _plan(
        session, clock, kind="promise", queue_id=found.id, phone=to_e164(phone), due_at=due, enqueued_at=due,
        owner_id=owner_id, case_id=case_id, priority=PROMISE_PRIORITY,
    )  # fmt: skip
    audit.record(
        session, clock, actor, "callback.promised", "callback", callback.id,
        after={"due_at": callback.due_at, "owner_id": callback.owner_id, "case_id": case_id},
    )  # fmt: skip
    return callback


def after_abandon(session: Session, clock: Clock, call_ref: str) -> Callback | None:
    """Call back somebody who hung up while waiting, where the queue's policy says so; None when it does not.

    Short waits get none, unless danger to life was said; nor does a withheld number.
    """
    entry = entering.entry_of(session, call_ref)
    if entry is None or entry.left_reason != "hangup" or not entry.phone or (entry.short and not entry.danger):
        return None
    queue = session.get_one(Queue, entry.queue_id)
    if not queue.abandon_callback and not entry.danger:
        return None
    known = session.scalar(select(Callback).where(Callback.origin_ref == call_ref))
    if known is not None:
        return known
    return _plan(
        session, clock, kind="abandoned", queue_id=queue.id, phone=entry.phone, due_at=clock.now(),
        enqueued_at=entry.enqueued_at, traveller_id=entry.traveller_id, language=entry.language, skills=entry.skills,
        priority=entry.priority, danger=entry.danger, drill=entry.drill, origin_ref=call_ref,
    )  # fmt: skip


def _plan(session: Session, clock: Clock, *, queue_id: int, phone: str, **values: Any) -> Callback:
    """Write a callback, or join the open one of this number and queue, which then keeps the earlier place and time."""
    # Two requests of one number at once wait here for each other; the index would only refuse the second.
    queue = session.get_one(Queue, queue_id, with_for_update={"key_share": True})
    known = session.scalar(
        select(Callback)
        .where(Callback.queue_id == queue.id, Callback.phone == phone, Callback.state.in_(OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if known is not None:
        return _join(session, known, values)
    callback = Callback(queue_id=queue_id, phone=phone, state=PLANNED, created_at=clock.now(), **values)
    session.add(callback)
    session.flush()
    if callback.due_at <= clock.now():
        queue_up(session, clock, callback)
    return callback


def _join(session: Session, known: Callback, values: dict[str, Any]) -> Callback:
    known.enqueued_at = min(known.enqueued_at, values["enqueued_at"])
    known.danger = known.danger or values.get("danger", False)
    known.owner_id = known.owner_id or values.get("owner_id")
    known.case_id = known.case_id or values.get("case_id")
    if known.state == PLANNED:
        # A promise is the stricter word: whatever came before it, somebody now answers for this time.
        known.kind = values["kind"] if values["kind"] == "promise" else known.kind
        known.due_at = min(known.due_at, values["due_at"])
    session.flush()
    return known


def queue_up(session: Session, clock: Clock, callback: Callback) -> QueueEntry:
    """Put a due callback into its queue, at the place that was kept."""
    queue = session.get_one(Queue, callback.queue_id)
    owner = presence.agent_of(session, callback.owner_id)
    entry = entering.enqueue(
        session, clock,
        entering.NewEntry(
            queue=queue.code, call_ref=f"callback:{callback.id}:{callback.attempts + 1}:{int(clock.now().timestamp())}",
            kind="callback", phone=callback.phone, traveller_id=callback.traveller_id, language=callback.language,
            skills=list(callback.skills), priority=callback.priority, danger=callback.danger, drill=callback.drill,
            sticky_agent_id=owner.id if owner else None, enqueued_at=callback.enqueued_at,
        ),
    )  # fmt: skip
    callback.state, callback.entry_id = CALLBACK.next_state(callback.state, "fall_due", SYSTEM), entry.id
    session.flush()
    return entry


def cancel(session: Session, clock: Clock, actor: Actor, callback_id: int, *, event: str = "cancel") -> Callback:
    """Cancel a callback, or `settle` one whose person was reached another way; not while it is being called."""
    callback = get(session, callback_id)
    entry = session.get(QueueEntry, callback.entry_id) if callback.entry_id else None
    if entry is not None:
        # An agent may be kept for it at this moment: the entry is locked first, as everywhere.
        entering.entry_of(session, entry.call_ref, lock=True)
    callback = get(session, callback_id, lock=True)
    before = callback.state
    callback.state, callback.closed_at = CALLBACK.next_state(before, event, actor), clock.now()
    if entry is not None and entry.state == WAITING:
        entering.leave(session, clock, entry.call_ref, "callback")
    _recorded(session, clock, actor, callback, event, before)
    return callback


def reopen(session: Session, clock: Clock, actor: Actor, callback_id: int, at: datetime) -> Callback:
    """Try somebody again whom every attempt missed."""
    callback = get(session, callback_id, lock=True)
    before = callback.state
    callback.state = CALLBACK.next_state(before, "reopen", actor)
    callback.due_at, callback.attempts, callback.entry_id = _due(clock, at), 0, None
    callback.closed_at = callback.escalated_at = callback.reminded_at = None
    _recorded(session, clock, actor, callback, "reopen", before)
    return callback


def give_to(session: Session, clock: Clock, actor: Actor, callback_id: int, owner_id: int) -> Callback:
    """Name another officer who answers for a callback."""
    owner = session.get(Officer, owner_id)
    if owner is None or owner.disabled_at is not None:
        raise InvalidInput("owner_id", owner_id, "choose an officer who works here")
    callback = get(session, callback_id, lock=True)
    before, callback.owner_id = callback.owner_id, owner_id
    audit.record(
        session, clock, actor, "callback.given", "callback", callback.id,
        before={"owner_id": before}, after={"owner_id": owner_id},
    )  # fmt: skip
    return callback


def get(session: Session, callback_id: int, *, lock: bool = False) -> Callback:
    """Return a callback; raises NotFound."""
    callback = session.get(Callback, callback_id, with_for_update=lock, populate_existing=lock)
    if callback is None:
        raise NotFound("callback", callback_id)
    return callback


def due(session: Session, clock: Clock) -> int:
    """Put callbacks whose time has come into their queues, at most DUE_BATCH; returns how many."""
    found = session.scalars(
        select(Callback)
        .where(Callback.state == PLANNED, Callback.due_at <= clock.now())
        .order_by(Callback.due_at)
        .limit(DUE_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for callback in found:
        queue_up(session, clock, callback)
    return len(found)


def remind_and_escalate(session: Session, clock: Clock) -> int:
    """Remind owners before the time, and escalate what was not done after it; each once. Returns how many were told.

    A time that was reserved is a word given as a promise is; without an owner there is nobody to remind.
    """
    now = clock.now()
    given_word = select(Callback).where(Callback.state.in_(OPEN), Callback.kind.in_(("promise", "time")))
    soon = given_word.where(
        Callback.reminded_at.is_(None), Callback.owner_id.is_not(None), Callback.due_at <= now + REMIND_BEFORE
    )
    late = given_word.where(Callback.escalated_at.is_(None), Callback.due_at <= now - ESCALATE_AFTER)
    told = 0
    for wanted, column, topic in ((soon, "reminded_at", "CallbackReminder"), (late, "escalated_at", "CallbackOverdue")):
        for callback in session.scalars(wanted.limit(DUE_BATCH).with_for_update(skip_locked=True)).all():
            setattr(callback, column, now)
            outbox.publish(
                session, clock, topic,
                {"callback_id": callback.id, "owner_id": callback.owner_id, "case_id": callback.case_id,
                 "due_at": callback.due_at.isoformat()},
            )  # fmt: skip
            told += 1
    session.flush()
    return told


def _recorded(session: Session, clock: Clock, actor: Actor, callback: Callback, event: str, before: str) -> None:
    audit.record(
        session, clock, actor, f"callback.{event}", "callback", callback.id,
        before={"state": before}, after={"state": callback.state},
    )  # fmt: skip


def _first_queue(session: Session) -> Queue:
    queue = session.scalar(select(Queue).where(Queue.active).order_by(Queue.id).limit(1))
    if queue is None:
        raise NotFound("queue", "that is active")
    return queue


def _due(clock: Clock, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise InvalidInput("at", at.isoformat(), "name the zone of the time")
    if not clock.now() - timedelta(minutes=1) <= at <= clock.now() + LATEST:
        raise InvalidInput("at", at.isoformat(), "choose a time within the next 30 days")
    return at
