"""Exactly one test a week for every line, whatever the clocks do, at an hour at which nobody is there; and the button."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.officers import actor_of
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.missions.hours import Calendar
from hotline.missions.models import Mission, MissionHours, MissionLine, MissionStaff
from overflow.drills import planning, reporting, starting
from overflow.drills.models import LineTest, LineTestRound
from overflow.drills.weeks import due, planned_at, week_of
from tests.factories import make_mission, make_officer
from tests.overflow.drills.conftest import World, make_line

WEEK = date(2026, 3, 23)


def utc(*given: int) -> datetime:
    return datetime(*given, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("zone", "weekday", "hour", "instant"),
    [
        ("Asia/Manila", 2, 3, utc(2026, 3, 24, 19)),
        ("Europe/Berlin", 6, 2, utc(2026, 3, 29, 1)),  # 02:00 is left out: the clocks go from 01:59 to 03:00
        ("Europe/Berlin", 6, 3, utc(2026, 3, 29, 1)),
        ("Pacific/Kiritimati", 0, 0, utc(2026, 3, 22, 10)),
        ("Pacific/Pago_Pago", 6, 23, utc(2026, 3, 30, 10)),
    ],
)
def test_an_hour_on_the_wall_is_one_instant(zone: str, weekday: int, hour: int, instant: datetime) -> None:
    assert planned_at(WEEK, zone, weekday, hour) == instant
    assert week_of(instant, zone) == WEEK


def test_of_an_hour_that_comes_twice_the_first_is_taken() -> None:
    assert planned_at(date(2026, 10, 19), "Europe/Berlin", 6, 2) == utc(2026, 10, 25, 0)


def test_a_line_is_tested_while_the_mission_is_closed() -> None:
    always = Calendar("Asia/Manila", "24/7")
    office = Calendar("Asia/Manila", "Mo-Fr 00:00-09:00")
    now = utc(2026, 3, 20)
    planned = planned_at(WEEK, "Asia/Manila", 2, 3)
    assert due(WEEK, office, 0, now, weekday=2, hour=3) == planned + timedelta(hours=6)
    assert due(WEEK, always, 0, now, weekday=2, hour=3) == planned
    assert due(WEEK, Calendar("Asia/Manila", None), 0, now, weekday=2, hour=3) == planned
    minutes = {due(WEEK, always, line, now, weekday=2, hour=3) - planned for line in range(1, 51)}
    assert len(minutes) == 50 and max(minutes) < timedelta(minutes=50), "lines of one zone lie apart"


@pytest.mark.parametrize("start", [utc(2026, 3, 15), utc(2026, 10, 11), utc(2026, 12, 20)])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize(("weekday", "hour"), [(7, 2), (1, 0)])
def test_every_line_has_exactly_one_test_in_each_week(
    world: World, start: datetime, zone: str, weekday: int, hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job runs every six hours for four weeks over changes of the clocks and the turn of the year."""
    monkeypatch.setattr(world.services.settings, "line_test_weekday", weekday)
    monkeypatch.setattr(world.services.settings, "line_test_hour", hour)
    with world.services.db.transaction() as session:
        for mission in session.scalars(select(Mission)):
            mission.zone = zone
    world.clock.advance(start - world.clock.now())
    for _ in range(4 * 28):
        planning.plan(world.services)
        with world.services.db.transaction() as session:
            for test in session.scalars(select(LineTest).where(LineTest.due_at <= world.clock.now())):
                test.state, test.finished_at, test.due_at = "passed", world.clock.now(), None
        world.clock.advance(timedelta(hours=6))
    with world.services.db.transaction() as session:
        found = session.execute(
            select(LineTest.line_id, LineTestRound.week).join(LineTestRound, LineTestRound.id == LineTest.round_id)
        ).all()
    counted = Counter((line_id, week) for line_id, week in found)
    assert set(counted.values()) == {1}
    weeks = sorted({week for _, week in counted})
    assert len(weeks) in (4, 5, 6)
    assert all(later - earlier == timedelta(days=7) for earlier, later in pairwise(weeks))
    assert len(counted) == 2 * len(weeks)


