"""Protection of those who answer: every call judged as it comes in, and the one key for an abusive call.

The key does the next step each time: a warning, a second one, the end. What was ended is looked at by a senior who was not
the agent, and blocks end by themselves. Nobody who pressed the key for danger to life is turned away by any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.cases.contact_models import Contact
from hotline.cases.contacts import close_contact, get_contact
from hotline.cases.judging import THREAT
from hotline.cases.protection_models import AbuseIncident, NumberFlag, ScreenedCall
from hotline.cases.screening import (
    BLOCKED,
    BURST_WINDOW,
    ENDINGS_COUNTED,
    LONGEST_BLOCK,
    NORMAL,
    SEPARATE,
    SEQUENCE_WINDOW,
    Flagged,
    Screening,
    beginning_of,
    cool_down,
    judge,
)
from hotline.cases.states import ASSIGN, CLOSED, INCIDENT, WORK
from hotline.cases.working import get_case
from hotline.core import audit, outbox
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.phone import mask, parse_e164
from hotline.core.services import Services

WARNED_TOPIC = "AbusiveCallWarned"
"""Outbox topic with {"contact_id", "ref", "step"}: the caller hears the warning."""
ENDED_TOPIC = "AbusiveCallEnded"
"""Outbox topic with {"contact_id", "ref", "officer_id", "until"}: calls hang up, agents get their pause."""
FORGET_JOB = "cases.forget_calls"
MAX_NOTE_CHARS = 1_000
KEPT = timedelta(days=7)
"""How long calls as they came in are kept."""
SUPPORT = ("wanted", "declined")
BY_HAND = ("spam", "fraud", "abuse")

_COUNTS = """
SELECT (SELECT count(*) FROM screened_calls WHERE phone = :phone AND phone <> '' AND at > :burst_since) + :this AS calls,
       (SELECT count(DISTINCT phone) FROM screened_calls
         WHERE beginning = :beginning AND beginning <> '' AND at > :sequence_since AND phone <> :phone) + 1 AS neighbours,
       EXISTS (SELECT FROM travellers WHERE phone = :phone AND erased_at IS NULL)
       OR EXISTS (SELECT FROM person_phones f JOIN persons p ON p.id = f.person_id
                    JOIN persons same ON coalesce(same.merged_into_id, same.id) = coalesce(p.merged_into_id, p.id)
                    JOIN cases c ON c.person_id = same.id AND c.state <> 'closed'
                   WHERE f.phone = :phone) AS known
