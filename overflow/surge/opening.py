"""What an officer does with a call-out: begin it, change how many are needed, pause, ask more, cancel, stand people down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.skills import check_languages, check_skills
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from hotline.incidents.models import Incident
from overflow.surge import standing_down
from overflow.surge.models import MAX_NEEDED, Callout
from overflow.surge.moving import get_callout, move_callout, note
from overflow.surge.reading import people_here
from overflow.surge.states import CALL, CALLOUT, ENDING, OPEN_CALLOUTS, OVER

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(hours=1)
AHEAD_MOST = timedelta(days=2)
MAX_TASK_CHARS = 120
MAX_MORE = 100


@dataclass(frozen=True)
class CalloutFields:
    """What is wanted: how many, what they can, ready by `by_at` and until `until_at` (aware); `task` in the officer's words."""

    incident_id: int
    needed: int
    by_at: datetime
    until_at: datetime
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: Sequence[str] = ()
    task: str = ""
    follows_forecast: bool = False


def drafted(session: Session, services: Services, wanted: CalloutFields, *, source: str = "") -> Callout:
    """Return a call-out that is not kept yet, for the preview; raises as `start` does but needs no permission."""
    incident = session.get(Incident, wanted.incident_id)
    if incident is None:
        raise NotFound("incident", wanted.incident_id)
    skills, languages = _checked(services, wanted)
    if incident.state != "open":
        raise Refused("This incident is closed.", code="incident-closed")
    return Callout(
        incident_id=incident.id, drill=incident.drill, state="asking", needed=wanted.needed, skills=skills,
        languages=languages, by_at=wanted.by_at, until_at=wanted.until_at, task=wanted.task.strip(), source=source,
        follows_forecast=wanted.follows_forecast, wave=0, more=0, created_at=services.clock.now(),
    )  # fmt: skip


def _checked(services: Services, wanted: CalloutFields) -> tuple[dict[str, int], list[str]]:
    """Return skills and languages; raises SeveralFaults naming everything that is wrong."""
    now, faults = services.clock.now(), list[InvalidInput]()
    if not 1 <= wanted.needed <= MAX_NEEDED:
        faults.append(InvalidInput("needed", wanted.needed, f"use 1 to {MAX_NEEDED}"))
    if len(wanted.task.strip()) > MAX_TASK_CHARS or any(ord(char) < 32 for char in wanted.task):
        faults.append(InvalidInput("task", wanted.task, f"use at most {MAX_TASK_CHARS} characters on one line"))
    if not now - timedelta(minutes=5) <= wanted.by_at <= now + AHEAD_MOST:
        faults.append(InvalidInput("by_at", wanted.by_at.isoformat(), "use a moment from now to two days ahead"))
    if not max(now, wanted.by_at) + SHORTEST <= wanted.until_at <= max(now, wanted.by_at) + LONGEST:
        faults.append(
            InvalidInput("until_at", wanted.until_at.isoformat(), "end one to 24 hours after people are to be ready")
        )
    skills, languages = dict[str, int](), list[str]()
    try:
        skills = dict(check_skills(wanted.skills))
    except InvalidInput as fault:
        faults.append(fault)
    try:
        languages = list(check_languages(wanted.languages))
    except InvalidInput as fault:
        faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])
    return skills, languages


def start(session: Session, services: Services, actor: Actor, wanted: CalloutFields, *, source: str = "") -> Callout:
    """Begin a call-out; the sweep asks its first wave within seconds (the caller enqueues it after the commit).

    Raises Forbidden, NotFound for no such incident, InvalidInput or SeveralFaults, Refused (`incident-closed`,
    `callout-open` while another one of the same incident goes on).
    """
    if not actor.may(CALL) and actor.kind != "system":
        raise Forbidden("Calling volunteers out needs the permission surge.call.")
    callout = drafted(session, services, wanted, source=source)
    session.get(Incident, wanted.incident_id, with_for_update=True)
    going_on = select(Callout.id).where(Callout.incident_id == wanted.incident_id, Callout.state.in_(OPEN_CALLOUTS))
    if (other := session.scalar(going_on.limit(1))) is not None:
        raise Refused("A call-out of this incident goes on; change how many it needs.", code="callout-open",
                      params={"callout": other})  # fmt: skip
    callout.created_by_id = actor.id if actor.kind == "officer" else None
    session.add(callout)
    session.flush()
    note(session, services.clock.now(), callout.id, "start", actor=actor, needed=callout.needed)
    audit.record(
        session, services.clock, actor, "callout.started", "callout", callout.id,
        after={
            "incident_id": callout.incident_id, "needed": callout.needed, "skills": callout.skills,
            "languages": callout.languages, "by_at": callout.by_at.isoformat(), "until_at": callout.until_at.isoformat(),
            "drill": callout.drill,
        },
    )  # fmt: skip
    return callout


