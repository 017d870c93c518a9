"""Callbacks: keep the place, reserve a time, promise one with an owner, and call back who hung up.

A callback waits in the queue like a call, and is dialled only when an agent is reserved for it: so callbacks never exceed free
agents. One is open per number and queue; attempts are bounded; a promise is reminded of, escalated, and stays until it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.phone import to_e164
from hotline.core.services import Services
from hotline.queues.entering import NewEntry, enqueue, entry_of, queue_by_code
from hotline.queues.models import Callback, CallQueue, QueueEntry, QueueStep

OPEN = ("planned", "queued")
FURTHEST = timedelta(days=30)
REMIND_BEFORE = timedelta(minutes=15)
ESCALATE_AFTER = timedelta(minutes=15)
PROMISE_PRIORITY = 5
REACHED, UNREACHED = "reached", ("no_answer", "busy", "dead_number", "error")


def keep_place(session: Session, clock: Clock, call_ref: str, phone: str = "") -> Callback:
    """The caller hangs up and keeps the place: the entry waits on as a callback, as old as it is.

    Raises Refused (`not-waiting`) when the call waits no more. A second time, and when the number has an open callback in the
    queue already, that one is returned and takes over the older place.
    """
    entry = entry_of(session, call_ref, lock=True)
    known = session.scalar(select(Callback).where(Callback.entry_id == entry.id, Callback.state.in_(OPEN)))
    if known is not None:
        return known
    if entry.state != "waiting":
        raise Refused("This call does not wait any more.", code="not-waiting")
    number = _number(phone or entry.phone)
    now = clock.now()
    other = _open_one(session, entry.queue_id, number)
    if other is not None:
        return _older_place(session, clock, entry, other)
    entry.kind, entry.phone = "callback", number
    session.add(QueueStep(entry_id=entry.id, at=now, what="callback", step=entry.step))
    made = Callback(
        kind="place", state="queued", queue_id=entry.queue_id, phone=number, language=entry.language, entry_id=entry.id,
        traveller_id=entry.traveller_id, due_at=now, created_at=now,
    )  # fmt: skip
    return _add(session, clock, made, SYSTEM)


def _older_place(session: Session, clock: Clock, entry: QueueEntry, other: Callback) -> Callback:
    """Let the open callback of this number have the better of both places, and end the second entry."""
    entry.state, entry.ended_at, entry.left_reason, entry.widen_at = "left", clock.now(), "menu", None
    first = session.get(QueueEntry, other.entry_id, with_for_update=True) if other.entry_id else None
    if first is not None and first.state == "waiting" and entry.rank < first.rank:
        first.rank, first.enqueued_at = entry.rank, min(entry.enqueued_at, first.enqueued_at)
    session.flush()
    return other


def reserve(
    session: Session, clock: Clock, *, queue: str, phone: str, at: datetime, language: str = "ko",
    traveller_id: int | None = None, actor: Actor = SYSTEM,
) -> Callback:  # fmt: skip
    """Reserve a callback for a time (aware, at most 30 days ahead); the same number again moves it."""
    found = queue_by_code(session, queue)
    _in_time(clock, at)
    number = _number(phone)
    open_one = _open_one(session, found.id, number)
    if open_one is not None:
        return _moved(session, clock, open_one, at, actor) if open_one.kind == "reserved" else open_one
    made = Callback(
        kind="reserved", queue_id=found.id, phone=number, language=language, traveller_id=traveller_id, due_at=at,
        created_at=clock.now(),
    )  # fmt: skip
    return _add(session, clock, made, actor)


def _moved(session: Session, clock: Clock, callback: Callback, at: datetime, actor: Actor) -> Callback:
    before = {"due_at": callback.due_at}
    if callback.state == "planned":
        callback.due_at = at
    audit.record(
        session, clock, actor, "callback.moved", "callback", callback.id, before=before, after={"due_at": callback.due_at}
    )  # fmt: skip
    return callback


def promise(
    session: Session, clock: Clock, case_id: int | None, due_at: datetime, owner_id: int, phone: str, *,
    queue: str = "", language: str = "ko", actor: Actor = SYSTEM,
) -> Callback:  # fmt: skip
    """Promise a callback for a case: owner and due time are named, the owner is reminded, and it climbs when it is late.

    Whatever callback the number had open in the queue becomes this promise. `queue` empty takes the first active one.
    """
    first = select(CallQueue).where(CallQueue.active).order_by(CallQueue.id).limit(1)
    found = queue_by_code(session, queue) if queue else session.scalar(first)
    if found is None:
        raise NotFound("queue", queue or "that is active")
    _in_time(clock, due_at)
    number = _number(phone)
    made = _open_one(session, found.id, number)
    if made is not None:
        made.kind, made.case_id, made.owner_id = "promised", case_id, owner_id
        if made.state == "planned":
            made.due_at, made.reminded_at, made.escalated_at = due_at, None, None
        audit.record(session, clock, actor, "callback.promised", "callback", made.id, after=_shown(made))
        return made
    made = Callback(
        kind="promised", queue_id=found.id, phone=number, language=language, case_id=case_id, owner_id=owner_id,
        due_at=due_at, created_at=clock.now(),
    )  # fmt: skip
    return _add(session, clock, made, actor)


def _number(phone: str) -> str:
    return to_e164(phone)


def _in_time(clock: Clock, at: datetime) -> None:
    if at.tzinfo is None or not clock.now() - timedelta(minutes=1) <= at <= clock.now() + FURTHEST:
        raise InvalidInput("at", at.isoformat(), "use a moment from now to 30 days ahead")


def _open_one(session: Session, queue_id: int, phone: str) -> Callback | None:
    found = select(Callback).where(Callback.queue_id == queue_id, Callback.phone == phone, Callback.state.in_(OPEN))
    return session.scalar(found.with_for_update())


def _add(session: Session, clock: Clock, made: Callback, actor: Actor) -> Callback:
    session.add(made)
    session.flush()
    audit.record(session, clock, actor, f"callback.{made.kind}", "callback", made.id, after=_shown(made))
    return made


def _shown(callback: Callback) -> dict[str, Any]:
    return {
        "kind": callback.kind, "state": callback.state, "due_at": callback.due_at, "case_id": callback.case_id,
        "owner_id": callback.owner_id,
    }  # fmt: skip


def queue_due(session: Session, clock: Clock, *, limit: int = 200) -> int:
    """Put callbacks whose time has come into their queues."""
    now = clock.now()
    due = select(Callback).where(Callback.state == "planned", Callback.due_at <= now).order_by(Callback.due_at)
    callbacks = session.scalars(due.limit(limit).with_for_update(skip_locked=True)).all()
    for callback in callbacks:
        queue = session.get_one(CallQueue, callback.queue_id)
        new = NewEntry(
            call_ref=f"callback:{callback.id}:{callback.attempts}", queue=queue.code, language=callback.language,
            phone=callback.phone, traveller_id=callback.traveller_id, kind="callback", enqueued_at=callback.due_at,
            priority=PROMISE_PRIORITY if callback.kind == "promised" else 0, sticky_officer_id=callback.owner_id,
        )  # fmt: skip
        callback.entry_id, callback.state = enqueue(session, clock, new).id, "queued"
    session.flush()
    return len(callbacks)


def attempted(session: Session, clock: Clock, token: str, outcome: str) -> Callback:
    """The person was dialled for a reserved callback: reached, no_answer, busy, dead_number or error; once per token.

    After the last attempt a promise climbs and stays open for its owner; anything else has failed and is told as
    `CallbackFailed`.
    """
    if outcome not in (REACHED, *UNREACHED):
        raise InvalidInput("outcome", outcome, f"use one of {', '.join((REACHED, *UNREACHED))}")
    known = session.scalar(select(Callback).where(Callback.token == token))
    if known is not None:
        return known
    entry = session.scalar(select(QueueEntry).where(QueueEntry.token == token, QueueEntry.state == "taken"))
    found = select(Callback).where(Callback.entry_id == (entry.id if entry else -1), Callback.state == "queued")
    callback = session.scalar(found.with_for_update())
    if callback is None:
        raise Refused("This reservation is over.", code="stale-reservation")
    callback.attempts, callback.token = callback.attempts + 1, token
    queue = session.get_one(CallQueue, callback.queue_id)
    if outcome == REACHED:
        return end(session, clock, callback, "done", outcome)
    callback.entry_id = None
    if callback.attempts < queue.callback_attempts and outcome != "dead_number":
        callback.state, callback.due_at = "planned", clock.now() + timedelta(seconds=queue.callback_retry_s)
        callback.outcome = outcome
        session.flush()
        return callback
    if callback.kind == "promised":
        callback.state, callback.due_at, callback.outcome = "planned", clock.now() + timedelta(hours=1), outcome
        _climb(session, clock, callback)
        return callback
    return end(session, clock, callback, "failed", outcome)


def end(
    session: Session, clock: Clock, callback: Callback, state: str, outcome: str, actor: Actor = SYSTEM
) -> Callback:
    """End a locked callback: done, failed or cancelled."""
    before = {"state": callback.state}
    callback.state, callback.outcome, callback.ended_at = state, outcome, clock.now()
    if state == "failed":
        fact = {"callback_id": callback.id, "phone": callback.phone, "outcome": outcome, "kind": callback.kind}
        outbox.publish(session, clock, "CallbackFailed", fact)
    after = {"state": state, "outcome": outcome}
    audit.record(session, clock, actor, "callback.ended", "callback", callback.id, before=before, after=after)
    return callback


def cancel(session: Session, clock: Clock, actor: Actor, callback_id: int, outcome: str) -> Callback:
    """End a callback by hand: it was made otherwise, or is not wanted any more; its entry leaves the queue.

    Raises Refused while an agent is being connected for it.
    """
    seen = session.get(Callback, callback_id)
    if seen is None:
        raise NotFound("callback", callback_id)
    entry = (
        session.get(QueueEntry, seen.entry_id, with_for_update=True, populate_existing=True) if seen.entry_id else None
    )
    callback = session.get_one(Callback, callback_id, with_for_update=True, populate_existing=True)
    if callback.state not in OPEN:
        raise Refused("This callback is over.", code="callback-over")
    if entry is not None and entry.state in ("reserved", "taken"):
        raise Refused("This callback is being made now.", code="callback-running")
    if entry is not None and entry.state == "waiting":
        entry.state, entry.ended_at, entry.left_reason, entry.widen_at = "left", clock.now(), "menu", None
    return end(session, clock, callback, "done" if outcome == "done_otherwise" else "cancelled", outcome, actor)


def remind(session: Session, clock: Clock, *, limit: int = 100) -> int:
    """Remind owners of promises that come due (`CallbackReminder`), and let late ones climb (`CallbackEscalated`)."""
    now = clock.now()
    promised = select(Callback).where(Callback.kind == "promised", Callback.state.in_(OPEN))
    soon = promised.where(Callback.reminded_at.is_(None), Callback.due_at <= now + REMIND_BEFORE)
    late = promised.where(Callback.escalated_at.is_(None), Callback.due_at <= now - ESCALATE_AFTER)
    told = 0
    for callback in session.scalars(soon.limit(limit).with_for_update(skip_locked=True)).all():
        callback.reminded_at = now
        outbox.publish(session, clock, "CallbackReminder", _fact(callback))
        told += 1
    for callback in session.scalars(late.limit(limit).with_for_update(skip_locked=True)).all():
        _climb(session, clock, callback)
        told += 1
    return told


def _climb(session: Session, clock: Clock, callback: Callback) -> None:
    callback.escalated_at = clock.now()
    outbox.publish(session, clock, "CallbackEscalated", _fact(callback))
    audit.record(
        session, clock, SYSTEM, "callback.escalated", "callback", callback.id, after={"due_at": callback.due_at}
    )


def _fact(callback: Callback) -> dict[str, Any]:
    return {
        "callback_id": callback.id, "case_id": callback.case_id, "owner_id": callback.owner_id,
        "due_at": callback.due_at.isoformat(), "attempts": callback.attempts,
    }  # fmt: skip


def from_abandoned(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallAbandoned`; idempotent: who hung up after waiting is called back where the queue's policy says so.

    They keep the time at which they began to wait. Short abandons, exercises and callers without a number are left alone.
    """
    if payload["short"] or payload["drill"] or not payload["phone"]:
        return
    with services.db.transaction() as session:
        entry = session.get_one(QueueEntry, payload["entry_id"])
        queue = session.get_one(CallQueue, entry.queue_id)
        again = select(QueueEntry.id).where(
            QueueEntry.phone == entry.phone, QueueEntry.id > entry.id, QueueEntry.state != "left"
        )
        known = select(Callback.id).where(Callback.kind == "abandoned", Callback.created_at == entry.ended_at)
        if not queue.callback_on_abandon or session.scalar(again.limit(1)) or _open_one(session, queue.id, entry.phone):
            return
        if session.scalar(known.where(Callback.phone == entry.phone).limit(1)):
            return
        assert entry.ended_at is not None  # it was left, or nothing would have been told
        made = Callback(
            kind="abandoned", queue_id=queue.id, phone=entry.phone, language=entry.language,
            traveller_id=entry.traveller_id, due_at=entry.enqueued_at, created_at=entry.ended_at,
        )  # fmt: skip
        _add(session, services.clock, made, SYSTEM)
