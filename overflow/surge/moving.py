"""The only places where a call-out or one of its people changes its state, each with a line in the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound
from overflow.surge.models import AskedPerson, Callout, CalloutEvent
from overflow.surge.states import CALLOUT, DESK, OVER, PERSON, SATISFIED
from overflow.volunteers import desk_door

TOPIC = "callouts"


def topic_of(callout_id: int) -> str:
    """Return the live topic of one call-out's page."""
    return f"callout:{callout_id}"


def get_callout(session: Session, callout_id: int, *, lock: bool = False) -> Callout:
    """Return a call-out; its lock orders everything that happens in it. Raises NotFound."""
    found = session.get(Callout, callout_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("call-out", callout_id)
    return found


def get_person(session: Session, person_id: int) -> tuple[Callout, AskedPerson]:
    """Return somebody asked with their call-out, both locked, the call-out first; raises NotFound."""
    known = session.get(AskedPerson, person_id)
    if known is None:
        raise NotFound("asked person", person_id)
    callout = get_callout(session, known.callout_id, lock=True)
    return callout, session.get_one(AskedPerson, person_id, with_for_update=True, populate_existing=True)


def note(
    session: Session,
    now: datetime,
    callout_id: int,
    event: str,
    *,
    person_id: int | None = None,
    actor: Actor = SYSTEM,
    **facts: Any,
) -> None:
    """Add a line to a call-out's timeline."""
    by_id = actor.id if actor.kind == "officer" else None
    session.add(CalloutEvent(callout_id=callout_id, person_id=person_id, at=now, event=event, by_id=by_id, facts=facts))


def move_callout(session: Session, clock: Clock, callout: Callout, event: str, actor: Actor = SYSTEM) -> None:
    """Move a locked call-out; what an officer does is on the audit trail as well."""
    before, now = callout.state, clock.now()
    callout.state = CALLOUT.next_state(before, event, actor)
    if callout.state == SATISFIED:
        callout.satisfied_at = callout.satisfied_at or now
    if callout.state in OVER:
        callout.ended_at = now
    note(session, now, callout.id, event, actor=actor)
    if actor.kind != "system":
        audit.record(
            session, clock, actor, f"callout.{event}", "callout", callout.id,
            before={"state": before}, after={"state": callout.state},
        )  # fmt: skip


def move(
    session: Session,
    clock: Clock,
    person: AskedPerson,
    event: str,
    *,
    actor: Actor = SYSTEM,
    reason: str = "",
    **facts: Any,
) -> None:
    """Move somebody whose call-out is locked; `reason` is kept where they dropped out or were not reached."""
    waited_for = person.state in DESK
    person.state = PERSON.next_state(person.state, event, SYSTEM)
    person.reason = reason
    if waited_for and person.state not in DESK:
        session.flush()
        desk_door.let_end(session, clock, person.volunteer_id)
    if reason:
        facts["reason"] = reason
    note(session, clock.now(), person.callout_id, event, person_id=person.id, actor=actor, **facts)