"""
_FORGET_CALLS = "DELETE FROM screened_calls WHERE id IN (SELECT id FROM screened_calls WHERE at < :before LIMIT 10000)"


@dataclass(frozen=True)
class Warned:
    """What the key did: `step` is warned, warned_again or ended; `until` is the end of the block, aware UTC."""

    incident: AbuseIncident
    step: str
    until: datetime | None = None


def incoming(session: Session, clock: Clock, phone: str, *, danger: bool = False) -> Screening:
    """Judge a call as it comes in and keep what came of it; `phone` in E.164, empty when withheld (then always normal).

    Ask again with `danger` when the caller pressed the key for danger to life: the way is normal then, and `why` still says
    what was held against the number, for the agent to see.
    """
    if not phone:
        return Screening(NORMAL)
    now, beginning = clock.now(), beginning_of(phone)
    # A caller who presses the key is the same call again, which is written down already and must not count as one more.
    given = {
        "phone": phone, "beginning": beginning, "burst_since": now - BURST_WINDOW, "sequence_since": now - SEQUENCE_WINDOW,
        "this": 0 if danger else 1,
    }  # fmt: skip
    counts = session.execute(text(_COUNTS), given).one()
    found = judge(
        now=now, flags=_flags(session, now, phone, beginning), calls=counts.calls, neighbours=counts.neighbours,
        known=counts.known, danger=danger,
    )  # fmt: skip
    if not danger:
        session.add(ScreenedCall(phone=phone, beginning=beginning, at=now, path=found.path, why=found.why))
    if found.path == SEPARATE and found.why in ("burst", "sequence"):
        _remember(session, now, beginning if found.why == "sequence" else phone, found)
    session.flush()
    return found


def _flags(session: Session, now: datetime, phone: str, beginning: str) -> list[Flagged]:
    about = (NumberFlag.phone == phone) | ((NumberFlag.phone == beginning) & (NumberFlag.kind == "sequence"))
    rows = session.scalars(select(NumberFlag).where(NumberFlag.lifted_at.is_(None), NumberFlag.until > now, about))
    return [Flagged(row.kind, row.path, row.until) for row in rows]


def _remember(session: Session, now: datetime, phone: str, found: Screening) -> None:
    """Flag a burst or a sequence where no such flag holds yet, so that seniors see it and can lift it."""
    holds = select(NumberFlag.id).where(
        NumberFlag.phone == phone, NumberFlag.kind == found.why, NumberFlag.lifted_at.is_(None), NumberFlag.until > now
    )
    if session.scalar(holds.limit(1)) is None:
        session.add(NumberFlag(phone=phone, kind=found.why, path=found.path, since=now, until=found.until))


def press(session: Session, clock: Clock, actor: Actor, contact_id: int, *, note: str = "") -> Warned:
    """Do what the one key does next in this call: warn, warn again, end. Raises Refused for a closed contact."""
    contact = _lock(session, actor, contact_id)
    incident = incident_of(session, contact.id)
    if incident is None or incident.state == "warned":
        return warn(session, clock, actor, contact_id)
    return end_for_abuse(session, clock, actor, contact_id, note=note)


def press_from_afar(session: Session, clock: Clock, actor: Actor, contact_id: int, *, note: str = "") -> Warned:
    """Press the key on the contact's own page or by the API: in a call that is for seniors, its agent has it on the desk.

    Anybody who works on cases could else end the calls of others. Raises Forbidden (`desk-key`).
    """
    if get_contact(session, contact_id).kind == "call" and not actor.may(ASSIGN):
        raise Forbidden("In a call the key is on the desk of whoever is in it.", code="desk-key")
    return press(session, clock, actor, contact_id, note=note)


def warn(session: Session, clock: Clock, actor: Actor, contact_id: int) -> Warned:
    """Record a spoken warning, the first or the second; raises Refused after that."""
    contact = _lock(session, actor, contact_id)
    assert actor.id is not None
    incident = incident_of(session, contact.id)
    if incident is None:
        incident = AbuseIncident(
            contact_id=contact.id, phone=contact.phone, officer_id=actor.id, state="warned", warned_at=clock.now()
        )
        session.add(incident)
        session.flush()
    else:
        incident.state = INCIDENT.next_state(incident.state, "warn again", actor)
        incident.warned_again_at = clock.now()
    outbox.publish(session, clock, WARNED_TOPIC, {"contact_id": contact.id, "ref": contact.ref, "step": incident.state})
    _trail(session, clock, actor, "abuse.warned", incident)
    return Warned(incident, incident.state)


def end_for_abuse(session: Session, clock: Clock, actor: Actor, contact_id: int, *, note: str = "") -> Warned:
    """End an abusive call after two warnings: the contact is closed, the number blocked for a time, support offered.

    Raises Refused before the second warning, and for a call with danger to life unless somebody decides who assigns work.
    """
    words = _words(note)
    contact = _lock(session, actor, contact_id)
    incident = incident_of(session, contact.id)
    if incident is None:
        raise Refused("Warn the caller first, twice.", code="warn-first")
    if _life_in_danger(session, contact) and not actor.may(ASSIGN):
        raise Refused("A life may be in danger: a senior decides about this call.", code="danger-call")
    target = INCIDENT.next_state(incident.state, "end", actor)
    now = clock.now()
    until = _block(session, now, incident) if contact.phone else None
    incident.state, incident.ended_at, incident.note, incident.support = target, now, words, "offered"
    outbox.publish(
        session, clock, ENDED_TOPIC,
        {"contact_id": contact.id, "ref": contact.ref, "officer_id": incident.officer_id,
         "until": until.isoformat() if until else None},
    )  # fmt: skip
    close_contact(session, clock, contact.id, "abuse", words, "angry", (), actor)
    _trail(session, clock, actor, "abuse.ended", incident, until=until)
    return Warned(incident, incident.state, until)


def _block(session: Session, now: datetime, incident: AbuseIncident) -> datetime:
    before = session.scalar(
        select(func.count()).where(
            AbuseIncident.phone == incident.phone, AbuseIncident.ended_at > now - ENDINGS_COUNTED,
            AbuseIncident.state.in_(("ended", "upheld")), AbuseIncident.id != incident.id,
        )
    )  # fmt: skip
    until = now + cool_down(before or 0)
    session.add(
        NumberFlag(
            phone=incident.phone, kind="abuse", path=BLOCKED, since=now, until=until, officer_id=incident.officer_id,
            incident_id=incident.id,
        )
    )  # fmt: skip
    session.flush()
    return until


def answer_support(session: Session, clock: Clock, actor: Actor, incident_id: int, answer: str) -> AbuseIncident:
    """Keep what the agent says to the offer of a pause and somebody to talk to; it can be said again otherwise."""
    if answer not in SUPPORT:
        raise InvalidInput("support", answer, "use wanted or declined")
    incident = get_incident(session, incident_id)
    if incident.officer_id != actor.id:
        raise Forbidden("Only the agent of the call answers this.", code="not-your-incident")
    if not incident.support:
        raise Refused("The call was not ended.", code="wrong-state")
    incident.support = answer
    _trail(session, clock, actor, "abuse.support", incident, support=answer)
    return incident


def review(
    session: Session, clock: Clock, actor: Actor, incident_id: int, *, upheld: bool, note: str, days: int = 0
) -> AbuseIncident:
    """Uphold an ended call, or overturn it, which lifts the block at once; raises Forbidden for the call's own agent.

    `days` makes the block of an upheld call that long from now, at most 30; 0 leaves it.
    """
    words = _words(note)
    incident = get_incident(session, incident_id)
    if incident.officer_id == actor.id:
        raise Forbidden("Somebody else must look at this call.", code="own-incident")
    if not 0 <= days <= LONGEST_BLOCK.days:
        raise InvalidInput("days", days, f"use 0 to {LONGEST_BLOCK.days}")
    now = clock.now()
    incident.state = INCIDENT.next_state(incident.state, "uphold" if upheld else "overturn", actor)
    incident.reviewer_id, incident.reviewed_at, incident.review_note = actor.id, now, words
    flags = select(NumberFlag).where(NumberFlag.incident_id == incident.id, NumberFlag.lifted_at.is_(None))
    for flag in session.scalars(flags):
        if not upheld:
            flag.lifted_at, flag.lifted_by_id = now, actor.id
        elif days:
            flag.until = now + timedelta(days=days)
    _trail(session, clock, actor, "abuse.reviewed", incident, upheld=upheld, days=days)
    return incident


def flag_number(
    session: Session, clock: Clock, actor: Actor, *, phone: str, kind: str, reason: str, days: int
) -> NumberFlag:
    """Hold a known number apart for some days (1 to 30), by hand; only the separate way. Raises InvalidInput."""
    number = parse_e164(phone.strip(), "KR").e164
    words = _words(reason)[:300]
    if kind not in BY_HAND:
        raise InvalidInput("kind", kind, f"use one of {', '.join(BY_HAND)}")
    if not 1 <= days <= LONGEST_BLOCK.days:
        raise InvalidInput("days", days, f"use 1 to {LONGEST_BLOCK.days}")
    if not words:
        raise InvalidInput("reason", reason, "say what is held against this number")
    now = clock.now()
    flag = NumberFlag(
        phone=number, kind=kind, path=SEPARATE, reason=words, since=now, until=now + timedelta(days=days),
        officer_id=actor.id,
    )  # fmt: skip
    session.add(flag)
    session.flush()
    audit.record(
        session, clock, actor, "number.flagged", "number_flag", flag.id,
        after={"phone": mask(number), "kind": kind, "until": flag.until},
    )  # fmt: skip
    return flag


def lift(session: Session, clock: Clock, actor: Actor, flag_id: int) -> NumberFlag:
    """End a flag early; again changes nothing. Raises NotFound."""
    flag = session.get(NumberFlag, flag_id, with_for_update=True, populate_existing=True)
    if flag is None:
        raise NotFound("flag", flag_id)
    if flag.lifted_at is None and flag.until > clock.now():
        flag.lifted_at, flag.lifted_by_id = clock.now(), actor.id
        audit.record(session, clock, actor, "number.lifted", "number_flag", flag.id, before={"kind": flag.kind})
    return flag


def get_incident(session: Session, incident_id: int) -> AbuseIncident:
    """Return an incident, locked until commit; raises NotFound."""
    incident = session.get(AbuseIncident, incident_id, with_for_update=True, populate_existing=True)
    if incident is None:
        raise NotFound("incident", incident_id)
    return incident


def forget_calls(session: Session, clock: Clock) -> int:
    """Remove calls as they came in that are older than KEPT, at most 10,000 at once; how many."""
    done = session.execute(text(_FORGET_CALLS), {"before": clock.now() - KEPT})
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def forget_old_calls(services: Services) -> int:
    """Do `forget_calls` as the scheduler's job."""
    with services.db.transaction() as session:
        return forget_calls(session, services.clock)


