"""Calls become minutes: once per caller, by country, again for late ones, over the index, and made up after a standstill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core.db import Database, psycopg_of
from overflow.staffing import counting
from overflow.staffing.counting import count_up
from overflow.staffing.models import StaffingMinute
from tests.factories import NOW, make_mission
from tests.overflow.staffing.making import MINUTE, make_call, make_minutes


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.transaction() as session:
        yield session


def _counted(session: Session) -> list[tuple[datetime, str, int, int]]:
    rows = session.scalars(select(StaffingMinute).order_by(StaffingMinute.minute, StaffingMinute.country))
    return [(row.minute, row.country, row.first, row.calls) for row in rows]


def test_calls_are_counted_by_minute_and_the_missions_country(session: Session) -> None:
    mission = make_mission(session, country="JP")
    before = NOW - 5 * MINUTE
    make_call(session, at=before, mission_id=mission.id)
    make_call(session, at=before + timedelta(seconds=30), mission_id=mission.id)
    make_call(session, at=before + timedelta(seconds=70))
    make_call(session, at=NOW + timedelta(seconds=1))  # a minute that is not whole
    count_up(session, NOW + timedelta(seconds=30))
    assert _counted(session) == [(before, "JP", 2, 2), (before + MINUTE, "", 1, 1)]


def test_who_calls_again_without_an_answer_is_one_caller(session: Session) -> None:
    lost = {"connected_at": None, "phone": "+821012345678"}
    make_call(session, at=NOW - 9 * MINUTE, **lost)
    make_call(session, at=NOW - 7 * MINUTE, **lost)
    make_call(session, at=NOW - 5 * MINUTE, phone="+821012345678")
    make_call(session, at=NOW - 3 * MINUTE, phone="+821012345678")  # was answered: a new matter
    count_up(session, NOW)
    assert [(first, calls) for _, _, first, calls in _counted(session)] == [(1, 1), (0, 1), (0, 1), (1, 1)]


def test_withheld_numbers_and_old_calls_are_callers_of_their_own(session: Session) -> None:
    make_call(session, at=NOW - 2 * MINUTE, phone="", connected_at=None)
    make_call(session, at=NOW - 2 * MINUTE, phone="", connected_at=None)
    make_call(session, at=NOW - 65 * MINUTE, phone="+821012345678", connected_at=None)
    make_call(session, at=NOW - 1 * MINUTE, phone="+821012345678")
    count_up(session, NOW)
    assert sum(first for _, _, first, _ in _counted(session)) == 4


def test_outbound_unqueued_and_drill_calls_are_kept_apart(session: Session) -> None:
    make_call(session, at=NOW - 2 * MINUTE, direction="out")
    make_call(session, at=NOW - 2 * MINUTE, queued_at=None)
    make_call(session, at=NOW - 2 * MINUTE, drill=True)
    count_up(session, NOW)
    rows = session.scalars(select(StaffingMinute)).all()
    assert [(row.drill, row.first) for row in rows] == [(True, 1)]


def test_counting_twice_is_the_same_and_late_calls_are_taken_in(session: Session) -> None:
    make_call(session, at=NOW - 4 * MINUTE)
    count_up(session, NOW)
    count_up(session, NOW)
    make_call(session, at=NOW - 4 * MINUTE)
    count_up(session, NOW + MINUTE)
    session.expire_all()
    assert _counted(session) == [(NOW - 4 * MINUTE, "", 2, 2)]


def test_a_standstill_is_made_up_a_day_at_a_time(session: Session) -> None:
    for days in (5, 3, 1):
        make_call(session, at=NOW - timedelta(days=days))
    reached = [count_up(session, NOW) for _ in range(4)]
    assert reached == sorted(reached)
    assert reached[-1] == NOW
    assert len(_counted(session)) == 3


def test_a_quiet_week_does_not_stop_the_counting(session: Session) -> None:
    make_minutes(session, [1], until=NOW - timedelta(days=7))
    make_call(session, at=NOW - 3 * MINUTE)
    assert count_up(session, NOW) == NOW
    assert len(_counted(session)) == 2


def test_minutes_older_than_the_history_are_forgotten(session: Session) -> None:
    make_minutes(session, [1], until=NOW - counting.KEPT - MINUTE)
    count_up(session, NOW)
    assert _counted(session) == []


def test_counting_reads_the_index_and_no_more(session: Session) -> None:
    session.execute(text(
        "INSERT INTO calls (direction, state, phone, called, started_at, heard_at, queued_at)"
        " SELECT 'in', 'ended', '+8210' || n, '', at, at, at FROM"
        " (SELECT n, CAST(:now AS timestamptz) - n * interval '20 seconds' AS at FROM generate_series(1, 20000) n) AS made"
    ), {"now": NOW})  # fmt: skip
    session.execute(text("ANALYZE calls"))
    values = {"since": NOW - counting.AGAIN, "until": NOW}
    plan = "\n".join(row[0] for row in psycopg_of(session).execute("EXPLAIN " + counting.COUNT, values))
    assert "ix_calls_queued_at" in plan
    assert "Seq Scan on calls" not in plan
