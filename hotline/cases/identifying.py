"""Who a contact is: somebody we know, a traveller who was never in touch, or somebody new who says their name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.cases import persons
from hotline.cases.contact_models import Contact
from hotline.cases.contacts import get_contact, identify
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput


def identify_as(
    session: Session,
    clock: Clock,
    actor: Actor,
    contact_id: int,
    *,
    person_id: int | None = None,
    traveller_id: int | None = None,
    name: str = "",
    language: str = "ko",
) -> Contact:
    """Say who it is by exactly one of a person's id, a traveller's id and a name, which makes a new person.

    The name that the contact's person has already makes nobody new, so that a form sent twice does not. Raises InvalidInput.
    """
    contact = get_contact(session, contact_id)
    told = [field for field, given in _given(person_id, traveller_id, name.strip()) if given]
    if len(told) != 1:
        raise InvalidInput("person_id", person_id, "give one of person_id, traveller_id and name", code="who-is-it")
    if traveller_id is not None:
        person_id = persons.of_traveller(session, clock, traveller_id)
    if person_id is None:
        before = persons.get_person(session, contact.person_id) if contact.person_id is not None else None
        if before is not None and before.name == name.strip():
            return contact
        person_id = persons.add_person(session, clock, actor, name=name, language=language).id
    return identify(session, clock, actor, contact_id, person_id)


def _given(person_id: int | None, traveller_id: int | None, name: str) -> list[tuple[str, object]]:
    return [("person_id", person_id is not None), ("traveller_id", traveller_id is not None), ("name", name)]