def _lock(session: Session, actor: Actor, contact_id: int) -> Contact:
    if actor.id is None or not actor.may(WORK):
        raise Forbidden(f"Protecting a call needs the permission {WORK}.")
    contact = get_contact(session, contact_id)
    if contact.case_id is not None:  # always the case before its contact, so that nobody waits in a circle
        get_case(session, contact.case_id, lock=True)
    contact = get_contact(session, contact_id, lock=True)
    if contact.state == CLOSED:
        raise Refused("This contact is closed.", code="contact-closed")
    return contact


def _life_in_danger(session: Session, contact: Contact) -> bool:
    return contact.danger or (contact.case_id is not None and THREAT in get_case(session, contact.case_id).risks)


def incident_of(session: Session, contact_id: int) -> AbuseIncident | None:
    """Return what came of the key in one contact, if it was pressed."""
    return session.scalar(select(AbuseIncident).where(AbuseIncident.contact_id == contact_id))


def _words(given: str) -> str:
    words = given.strip()
    if len(words) > MAX_NOTE_CHARS:
        raise InvalidInput("note", words, f"use at most {MAX_NOTE_CHARS} characters")
    return words


def _trail(session: Session, clock: Clock, actor: Actor, action: str, incident: AbuseIncident, **more: object) -> None:
    after = {"state": incident.state, "contact_id": incident.contact_id} | more
    audit.record(session, clock, actor, action, "abuse_incident", incident.id, after=after)
