"""The report of a call-out: who was asked, who came how fast, how long they helped, what they said afterwards; with a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.tables import plain_cell
from overflow.surge import words
from overflow.surge.models import AskedPerson, CalloutEvent
from overflow.surge.reading import Shown, shown
from overflow.surge.survey import QUESTIONS

MAX_TIMELINE = 2_000


@dataclass(frozen=True)
class Row:
    """One person's line: spans in whole seconds from the asking, None where it did not come to that."""

    person: AskedPerson
    name: str
    answered_s: int | None
    briefed_s: int | None
    ready_s: int | None


@dataclass(frozen=True)
class Report:
    """Everything about one call-out; `averages` are of the survey's answers, 1 to 5."""

    shown: Shown
    rows: list[Row]
    timeline: list[CalloutEvent]
    counts: dict[str, int]
    first_ready_s: int | None
    satisfied_s: int | None
    median_answer_s: int | None
    median_ready_s: int | None
    minutes: int
    surveys: int
    averages: dict[str, float]


def report_of(session: Session, callout_id: int, now: datetime) -> Report:
    """Return the report as far as things stand at `now`; raises NotFound."""
    found = shown(session, callout_id, now)
    rows = [_row(here.person, name) for here, name in found.people]
    timeline = session.scalars(
        select(CalloutEvent)
        .where(CalloutEvent.callout_id == callout_id, CalloutEvent.person_id.is_(None))
        .order_by(CalloutEvent.id)
        .limit(MAX_TIMELINE)
    )
    begun = found.callout.created_at
    ready_at = [row.person.ready_at for row in rows if row.person.ready_at is not None]
    return Report(
        found, rows, list(timeline), dict(Counter(row.person.state for row in rows)),
        _seconds(begun, min(ready_at, default=None)), _seconds(begun, found.callout.satisfied_at),
        _median([row.answered_s for row in rows]), _median([row.ready_s for row in rows]),
        sum(row.person.minutes for row in rows), sum(row.person.surveyed_at is not None for row in rows), _averages(rows),
    )  # fmt: skip


def _row(person: AskedPerson, name: str) -> Row:
    asked = person.asked_at
    return Row(
        person,
        name,
        _seconds(asked, person.answered_at),
        _seconds(asked, person.briefed_at),
        _seconds(asked, person.ready_at),
    )


def _seconds(since: datetime, until: datetime | None) -> int | None:
    return None if until is None or until < since else int((until - since) / timedelta(seconds=1))


def _median(spans: Sequence[int | None]) -> int | None:
    known = [each for each in spans if each is not None]
    return int(median(known)) if known else None


def _averages(rows: Sequence[Row]) -> dict[str, float]:
    answers: dict[str, list[int]] = {key: [] for key in QUESTIONS}
    for row in rows:
        for key, points in (row.person.survey or {}).items():
            if key in answers:
                answers[key].append(int(points))
    return {key: round(sum(points) / len(points), 2) for key, points in answers.items() if points}


HEADS = (
    "volunteer_id", "name", "wave", "asks", "state", "reason", "answer", "answered_by", "asked_at", "answered_at", "briefed_at",
    "ready_at", "left_at", "released_at", "seconds_to_answer", "seconds_to_ready", "calls", "minutes", *QUESTIONS,
)  # fmt: skip


def as_csv(report: Report) -> str:
    """Return everybody who was asked as a table; times are UTC, and no cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for row in report.rows:
        person, survey = row.person, row.person.survey or {}
        assert person.state in words.PERSON_STATES
        writer.writerow(
            [
                person.volunteer_id, plain_cell(row.name), person.wave, person.asks, person.state, person.reason,
                person.answer or "", person.answered_by or "", _iso(person.asked_at), _iso(person.answered_at),
                _iso(person.briefed_at), _iso(person.ready_at), _iso(person.left_at), _iso(person.released_at),
                _plain(row.answered_s), _plain(row.ready_s), person.calls, person.minutes,
                *(_plain(survey.get(key)) for key in QUESTIONS),
            ]
        )  # fmt: skip
    return out.getvalue()


def _iso(when: datetime | None) -> str:
    return when.isoformat() if when is not None else ""


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
