"""Lists of cases as officers look at them: by urgency, by owner, by state, by what they are about, by person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from hotline.cases.finding import find_persons, is_number
from hotline.cases.models import Case, CaseEntry, CasePerson
from hotline.cases.person_models import Person
from hotline.cases.states import CLOSED, OPEN_STATES, STATES
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.people.search import search

MAX_PAGE = 200
MAX_HISTORY = 500
MAX_PERSONS = 200
"""People whom a search text may stand for; with more the text says too little."""
ALL_OPEN = "all_open"
_REFERENCE = re.compile(r"(?:CS-?)?0*([0-9]{1,18})", re.IGNORECASE)
_CURSOR = re.compile(r"([1-4])-([0-9]{1,18})")
_SOURCE = re.compile(r"[a-z]{1,20}(:[0-9]{1,19})?")


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which cases; `owner` is an officer's id, or 0 for those without one; empty values do not narrow.

    `state` is one of the states, or `all_open`.
    """

    state: str = ALL_OPEN
    owner: int | None = None
    country: str = ""
    source: str = ""
    priority: int | None = None
    search: str = ""
    passports: bool = False
    """Whether a whole passport's number may be searched for."""
    phones: bool = False
    """Whether digits of a telephone number may be searched for."""


@dataclass(frozen=True)
class CasePage:
    """One page: open cases the most urgent first and then the oldest; closed ones the latest first."""

    cases: Sequence[Case]
    names: dict[int, str]
    """Names of the people, by person id."""
    next_cursor: str | None


def list_cases(session: Session, wanted: CaseFilter, *, cursor: str = "", limit: int = 50) -> CasePage:
    """Return one page; `cursor` is the `next_cursor` of the one before. Raises InvalidInput for what cannot be meant."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = _narrowed(session, wanted)
    closed = wanted.state == CLOSED
    if cursor:
        found = _CURSOR.fullmatch(cursor)
        if found is None:
            raise InvalidInput("cursor", cursor, "use the next_cursor of the page before")
        rank, last_id = int(found[1]), int(found[2])
        statement = statement.where(Case.id < last_id if closed else tuple_(Case.priority, Case.id) > (rank, last_id))
    order = (Case.id.desc(),) if closed else (Case.priority, Case.id)
    rows = session.scalars(statement.order_by(*order).limit(limit + 1)).all()
    cases = rows[:limit]
    more = f"{cases[-1].priority}-{cases[-1].id}" if len(rows) > limit else None
    return CasePage(cases, names_of(session, {case.person_id for case in cases}), more)


def _narrowed(session: Session, wanted: CaseFilter) -> Select[tuple[Case]]:
    if wanted.state not in (*STATES, ALL_OPEN):
        raise InvalidInput("state", wanted.state, f"use one of {', '.join((ALL_OPEN, *STATES))}")
    if wanted.source and not _SOURCE.fullmatch(wanted.source):
        raise InvalidInput("source", wanted.source, "use a source such as alert:12")
    states = OPEN_STATES if wanted.state == ALL_OPEN else (wanted.state,)
    statement = select(Case).where(Case.state == CLOSED if states == (CLOSED,) else Case.state != CLOSED)
    if wanted.state not in (ALL_OPEN, CLOSED):
        statement = statement.where(Case.state == wanted.state)
    if wanted.owner is not None:
        statement = statement.where(Case.owner_id == wanted.owner if wanted.owner else Case.owner_id.is_(None))
    for column, value in (
        (Case.country, wanted.country),
        (Case.source, wanted.source),
        (Case.priority, wanted.priority),
    ):
        if value:
            statement = statement.where(column == value)
    text = wanted.search.strip()
    if not text:
        return statement
    reference = _REFERENCE.fullmatch(text)
    hidden = is_number(text) and not wanted.phones
    travellers = [] if hidden else [found.traveller.id for found in search(session, text, limit=MAX_PERSONS).found]
    settings = current().settings if wanted.passports else None
    persons = find_persons(session, settings, text, passports=wanted.passports, phones=wanted.phones, limit=MAX_PERSONS)
    theirs = select(Person.id).where(func.coalesce(Person.merged_into_id, Person.id).in_(persons))
    by_person = Case.traveller_id.in_(travellers) | Case.person_id.in_(theirs)
    return statement.where(by_person | (Case.id == int(reference[1])) if reference else by_person)


def names_of(session: Session, person_ids: set[int]) -> dict[int, str]:
    """Return the names of people, by id; empty for those who were erased or of whom none is known."""
    kept = aliased(Person)
    rows = session.execute(
        select(Person.id, func.coalesce(func.nullif(kept.name, ""), Person.name))
        .outerjoin(kept, kept.id == Person.merged_into_id)
        .where(Person.id.in_(person_ids))
    )
    return {person_id: name for person_id, name in rows.tuples()}


def cases_about(session: Session, person_id: int, *, limit: int = 30) -> Sequence[Case]:
    """Return the cases of a person, and those in which they stand for somebody else, the latest first."""
    own = select(Person.id).where((Person.id == person_id) | (Person.merged_into_id == person_id))
    others = select(CasePerson.case_id).where(CasePerson.person_id.in_(own))
    # Found from both sides apart: one condition with "or" would go through all cases there ever were.
    statement = select(Case).where(Case.id.in_(select(Case.id).where(Case.person_id.in_(own)).union(others)))
    return session.scalars(statement.order_by(Case.id.desc()).limit(limit)).all()


def people_of(session: Session, case_id: int) -> Sequence[CasePerson]:
    """Return who else is in a case, the first at the head."""
    return session.scalars(
        select(CasePerson).where(CasePerson.case_id == case_id).order_by(CasePerson.added_at, CasePerson.person_id)
    ).all()


def history(session: Session, case_id: int) -> Sequence[CaseEntry]:
    """Return the entries of a case, the latest first, at most MAX_HISTORY."""
    return session.scalars(
        select(CaseEntry).where(CaseEntry.case_id == case_id).order_by(CaseEntry.id.desc()).limit(MAX_HISTORY)
    ).all()


def latest_of_person(session: Session, traveller_id: int, source: str) -> Case | None:
    """Return the person's latest case about something, open or closed."""
    return session.scalar(
        select(Case).where(Case.traveller_id == traveller_id, Case.source == source).order_by(Case.id.desc()).limit(1)
    )


def cases_of_person(session: Session, traveller_id: int, *, limit: int = 20) -> Sequence[Case]:
    """Return a person's cases, the latest first."""
    return session.scalars(
        select(Case).where(Case.traveller_id == traveller_id).order_by(Case.id.desc()).limit(limit)
    ).all()


def counts_of_open(session: Session, officer_id: int | None) -> dict[str, int]:
    """Return how many open cases there are, have no owner, and are the officer's own.

    Cases are opened by hand-sized numbers of people; counting the open ones reads one small index.
    """
    row = session.execute(
        select(
            func.count(),
            func.count().filter(Case.owner_id.is_(None)),
            func.count().filter(Case.owner_id == (officer_id or -1)),
        ).where(Case.state != CLOSED)
    ).one()
    return {"all": row[0], "free": row[1], "mine": row[2]}
