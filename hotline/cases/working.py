"""What officers do with a case: take it, hand it over, note, wait, close; each in one transaction under the case's lock.

A case belongs to at most one officer. Whoever is second to take it is told whose it is; only its owner, or somebody who may
assign work, changes it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.cases.escalation_models import Escalation
from hotline.cases.models import Case, CaseEntry
from hotline.cases.states import ASKED, ASSIGN, CASE, CLOSED, OPEN, WORK
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused

MAX_NOTE_CHARS = 4_000
MAX_REASON_CHARS = 1_000


def get_case(session: Session, case_id: int, *, lock: bool = False) -> Case:
    """Return a case; raises NotFound. `lock` keeps others from changing it until commit."""
    case = session.get(Case, case_id, with_for_update=lock, populate_existing=lock)
    if case is None:
        raise NotFound("case", case_id)
    return case


def take(session: Session, clock: Clock, actor: Actor, case_id: int) -> Case:
    """Make the actor the owner of a case that has none; taking one's own again changes nothing.

    Raises Refused naming the owner when somebody else was first.
    """
    officer_id = _officer_id(actor)
    case = get_case(session, case_id, lock=True)
    if case.owner_id == officer_id and case.state != CLOSED:
        return case
    if case.owner_id is not None and case.state != CLOSED:
        owner = session.get_one(Officer, case.owner_id).display_name
        raise Refused(f"The case is {owner}'s already.", code="case-taken", params={"owner": owner})
    target = CASE.next_state(case.state, "take", actor)
    return _change(session, clock, actor, case, target, "taken", owner_id=officer_id)


def hand_over(session: Session, clock: Clock, actor: Actor, case_id: int, officer_id: int, *, note: str = "") -> Case:
    """Give a case to another officer; whoever may assign work gives out free ones as well.

    Raises InvalidInput when that officer cannot work on cases, Forbidden when it is not the actor's to give.
    """
    body = _words("note", note, MAX_NOTE_CHARS)
    case = get_case(session, case_id, lock=True)
    target = CASE.next_state(case.state, "assign" if case.state == OPEN else "hand_over", actor)
    _own(actor, case)
    receiver = session.get(Officer, officer_id)
    if receiver is None or receiver.disabled_at is not None or WORK not in permissions_of(receiver.roles):
        raise InvalidInput("officer_id", officer_id, "choose an officer who works on cases")
    return _change(session, clock, actor, case, target, "handed_over", owner_id=receiver.id, body=body)


def release(session: Session, clock: Clock, actor: Actor, case_id: int, *, note: str = "") -> Case:
    """Give a case back, so that anybody can take it."""
    body = _words("note", note, MAX_NOTE_CHARS)
    case = _for_owner(session, actor, case_id)
    target = CASE.next_state(case.state, "release", actor)
    return _change(session, clock, actor, case, target, "released", owner_id=None, body=body)


def wait(session: Session, clock: Clock, actor: Actor, case_id: int, *, note: str = "") -> Case:
    """Put a case aside until something happens; what the person says next brings it back by itself."""
    body = _words("note", note, MAX_NOTE_CHARS)
    case = _for_owner(session, actor, case_id)
    target = CASE.next_state(case.state, "wait", actor)
    return _change(session, clock, actor, case, target, "waiting", owner_id=case.owner_id, body=body)


def resume(session: Session, clock: Clock, actor: Actor, case_id: int) -> Case:
    """Go on with a case that waited."""
    case = _for_owner(session, actor, case_id)
    target = CASE.next_state(case.state, "resume", actor)
    return _change(session, clock, actor, case, target, "resumed", owner_id=case.owner_id)


def close(session: Session, clock: Clock, actor: Actor, case_id: int, *, reason: str) -> Case:
    """Close a case, saying what became of it; raises Refused while a responsible official owes an answer."""
    body = _words("reason", reason, MAX_REASON_CHARS, required=True)
    case = _for_owner(session, actor, case_id)
    target = CASE.next_state(case.state, "close", actor)
    owed = select(Escalation.id).where(Escalation.case_id == case.id, Escalation.state == ASKED)
    if session.scalar(owed) is not None:
        raise Refused(
            "A responsible official owes an answer; until then the case stays open.", code="official-owes-answer"
        )
    case.closed_at, case.closed_reason = clock.now(), body
    return _change(session, clock, actor, case, target, "closed", owner_id=case.owner_id, body=body)


def note(session: Session, clock: Clock, actor: Actor, case_id: int, *, body: str) -> CaseEntry:
    """Write down what was learned or done; anybody who works on cases may, also on a colleague's or a closed one."""
    words = _words("note", body, MAX_NOTE_CHARS, required=True)
    if not actor.may(WORK):
        raise Forbidden(f"Notes need the permission {WORK}.")
    case = get_case(session, case_id, lock=True)
    case.updated_at = clock.now()
    entry = _entry(session, clock, actor, case, "note", words)
    audit.record(session, clock, actor, "case.noted", "case", case.id, after={"entry": entry.id})
    return entry


def _for_owner(session: Session, actor: Actor, case_id: int) -> Case:
    case = get_case(session, case_id, lock=True)
    _own(actor, case)
    return case


def _own(actor: Actor, case: Case) -> None:
    if case.owner_id is not None and case.owner_id != actor.id and not actor.may(ASSIGN):
        raise Forbidden("Only the owner of a case changes it; take it over first.", code="not-your-case")


def _officer_id(actor: Actor) -> int:
    if actor.id is None:
        raise Forbidden("Only a named officer can own a case.")
    return actor.id


def _change(
    session: Session,
    clock: Clock,
    actor: Actor,
    case: Case,
    target: str,
    kind: str,
    *,
    owner_id: int | None,
    body: str = "",
) -> Case:
    """Move a case on, write its history and the audit trail; the last step of every act."""
    before: dict[str, Any] = {"state": case.state, "owner_id": case.owner_id}
    case.state, case.owner_id, case.updated_at = target, owner_id, clock.now()
    details = {"owner_id": owner_id} if owner_id != before["owner_id"] else {}
    _entry(session, clock, actor, case, kind, body, details)
    after = {"state": case.state, "owner_id": case.owner_id}
    audit.record(session, clock, actor, f"case.{kind}", "case", case.id, before=before, after=after)
    return case


def _entry(
    session: Session,
    clock: Clock,
    actor: Actor,
    case: Case,
    kind: str,
    body: str,
    details: dict[str, Any] | None = None,
) -> CaseEntry:
    entry = CaseEntry(case_id=case.id, at=clock.now(), kind=kind, officer_id=actor.id, body=body, details=details or {})
    session.add(entry)
    session.flush()
    return entry


def _words(field: str, given: str, limit: int, *, required: bool = False) -> str:
    words = given.strip()
    if required and not words:
        raise InvalidInput(field, given, "say in a sentence what became of it")
    if len(words) > limit:
        raise InvalidInput(field, words, f"use at most {limit} characters")
    return words
