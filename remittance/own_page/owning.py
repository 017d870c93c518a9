"""Whose money a personal link opens: the traveller's own, and the case's person's; nobody else's in the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.cases.person_links import open_person_link
from hotline.cases.person_models import Person
from hotline.cases.persons import get_person, members
from hotline.cases.states import CLOSED
from hotline.core.clock import Clock
from hotline.links.opening import EndedLink, open_link
from hotline.links.tokens import PersonClaims
from hotline.people.models import Traveller
from remittance.requests.models import Remittance

SHOWN_AT_MOST = 5


@dataclass(frozen=True)
class Own:
    """Who asks: as a traveller, as a person of the centre, or both; and the case that the link names, where it names one."""

    person: Person | None
    traveller: Traveller | None
    case: Case | None
    language: str

    @property
    def drill(self) -> bool:
        """Whether this person exists in drills alone."""
        return self.traveller.drill if self.traveller is not None else self.case is not None and self.case.drill


def open_own(session: Session, clock: Clock, claims: Any) -> Own:
    """Return who a valid token names; raises EndedLink, also for somebody of the case whom the money is not for.

    A mother who called has a link to her daughter's case, and no business with her money on it: hers is the relative's page.
    """
    if isinstance(claims, PersonClaims):
        opened = open_person_link(session, clock, claims)
        if get_person(session, opened.case.person_id).id != opened.person.id:
            raise EndedLink("This link shows nothing of the money.")
        return Own(opened.person, None, opened.case, opened.person.language)
    traveller = open_link(session, clock, claims).traveller
    person = session.scalar(select(Person).where(Person.traveller_id == traveller.id))
    return Own(get_person(session, person.id) if person is not None else None, traveller, None, traveller.language)


def is_own(session: Session, claims: Any) -> bool:
    """Say whether a personal page may lead its reader to the money."""
    if not isinstance(claims, PersonClaims):
        return True
    case = session.get(Case, claims.case_id)
    return case is not None and get_person(session, case.person_id).id == get_person(session, claims.person_id).id


def remittances_of(session: Session, own: Own) -> Sequence[Remittance]:
    """Return the person's remittances, the latest first, also those of whom they were merged with."""
    if own.person is None:
        return []
    ids = [own.person.id, *members(session, own.person.id)]
    return session.scalars(
        select(Remittance).where(Remittance.person_id.in_(ids)).order_by(Remittance.id.desc()).limit(SHOWN_AT_MOST)
    ).all()


def open_case_of(session: Session, own: Own) -> Case | None:
    """Return the case in which they ask: the link's own, else their latest open one; None where a new one is opened."""
    if own.case is not None or own.person is None:
        return own.case
    ids = [own.person.id, *members(session, own.person.id)]
    return session.scalar(
        select(Case)
        .where(Case.person_id.in_(ids), Case.state != CLOSED, Case.drill == own.drill)
        .order_by(Case.id.desc())
        .limit(1)
    )
