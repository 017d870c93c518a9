"""What a hand-over says, from rows to facts, and the summary that is signed: numbers of cases, times, and nothing of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hotline.calls.models import Call
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.core.ids import reference
from hotline.missions.models import Mission
from hotline.queues.models import Callback
from overflow.handover.models import Handover, HandoverItem
from overflow.handover.states import CASE, PROMISE, is_urgent


@dataclass(frozen=True)
class Subject:
    """What one thing is about, as its own row says now. `at`: when the case was opened, the promise is due, the call began."""

    kind: str
    id: int
    at: datetime
    state: str
    case_id: int | None
    country: str = ""
    drill: bool = False
    danger: bool = False

    @property
    def name(self) -> str:
        """Return the reference that people read out."""
        return reference({CASE: "CS", PROMISE: "CB"}.get(self.kind, "CL"), self.id)


@dataclass(frozen=True)
class Counts:
    """Calls of a closing: all, those that talked to somebody, and cases that were settled before the opening."""

    calls: int
    answered: int
    settled: int


def subjects(session: Session, items: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Subject]:
    """Return what each (kind, id) is about, in at most three statements."""
    wanted: dict[str, list[int]] = {}
    for kind, subject_id in items:
        wanted.setdefault(kind, []).append(subject_id)
    found: dict[tuple[str, int], Subject] = {}
    for case in session.scalars(select(Case).where(Case.id.in_(wanted.get("case", [])))):
        found[CASE, case.id] = Subject(CASE, case.id, case.opened_at, case.state, case.id, case.country)
    for word in session.scalars(select(Callback).where(Callback.id.in_(wanted.get("promise", [])))):
        found[PROMISE, word.id] = Subject(PROMISE, word.id, word.due_at, word.state, word.case_id, danger=word.danger)
    rows = session.execute(
        select(Call, Contact.case_id)
        .outerjoin(Contact, Contact.id == Call.contact_id)
        .where(Call.id.in_(wanted.get("unhelped", [])))
    )
    for call, case_id in rows.tuples():
        found["unhelped", call.id] = Subject(
            "unhelped", call.id, call.started_at, call.end_reason or "hangup", case_id, danger=call.danger
        )
    return found


def mission_calls(mission_id: int, start: datetime, end: datetime) -> ColumnElement[bool]:
    """Return the condition for the calls that came for a mission in a time; drills and tests of lines are none."""
    return (
        (Call.mission_id == mission_id)
        & (Call.direction == "in")
        & ~Call.drill
        & (Call.end_reason != "line_test")
        & (Call.started_at >= start)
        & (Call.started_at < end)
    )


def counts(session: Session, handover: Handover) -> Counts:
    """Return the figures of a closing."""
    row = session.execute(
        select(
            func.count(),
            func.count(Call.connected_at),
            func.count(Case.id.distinct()).filter(Case.closed_at <= handover.period_end),
        )
        .select_from(Call)
        .outerjoin(Contact, Contact.id == Call.contact_id)
        .outerjoin(Case, Case.id == Contact.case_id)
        .where(mission_calls(handover.mission_id, handover.period_start, handover.period_end))
    ).one()
    return Counts(*row)


def content(
    mission: Mission, handover: Handover, figures: Counts, items: Sequence[HandoverItem],
    known: dict[tuple[str, int], Subject], now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Return the summary of one revision, the urgent things first; times are UTC, `zone` says whose mornings they are."""
    return {
        "document": "hotline-handover-1",
        "handover": reference("HO", handover.id),
        "revision": handover.revision,
        "mission": mission.code,
        "zone": mission.zone,
        "closed_from": moment(handover.period_start),
        "opened_at": moment(handover.period_end),
        "composed_at": moment(now),
        "acknowledge_by": moment(handover.due_at) if handover.due_at else None,
        "calls": figures.calls,
        "answered": figures.answered,
        "cases_settled": figures.settled,
        "items": [_line(item, known[item.kind, item.subject_id]) for item in items],
    }


def _line(item: HandoverItem, subject: Subject) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": item.kind, "reference": subject.name, "urgent": is_urgent(item.urgency), "urgency": item.urgency,
        "at": moment(subject.at), "state": subject.state,
    }  # fmt: skip
    if subject.case_id is not None and item.kind != CASE:
        line["case"] = reference("CS", subject.case_id)
    if subject.country:
        line["country"] = subject.country
    return line


def moment(at: datetime) -> str:
    """Return a moment as summaries write it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
