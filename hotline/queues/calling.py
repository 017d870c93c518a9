"""How an attempt to call somebody back ends: reached, tried again later, or given up for a person to decide."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.queues.models import Callback, QueueEntry, Reservation
from hotline.queues.states import CALLBACK, CALLED, CALLING, RESULTS

MAX_ATTEMPTS = 3
RETRY_AFTER_S = (300, 1800)
"""Five minutes after the first attempt, half an hour after the second."""


def outcome(session: Session, clock: Clock, callback_id: int, token: str, result: str) -> Callback:
    """Say how the call to the person went, while the agent of `token` is on the line; the same result twice changes nothing.

    `result` is reached, no_answer, busy, dead_number or failed. Raises Refused (`stale-reservation`) for another attempt's token.
    """
    if result not in RESULTS:
        raise InvalidInput("result", result, f"use one of {', '.join(RESULTS)}")
    entry_id = session.scalar(select(Reservation.entry_id).where(Reservation.token == token))
    callback = session.get(Callback, callback_id, with_for_update=True, populate_existing=True)
    if callback is None:
        raise NotFound("callback", callback_id)
    if entry_id is None or callback.entry_id != entry_id:
        raise Refused("This attempt is over.", code="stale-reservation")
    if callback.state != CALLING:
        return callback
    return _settle(session, clock, callback, result)


def back_to_queue(session: Session, entry: QueueEntry) -> None:
    """The agent missed the offer before the person was called: that is no attempt, and the place is kept."""
    callback = _of(session, entry)
    if callback is not None and callback.state == CALLING:
        callback.state = CALLBACK.next_state(callback.state, "return", SYSTEM)
        callback.attempts -= 1
        session.flush()


def unreported(session: Session, clock: Clock, entry: QueueEntry) -> None:
    """The agent's call is over and nobody said how it went: it counts as an attempt that failed, so that it is not lost."""
    callback = _of(session, entry)
    if callback is not None and callback.state == CALLING:
        _settle(session, clock, callback, "failed")


def _of(session: Session, entry: QueueEntry) -> Callback | None:
    if entry.kind != "callback":
        return None
    return session.scalar(select(Callback).where(Callback.entry_id == entry.id).with_for_update())


def _settle(session: Session, clock: Clock, callback: Callback, result: str) -> Callback:
    now = clock.now()
    callback.last_result = result
    if result == "reached":
        callback.state, callback.closed_at = CALLBACK.next_state(callback.state, "reach", SYSTEM), now
        outbox.publish(session, clock, "CallbackDone", {"callback_id": callback.id, "case_id": callback.case_id})
    elif result == "dead_number" or callback.attempts >= MAX_ATTEMPTS:
        callback.state = CALLBACK.next_state(callback.state, "give_up", SYSTEM)
        callback.closed_at = callback.escalated_at = now
        outbox.publish(
            session, clock, "CallbackGivenUp",
            {"callback_id": callback.id, "case_id": callback.case_id, "owner_id": callback.owner_id, "why": result},
        )  # fmt: skip
    else:
        # The entry stays until the next one, so that the same result again is known to belong to this attempt.
        callback.state = CALLBACK.next_state(callback.state, "retry", SYSTEM)
        callback.due_at = now + timedelta(seconds=RETRY_AFTER_S[min(callback.attempts, len(RETRY_AFTER_S)) - 1])
    session.flush()
    assert callback.state != CALLED or callback.closed_at is not None
    return callback
