"""What the clock on a wall means, in ordinary nights and in those in which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hotline.core.errors import InvalidInput
from overflow.shifts.wall import Wall, check_zone, part_of, place, read_clock_time, read_day


def test_a_shift_across_midnight_ends_on_the_next_day() -> None:
    placed = place(Wall("Asia/Seoul", date(2026, 11, 23), 22 * 60, 6 * 60))
    assert placed.starts_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert placed.ends_at == datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert (placed.minutes, placed.start_note, placed.end_note) == (480, "", "")


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Paris", date(2027, 3, 27), 7 * 60),
        ("Europe/Paris", date(2027, 10, 30), 9 * 60),
        ("America/New_York", date(2027, 3, 13), 7 * 60),
        ("America/New_York", date(2027, 11, 6), 9 * 60),
        ("Australia/Lord_Howe", date(2027, 4, 3), 8 * 60 + 30),
        ("Australia/Lord_Howe", date(2027, 10, 2), 7 * 60 + 30),
        ("Asia/Seoul", date(2027, 3, 27), 8 * 60),
    ],
)
def test_the_night_of_a_change_counts_its_real_hours(zone: str, day: date, minutes: int) -> None:
    assert place(Wall(zone, day, 22 * 60, 6 * 60)).minutes == minutes


def test_a_time_that_does_not_exist_is_moved_forward_and_noted() -> None:
    placed = place(Wall("Europe/Paris", date(2027, 3, 28), 150, 600))
    assert placed.starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 on the wall
    assert (placed.start_note, placed.end_note) == ("moved", "")
    assert place(Wall("Europe/Paris", date(2027, 3, 27), 20 * 60, 150)).end_note == "moved"


def test_of_a_time_that_comes_twice_the_first_is_meant_and_noted() -> None:
    placed = place(Wall("Europe/Paris", date(2027, 10, 31), 150, 600))
    assert placed.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert (placed.start_note, placed.minutes) == ("first", 8 * 60 + 30)


@pytest.mark.parametrize(
    ("wall", "field"),
    [
        (Wall("Asia/Seoul", date(2027, 1, 1), 600, 620), "end"),
        (Wall("America/New_York", date(2027, 11, 6), 120, 120), "end"),  # from 02:00 to 02:00 on the next day: 25 hours
        (Wall("Mars/Olympus", date(2027, 1, 1), 600, 900), "zone"),
        (Wall("../../etc/passwd", date(2027, 1, 1), 600, 900), "zone"),
        (Wall("", date(2027, 1, 1), 600, 900), "zone"),
        (Wall("Asia/Seoul", date(1, 1, 1), 600, 900), "day"),
        (Wall("Asia/Seoul", date(9999, 12, 31), 600, 500), "day"),
        (Wall("Asia/Seoul", date(2027, 1, 1), -1, 900), "start"),
        (Wall("Asia/Seoul", date(2027, 1, 1), 600, 1440), "end"),
    ],
)
def test_what_cannot_be_a_shift_is_refused_by_its_field(wall: Wall, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        place(wall)
    assert caught.value.field == field


def test_a_whole_day_is_the_longest_shift() -> None:
    assert place(Wall("Asia/Seoul", date(2027, 1, 1), 540, 540)).minutes == 1440


@pytest.mark.parametrize(
    ("written", "minute"), [("09:00", 540), ("9:05", 545), ("00:00", 0), ("24:00", 0), (" 23:59 ", 1439)]
)
def test_times_are_read(written: str, minute: int) -> None:
    assert read_clock_time(written, "start") == minute


@pytest.mark.parametrize(
    "written", ["", "9", "25:00", "24:01", "12:60", "1２:00", "-1:00", "12:0", "12:00:00", "a:bb", "1e:00"]
)
def test_odd_times_are_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        read_clock_time(written, "start")


@pytest.mark.parametrize(
    "written", ["", "2027-02-29", "27-01-01", "2027-1-1", "20270101", "1899-01-01", "2027-W01-1", "٢٠٢٧-01-01"]
)
def test_odd_days_are_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        read_day(written)


def test_parts_of_the_day() -> None:
    assert [part_of(hour * 60) for hour in (0, 4, 5, 7, 8, 12, 13, 19, 20, 23)] == [
        "night", "night", "early", "early", "day", "day", "late", "late", "night", "night",
    ]  # fmt: skip


def test_a_zone_is_known_by_its_name_alone() -> None:
    assert check_zone("Asia/Seoul").key == "Asia/Seoul"
    for name in ("/etc/localtime", "Asia", "x" * 61, "Asia/\0Seoul"):
        with pytest.raises(InvalidInput):
            check_zone(name)
