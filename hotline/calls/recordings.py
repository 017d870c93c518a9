"""Recordings: kept at the provider for as long as the policy says, heard only on record, deleted when their time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.calls import orders
from hotline.calls.events import ORDERS_JOB, Reply, tell
from hotline.calls.models import Call, CallRecording, Leg
from hotline.calls.reading import get_call
from hotline.calls.states import READ
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.core import audit, jobs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import Forbidden, NotFound, Unavailable
from hotline.core.services import Services
from hotline.providers.twilio_calls import make_call_control

JOB = "calls.delete_recordings"
BATCH = 100
KINDS = ("conversation", "voicemail")


@dataclass(frozen=True)
class Ready:
    """The provider says that a recording of a call is ready."""

    call_id: int
    kind: str
    sid: str
    status: str
    duration_s: int


def apply(session: Session, services: Services, ready: Ready) -> Reply:
    """Note a recording that is complete; a message that was left is told to whoever opens contacts and cases."""
    if ready.status not in ("", "completed") or ready.kind not in KINDS or not ready.sid:
        return Reply(None, ready.call_id, changed=False)
    call, now = get_call(session, ready.call_id), services.clock.now()
    if session.scalar(select(CallRecording.id).where(CallRecording.recording_sid == ready.sid)) is not None:
        return Reply(None, call.id, changed=False)
    row = CallRecording(
        call_id=call.id, kind=ready.kind, recording_sid=ready.sid, duration_s=min(ready.duration_s, 86_400), created_at=now,
        delete_after=now + timedelta(days=services.settings.recording_days),
    )  # fmt: skip
    session.add(row)
    session.flush()
    if ready.kind == "voicemail":
        tell(session, services, "VoicemailLeft", call_id=call.id, recording_id=row.id, duration_s=row.duration_s)
    return Reply(None, call.id)


def may_hear(session: Session, actor: Actor, call_id: int) -> bool:
    """Say whether somebody may hear what was recorded in a call.

    Volunteers come from outside and stay for a night: they hear calls in which they talked and those of cases that are theirs,
    and not what other people have told the centre.
    """
    if not actor.may(READ):
        return False
    first_level = session.scalar(select(Agent.id).where(Agent.officer_id == actor.id, Agent.first_level))
    if first_level is None:
        return True
    talked = select(Leg.id).where(Leg.call_id == call_id, Leg.agent_id == first_level, Leg.joined_at.is_not(None))
    theirs = (
        select(Case.id)
        .join(Contact, Contact.case_id == Case.id)
        .join(Call, Call.contact_id == Contact.id)
        .where(Call.id == call_id, Case.owner_id == actor.id)
    )
    return session.scalar(select(talked.exists() | theirs.exists())) is True


def heard(session: Session, services: Services, actor: Actor, recording_id: int) -> CallRecording:
    """Return a recording for hearing, and put on record who asked.

    Raises NotFound once it is deleted, Forbidden (`recording-not-yours`) as `may_hear` says.
    """
    if not actor.may(READ):
        raise Forbidden(f"Recordings need the permission {READ}.")
    row = session.get(CallRecording, recording_id)
    if row is None or row.deleted_at is not None:
        raise NotFound("recording", recording_id)
    if not may_hear(session, actor, row.call_id):
        raise Forbidden("Volunteers hear recordings of their own calls and cases.", code="recording-not-yours")
    audit.record(
        session, services.clock, actor, "recording.heard", "call", row.call_id, after={"recording": row.id}
    )  # fmt: skip
    return row


def delete_due(services: Services) -> int:
    """Order the deletion of recordings whose time is over; the job. How many."""
    now = services.clock.now()
    with services.db.transaction() as session:
        rows = session.scalars(
            select(CallRecording)
            .where(CallRecording.deleted_at.is_(None), CallRecording.delete_after <= now)
            .order_by(CallRecording.delete_after)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            call = get_call(session, row.call_id, lock=False)
            orders.give(session, services.clock, call, "delete_recording", recording_sid=row.recording_sid)
            row.deleted_at = now
        if rows:
            audit.record(
                session, services.clock, SYSTEM, "recording.deleted", "call", None,
                after={"recordings": [row.id for row in rows]},
            )  # fmt: skip
    if rows:
        jobs.enqueue(services, ORDERS_JOB)
    return len(rows)


def sound_of(services: Services, recording_sid: str) -> bytes:
    """Return the sound of a recording from the provider; raises Unavailable when it cannot be had now."""
    control = make_call_control(services.settings)  # one of its own: pages are served by many threads
    try:
        found = control.sound(recording_sid)
    finally:
        control.close()
    if found is None:
        raise Unavailable("The recording cannot be had from the provider right now.", code="no-recording")
    return found
