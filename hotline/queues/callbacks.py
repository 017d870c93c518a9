"""Callbacks: the place that is kept, a time that was reserved, a promise with an owner, and people who hung up too soon.

A callback that is due waits in its queue like a caller, with the place that was kept; so it takes an agent only when one is
free for it, and callbacks under way can never be more than free agents. One is open for each number and queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.skills import check_language
from hotline.auth.models import Officer
from hotline.cases import tracing
from hotline.cases.models import Case
from hotline.cases.persons import phones_of
from hotline.cases.working import get_case
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.phone import to_e164
from hotline.queues import entering
from hotline.queues.models import Callback, EntryStep, Queue, QueueEntry
from hotline.queues.states import CALLBACK, OPEN, PLANNED, QUEUED, RESERVED, WAITING

REMIND_BEFORE = timedelta(minutes=10)
ESCALATE_AFTER = timedelta(minutes=15)
"""A promise is overdue so long after its time; then whoever may assign work sees it first."""
LATEST = timedelta(days=30)
PROMISE_PRIORITY = 5
DUE_BATCH = 200


@dataclass(frozen=True, kw_only=True)
class GivenWord:
    """What an officer says to somebody: `phone` as people write it, `due_at` aware, the first queue where none is named."""

    phone: str
    due_at: datetime
    owner_id: int | None = None
    queue: str = ""
    language: str = ""
    case_id: int | None = None


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


def reserve(  # noqa: PLR0913  # the values of one row, all by name
    session: Session, clock: Clock, *, queue: str, phone: str, at: datetime, language: str = "",
    traveller_id: int | None = None, case_id: int | None = None, origin_ref: str = "", actor: Actor = SYSTEM,
) -> Callback:  # fmt: skip
    """Reserve a callback for a moment (aware); whoever is free then calls. An open one of the number and queue is joined.

    Raises InvalidInput for the past, for more than 30 days ahead and for a language that is no code, NotFound for an unknown
    queue or case. What a caller reserves by a menu is no officer's act and stands in the row alone.
    """
    case = _locked_case(session, case_id)
    due_at = _due(clock, at)
    found, number = entering.find_queue(session, queue), to_e164(phone)
    callback = _plan(
        session, clock, kind="time", queue_id=found.id, phone=number, due_at=due_at, enqueued_at=due_at,
        traveller_id=traveller_id or _traveller_of(session, case, number), case_id=case_id,
        language=check_language(language) if language else "",
        drill=case is not None and case.drill, origin_ref=origin_ref,
    )  # fmt: skip
    if actor.id is not None:
        _given(session, clock, actor, callback, "reserved", case_id)
    return callback


def promise(  # noqa: PLR0913  # as above
    session: Session, clock: Clock, case_id: int | None, due_at: datetime, owner_id: int, phone: str, *,
    queue: str = "", language: str = "", actor: Actor = SYSTEM,
) -> Callback:  # fmt: skip
    """Promise to call somebody by a moment, with an officer who answers for it.

    It is put before its owner at the time; away, anybody gets it. Reminder before, escalation after (`tending`).
    """
    case = _locked_case(session, case_id)
    due = _due(clock, due_at)
    owner = session.get(Officer, owner_id)
    if owner is None or owner.disabled_at is not None:
        raise InvalidInput("owner_id", owner_id, "choose an officer who works here")
    found = entering.find_queue(session, queue) if queue else _first_queue(session)
    number = to_e164(phone)
    callback = _plan(
        session, clock, kind="promise", queue_id=found.id, phone=number, due_at=due, enqueued_at=due,
        traveller_id=_traveller_of(session, case, number),
        owner_id=owner_id, case_id=case_id, priority=PROMISE_PRIORITY, drill=case is not None and case.drill,
        language=check_language(language) if language else "",
    )  # fmt: skip
    _given(session, clock, actor, callback, "promised", case_id)
    return callback


def give_word(session: Session, clock: Clock, actor: Actor, word: GivenWord) -> Callback:
    """Do as an officer does for somebody on the line: promise with an owner, reserve without one."""
    if word.owner_id is not None:
        return promise(
            session, clock, word.case_id, word.due_at, word.owner_id, word.phone, queue=word.queue,
            language=word.language, actor=actor,
        )  # fmt: skip
    code = word.queue or _first_queue(session).code
    return reserve(
        session, clock, queue=code, phone=word.phone, at=word.due_at, language=word.language, case_id=word.case_id,
        actor=actor,
    )  # fmt: skip


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
    _lock_entry(session, queue.id, phone)
    known = session.scalar(
        select(Callback)
        .where(Callback.queue_id == queue.id, Callback.phone == phone, Callback.state.in_(OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if known is not None:
        return _join(session, clock, known, values)
    callback = Callback(queue_id=queue_id, phone=phone, state=PLANNED, created_at=clock.now(), **values)
    session.add(callback)
    session.flush()
    if callback.due_at <= clock.now():
        queue_up(session, clock, callback)
    return callback


def _lock_entry(session: Session, queue_id: int, phone: str) -> None:
    """Lock the place of a callback that may have to be moved forward: an entry before its callback, as everywhere."""
    place = (
        select(QueueEntry.id)
        .join(Callback, Callback.entry_id == QueueEntry.id)
        .where(Callback.queue_id == queue_id, Callback.phone == phone, Callback.state == QUEUED)
    )
    session.execute(place.with_for_update(of=QueueEntry)).all()


def _join(session: Session, clock: Clock, known: Callback, values: dict[str, Any]) -> Callback:
    known.enqueued_at = min(known.enqueued_at, values["enqueued_at"])
    known.danger = known.danger or values.get("danger", False)
    known.owner_id = known.owner_id or values.get("owner_id")
    known.case_id = known.case_id or values.get("case_id")
    if known.state == PLANNED:
        # A promise is the stricter word: whatever came before it, somebody now answers for this time.
        known.kind = values["kind"] if values["kind"] == "promise" else known.kind
        known.due_at = min(known.due_at, values["due_at"])
    elif known.state == QUEUED:
        entering.move_ahead(session, known.entry_id, known.enqueued_at)
        if values.get("danger"):
            entering.raise_to_danger(session, clock, known.entry_id)
    session.flush()
    return known


def queue_up(session: Session, clock: Clock, callback: Callback) -> QueueEntry:
    """Put a due callback into its queue, at the place that was kept; into the first one where its own was closed since."""
    queue = session.get_one(Queue, callback.queue_id)
    queue = queue if queue.active else _first_queue(session)
    owner = presence.agent_of(session, callback.owner_id)
    origin = entering.entry_of(session, callback.origin_ref) if callback.origin_ref else None
    entry = entering.enqueue(
        session, clock,
        entering.NewEntry(
            queue=queue.code, call_ref=f"callback:{callback.id}:{callback.attempts + 1}:{int(clock.now().timestamp())}",
            kind="callback", phone=callback.phone, traveller_id=callback.traveller_id, language=callback.language,
            skills=list(callback.skills), priority=callback.priority, danger=callback.danger, drill=callback.drill,
            hard=origin is not None and origin.hard, sticky_agent_id=owner.id if owner else None,
            enqueued_at=callback.enqueued_at,
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
    """Try somebody again whom every attempt missed; raises Refused (`callback-open`) when they are being called anew already."""
    callback = get(session, callback_id, lock=True)
    other = select(Callback.id).where(
        Callback.queue_id == callback.queue_id, Callback.phone == callback.phone, Callback.state.in_(OPEN)
    )
    if session.scalar(other.limit(1)) is not None:
        raise Refused("There is an open callback to this number already.", code="callback-open")
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


def _given(session: Session, clock: Clock, actor: Actor, callback: Callback, how: str, case_id: int | None) -> None:
    """Write onto the trail that a word was given, and into the history of the case it is about."""
    audit.record(
        session, clock, actor, f"callback.{how}", "callback", callback.id,
        after={"due_at": callback.due_at, "owner_id": callback.owner_id, "case_id": case_id},
    )  # fmt: skip
    if case_id is not None:
        details = {"callback_id": callback.id, "due_at": callback.due_at.isoformat()}
        tracing.trace(session, clock, case_id, f"callback_{how}", details=details, actor=actor)


def _locked_case(session: Session, case_id: int | None) -> Case | None:
    """Return the case that a word is about, locked before the callback is; raises NotFound."""
    return get_case(session, case_id, lock=True) if case_id is not None else None


def _traveller_of(session: Session, case: Case | None, phone: str) -> int | None:
    """Return the traveller of a case where the number is theirs, so that erasing them reaches the callback."""
    if case is None or case.traveller_id is None or phone not in phones_of(session, case.person_id):
        return None
    return case.traveller_id


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
        raise InvalidInput("due_at", at.isoformat(), "name the zone of the time")
    if not clock.now() - timedelta(minutes=1) <= at <= clock.now() + LATEST:
        raise InvalidInput("due_at", at.isoformat(), "choose a time within the next 30 days")
    return at
