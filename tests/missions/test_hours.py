"""Opening hours at the edges: changed clocks, nights, special days, one tap, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.core.errors import InvalidInput
from hotline.missions.hours import Calendar, Opening, Override
from hotline.missions.notation import MAX_TEXT, Hours, compose, read_day, read_hours

BEIJING = Calendar(zone="Asia/Shanghai", expression="Mo-Fr 09:00-12:00,13:30-17:30")


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_lunch_break_is_closed_until_the_afternoon() -> None:
    assert BEIJING.opening(at("Asia/Shanghai", "2026-11-26 12:00")) == Opening(
        open=False, why="hours", until=utc("2026-11-26 05:30")
    )
    assert BEIJING.opening(at("Asia/Shanghai", "2026-11-26 11:59")).until == utc("2026-11-26 04:00")
    assert BEIJING.next_opening(at("Asia/Shanghai", "2026-11-27 17:30")) == utc("2026-11-30 01:00")
    assert BEIJING.last_closing(at("Asia/Shanghai", "2026-11-29 12:00")) == utc("2026-11-27 09:30")
    assert BEIJING.last_closing(at("Asia/Shanghai", "2026-11-27 17:30")) == utc("2026-11-27 09:30")


def test_a_mission_without_hours_is_unknown_and_counts_as_closed() -> None:
    calendar = Calendar(zone="Asia/Seoul", expression=None)
    assert calendar.opening(utc("2026-01-05 03:00")) == Opening(open=False, why="unknown")
    assert calendar.next_opening(utc("2026-01-05 03:00")) is None
    assert calendar.last_closing(utc("2026-01-05 03:00")) is None
    assert calendar.spans(utc("2026-01-05 03:00"), utc("2026-02-05 03:00")) == []


def test_an_hour_that_is_left_out_is_never_open_and_one_that_comes_twice_is_open_twice() -> None:
    calendar = Calendar(zone="America/New_York", expression="Su 01:30-02:30")
    left_out = calendar.spans(utc("2026-03-08 00:00"), utc("2026-03-09 00:00"))
    assert left_out == [(utc("2026-03-08 06:30"), utc("2026-03-08 07:00"))]  # 01:30 to 02:00, when it is at once 03:00
    twice = calendar.spans(utc("2026-11-01 00:00"), utc("2026-11-02 00:00"))
    assert twice == [
        (utc("2026-11-01 05:30"), utc("2026-11-01 06:00")),
        (utc("2026-11-01 06:30"), utc("2026-11-01 07:30")),
    ]
    assert calendar.is_open(at("America/New_York", "2026-11-01 01:45", fold=0))
    assert calendar.is_open(at("America/New_York", "2026-11-01 01:45", fold=1))
    assert not calendar.is_open(at("America/New_York", "2026-11-01 01:15", fold=1))


def test_hours_that_lie_wholly_in_the_hour_left_out_do_not_open() -> None:
    calendar = Calendar(zone="Europe/Berlin", expression="Su 02:00-03:00")
    assert calendar.spans(utc("2026-03-29 00:00"), utc("2026-03-30 00:00")) == []


def test_open_all_day_is_one_span_through_a_change_of_the_clocks() -> None:
    calendar = Calendar(zone="Australia/Lord_Howe", expression="24/7")
    start, end = utc("2026-03-01 00:00"), utc("2026-12-01 00:00")
    assert calendar.spans(start, end) == [(start, end)]
    assert calendar.opening(start).until is None


def test_a_working_day_is_an_hour_earlier_in_utc_in_summer() -> None:
    calendar = Calendar(zone="Europe/Berlin", expression="Mo-Fr 09:00-17:00")
    assert calendar.next_opening(utc("2026-03-27 16:30")) == utc("2026-03-30 07:00")
    assert calendar.next_opening(utc("2026-10-23 16:30")) == utc("2026-10-26 08:00")


def test_a_night_runs_over_midnight_and_ends_with_a_special_day() -> None:
    hours = read_hours("Mo-Fr 22:00-02:00")
    off = date(2026, 10, 1)
    calendar = Calendar("UTC", compose(hours, (), {off: "off"}), exceptions={off: "moving house"})
    spans = calendar.spans(utc("2026-09-30 12:00"), utc("2026-10-03 12:00"))
    assert spans == [
        (utc("2026-09-30 22:00"), utc("2026-10-01 00:00")),  # the special day begins
        (utc("2026-10-02 22:00"), utc("2026-10-03 02:00")),  # and its own evening did not take place, nor did its night
    ]
    assert calendar.opening(utc("2026-10-01 12:00")) == Opening(
        open=False, why="exception", note="moving house", until=utc("2026-10-02 22:00")
    )


def test_an_exception_wins_over_a_holiday_and_a_holiday_over_ordinary_hours() -> None:
    hours = Hours("Mo-Fr 09:00-17:00", holiday="10:00-12:00")
    both, holiday = date(2026, 10, 1), date(2026, 10, 2)
    calendar = Calendar(
        "Asia/Shanghai",
        compose(hours, (both, holiday), {both: "off"}),
        holidays={both: "국경절 · National Day", holiday: "국경절 · National Day"},
        exceptions={both: "all staff at the airport"},
    )
    assert calendar.opening(at("Asia/Shanghai", "2026-10-01 10:30")).why == "exception"
    assert not calendar.is_open(at("Asia/Shanghai", "2026-10-01 10:30"))
    opened = calendar.opening(at("Asia/Shanghai", "2026-10-02 10:30"))
    assert (opened.open, opened.why, opened.note) == (True, "holiday", "국경절 · National Day")
    assert not calendar.is_open(at("Asia/Shanghai", "2026-10-02 13:00"))


def test_one_tap_lies_over_the_hours_until_its_end() -> None:
    morning = utc("2026-11-26 01:00")  # 09:00 in Beijing
    closed = Override(
        open=False, starts_at=morning + timedelta(hours=1), ends_at=utc("2026-11-26 06:30"), reason="fire drill"
    )
    late = Override(open=True, starts_at=utc("2026-11-26 10:00"), ends_at=utc("2026-11-26 12:00"), reason="crisis")
    calendar = Calendar(BEIJING.zone, BEIJING.expression, overrides=(closed, late))
    assert calendar.opening(morning).until == closed.starts_at
    assert calendar.opening(closed.starts_at) == Opening(False, "closed_now", "fire drill", closed.ends_at)
    assert calendar.opening(closed.ends_at) == Opening(True, "hours", until=utc("2026-11-26 09:30"))
    assert calendar.opening(late.starts_at) == Opening(True, "open_now", "crisis", late.ends_at)
    assert calendar.spans(morning, utc("2026-11-26 16:00")) == [
        (morning, closed.starts_at),
        (closed.ends_at, utc("2026-11-26 09:30")),
        (late.starts_at, late.ends_at),
    ]


def test_open_by_one_tap_joins_the_hours_it_touches_and_works_without_any() -> None:
    tap = Override(open=True, starts_at=utc("2026-11-26 09:30"), ends_at=utc("2026-11-26 11:00"))
    calendar = Calendar(BEIJING.zone, BEIJING.expression, overrides=(tap,))
    assert calendar.opening(utc("2026-11-26 09:00")).until == tap.ends_at
    unknown = Calendar("Asia/Shanghai", None, overrides=(tap,))
    assert unknown.opening(tap.starts_at).open
    assert unknown.last_closing(utc("2026-11-27 00:00")) == tap.ends_at


def test_a_change_further_away_than_four_hundred_days_is_not_named() -> None:
    calendar = Calendar("UTC", read_hours("2028 Jan 10 09:00-10:00").ordinary)
    assert calendar.opening(utc("2026-01-01 00:00")).until is None
    assert calendar.next_opening(utc("2027-12-01 00:00")) == utc("2028-01-10 09:00")


def test_times_without_a_zone_and_spans_of_years_are_refused() -> None:
    with pytest.raises(ValueError, match="names no instant"):
        BEIJING.opening(datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point
    with pytest.raises(ValueError, match="400 days"):
        BEIJING.spans(utc("2026-01-01 00:00"), utc("2027-06-01 00:00"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("mo-fr 9:00–12:00, 13:30–17:30", Hours("Mo-Fr 09:00-12:00,13:30-17:30")),
        ("Mo-Fr 09:00-17:00; PH off", Hours("Mo-Fr 09:00-17:00")),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", Hours("Mo-Fr 09:00-17:00", "10:00-12:00")),
        ("Mo-Fr,PH 09:00-17:00", Hours("Mo-Fr 09:00-17:00", "09:00-17:00")),
        ("Mo-Fr 09:00-17:00; Su,PH closed", Hours("Mo-Fr 09:00-17:00; Su off")),
        ("Mo-Fr: 09:00 - 17:00; Dec 24-26 off", Hours("Mo-Fr 09:00-17:00; Dec 24-Dec 26 off")),
        ("Mo-Fr 09:00～12:00、14:00～17:00", Hours("Mo-Fr 09:00-12:00,14:00-17:00")),
    ],
)
def test_what_people_write_becomes_one_form(written: str, kept: Hours) -> None:
    assert read_hours(written) == kept
    assert read_hours(kept.ordinary).ordinary == kept.ordinary


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("", "ordinary days"),
        ("PH off", "ordinary days"),
        ("Mo-Fr", "say the times"),
        ("Mo-Fr 9-17", "say the times"),
        ("Mo-Fr 09:00-17:00; SH off", "school holidays"),
        ("sunrise-sunset", "sun's times"),
        ("Mo-Fr 09:00-17:00; easter off", "Easter"),
        ('Mo-Fr 09:00-17:00 "by appointment"', "quotation marks"),
        ("Mo-Fr 09:00-12:00 || Sa 09:00-10:00", r"`\|\|`"),
        ("week 1-10 Mo-Fr 09:00-17:00", "weeks"),
        ("Mo-Fr 09:00+", "open end"),
        ("Mo-Fr 10:00-16:00/01:30", "steps"),
        ("Mo[1] +1 day 10:00-12:00", "steps and offsets"),
        ("Mo-Fr 09:00-17:00 unknown", "open or closed"),
        ("Mo-Fr 09:00-17:00, Sa 10:00-12:00", "part rules by `;`"),
        ("Mo-Fr 25:00-26:00", "00:00 to 24:00"),
        ("Mo-Fr 09:60-12:00", "00:00 to 24:00"),
        ("Mo-Fr 09:00-09:00", "00:00 to 24:00"),
        ("Mo-Fr 09:00-13:00,12:00-17:00", "in their order"),
        ("Mo-Fr 13:00-17:00,09:00-12:00", "in their order"),
        ("Mo-Fr 00:30-02:00,22:00-01:00", "beginning of the next day"),
        ("Mo-Fr 22:00-02:00; Tu off", "after midnight for the next day"),
        ("Mo-Fr 09:00-17:00; Feb 30 off", "no such day"),
        ("Mo-Fr 09:00-17:00; Jan 01-Feb 29 off", "no Feb 29"),
        ("Mo-Fr 24/7", "stands alone"),
        ("Mon-Fri 09:00-17:00", "name days as"),
        ("월-금 09:00-17:00", "name days as"),
        ("PH Mo-Fr 09:00-17:00", "rule of their own"),
        ("Mo-Fr 09:00-17:00; " * 60, f"at most {MAX_TEXT}"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused_with_what_to_write(written: str, mend: str) -> None:
    with pytest.raises(InvalidInput, match=mend):
        read_hours(written)


def test_hours_of_one_day() -> None:
    assert read_day("9:00–12:00, 14:00-16:00") == "09:00-12:00,14:00-16:00"
    assert read_day("closed") == "off"
    for wrong in ("", "Mo 09:00-12:00", "09:00-12:00; 13:00-14:00", "22:00-02:00", "24/7"):
        with pytest.raises(InvalidInput):
            read_day(wrong)
