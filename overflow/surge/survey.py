"""Three short questions after a call-out, answered on the own page: 1 (no) to 5 (yes)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext_noop
from hotline.core.services import Services
from overflow.surge.models import AskedPerson
from overflow.surge.moving import get_person, note
from overflow.surge.states import DROPPED, RELEASED

QUESTIONS = {
    "prepared": gettext_noop("Were you well prepared by the briefing?"),
    "supported": gettext_noop("Was somebody there when you needed help?"),
    "again": gettext_noop("Would you come again?"),
}
LEAST, MOST = 1, 5
OPEN_FOR = timedelta(days=14)


def may_answer(person: AskedPerson) -> bool:
    """Say whether somebody who has helped has questions to answer."""
    return person.ready_at is not None and person.state in (RELEASED, DROPPED)


def answer(session: Session, services: Services, person_id: int, given: Mapping[str, str]) -> None:
    """Keep the three answers, also changed ones; raises InvalidInput for one that is missing, Refused (`survey-over`)."""
    _, person = get_person(session, person_id)
    now = services.clock.now()
    ended = person.released_at or person.left_at or now
    if not may_answer(person) or now - ended > OPEN_FOR:
        raise Refused("There are no questions to answer any more.", code="survey-over")
    points: dict[str, int] = {}
    for key in QUESTIONS:
        value = given.get(key, "")
        if not (value.isascii() and value.isdigit() and len(value) == 1 and LEAST <= int(value) <= MOST):
            raise InvalidInput(key, value, f"choose {LEAST} to {MOST}")
        points[key] = int(value)
    if person.surveyed_at is None:
        note(session, now, person.callout_id, "survey", person_id=person.id)
    person.survey, person.surveyed_at = points, now