def test_planning_twice_adds_nothing_and_closed_lines_and_missions_are_left_out(world: World) -> None:
    with world.services.db.transaction() as session:
        closed = make_mission(session, code="closed", closed_at=world.clock.now()).id
        make_line(session, world.clock, closed, "+6621111111", None)
        session.get_one(MissionLine, world.lines["hanoi"]).closed_at = world.clock.now()
    world.clock.advance(timedelta(days=7))
    for _ in range(8):
        planning.plan(world.services)
        world.clock.advance(timedelta(hours=20))
    assert {each.line_id for each in world.tests()} == {world.lines["manila"]}
    before = len(world.tests())
    planning.plan(world.services)
    assert len(world.tests()) == before


def test_a_week_that_is_over_gets_its_report_once_every_test_has_ended(world: World) -> None:
    with world.services.db.transaction() as session:
        week = week_of(world.clock.now(), "Asia/Manila")
        each = LineTestRound(week=week, state="open", report={}, started_at=world.clock.now())
        session.add(each)
        session.flush()
        round_id = each.id
    first = world.plan("manila", round_id=round_id)
    world.plan("hanoi", round_id=round_id)
    world.carry_out()
    world.arrive()
    world.word(first, "completed")
    world.clock.advance(timedelta(days=9))
    planning.plan(world.services)
    with world.services.db.transaction() as session:
        assert session.get_one(LineTestRound, round_id).state == "open", "a test is under way"
    world.carry_out()
    world.later(601)
    world.later(91)
    planning.plan(world.services)
    with world.services.db.transaction() as session:
        found = session.get_one(LineTestRound, round_id)
        lines = {each.line_id: each for each in reporting.outcomes(session, round_id)}
    assert found.state == "finished"
    assert found.report == {
        "lines": 2, "passed": 1, "repeated": 0, "failed": 1, "open": 0, "seconds": 0.0, "reasons": {"not_arrived": 1},
    }  # fmt: skip
    assert lines[world.lines["hanoi"]].tests == 2


# The button.


def officer(world: World, *roles: str, mission: str = "") -> Any:
    with world.services.db.transaction() as session:
        found = make_officer(session, roles=roles)
        if mission:
            session.add(MissionStaff(officer_id=found.id, mission_id=getattr(world, mission), since=world.clock.now()))
        return actor_of(found, "console")


def press(world: World, actor: Any, line: str = "manila") -> LineTest:
    with world.services.db.transaction() as session:
        return starting.start(session, world.services, actor, world.lines[line])


def test_staff_test_their_own_lines_and_administrators_all(world: World) -> None:
    press(world, officer(world, "mission_officer", mission="manila"))
    press(world, officer(world, "administrator"), "hanoi")
    world.carry_out()
    assert len(world.telephones.made) == 2


@pytest.mark.parametrize(
    ("roles", "mission"),
    [(("mission_officer",), "hanoi"), (("mission_officer",), ""), (("agent",), ""), (("auditor",), "")],
)
def test_others_may_not(world: World, roles: tuple[str, ...], mission: str) -> None:
    with pytest.raises(Forbidden):
        press(world, officer(world, *roles, mission=mission))


def test_the_button_works_once_in_ten_minutes_for_each_line(world: World) -> None:
    administrator = officer(world, "administrator")
    press(world, administrator)
    for seconds, code in ((0, "line-test-recent"), (30, "line-test-recent")):
        world.clock.advance(timedelta(seconds=seconds))
        with pytest.raises(Refused) as refused:
            press(world, administrator)
        assert refused.value.code == code
    press(world, administrator, "hanoi")
    world.carry_out()
    with pytest.raises(Refused) as refused:
        press(world, administrator)
    assert refused.value.code == "line-test-on"
    world.later(91)
    world.clock.advance(timedelta(minutes=9))
    press(world, administrator)


def test_a_closed_line_and_no_line_are_not_tested(world: World) -> None:
    administrator = officer(world, "administrator")
    with world.services.db.transaction() as session:
        session.get_one(MissionLine, world.lines["manila"]).closed_at = world.clock.now()
    with pytest.raises(Refused):
        press(world, administrator)
    world.lines["none"] = 999_999
    with pytest.raises(NotFound):
        press(world, administrator, "none")


def test_the_hours_of_the_mission_are_kept_to(world: World) -> None:
    with world.services.db.transaction() as session:
        session.add(MissionHours(mission_id=world.manila, hours="Mo-Su 00:00-06:00", updated_at=world.clock.now()))
    for _ in range(8):
        planning.plan(world.services)
        world.clock.advance(timedelta(hours=24))
    by_line = {each.line_id: each for each in world.tests()}
    local = by_line[world.lines["manila"]].due_at.astimezone(UTC) + timedelta(hours=8)
    assert local.hour >= 6
