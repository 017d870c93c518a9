"""Values that are hidden until somebody who may asks for one: number, medical note, whether a passport is this one.

Each look is on the trail with the person, the field and who looked; the value itself never is.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.cases.passports import passport_hash
from hotline.cases.person_models import Person
from hotline.cases.persons import get_person, phones_of
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.errors import Forbidden, InvalidInput

FIELDS = {"phone": "persons.phone", "medical": "persons.medical"}
PASSPORT = "persons.passport"


def reveal(session: Session, clock: Clock, actor: Actor, person_id: int, field: str) -> list[str]:
    """Return the hidden values of one field; raises Forbidden without its permission."""
    if field not in FIELDS:
        raise InvalidInput("field", field, f"use one of {', '.join(FIELDS)}")
    _need(actor, FIELDS[field])
    person = get_person(session, person_id)
    shown = phones_of(session, person.id) if field == "phone" else [person.medical] if person.medical else []
    audit.record(session, clock, actor, "person.revealed", "person", person.id, after={"field": field})
    return shown


def set_passport(
    session: Session, clock: Clock, actor: Actor, settings: Settings, person_id: int, number: str
) -> Person:
    """Keep the hash of somebody's passport; an empty number forgets it."""
    _need(actor, PASSPORT)
    hashed = passport_hash(settings, number) if number.strip() else None
    person = get_person(session, person_id, lock=True)
    person.passport_hash, person.updated_at = hashed, clock.now()
    audit.record(session, clock, actor, "person.changed", "person", person.id, after={"fields": ["passport"]})
    return person


def _need(actor: Actor, permission: str) -> None:
    if not actor.may(permission):
        raise Forbidden(f"This needs the permission {permission}.", code="no-permission")
