"""A message that somebody left: it joins their open case, or opens one that is nobody's yet."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases import contacts, persons
from hotline.cases.judging import rank_of
from hotline.cases.models import Case, CaseEntry, CasePerson
from hotline.cases.opening import HELP_TOPIC
from hotline.cases.person_models import Person
from hotline.cases.states import CLOSED, OPEN
from hotline.cases.working import get_case
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock

SUMMARY = "음성 메시지 · Voice message"
"""What the case is about until somebody has listened; in both languages, because nobody's language is known here."""


def leave_message(session: Session, clock: Clock, contact_id: int, *, seconds: int, recording_id: int) -> Case:
    """Keep that a message was left in a contact; the same recording again changes nothing.

    Several open cases of one person: the most urgent one gets it. Whoever is unknown becomes a person without a name.
    """
    contact = contacts.get_contact(session, contact_id)
    if contact.case_id is None and contact.person_id is not None:
        found = _open_case_of(session, contact.person_id)
        if found is not None:
            contacts.attach(session, clock, contact.id, found)
    if contact.case_id is not None:  # the case before its contact, as everywhere
        get_case(session, contact.case_id, lock=True)
    contact = contacts.get_contact(session, contact_id, lock=True)
    case = session.get_one(Case, contact.case_id) if contact.case_id is not None else _open(session, clock, contact_id)
    known = select(CaseEntry.id).where(
        CaseEntry.case_id == case.id,
        CaseEntry.kind == "message",
        CaseEntry.details["recording_id"].as_integer() == recording_id,
    )
    if session.scalar(known) is None:
        session.add(
            CaseEntry(
                case_id=case.id, contact_id=contact.id, at=clock.now(), kind="message", channel="call",
                details={"recording_id": recording_id, "seconds": seconds, "direction": "in"},
            )
        )  # fmt: skip
    contacts.lapse(session, clock, contact.id)
    session.flush()
    return case


def _open_case_of(session: Session, person_id: int) -> int | None:
    canonical = session.scalar(select(persons.canonical()).where(Person.id == person_id))
    everybody = select(Person.id).where(persons.canonical() == canonical)
    theirs = select(CasePerson.case_id).where(CasePerson.person_id.in_(everybody))
    return session.scalar(
        select(Case.id)
        .where(Case.state != CLOSED, Case.person_id.in_(everybody) | Case.id.in_(theirs))
        .order_by(Case.priority, Case.updated_at.desc())
        .limit(1)
    )


def _open(session: Session, clock: Clock, contact_id: int) -> Case:
    contact = contacts.get_contact(session, contact_id, lock=True)
    if contact.person_id is None:
        contact.person_id = persons.add_person(session, clock, SYSTEM, phone=contact.phone).id
    person = persons.get_person(session, contact.person_id)
    now = clock.now()
    case = Case(
        person_id=person.id, traveller_id=person.traveller_id, source=f"contact:{contact.id}", summary=SUMMARY, state=OPEN,
        says="help", drill=contact.drill, country="ZZ", priority=rank_of((), danger=contact.danger), opened_at=now,
        updated_at=now,
    )  # fmt: skip
    session.add(case)
    session.flush()
    contact.case_id = case.id
    outbox.publish(session, clock, HELP_TOPIC, {"case_id": case.id})
    audit.record(
        session, clock, SYSTEM, "case.opened", "case", case.id,
        after={"state": OPEN, "priority": case.priority, "source": case.source},
    )  # fmt: skip
    return case
