"""Telling people what is due: claimed, judged again and handed to the texts in one transaction, so that a crash repeats nothing.

A row and its text are committed together, and the text's own key keeps a second one away. What was lost with Valkey is found
again here: the round looks at rows, every few seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.notices import store
from hotline.notices.states import Priority
from overflow.shifts.limits import Span
from overflow.shifts.models import Shift, ShiftTelling
from overflow.shifts.people import Person, people
from overflow.shifts.states import (
    DROPPED,
    MISSED,
    NEWS,
    NEWS_CANCELLED,
    NEWS_CHANGED,
    NEWS_PASSED_ON,
    NEWS_PUBLISHED,
    NEWS_REFUSED,
    PUBLISHED,
    REMIND_HOUR,
    REMINDERS,
    SENT,
    UNREACHABLE,
    WAITING,
)
from overflow.shifts.telling import ENOUGH, quiet_until
from overflow.shifts.texts import MAX_LINES, Line, compose

JOB = "shifts.tell"
EVERY_S = 15
PEOPLE_AT_ONCE = 100
MAX_ROUNDS = 20
PURPOSE = "shift"
LONGEST = timedelta(days=3)
"""Longest life of a text (`hotline.notices`)."""
_GONE = (NEWS_CANCELLED, NEWS_PASSED_ON)
"""News that a shift is off for somebody; true only for those who were told of it."""
Due = tuple[ShiftTelling, Shift]


def send(services: Services) -> int:
    """Tell what is due, for a bounded number of rounds; the job `shifts.tell`. How many texts were handed over."""
    texts = 0
    for _ in range(MAX_ROUNDS):
        with services.db.transaction() as session:
            due = _claim(session, services.clock.now())
            texts += _tell(session, services, due)
        if not due:
            break
    return texts


def _claim(session: Session, now: datetime) -> list[Due]:
    """Lock the shifts that some people have to be told of, and then what is to be told; those in other hands are left."""
    waiting = (ShiftTelling.state == WAITING, ShiftTelling.due_at <= now)
    whom = (
        select(ShiftTelling.agent_id).where(*waiting).group_by(ShiftTelling.agent_id)
        .order_by(ShiftTelling.agent_id).limit(PEOPLE_AT_ONCE)
    )  # fmt: skip
    agent_ids = list(session.scalars(whom))
    if not agent_ids:
        return []
    about = select(ShiftTelling.shift_id).where(*waiting, ShiftTelling.agent_id.in_(agent_ids))
    locked = select(Shift).where(Shift.id.in_(about)).order_by(Shift.id).with_for_update(skip_locked=True)
    shifts = {shift.id: shift for shift in session.scalars(locked.execution_options(populate_existing=True))}
    tellings = session.scalars(
        select(ShiftTelling)
        .where(*waiting, ShiftTelling.agent_id.in_(agent_ids), ShiftTelling.shift_id.in_(shifts))
        .order_by(ShiftTelling.starts_at, ShiftTelling.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [(telling, shifts[telling.shift_id]) for telling in tellings]


def _tell(session: Session, services: Services, due: Sequence[Due]) -> int:
    now = services.clock.now()
    known = people(session, {telling.agent_id for telling, _ in due})
    known_times = _told_before(session, [telling for telling, _ in due])
    grouped: dict[tuple[int, str], list[tuple[ShiftTelling, Line]]] = defaultdict(list)
    for telling, shift in due:
        person = known[telling.agent_id]
        before = known_times.get((telling.shift_id, telling.agent_id))
        if not _still_true(telling, shift, before, now) or _is_left_alone(telling, person):
            telling.state, telling.settled_at = DROPPED, now
        elif not _postponed(telling, person, now):
            kind, line = _line(telling, shift, before)
            grouped[telling.agent_id, kind].append((telling, line))
    texts = 0
    for (agent_id, kind), rows in sorted(grouped.items()):
        for first in range(0, len(rows), MAX_LINES):
            texts += _text(session, services, known[agent_id], kind, rows[first : first + MAX_LINES])
    session.flush()
    return texts


def _told_before(session: Session, tellings: Sequence[ShiftTelling]) -> dict[tuple[int, int], Span | None]:
    """Return the times that people were told last of these shifts; None where the last word was that it is off."""
    rows = session.scalars(
        select(ShiftTelling)
        .where(
            ShiftTelling.shift_id.in_({each.shift_id for each in tellings}), ShiftTelling.kind.in_(set(NEWS) - {NEWS_REFUSED}),
            ShiftTelling.state.in_((SENT, UNREACHABLE)),
        )
        .order_by(ShiftTelling.settled_at, ShiftTelling.id)
    )  # fmt: skip
    last: dict[tuple[int, int], Span | None] = {}
    for row in rows:
        last[row.shift_id, row.agent_id] = None if row.kind in _GONE else (row.starts_at, row.ends_at)
    return last


def _still_true(telling: ShiftTelling, shift: Shift, before: Span | None, now: datetime) -> bool:
    if telling.expires_at <= now:
        return False
    if telling.kind in _GONE:
        return before is not None  # who was never told of it need not be told that it is off
    if telling.kind == NEWS_REFUSED:
        return shift.state == PUBLISHED
    held = shift.state == PUBLISHED and shift.agent_id == telling.agent_id
    if telling.kind in REMINDERS:
        return held and telling.starts_at == shift.starts_at and shift.starts_at > now
    if telling.kind == NEWS_CHANGED and before == (shift.starts_at, shift.ends_at):
        return False  # moved away and back before anybody was told
    return held


def _is_left_alone(telling: ShiftTelling, person: Person) -> bool:
    """Say whether somebody who left or was suspended would be reminded, or asked where they are."""
    return telling.kind in (*REMINDERS, MISSED) and not person.active


def _postponed(telling: ShiftTelling, person: Person, now: datetime) -> bool:
    """Wait for the end of a quiet time that was chosen after the row was written, where the shift allows it."""
    if telling.kind in (REMIND_HOUR, MISSED):
        return False
    until = quiet_until(person, now)
    if until is None or until > telling.starts_at - ENOUGH or until >= telling.expires_at:
        return False
    telling.due_at = until
    return True


def _line(telling: ShiftTelling, shift: Shift, before: Span | None) -> tuple[str, Line]:
    span: Span = (shift.starts_at, shift.ends_at)
    if telling.kind in _GONE:
        assert before is not None
        return telling.kind, Line(before, reason=shift.reason if telling.kind == NEWS_CANCELLED else "")
    telling.starts_at, telling.ends_at = span  # what the text really says
    if telling.kind == NEWS_CHANGED:
        return (NEWS_CHANGED, Line(span, before, shift.reason)) if before else (NEWS_PUBLISHED, Line(span))
    return telling.kind, Line(span)


def _text(
    session: Session, services: Services, person: Person, kind: str, rows: Sequence[tuple[ShiftTelling, Line]]
) -> int:  # fmt: skip
    now = services.clock.now()
    notice_id = None
    if person.phone:
        notice_id = store.publish(
            session, services.clock, phone=person.phone, purpose=PURPOSE,
            body=compose(kind, person.language, person.zone, [line for _, line in rows]),
            dedupe_key=f"shift:{rows[0][0].id}:{kind}",
            expires_at=min(max(telling.expires_at for telling, _ in rows), now + LONGEST),
            priority=Priority.AT_ONCE if kind in (REMIND_HOUR, MISSED) else None,
        )  # fmt: skip
    for telling, _ in rows:
        telling.state, telling.notice_id, telling.settled_at = (SENT if notice_id else UNREACHABLE), notice_id, now
    return 1 if notice_id else 0
