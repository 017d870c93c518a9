"""Contacts: opened when somebody is in touch, tied to a case, and closed with what the officer heard.

A contact belongs to one case at most. What is noted at its end also stands in the case's history, raises the case's priority
and stays in mind for the next call.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.cases import persons
from hotline.cases.contact_models import CLOSED_TOPIC, Contact
from hotline.cases.judging import MOODS, RISKS, rank_of
from hotline.cases.models import Case, CaseEntry, CasePerson
from hotline.cases.person_models import Person
from hotline.cases.states import CASE, CLOSED, CONTACT, DISPOSITIONS, IN_HAND, OPEN
from hotline.cases.working import MAX_NOTE_CHARS, get_case
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.geo.countries import countries

KINDS = ("call", "text", "chat", "mail", "visit")
DIRECTIONS = ("in", "out")
NOWHERE = "ZZ"
"""The country of a case while nobody knows where the person is."""
MAX_REF_CHARS, MAX_SUMMARY_CHARS, MAX_RELATION_CHARS = 80, 200, 60
_OPEN = text(
    "INSERT INTO contacts (ref, kind, direction, phone, drill, danger, person_id, opened_at)"
    " VALUES (:ref, :kind, :direction, :phone, :drill, :danger, :person_id, :now) ON CONFLICT (ref) DO NOTHING RETURNING id"
)


@dataclass(frozen=True, kw_only=True)
class NewContact:
    """Somebody is in touch. `ref` names it in the room that made it; `phone` is E.164 or empty."""

    kind: str
    ref: str
    direction: str
    phone: str = ""
    traveller_id: int | None = None
    drill: bool = False
    danger: bool = False


def open_contact(session: Session, clock: Clock, given: NewContact) -> Contact:
    """Keep a contact; the same ref again gives the one there is. Who it is follows from the number where only one has it."""
    _check(given)
    if given.traveller_id is not None:
        person_id: int | None = persons.of_traveller(session, clock, given.traveller_id)
    else:
        person_id = persons.by_phone(session, clock, given.phone)
    values = {name: getattr(given, name) for name in ("ref", "kind", "direction", "phone", "drill", "danger")}
    made = session.scalar(_OPEN, values | {"person_id": person_id, "now": clock.now()})
    # Two webhooks about one call at once: the second has waited for the first one's commit and finds its row.
    return session.scalars(select(Contact).where(Contact.id == made if made else Contact.ref == given.ref)).one()


def get_contact(session: Session, contact_id: int, *, lock: bool = False) -> Contact:
    """Return a contact; raises NotFound. `lock` keeps others from changing it until commit."""
    contact = session.get(Contact, contact_id, with_for_update=lock, populate_existing=lock)
    if contact is None:
        raise NotFound("contact", contact_id)
    return contact


def identify(session: Session, clock: Clock, actor: Actor, contact_id: int, person_id: int) -> Contact:
    """Say who it is; their number is theirs from now on, and they stand among the people of the contact's case.

    Who it was said to be before is on the trail.
    """
    person = persons.get_person(session, person_id)
    case_id = get_contact(session, contact_id).case_id
    case = get_case(session, case_id, lock=True) if case_id is not None else None
    contact = get_contact(session, contact_id, lock=True)
    if person.erased_at is not None:
        raise Refused("This person was erased.", code="erased")
    before = contact.person_id
    if before == person.id:
        return contact
    contact.person_id = person.id
    if contact.phone:
        persons.add_phone(session, clock, person.id, contact.phone)
    if case is not None and case.id == contact.case_id:
        _add_to_people(session, clock, case, person.id, "")
    audit.record(
        session, clock, actor, "contact.identified", "contact", contact.id,
        before={"person_id": before}, after={"person_id": person.id},
    )  # fmt: skip
    return contact


def attach(
    session: Session, clock: Clock, contact_id: int, case_id: int, *, actor: Actor = SYSTEM, relation: str = ""
) -> Contact:
    """Tie a contact to an open case; again to the same one changes nothing.

    Whoever calls and is not the person of the case stands among its people from then on. Raises Refused when the contact is
    in another case or the case is closed.
    """
    if len(relation) > MAX_RELATION_CHARS:
        raise InvalidInput("relation", relation, f"use at most {MAX_RELATION_CHARS} characters")
    case = get_case(session, case_id, lock=True)
    contact = get_contact(session, contact_id, lock=True)
    if contact.case_id == case.id:
        return contact
    if contact.case_id is not None:
        raise Refused("This contact is in another case.", code="contact-in-case", params={"case": contact.case_id})
    if case.state == CLOSED:
        raise Refused("The case is closed; reopen it or open another.", code="case-closed")
    contact.case_id = case.id
    _add_to_people(session, clock, case, contact.person_id, relation.strip())
    if contact.direction == "in":
        case.state = CASE.next_state(case.state, "hear", SYSTEM)
    _raise_rank(case, contact)
    case.updated_at = clock.now()
    _write(session, clock, actor, contact, "contact")
    audit.record(session, clock, actor, "contact.attached", "contact", contact.id, after={"case_id": case.id})
    return contact


def open_case(
    session: Session, clock: Clock, actor: Actor, contact_id: int, *, summary: str, country: str = NOWHERE
) -> Case:
    """Open a case from a contact; whoever opens it owns it. Again for the same contact gives the case there is.

    A caller of whom nothing is known becomes a person without a name, so that the next call from the number finds the case.
    """
    words = " ".join(summary.split())
    if not 1 <= len(words) <= MAX_SUMMARY_CHARS:
        raise InvalidInput("summary", summary, f"say in 1 to {MAX_SUMMARY_CHARS} characters what it is about")
    if country != NOWHERE and country not in {each.code for each in countries()}:
        raise InvalidInput("country", country, f"use a country code of two letters, or {NOWHERE} where it is not known")
    if actor.id is None:
        raise Forbidden("Only a named officer can own a case.")
    contact = get_contact(session, contact_id, lock=True)
    if contact.case_id is not None:
        return get_case(session, contact.case_id)
    if contact.person_id is None:
        person = persons.add_person(session, clock, actor, phone=contact.phone)
        contact.person_id = person.id
    else:
        person = persons.get_person(session, contact.person_id)
    now = clock.now()
    case = Case(
        person_id=person.id, traveller_id=person.traveller_id, source=f"contact:{contact.id}", summary=words,
        state=CASE.next_state(OPEN, "take", actor), owner_id=actor.id, says="help", drill=contact.drill, country=country,
        priority=rank_of(contact.risks, danger=contact.danger), risks=list(contact.risks), opened_at=now, updated_at=now,
    )  # fmt: skip
    session.add(case)
    session.flush()
    contact.case_id = case.id
    _write(session, clock, actor, contact, "contact")
    audit.record(
        session, clock, actor, "case.opened", "case", case.id,
        after={"state": IN_HAND, "owner_id": actor.id, "priority": case.priority, "source": case.source},
    )  # fmt: skip
    return case


def close_contact(
    session: Session,
    clock: Clock,
    contact_id: int,
    disposition: str,
    note: str,
    mood: str,
    risk: Collection[str],
    by: Actor,
) -> Contact:
    """Close a contact with what was heard; closing a closed one again changes nothing.

    `mood` is one of MOODS or empty, `risk` any of RISKS. Both follow the person to their next call; risks raise the case's
    priority at once. Raises InvalidInput.
    """
    words, risks = _judged(disposition, note, mood, risk)
    contact = get_contact(session, contact_id)
    case = get_case(session, contact.case_id, lock=True) if contact.case_id is not None else None
    contact = get_contact(session, contact_id, lock=True)
    if contact.state == CLOSED:
        return contact
    contact.state = CONTACT.next_state(contact.state, "close", SYSTEM)
    contact.closed_at, contact.officer_id = clock.now(), by.id
    contact.disposition, contact.mood, contact.risks = disposition, mood, risks
    contact.note = "\n".join(each for each in (contact.note, words) if each)
    if case is not None:
        _raise_rank(case, contact)
        case.updated_at = clock.now()
        details: dict[str, object] = {"disposition": disposition, "mood": mood, "risks": risks}
        _write(session, clock, by, contact, "spoken", words, details)
    outbox.publish(session, clock, CLOSED_TOPIC, {"contact_id": contact.id, "case_id": contact.case_id})
    audit.record(
        session, clock, by, "contact.closed", "contact", contact.id,
        after={"disposition": disposition, "mood": mood, "risks": risks, "case_id": contact.case_id},
    )  # fmt: skip
    return contact


def _judged(disposition: str, note: str, mood: str, risk: Collection[str]) -> tuple[str, list[str]]:
    if disposition not in DISPOSITIONS:
        raise InvalidInput("disposition", disposition, f"use one of {', '.join(DISPOSITIONS)}")
    if mood not in ("", *MOODS):
        raise InvalidInput("mood", mood, f"use one of {', '.join(MOODS)}, or leave it out")
    unknown = sorted(set(risk) - set(RISKS))
    if unknown:
        raise InvalidInput("risk", unknown[0], f"use any of {', '.join(RISKS)}")
    words = note.strip()
    if len(words) > MAX_NOTE_CHARS:
        raise InvalidInput("note", words, f"use at most {MAX_NOTE_CHARS} characters")
    return words, [each for each in RISKS if each in risk]


def _raise_rank(case: Case, contact: Contact) -> None:
    """Nobody gets less urgent by a call, and what was once seen as a risk stays in sight."""
    case.risks = [each for each in RISKS if each in case.risks or each in contact.risks]
    case.priority = min(case.priority, rank_of(contact.risks, danger=contact.danger))


def _add_to_people(session: Session, clock: Clock, case: Case, person_id: int | None, relation: str) -> None:
    if person_id is None:
        return
    own = set(session.scalars(select(persons.canonical()).where(Person.id.in_([person_id, case.person_id]))))
    if len(own) == 1:
        return
    row = insert(CasePerson).values(case_id=case.id, person_id=person_id, relation=relation, added_at=clock.now())
    session.execute(row.on_conflict_do_nothing())


def _write(
    session: Session,
    clock: Clock,
    actor: Actor,
    contact: Contact,
    kind: str,
    body: str = "",
    details: dict[str, object] | None = None,
) -> None:
    session.add(
        CaseEntry(
            case_id=contact.case_id, contact_id=contact.id, at=clock.now(), kind=kind, channel=contact.kind,
            officer_id=actor.id, body=body, details={"direction": contact.direction} | (details or {}),
        )
    )  # fmt: skip
    session.flush()


def _check(given: NewContact) -> None:
    if given.kind not in KINDS:
        raise InvalidInput("kind", given.kind, f"use one of {', '.join(KINDS)}")
    if given.direction not in DIRECTIONS:
        raise InvalidInput("direction", given.direction, "use in or out")
    if not 1 <= len(given.ref) <= MAX_REF_CHARS:
        raise InvalidInput("ref", given.ref, f"use 1 to {MAX_REF_CHARS} characters")
    if len(given.phone) > 16 or (given.phone and not given.phone.startswith("+")):
        raise InvalidInput("phone", "…", "give the number in E.164, such as +821012345678, or leave it empty")


def remark(session: Session, clock: Clock, by: Actor, contact_id: int, note: str) -> None:
    """Keep what somebody heard in a contact that goes on with a colleague; nothing is kept of an empty note or a closed one."""
    words = note.strip()
    if len(words) > MAX_NOTE_CHARS:
        raise InvalidInput("note", words, f"use at most {MAX_NOTE_CHARS} characters")
    contact = get_contact(session, contact_id)
    if contact.case_id is not None:
        get_case(session, contact.case_id, lock=True)
    contact = get_contact(session, contact_id, lock=True)
    if not words or contact.state == CLOSED or words in contact.note:
        return  # what was sent along with the call comes once more with the write-up
    contact.note = "\n".join(each for each in (contact.note, words) if each)[: 4 * MAX_NOTE_CHARS]
    if contact.case_id is not None:
        _write(session, clock, by, contact, "note", words)
    audit.record(session, clock, by, "contact.remarked", "contact", contact.id, after={"case_id": contact.case_id})


def mark_danger(session: Session, contact_id: int) -> None:
    """Note that a life may be in danger, as the caller said by the key; their case is urgent from then on."""
    contact = get_contact(session, contact_id)
    case = get_case(session, contact.case_id, lock=True) if contact.case_id is not None else None
    contact = get_contact(session, contact_id, lock=True)
    contact.danger = True
    if case is not None:
        _raise_rank(case, contact)
    session.flush()


def lapse(session: Session, clock: Clock, contact_id: int) -> None:
    """Close a contact in which nobody was spoken with: it has no disposition and says nothing about mood or risks."""
    contact = get_contact(session, contact_id, lock=True)
    if contact.state == CLOSED:
        return
    contact.state, contact.closed_at = CONTACT.next_state(contact.state, "close", SYSTEM), clock.now()
    outbox.publish(session, clock, CLOSED_TOPIC, {"contact_id": contact.id, "case_id": contact.case_id})
    session.flush()
