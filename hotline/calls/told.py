"""What whoever takes a call must know of before it: what was said and noted, by whom, and which callbacks were promised.

The owner of a case may be away; then a colleague takes the call and has the case whole before the first word.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case, CaseEntry
from hotline.queues.models import Callback
from hotline.queues.states import GIVEN_UP, OPEN

MAX_NOTES, MAX_PROMISES, MAX_CHARS = 6, 5, 1_000
REMEMBERED = timedelta(days=90)
"""How far back notes of calls that belong to no case are looked for, as `hotline.cases.known` does."""


@dataclass(frozen=True)
class Note:
    """One thing that was said, noted or answered; `kind` is one of a case's entries (`hotline.cases.words.ENTRIES`)."""

    at: datetime
    kind: str
    officer: str
    case_id: int | None
    words: str


@dataclass(frozen=True)
class Promise:
    """A callback that is open; `owner` is the name of whoever promised it."""

    due_at: datetime
    kind: str
    state: str
    owner: str
    case_id: int | None


@dataclass(frozen=True)
class Told:
    """Notes, the latest first; promises, the earliest first; and the name of the owner of the call's own case."""

    notes: list[Note] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    owner: str = ""


def told(
    session: Session, *, now: datetime, phone: str, contact: Contact | None, case: Case | None, cases: Collection[int]
) -> Told:
    """Read what is known of earlier talks about a number (E.164) and the open `cases` of its people, at `now` (aware).

    `contact` and `case` are those of the call itself. Nothing is told of a withheld number but what was noted in this call.
    """
    about = sorted({*cases, case.id} if case is not None else set(cases))
    notes = [*_of_contacts(session, phone, contact, now), *_of_cases(session, about)]
    return Told(
        notes=sorted(notes, key=lambda each: each.at, reverse=True)[:MAX_NOTES],
        promises=_promises(session, phone, about),
        owner=_name(session, case.owner_id) if case is not None else "",
    )


def _of_cases(session: Session, case_ids: list[int]) -> list[Note]:
    if not case_ids:
        return []
    rows = session.execute(
        select(CaseEntry.at, CaseEntry.kind, Officer.display_name, CaseEntry.case_id, CaseEntry.body)
        .outerjoin(Officer, Officer.id == CaseEntry.officer_id)
        .where(CaseEntry.case_id.in_(case_ids), CaseEntry.body != "")
        .order_by(CaseEntry.id.desc())
        .limit(MAX_NOTES)
    )
    return [Note(at, kind, name or "", case_id, body[:MAX_CHARS]) for at, kind, name, case_id, body in rows.tuples()]


def _of_contacts(session: Session, phone: str, contact: Contact | None, now: datetime) -> list[Note]:
    """Return notes of contacts in no case, which stand in no history: this call's, and earlier ones of the number."""
    theirs: ColumnElement[bool] = Contact.id == (contact.id if contact is not None else 0)
    if phone:
        theirs |= (Contact.phone == phone) & (Contact.opened_at > now - REMEMBERED)
    rows = session.execute(
        select(Contact.opened_at, Officer.display_name, Contact.note)
        .outerjoin(Officer, Officer.id == Contact.officer_id)
        .where(theirs, Contact.case_id.is_(None), Contact.note != "")
        .order_by(Contact.id.desc())
        .limit(MAX_NOTES)
    )
    return [Note(at, "note", name or "", None, body[:MAX_CHARS]) for at, name, body in rows.tuples()]


def _promises(session: Session, phone: str, case_ids: list[int]) -> list[Promise]:
    wanted = Callback.case_id.in_(case_ids) & Callback.state.in_((*OPEN, GIVEN_UP))
    if phone:
        wanted |= (Callback.phone == phone) & Callback.state.in_(OPEN)
    rows = session.execute(
        select(Callback.due_at, Callback.kind, Callback.state, Officer.display_name, Callback.case_id)
        .outerjoin(Officer, Officer.id == Callback.owner_id)
        .where(wanted)
        .order_by(Callback.due_at, Callback.id)
        .limit(MAX_PROMISES)
    )
    return [Promise(due_at, kind, state, name or "", case) for due_at, kind, state, name, case in rows.tuples()]


def _name(session: Session, officer_id: int | None) -> str:
    return session.scalar(select(Officer.display_name).where(Officer.id == officer_id)) or "" if officer_id else ""
