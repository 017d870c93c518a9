"""Forgetting: when somebody is erased, their calls lose their numbers at once, and their recordings are deleted; the calls of
everybody else lose their numbers when they are old. That there was a call, and how it went, stays, because figures need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.calls import orders
from hotline.calls.events import ORDERS_JOB
from hotline.calls.models import Call, CallRecording
from hotline.core import audit, jobs
from hotline.core.actor import SYSTEM
from hotline.core.errors import Conflict
from hotline.core.services import Services

JOB = "calls.forget_old"
KEPT_FOR = timedelta(days=365)
"""A year: long enough for complaints and for "did you call me?"; the person's history is kept with the contact."""
BATCH, MAX_BATCHES = 1_000, 40
_THEIRS = """
SELECT id FROM calls WHERE traveller_id = :traveller OR contact_id IN (
    SELECT c.id FROM contacts c JOIN persons same ON same.id = c.person_id
      JOIN persons own ON coalesce(same.merged_into_id, same.id) = coalesce(own.merged_into_id, own.id)
      LEFT JOIN travellers t ON t.id = same.traveller_id
     WHERE (own.id = :person OR own.traveller_id = :traveller)
       AND (same.id = own.id OR t.id IS NULL OR t.erased_at IS NOT NULL))
 ORDER BY id FOR NO KEY UPDATE
"""
"""Of everybody who is one person with them, but for another traveller who was not erased."""
_OLD = """
SELECT id FROM calls WHERE state = 'ended' AND ended_at < :before AND (phone <> '' OR forwarded_from <> '')
 ORDER BY ended_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
"""
_FORGET = (
    "UPDATE call_legs SET \"to\" = '' WHERE call_id = ANY(:ids) AND role = 'caller'",
    "UPDATE call_events SET twiml = NULL WHERE call_id = ANY(:ids)",  # a document may say the number aloud
    "UPDATE calls SET called = '' WHERE id = ANY(:ids) AND direction = 'out'",
    "UPDATE calls SET phone = '', forwarded_from = '', traveller_id = NULL WHERE id = ANY(:ids)",
)


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased` and `PersonErased`; idempotent.

    A call that is on needs its number until it ends; then Conflict is raised, and the outbox comes back later.
    """
    with services.db.transaction() as session:
        whose = {"traveller": int(payload.get("traveller_id", 0)), "person": int(payload.get("person_id", 0))}
        ids = list(session.scalars(text(_THEIRS), whose))
        under_way = list(session.scalars(select(Call.id).where(Call.id.in_(ids), Call.state != "ended")))
        over = sorted(set(ids) - set(under_way))
        _delete_recordings(session, services, over)
        _forget(session, over)
    if over:
        jobs.enqueue(services, ORDERS_JOB)
    if under_way:
        raise Conflict("Somebody who was erased is in a call; it is forgotten when it has ended.")


def forget_old(services: Services) -> int:
    """Remove the numbers of calls that ended longer than KEPT_FOR ago, in batches; the job. How many."""
    before, total = services.clock.now() - KEPT_FOR, 0
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            ids = list(session.scalars(text(_OLD), {"before": before, "most": BATCH}))
            _forget(session, ids)
        total += len(ids)
        if len(ids) < BATCH:
            break
    return total


def _forget(session: Session, ids: list[int]) -> None:
    for statement in _FORGET if ids else ():
        session.execute(text(statement), {"ids": ids})


def _delete_recordings(session: Session, services: Services, ids: list[int]) -> None:
    rows = session.scalars(
        select(CallRecording)
        .where(CallRecording.call_id.in_(ids), CallRecording.deleted_at.is_(None))
        .order_by(CallRecording.id)
        .with_for_update()
    ).all()
    for row in rows:
        call = session.get_one(Call, row.call_id)
        orders.give(session, services.clock, call, "delete_recording", recording_sid=row.recording_sid)
        row.deleted_at = services.clock.now()
    if rows:
        audit.record(
            session, services.clock, SYSTEM, "recording.deleted", "call", None,
            after={"recordings": [row.id for row in rows]},
        )  # fmt: skip
