"""Hand-overs as pages and the API show them: lists with filters, one with everything in it, and what the centre has meanwhile."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.calls.models import Call
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.cases.persons import phones_of_each
from hotline.cases.reading import names_of
from hotline.core.errors import InvalidInput, NotFound
from hotline.missions.models import Mission
from hotline.queues.models import Callback
from overflow.handover import gathering
from overflow.handover.gathering import Span
from overflow.handover.models import Handover, HandoverItem, HandoverMail, HandoverSummary
from overflow.handover.states import CASE, LIVE_ITEMS, OPEN, PROMISE, STATES, TAKEN, UNHELPED, WAITING
from overflow.handover.summary import Subject, mission_calls, subjects

MAX_PAGE = 200
MAX_SHOWN = 500
"""Things of one hand-over that a page shows."""
MAX_SEARCH_CHARS = 80
WAITS = "open"
"""The filter for everything that somebody waits for."""
_REFERENCE = re.compile(r"(?:HO-?)?0*([0-9]{1,18})", re.IGNORECASE)
_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which hand-overs; `missions` None is all, `state` one of STATES, `open` or empty, `search` a mission or a number."""

    missions: Collection[int] | None = None
    state: str = ""
    search: str = ""


@dataclass(frozen=True)
class Row:
    """One hand-over in a list: how many things it has, how many wait, and who is named above it."""

    handover: Handover
    mission: Mission
    things: int
    waiting: int
    duty_officer: str


@dataclass(frozen=True)
class Page:
    """One page of a list, the latest first; `next_before` continues."""

    rows: Sequence[Row]
    next_before: int | None


@dataclass(frozen=True)
class Thing:
    """One thing of a hand-over with what it is about; a person's name and number only once the mission has it in hand."""

    item: HandoverItem
    subject: Subject | None
    officer: str
    summary: str = ""
    place: str = ""
    priority: int | None = None
    person: str = ""
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    """A hand-over with everything that its page shows."""

    handover: Handover
    mission: Mission
    things: Sequence[Thing]
    summaries: Sequence[HandoverSummary]
    mails: Sequence[HandoverMail]
    duty_officer: str
    seen_by: str

    @property
    def waiting(self) -> list[Thing]:
        """What waits for the mission."""
        return [each for each in self.things if each.item.state == WAITING]


def list_handovers(session: Session, wanted: Wanted, *, before: int = 0, limit: int = 50) -> Page:
    """Return one page, the latest first; `before` is the `next_before` of the page before. Raises InvalidInput."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    if wanted.state not in ("", WAITS, *STATES):
        raise InvalidInput("state", wanted.state, f"use one of {', '.join((WAITS, *STATES))}")
    statement = (
        select(Handover, Mission, Officer.display_name)
        .join(Mission, Mission.id == Handover.mission_id)
        .outerjoin(Officer, Officer.id == Handover.duty_officer_id)
    )
    if wanted.missions is not None:
        statement = statement.where(Handover.mission_id.in_(list(wanted.missions)))
    if wanted.state:
        statement = statement.where(Handover.state.in_(OPEN if wanted.state == WAITS else (wanted.state,)))
    words = wanted.search.strip()[:MAX_SEARCH_CHARS]
    if words:
        like = f"%{words.translate(_LIKE)}%"
        named = or_(*(column.ilike(like) for column in (Mission.code, Mission.name_ko, Mission.name_en, Mission.city)))
        number = _REFERENCE.fullmatch(words)
        statement = statement.where(named | (Handover.id == int(number[1])) if number else named)
    if before:
        statement = statement.where(Handover.id < before)
    found = session.execute(statement.order_by(Handover.id.desc()).limit(limit + 1)).tuples().all()
    shown = found[:limit]
    counts = _counts(session, [handover.id for handover, _, _ in shown])
    rows = [
        Row(handover, mission, *counts.get(handover.id, (0, 0)), officer or "") for handover, mission, officer in shown
    ]
    return Page(rows, shown[-1][0].id if len(found) > limit else None)


def _counts(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(HandoverItem.handover_id, func.count(), func.count().filter(HandoverItem.state == WAITING))
        .where(HandoverItem.handover_id.in_(ids))
        .group_by(HandoverItem.handover_id)
    )
    return {handover_id: (things, waiting) for handover_id, things, waiting in rows.tuples()}


def get(session: Session, handover_id: int) -> Handover:
    """Return a hand-over; raises NotFound."""
    handover = session.get(Handover, handover_id)
    if handover is None:
        raise NotFound("hand-over", handover_id)
    return handover


def whole(session: Session, handover_id: int, *, persons: bool) -> Whole:
    """Return a hand-over with everything; `persons` says whether the reader may know who is behind what the mission took.

    Raises NotFound.
    """
    handover = get(session, handover_id)
    items = session.scalars(
        select(HandoverItem)
        .where(HandoverItem.handover_id == handover.id)
        .order_by(HandoverItem.state != WAITING, HandoverItem.urgency, HandoverItem.kind, HandoverItem.id)
        .limit(MAX_SHOWN)
    ).all()
    known = subjects(session, [(each.kind, each.subject_id) for each in items])
    wanted = {each.officer_id for each in items} | {handover.duty_officer_id, handover.escalation_seen_by_id}
    names, behind = _officers(session, wanted), _behind(session, items, persons=persons)
    return Whole(
        handover,
        session.get_one(Mission, handover.mission_id),
        [_thing(each, known.get((each.kind, each.subject_id)), names, behind) for each in items],
        session.scalars(
            select(HandoverSummary).where(HandoverSummary.handover_id == handover.id).order_by(HandoverSummary.revision)
        ).all(),
        session.scalars(
            select(HandoverMail).where(HandoverMail.handover_id == handover.id).order_by(HandoverMail.id)
        ).all(),
        names.get(handover.duty_officer_id, ""),
        names.get(handover.escalation_seen_by_id, ""),
    )


def _officers(session: Session, ids: Collection[int | None]) -> dict[int | None, str]:
    rows = session.execute(
        select(Officer.id, Officer.display_name).where(Officer.id.in_([each for each in ids if each]))
    )
    return {officer_id: name for officer_id, name in rows.tuples()}


@dataclass(frozen=True)
class _Behind:
    """What is behind things, read together: cases by id, and names and numbers for whoever may know them."""

    cases: dict[int, Case]
    names: dict[int, str]
    numbers: dict[int, list[str]]
    """By person."""
    phones: dict[tuple[str, int], str]
    """The number of a call or a callback, by kind and id."""


def _behind(session: Session, items: Sequence[HandoverItem], *, persons: bool) -> _Behind:
    case_ids = [each.subject_id for each in items if each.kind == CASE]
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(case_ids)))}
    taken = [each for each in items if persons and each.state == TAKEN]
    people = {cases[each.subject_id].person_id for each in taken if each.kind == CASE and each.subject_id in cases}
    phones: dict[tuple[str, int], str] = {}
    for kind, model in ((UNHELPED, Call), (PROMISE, Callback)):
        ids = [each.subject_id for each in taken if each.kind == kind]
        rows = session.execute(select(model.id, model.phone).where(model.id.in_(ids), model.phone != ""))
        phones |= {(kind, subject_id): phone for subject_id, phone in rows.tuples()}
    return _Behind(cases, names_of(session, people), phones_of_each(session, people), phones)


def _thing(item: HandoverItem, subject: Subject | None, names: dict[int | None, str], behind: _Behind) -> Thing:
    officer = names.get(item.officer_id, "")
    if item.kind != CASE:
        phone = behind.phones.get((item.kind, item.subject_id))
        return Thing(item, subject, officer, phones=(phone,) if phone else ())
    case = behind.cases.get(item.subject_id)
    if case is None:
        return Thing(item, subject, officer)
    shown = item.state == TAKEN
    return Thing(
        item, subject, officer, case.summary, case.place, case.priority,
        behind.names.get(case.person_id, "") if shown else "",
        tuple(behind.numbers.get(case.person_id, ())) if shown else (),
    )  # fmt: skip


def open_of(session: Session, mission_id: int) -> Sequence[int]:
    """Return the ids of a mission's hand-overs that wait, the oldest first; there are never many."""
    found = select(Handover.id).where(Handover.mission_id == mission_id, Handover.state.in_(OPEN))
    return session.scalars(found.order_by(Handover.id).limit(20)).all()