def change_needed(session: Session, services: Services, actor: Actor, callout_id: int, needed: int) -> Callout:
    """Need more or fewer; asking goes on or stops with the next look. Raises Forbidden, NotFound, InvalidInput, Refused."""
    callout = _open(session, actor, callout_id)
    if not 1 <= needed <= MAX_NEEDED:
        raise InvalidInput("needed", needed, f"use 1 to {MAX_NEEDED}")
    before = callout.needed
    if needed != before:
        callout.needed = needed
        note(session, services.clock.now(), callout.id, "need", actor=actor, before=before, after=needed)
        audit.record(
            session, services.clock, actor, "callout.needed", "callout", callout.id,
            before={"needed": before}, after={"needed": needed},
        )  # fmt: skip
    return callout


def ask_more(session: Session, services: Services, actor: Actor, callout_id: int, count: int) -> Callout:
    """Have at least so many people asked with the next wave, whatever was computed."""
    callout = _open(session, actor, callout_id)
    if not 1 <= count <= MAX_MORE:
        raise InvalidInput("count", count, f"use 1 to {MAX_MORE}")
    if callout.state == "satisfied":
        raise Refused("As many as needed are ready; need more of them first.", code="callout-satisfied")
    callout.more = count
    note(session, services.clock.now(), callout.id, "ask_more", actor=actor, count=count)
    audit.record(session, services.clock, actor, "callout.ask_more", "callout", callout.id, after={"count": count})
    return callout


def act(session: Session, services: Services, actor: Actor, callout_id: int, event: str) -> Callout:
    """Pause, resume, cancel or stand everybody down.

    Cancelling and standing down ask everybody who is there to finish their call, and tell whoever was to come that they need
    not. Raises Forbidden, NotFound, InvalidInput, Refused (`wrong-state`).
    """
    if event not in ("pause", "resume", "cancel", "stand_down"):
        raise InvalidInput("act", event, "use pause, resume, cancel or stand_down")
    callout = get_callout(session, callout_id, lock=True)
    if CALLOUT.next_state(callout.state, event, actor) in ENDING:
        people = people_here(session, callout.id, lock=True)
        standing_down.spare_everybody(session, services, callout, people)
        standing_down.release(session, services, callout, None, actor=actor)
    # Last, after every agent's row is locked: its line on the trail holds the chain, which whoever holds an agent may wait for.
    move_callout(session, services.clock, callout, event, actor)
    return callout


def release(session: Session, services: Services, actor: Actor, callout_id: int, count: int) -> int:
    """Stand so many people down and need as many fewer; how many were asked to finish."""
    callout = _open(session, actor, callout_id)
    if not 1 <= count <= MAX_NEEDED:
        raise InvalidInput("count", count, f"use 1 to {MAX_NEEDED}")
    return stand_down_some(session, services, callout, count, actor)


def stand_down_some(session: Session, services: Services, callout: Callout, count: int, actor: Actor) -> int:
    """Stand people of a locked call-out down, so that it does not ask others in their place."""
    released = standing_down.release(session, services, callout, count, actor=actor)
    if not released:
        raise Refused("Nobody of this call-out is there.", code="callout-nobody")
    before = callout.needed
    remaining = len(people_here(session, callout.id, ("ready",)))
    # Whoever is on the way is waited for as before: only those let go are needed no more, and of them not the surplus.
    surplus = max(0, remaining + released - before)
    callout.needed = max(1, before - max(0, released - surplus))
    note(session, services.clock.now(), callout.id, "stand_down_some", actor=actor, people=released)
    audit.record(
        session, services.clock, actor, "callout.released", "callout", callout.id,
        before={"needed": before}, after={"needed": callout.needed, "people": released},
    )  # fmt: skip
    return released


def _open(session: Session, actor: Actor, callout_id: int) -> Callout:
    if not actor.may(CALL) and actor.kind != "system":
        raise Forbidden("Calling volunteers out needs the permission surge.call.")
    callout = get_callout(session, callout_id, lock=True)
    if callout.state in (*ENDING, *OVER):
        raise Refused("This call-out is ending or over.", code="callout-over")
    return callout
