"""Whom of a case one can call: everybody in it with each of their numbers, chosen without the number standing in a page."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.cases.persons import get_person, phones_of
from hotline.cases.reading import names_of, people_of
from hotline.core.errors import InvalidInput
from hotline.core.i18n import gettext
from hotline.core.phone import mask

MAX_SHOWN = 22
"""Characters of a name; a telephone of 360 px shows some thirty in a list."""
_WHOM = re.compile(r"([0-9]{1,18}):([0-9]{1,2})")


def numbers_of(session: Session, case: Case) -> list[tuple[str, str]]:
    """Return (choice, who it is with a masked number) of everybody in a case; a choice is `person id:place of the number`."""
    others = people_of(session, case.id)
    relations = {each.person_id: each.relation for each in others}
    people = [case.person_id, *relations]
    names = names_of(session, set(people))
    found: list[tuple[str, str]] = []
    for person_id in people:
        name = shorten(names.get(person_id) or gettext("Name not known"))
        relation = relations.get(person_id, "")
        who = f"{name} ({shorten(relation)})" if relation else name
        for place, phone in enumerate(phones_of(session, get_person(session, person_id).id)):
            found.append((f"{person_id}:{place}", f"{who} {mask(phone)}"))
    return found


def shorten(word: str) -> str:
    """Return a word short enough that the number behind it still shows in a narrow list."""
    return word if len(word) <= MAX_SHOWN else word[: MAX_SHOWN - 1].rstrip() + "…"


def number_chosen(session: Session, case: Case | None, whom: str) -> str:
    """Return the number of a choice in E.164; raises InvalidInput for one that the case does not have."""
    found = _WHOM.fullmatch(whom)
    if case is None or found is None or whom not in dict(numbers_of(session, case)):
        raise InvalidInput("whom", whom[:30], "choose one of the list, or write a number")
    return phones_of(session, get_person(session, int(found[1])).id)[int(found[2])]


def is_of_case(session: Session, case: Case, phone: str) -> bool:
    """Whether a number in E.164 belongs to somebody in a case."""
    people = [case.person_id, *(each.person_id for each in people_of(session, case.id))]
    return any(phone in phones_of(session, get_person(session, person_id).id) for person_id in people)