def at_the_centre(session: Session, mission_id: int, now: datetime) -> list[Subject]:
    """Return what of a mission's calls the centre has in hand and was in no hand-over yet, urgent first."""
    found = gathering.find(session, [Span(0, mission_id, now - gathering.LOOK_BACK, now)], now)
    known = subjects(session, [(each.kind, each.subject_id) for each in found])
    return [known[each.kind, each.subject_id] for each in found]


def open_promises(session: Session, mission_id: int) -> list[tuple[HandoverItem, Subject]]:
    """Return the promises that were handed over to a mission and not kept yet, the most overdue first."""
    items = session.scalars(
        select(HandoverItem)
        .join(Handover, Handover.id == HandoverItem.handover_id)
        .where(Handover.mission_id == mission_id, HandoverItem.kind == PROMISE, HandoverItem.state.in_(LIVE_ITEMS))
        .order_by(HandoverItem.id.desc())
        .limit(MAX_PAGE)
    ).all()
    known = subjects(session, [(each.kind, each.subject_id) for each in items])
    still = [(each, known[each.kind, each.subject_id]) for each in items]
    return sorted(
        (pair for pair in still if pair[1].state in ("planned", "queued", "calling", "given_up")),
        key=lambda pair: pair[1].at,
    )


def calls_of(
    session: Session, mission_id: int, start: datetime, end: datetime, *, before: int = 0, limit: int = 50
) -> list[tuple[Call, Contact | None]]:
    """Return the calls that came for a mission in a time, the latest first, with the contact that says what they were about."""
    statement = (
        select(Call, Contact)
        .outerjoin(Contact, Contact.id == Call.contact_id)
        .where(mission_calls(mission_id, start, end))
    )
    if before:
        statement = statement.where(Call.id < before)
    rows = session.execute(statement.order_by(Call.id.desc()).limit(limit))
    return [(call, contact) for call, contact in rows.tuples()]


def of_case(session: Session, case_id: int) -> Sequence[tuple[HandoverItem, Handover, Mission, str]]:
    """Return where a case stands with missions, the latest first: the row, its hand-over, the mission, and who decided."""
    rows = session.execute(
        select(HandoverItem, Handover, Mission, Officer.display_name)
        .join(Handover, Handover.id == HandoverItem.handover_id)
        .join(Mission, Mission.id == Handover.mission_id)
        .outerjoin(Officer, Officer.id == HandoverItem.officer_id)
        .where(HandoverItem.kind == CASE, HandoverItem.subject_id == case_id)
        .order_by(HandoverItem.id.desc())
        .limit(10)
    )
    return [(item, handover, mission, name or "") for item, handover, mission, name in rows.tuples()]
