"""Persons found and made: by traveller, by number, by hand.

A person is known under the id of whoever they are merged into; every function here takes and gives that one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.cases.person_models import Person, PersonPhone
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.people.models import Traveller

MAX_NAME_CHARS = 160
MAX_MEDICAL_CHARS = 1_000
MAX_PHONES = 10
_LANGUAGE_CHARS = 8

_FROM_TRAVELLER = """
INSERT INTO persons (traveller_id, name, language, created_at, updated_at)
SELECT id, name, language, :now, :now FROM travellers WHERE id = :traveller_id AND erased_at IS NULL
    ON CONFLICT (traveller_id) DO NOTHING
RETURNING id
"""
_TRAVELLERS_PHONE = """
INSERT INTO person_phones (person_id, phone, added_at)
SELECT :person_id, phone, :now FROM travellers WHERE id = :traveller_id AND phone <> '' ON CONFLICT DO NOTHING
"""
_BY_PHONE = """
SELECT coalesce(p.merged_into_id, p.id) AS id FROM person_phones f JOIN persons p ON p.id = f.person_id
 WHERE f.phone = :phone AND p.erased_at IS NULL GROUP BY 1 ORDER BY 1
"""
_TRAVELLERS_BY_PHONE = """
SELECT t.id FROM travellers t
 WHERE t.phone = :phone AND t.erased_at IS NULL AND NOT EXISTS (SELECT FROM persons p WHERE p.traveller_id = t.id)
 ORDER BY t.id LIMIT 2
"""


def canonical() -> ColumnElement[int]:
    """Return the id that a person goes by: their own, or that of whoever they are merged into."""
    return func.coalesce(Person.merged_into_id, Person.id)


def get_person(session: Session, person_id: int, *, lock: bool = False) -> Person:
    """Return a person, or whoever they are merged into; raises NotFound. `lock` keeps others from changing them."""
    person = session.get(Person, person_id, with_for_update=lock, populate_existing=lock)
    if person is None:
        raise NotFound("person", person_id)
    return get_person(session, person.merged_into_id, lock=lock) if person.merged_into_id is not None else person


def members(session: Session, person_id: int) -> list[int]:
    """Return the ids of a person and of everybody merged into them."""
    found = select(Person.id).where((Person.id == person_id) | (Person.merged_into_id == person_id)).order_by(Person.id)
    return list(session.scalars(found))


def of_traveller(session: Session, clock: Clock, traveller_id: int) -> int:
    """Return the person that a traveller is, made when there is none yet; raises NotFound for nobody or an erased one."""
    given = {"traveller_id": traveller_id, "now": clock.now()}
    made = session.scalar(text(_FROM_TRAVELLER), given)
    if made is not None:
        session.execute(text(_TRAVELLERS_PHONE), given | {"person_id": made})
        return int(made)
    found = session.scalar(select(canonical()).where(Person.traveller_id == traveller_id))
    if found is None:
        raise NotFound("traveller", traveller_id)
    return found


def by_phone(session: Session, clock: Clock, phone: str) -> int | None:
    """Return the one person who has this number; None when nobody has it, or several do and it must be asked who it is.

    A traveller who was never in touch becomes a person here.
    """
    if not phone:
        return None
    known = list(session.scalars(text(_BY_PHONE), {"phone": phone}))
    new = list(session.scalars(text(_TRAVELLERS_BY_PHONE), {"phone": phone}))
    if len(known) + len(new) != 1:
        return None
    return int(known[0]) if known else of_traveller(session, clock, new[0])


def add_person(
    session: Session, clock: Clock, actor: Actor, *, name: str = "", phone: str = "", language: str = "ko"
) -> Person:
    """Keep somebody who is no traveller, such as a relative who calls; `phone` in E.164. Raises InvalidInput."""
    now = clock.now()
    person = Person(name=_name(name), language=_language(language), created_at=now, updated_at=now)
    session.add(person)
    session.flush()
    if phone:
        add_phone(session, clock, person.id, phone)
    audit.record(
        session, clock, actor, "person.added", "person", person.id,
        after={"language": person.language, "phones": 1 if phone else 0},
    )  # fmt: skip
    return person


def change_person(
    session: Session,
    clock: Clock,
    actor: Actor,
    person_id: int,
    *,
    name: str | None = None,
    language: str | None = None,
    medical: str | None = None,
) -> Person:
    """Change what is known of somebody; None leaves a value. A traveller's name and language are changed with the traveller.

    Raises NotFound, InvalidInput, Refused for an erased person. The trail says what changed, never the words.
    """
    person = get_person(session, person_id, lock=True)
    if person.erased_at is not None:
        raise Refused("This person was erased.", code="erased")
    wanted: dict[str, str] = {}
    if person.traveller_id is None:
        wanted |= {"name": _name(name)} if name is not None else {}
        wanted |= {"language": _language(language)} if language is not None else {}
    if medical is not None:
        if len(medical.strip()) > MAX_MEDICAL_CHARS:
            raise InvalidInput("medical", medical, f"use at most {MAX_MEDICAL_CHARS} characters")
        wanted["medical"] = medical.strip()
    changed = {field: value for field, value in wanted.items() if getattr(person, field) != value}
    if not changed:
        return person
    for field, value in changed.items():
        setattr(person, field, value)
    person.updated_at = clock.now()
    audit.record(session, clock, actor, "person.changed", "person", person.id, after={"fields": sorted(changed)})
    return person


def add_phone(session: Session, clock: Clock, person_id: int, phone: str) -> None:
    """Keep one more number of somebody; known ones, and more than MAX_PHONES, change nothing."""
    count = session.scalar(select(func.count()).where(PersonPhone.person_id == person_id)) or 0
    if count < MAX_PHONES:
        row = insert(PersonPhone).values(person_id=person_id, phone=phone, added_at=clock.now())
        session.execute(row.on_conflict_do_nothing())


def phones_of(session: Session, person_id: int) -> list[str]:
    """Return every number of a person and of whoever is merged into them, the latest first."""
    return phones_of_each(session, [person_id])[person_id]


def phones_of_each(session: Session, person_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the numbers of several people as `phones_of` does, by id, in one statement."""
    rows = session.execute(
        select(Person.id, Person.merged_into_id, PersonPhone.phone)
        .join(PersonPhone, PersonPhone.person_id == Person.id)
        .where(Person.id.in_(person_ids) | Person.merged_into_id.in_(person_ids))
        .order_by(PersonPhone.added_at.desc(), PersonPhone.phone)
    )
    found: dict[int, dict[str, None]] = {each: {} for each in person_ids}
    for person_id, merged_into_id, phone in rows.tuples():
        for each in (person_id, merged_into_id):
            if each in found:
                found[each][phone] = None
    return {each: list(phones) for each, phones in found.items()}


def travellers_of(session: Session, person_id: int) -> Sequence[Traveller]:
    """Return the travellers that a person is: none, one, or several who were found to be the same."""
    found = (
        select(Traveller)
        .join(Person, Person.traveller_id == Traveller.id)
        .where((Person.id == person_id) | (Person.merged_into_id == person_id))
        .order_by(Traveller.id)
    )
    return session.scalars(found).all()


def _name(given: str) -> str:
    name = " ".join(given.split())
    if len(name) > MAX_NAME_CHARS:
        raise InvalidInput("name", name, f"use at most {MAX_NAME_CHARS} characters")
    return name


def _language(given: str) -> str:
    language = given.strip()
    if not 2 <= len(language) <= _LANGUAGE_CHARS:
        raise InvalidInput("language", given, "use a code such as ko or en")
    return language
