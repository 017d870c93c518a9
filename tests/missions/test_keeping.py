"""Hours, holidays, exceptions, one tap, lines, duty chain, bulletins: kept, on the trail, and only by those who may."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.missions import duty, holiday_names, keeping, opening, staff, yearly
from hotline.missions.duty import Contact, Line
from hotline.missions.models import Mission, MissionHoliday, MissionOverride
from tests.factories import make_mission, make_officer

HOURS = "Mo-Fr 09:00-12:00,13:30-17:30"
POOL = Line(number="+861055550101", pool_number="+82255550101", return_number="+8613055550101")


def make_beijing(session: Session, **more: Any) -> Mission:
    return make_mission(session, **({"country": "CN", "countries": ["CN"], "zone": "Asia/Shanghai"} | more))


def make_keeper(session: Session, *roles: str) -> Actor:
    return actor_of(make_officer(session, roles=roles or ("administrator",)), "console")


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def test_hours_are_kept_in_normal_form_and_the_same_again_is_no_change(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        assert opening.at(session, mission.id, clock.now()).why == "unknown"
        for text in ("mo-fr 9:00–12:00,13:30-17:30; PH off", HOURS):
            keeping.set_hours(session, clock, keeper, mission.id, text)
        kept = keeping.hours_of(session, mission.id)
        assert kept is not None and (kept.hours, kept.holiday_hours) == (HOURS, "off")
        assert actions(session).count("mission.hours_changed") == 1
        assert opening.at(session, mission.id, clock.now()).why == "hours"


def test_holidays_of_both_countries_are_proposed_and_only_the_chosen_close(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        keeping.set_hours(session, clock, keeper, mission.id, HOURS)
        year = clock.now().year + 1
        days = yearly.of_year(session, mission.id, year)
        assert {one.calendar for one in days} == {"host", "home"}
        assert not any(one.chosen for one in days)
        liberation = next(one for one in days if one.calendar == "home" and one.name_ko == "광복절")
        workday = next(one for one in days if one.calendar == "host" and one.day.weekday() < 5)
        assert yearly.choose(session, clock, keeper, mission.id, year, [(workday.day, "host")]) == 1
        yearly.add_own(session, clock, keeper, mission.id, date(year, 3, 2), "공관 창설일", "Foundation day")
        chosen = [one for one in yearly.of_year(session, mission.id, year) if one.chosen]
        assert {one.day for one in chosen} == {workday.day, date(year, 3, 2)}
        calendar = opening.calendar_of(session, mission.id)
        assert set(calendar.holidays) == {workday.day, date(year, 3, 2)}
        assert calendar.holidays[date(year, 3, 2)] == "공관 창설일 · Foundation day"
        assert liberation.day not in calendar.holidays
        with pytest.raises(InvalidInput, match="choose among"):
            yearly.choose(session, clock, keeper, mission.id, year, [(date(year, 3, 3), "host")])
        with pytest.raises(InvalidInput, match="year"):
            yearly.choose(session, clock, keeper, mission.id, year + 40, [])


@pytest.mark.parametrize("country", ["CN", "HK", "JP", "US", "DE", "KR", "XK", "PS"])
def test_every_country_is_proposed_something_or_at_least_home(country: str) -> None:
    found = yearly.proposed(country, 2027)
    assert any(one.name_ko == "개천절" for one in found)
    assert all(one.name_en and one.name_ko for one in found)


def test_an_exception_is_set_replaced_and_taken_back(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        keeping.set_hours(session, clock, keeper, mission.id, "Mo-Su 09:00-17:00")
        day = keeping.local_day(mission, clock.now()) + timedelta(days=3)
        keeping.set_exceptions(session, clock, keeper, mission.id, day, None, "off", "moving house")
        keeping.set_exceptions(session, clock, keeper, mission.id, day, None, "10:00-12:00", "moving house")
        calendar = opening.calendar_of(session, mission.id)
        assert calendar.exceptions == {day: "moving house"}
        start = clock.now() + timedelta(days=2)
        assert sum((b - a for a, b in calendar.spans(start, start + timedelta(days=3))), timedelta()) < timedelta(
            hours=22
        )
        keeping.remove_exceptions(session, clock, keeper, mission.id, day)
        with pytest.raises(NotFound):
            keeping.remove_exceptions(session, clock, keeper, mission.id, day)
        with pytest.raises(InvalidInput, match="today"):
            keeping.set_exceptions(session, clock, keeper, mission.id, day - timedelta(days=9), None, "off", "")
        assert actions(session)[-3:] == ["mission.exception_set"] * 2 + ["mission.exception_removed"]


def test_days_in_a_row_get_hours_of_their_own_at_once_and_stand_as_one(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        keeping.set_hours(session, clock, keeper, mission.id, "Mo-Su 09:00-17:00")
        first = keeping.local_day(mission, clock.now()) + timedelta(days=3)
        last, middle = first + timedelta(days=9), first + timedelta(days=4)

        def put(since: date, until: date | None, hours: str, note: str = "moving house") -> int:
            return keeping.set_exceptions(session, clock, keeper, mission.id, since, until, hours, note)

        assert put(first, last, "off") == 10
        assert put(first, last, "off") == 0, "the same again changes nothing"
        assert put(middle, None, "10:00-12:00") == 1
        spells = keeping.spells_of(session, mission.id, first)
        assert [(one.first, one.last, one.hours) for one in spells] == [
            (first, middle - timedelta(days=1), "off"), (middle, middle, "10:00-12:00"),
            (middle + timedelta(days=1), last, "off"),
        ]  # fmt: skip
        assert len(opening.calendar_of(session, mission.id).exceptions) == 10
        assert keeping.remove_exceptions(session, clock, keeper, mission.id, first, last) == 10
        with pytest.raises(NotFound):
            keeping.remove_exceptions(session, clock, keeper, mission.id, first, last)
        trail = [one.after or one.before for one in session.scalars(select(AuditEntry).order_by(AuditEntry.seq))][-3:]
        assert trail[0]["last_day"] == trail[2]["last_day"] == last.isoformat() and "last_day" not in trail[1]
        for until in (first - timedelta(days=1), first + timedelta(days=keeping.MAX_RANGE)):
            with pytest.raises(InvalidInput, match="last_day"):
                put(first, until, "off")
            with pytest.raises(InvalidInput, match="last_day"):
                keeping.remove_exceptions(session, clock, keeper, mission.id, first, until)
        for nth in range(4):
            put(first + timedelta(days=92 * nth), first + timedelta(days=92 * nth + 91), "off")
        with pytest.raises(Refused):
            put(first + timedelta(days=368), first + timedelta(days=400), "off")


@pytest.mark.parametrize("country", sorted(holiday_names.KOREAN))
def test_holidays_of_the_pilots_hosts_have_korean_names(country: str) -> None:
    for year in range(2024, 2033):
        days = [one for one in yearly.proposed(country, year) if one.calendar == "host"]
        assert len(days) > 9
        for one in days:
            assert any("가" <= char <= "힣" for char in one.name_ko), (one.day, one.name_en, one.name_ko)
            assert not any(char.isascii() and char.isalpha() for char in one.name_ko), one.name_ko


def test_a_holiday_without_a_korean_name_keeps_its_english_one_in_both() -> None:
    assert holiday_names.korean("PH", "Rizal Day") == "Rizal Day"
    assert holiday_names.korean("CN", "A day nobody knows") == "A day nobody knows"
    assert holiday_names.korean("CN", "National Day; A day nobody knows") == "National Day; A day nobody knows"
    assert holiday_names.korean("CN", "Mid-Autumn Festival; National Day") == "중추절 · 국경절"
    assert holiday_names.korean("CN", "Day off (substituted from 02/14/2026)") == "대체휴무 (2월 14일 근무)"
    found = [one for one in yearly.proposed("PH", 2026) if one.calendar == "host"]
    assert found and all(one.name_ko == one.name_en for one in found)


def test_a_holiday_that_was_kept_before_its_korean_name_was_known_gets_it(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        day = date(clock.now().year, 10, 1)
        names = {"name_ko": "National Day", "name_en": "National Day"}
        session.add(MissionHoliday(mission_id=mission.id, day=day, calendar="host", chosen=True, **names))
        session.flush()

        def shown() -> str:
            found = yearly.of_year(session, mission.id, day.year)
            return next(one.name_ko for one in found if (one.day, one.calendar) == (day, "host"))

        assert shown() == "국경절"
        yearly.choose(session, clock, keeper, mission.id, day.year, [(day, "host")])
        assert "국경절" in opening.calendar_of(session, mission.id).holidays[day]


def test_one_tap_closes_until_its_end_another_replaces_it_and_undo_ends_it(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        end = clock.now() + timedelta(hours=3)
        keeping.tap(session, clock, keeper, mission.id, "closed_now", "power cut", end)
        assert opening.at(session, mission.id, clock.now()).note == "power cut"
        clock.advance(timedelta(minutes=5))
        keeping.tap(session, clock, keeper, mission.id, "open_now", "crisis desk", end)
        found = opening.at(session, mission.id, clock.now())
        assert (found.open, found.why, found.until) == (True, "open_now", end)
        assert not opening.at(session, mission.id, clock.now() - timedelta(minutes=1)).open
        clock.advance(timedelta(minutes=5))
        keeping.undo(session, clock, keeper, mission.id)
        assert opening.at(session, mission.id, clock.now()).why == "unknown"
        with pytest.raises(Refused, match="already"):
            keeping.undo(session, clock, keeper, mission.id)
        assert [row.last for row in session.scalars(select(MissionOverride).order_by(MissionOverride.id))] == [
            False,
            True,
        ]
        for reason, ends_at in (("", end), ("x", clock.now()), ("x", clock.now() + timedelta(days=40))):
            with pytest.raises(InvalidInput):
                keeping.tap(session, clock, keeper, mission.id, "closed_now", reason, ends_at)


def test_a_line_left_out_is_closed_and_its_pool_number_is_free(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, other, keeper = make_beijing(session), make_beijing(session), make_keeper(session)
        duty.set_lines(session, clock, keeper, mission.id, [POOL, Line("+861055550102", "+82255550102")])
        duty.set_lines(session, clock, keeper, mission.id, [Line("+861055550102", "+82255550101")])
        assert [row.pool_number for row in duty.lines_of(session, mission.id)] == ["+82255550101"]
        with pytest.raises(SeveralFaults) as taken:
            duty.set_lines(session, clock, keeper, other.id, [Line("+862155550101", "+82255550101")])
        assert taken.value.faults[0]["mend"] == "another mission has this number"
        assert len(duty.set_lines(session, clock, keeper, mission.id, [POOL])) == 1
        assert len(duty.lines_of(session, mission.id, with_closed=True)) == 2


def test_every_fault_of_lines_is_named(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        lines = [
            Line("12", "+82255550101"),
            Line("+861055550101"),
            Line("+861055550102", "+82255550102", return_number="+861055550103"),
            Line("+861055550103", "+82255550102"),
            Line("+861055550104", "+82255550104", technique="pigeon"),
        ]
        with pytest.raises(SeveralFaults) as faults:
            duty.set_lines(session, clock, keeper, mission.id, lines)
        fields = [fault["field"] for fault in faults.value.faults]
        assert fields == ["1.number", "2.pool_number", "5.technique", "pool_number", "return_number"]
        with pytest.raises(Refused, match="20"):
            duty.set_lines(session, clock, keeper, mission.id, [POOL] * 21)


def test_the_duty_chain_keeps_its_order(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        chain = [Contact("Duty", "+86 130 5555 0101"), Contact("Deputy", "+8613055550102")]
        for _ in range(2):
            duty.set_duty(session, clock, keeper, mission.id, chain)
        assert [(one.position, one.phone) for one in duty.duty_of(session, mission.id)] == [
            (1, "+8613055550101"),
            (2, "+8613055550102"),
        ]
        assert actions(session).count("mission.duty_changed") == 1
        with pytest.raises(SeveralFaults):
            duty.set_duty(session, clock, keeper, mission.id, [Contact("", "+8613055550101"), Contact("a", "1")])
        with pytest.raises(SeveralFaults):
            duty.set_duty(session, clock, keeper, mission.id, [chain[0], chain[0]])


def test_a_bulletin_holds_until_its_end_or_until_it_is_taken_back(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission, keeper = make_beijing(session), make_keeper(session)
        end = clock.now() + timedelta(days=1)
        first = duty.add_notice(session, clock, keeper, mission.id, "이전", "moved", end)
        second = duty.add_notice(session, clock, keeper, mission.id, "둘", "two", None)
        assert [one.id for one in duty.notices_of(session, mission.id, clock.now())] == [second.id, first.id]
        assert [one.id for one in duty.notices_of(session, mission.id, end)] == [second.id]
        duty.withdraw_notice(session, clock, keeper, mission.id, second.id)
        assert [one.id for one in duty.notices_of(session, mission.id, clock.now())] == [first.id]
        with pytest.raises(InvalidInput):
            duty.add_notice(session, clock, keeper, mission.id, "", "x", None)
        with pytest.raises(NotFound):
            duty.withdraw_notice(session, clock, keeper, make_beijing(session).id, first.id)


def test_a_missions_officer_changes_their_own_mission_and_sees_nothing_inside_another(
    db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        mine, other, keeper = make_beijing(session), make_beijing(session), make_keeper(session)
        officer = make_officer(session, roles=("mission_officer",))
        at_mission = actor_of(officer, "console")
        assert not staff.may_see(session, at_mission, mine.id)
        staff.add(session, clock, keeper, mine.id, officer.name)
        staff.add(session, clock, keeper, mine.id, officer.name)
        keeping.set_hours(session, clock, at_mission, mine.id, HOURS)
        assert staff.may_see(session, at_mission, mine.id) and not staff.may_see(session, at_mission, other.id)
        for refused in (
            lambda: keeping.set_hours(session, clock, at_mission, other.id, HOURS),
            lambda: duty.set_duty(session, clock, at_mission, other.id, []),
            lambda: keeping.tap(session, clock, at_mission, other.id, "closed_now", "x", clock.now()),
            lambda: staff.add(session, clock, at_mission, mine.id, officer.name),
            lambda: staff.demand(session, make_keeper(session, "agent"), mine.id, change=True),
        ):
            with pytest.raises(Forbidden):
                refused()
        staff.demand(session, make_keeper(session, "agent"), mine.id)
        assert staff.missions_of(session, officer.id) == [mine.id]
        staff.remove(session, clock, keeper, mine.id, officer.id)
        assert staff.people_of(session, mine.id) == []
        with pytest.raises(InvalidInput, match="sign-in name"):
            staff.add(session, clock, keeper, mine.id, "nobody")
        with pytest.raises(InvalidInput, match="cashier"):
            staff.add(session, clock, keeper, mine.id, make_officer(session, roles=("agent",)).name)
        cashier = make_officer(session, roles=("cashier",))
        staff.add(session, clock, keeper, mine.id, cashier.name)
        assert staff.people_of(session, mine.id) == [cashier], "whoever pays out works there, too"


def test_calendars_of_all_missions_take_four_statements(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        ids = [make_beijing(session).id for _ in range(12)]
        for mission_id in ids[:6]:
            keeping.set_hours(session, clock, SYSTEM, mission_id, HOURS)
            keeping.tap(session, clock, SYSTEM, mission_id, "closed_now", "x", clock.now() + timedelta(hours=1))
        session.flush()
        asked: list[str] = []
        engine = session.get_bind()

        def count(_c: object, _u: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", count)
        try:
            found = opening.calendars(session, None, since=clock.now())
        finally:
            event.remove(engine, "before_cursor_execute", count)
        assert len(asked) == 4
        assert set(found) == set(ids)
        assert [found[one].opening(clock.now()).why for one in ids] == ["closed_now"] * 6 + ["unknown"] * 6
        with pytest.raises(NotFound):
            opening.calendar_of(session, 10**9)
