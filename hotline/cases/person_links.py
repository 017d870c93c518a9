"""Links by which people of a case who are no travellers follow it: a mother who called sees the state and the answers.

A link names the person and the one case. It shows nothing else, and lets nothing else be done than opening the case again. It
ends after its lifetime, when the person's links are ended, when they are erased, and when they are no more in the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.cases.models import Case, CaseEntry, CasePerson
from hotline.cases.person_models import Person, PersonLinkRevocation
from hotline.cases.persons import canonical, get_person, members, phones_of
from hotline.cases.states import WORK
from hotline.cases.working import get_case
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.errors import Forbidden, Refused
from hotline.core.ids import reference
from hotline.core.phone import readable
from hotline.links.opening import EndedLink
from hotline.links.tokens import LinkMaker, PersonClaims, to_minute
from hotline.notices import store

SENT_AGAIN_AFTER = timedelta(minutes=10)
TEXT_VALID = timedelta(hours=12)
_TEXTS = {
    "ko": "[영사콜센터] {reference} 진행 상황과 답변: {url} 문의 {phone}",
    "": "[Consular Call Center] How {reference} stands, and answers: {url} Questions: {phone}",
}

_DRILL = "[훈련 DRILL]"


@dataclass(frozen=True)
class OpenedCase:
    """Whose link it is, and the case it shows."""

    person: Person
    case: Case
    ends_at: datetime


def link_for_person(session: Session, clock: Clock, settings: Settings, person_id: int, case_id: int) -> str:
    """Return a link that is valid from now on, also right after earlier ones were ended; raises Refused for a stranger."""
    case = get_case(session, case_id)
    if not _is_in(session, case, person_id):
        raise Refused("This person is not in the case.", code="not-in-case")
    issued_at, revoked_at = to_minute(clock.now()), _revoked_at(session, person_id)
    if revoked_at is not None:
        issued_at = max(issued_at, to_minute(revoked_at) + timedelta(minutes=1))
    return LinkMaker.of(settings).url(PersonClaims(person_id, case.id, issued_at))


def open_person_link(session: Session, clock: Clock, claims: PersonClaims) -> OpenedCase:
    """Return the person and the case behind a valid token; raises EndedLink."""
    person, case = session.get(Person, claims.person_id), session.get(Case, claims.case_id)
    if person is None or case is None or clock.now() >= claims.ends_at or not _is_in(session, case, person.id):
        raise EndedLink("This link has ended.")
    revoked_at = _revoked_at(session, person.id)
    kept, whose = get_person(session, person.id), get_person(session, case.person_id)
    erased = person.erased_at or kept.erased_at or whose.erased_at
    if erased is not None or (revoked_at is not None and claims.issued_at <= revoked_at):
        raise EndedLink("This link has ended.")
    return OpenedCase(kept, case, claims.ends_at)


def send_link(session: Session, clock: Clock, settings: Settings, actor: Actor, case_id: int, person_id: int) -> int:
    """Send somebody of a case the link to it by text, and return the notice's id.

    Raises Refused for somebody who is not in the case, whose number is not known, or who got one within SENT_AGAIN_AFTER.
    """
    if actor.id is None or not actor.may(WORK):
        raise Forbidden(f"Sending a link needs the permission {WORK}.")
    case = get_case(session, case_id, lock=True)
    person = get_person(session, person_id)
    url = link_for_person(session, clock, settings, person.id, case.id)
    phones = phones_of(session, person.id)
    if not phones:
        raise Refused("No number of this person is known.", code="no-number")
    now = clock.now()
    lately = select(CaseEntry.id).where(
        CaseEntry.case_id == case.id, CaseEntry.kind == "link_sent", CaseEntry.at > now - SENT_AGAIN_AFTER,
        CaseEntry.details["person_id"].as_integer() == person.id,
    )  # fmt: skip
    if session.scalar(lately.limit(1)) is not None:
        raise Refused("A link was sent to them a moment ago.", code="link-just-sent")
    body = _TEXTS.get(person.language, _TEXTS[""]).format(
        reference=reference("CS", case.id), url=url, phone=readable(settings.hotline_number)
    )
    body = f"{_DRILL} {body}" if case.drill else body
    entry = CaseEntry(
        case_id=case.id, at=now, kind="link_sent", officer_id=actor.id, details={"person_id": person.id}
    )  # fmt: skip
    session.add(entry)
    session.flush()
    notice_id = store.publish(
        session, clock, phone=phones[0], body=body, purpose="case_link", dedupe_key=f"case_link:{entry.id}",
        expires_at=now + TEXT_VALID, traveller_id=person.traveller_id,
    )  # fmt: skip
    audit.record(
        session, clock, actor, "case.link_sent", "case", case.id, after={"person_id": person.id, "notice": notice_id}
    )
    return notice_id


def end_person_links(session: Session, clock: Clock, actor: Actor, person_id: int) -> None:
    """End every link to a case that somebody has been sent so far; raises NotFound."""
    person, now = get_person(session, person_id, lock=True), clock.now()
    row = session.get(PersonLinkRevocation, person.id)
    if row is None:
        session.add(PersonLinkRevocation(person_id=person.id, revoked_at=now))
    else:
        row.revoked_at = max(row.revoked_at, now)
    session.flush()
    audit.record(session, clock, actor, "person.links_ended", "person", person.id)


def _is_in(session: Session, case: Case, person_id: int) -> bool:
    """Say whether somebody, or whoever they are one with, is the person of a case or among its people."""
    people = select(CasePerson.person_id).where(CasePerson.case_id == case.id)
    mine = select(canonical()).where(Person.id == person_id).scalar_subquery()
    found = select(Person.id).where(canonical() == mine, (Person.id == case.person_id) | Person.id.in_(people))
    return session.scalar(found.limit(1)) is not None


def _revoked_at(session: Session, person_id: int) -> datetime | None:
    """Return when links of a person, or of whoever they are one with, were last ended."""
    same = members(session, get_person(session, person_id).id)
    ended = select(func.max(PersonLinkRevocation.revoked_at)).where(PersonLinkRevocation.person_id.in_(same))
    return session.scalar(ended)
