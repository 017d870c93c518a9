"""What pages and the API read from forms and addresses: days, times, people, lines of a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput
from overflow.shifts.needed import Need
from overflow.shifts.rosters import MAX_LINES, PatternLine
from overflow.shifts.wall import Wall, monday_of, read_clock_time, read_day

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def monday_given(written: str, now: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the week that an address names by any of its days; this week's where it names none or nonsense."""
    try:
        return monday_of(read_day(written))
    except InvalidInput:
        return monday_of(now.astimezone(zone).date())


def number(written: str, field: str, *, least: int = 0, most: int = 10**18 - 1) -> int:
    """Return a whole number; raises InvalidInput."""
    given = written.strip()
    if not (given.isascii() and given.isdigit() and len(given) < 19 and least <= int(given) <= most):
        raise InvalidInput(field, written, f"give a number from {least} to {most}")
    return int(given)


def ids(written: list[str], field: str) -> list[int]:
    """Return ids of chosen people; raises InvalidInput for none, or for what is none."""
    if not written or len(written) > 500:
        raise InvalidInput(field, f"{len(written)} people", "choose 1 to 500 people")
    return [number(each, field, least=1) for each in written]


def wall_of(form: Mapping[str, str], zone: str) -> Wall:
    """Return day, start and end of a form on the wall of a zone; raises InvalidInput."""
    return Wall(
        form.get("zone", "").strip() or zone, read_day(form.get("day", "")), read_clock_time(form.get("start", ""), "start"),
        read_clock_time(form.get("end", ""), "end"),
    )  # fmt: skip


def pattern_lines(written: str) -> list[PatternLine]:
    """Return the shifts of a pattern, one on each line: `mon 09:00-18:00`, or `2 sat 22:00-06:00` for its second week.

    Raises InvalidInput that names the line.
    """
    found = []
    for count, line in enumerate((each for each in written[:5_000].splitlines() if each.strip()), 1):
        words = line.strip().lower().split()
        week = 0
        if words and words[0].isascii() and words[0].isdigit() and len(words[0]) == 1:
            week = int(words.pop(0)) - 1
        if len(words) != 2 or words[0][:3] not in WEEKDAYS or not 0 <= week <= 7 or count > MAX_LINES:
            raise InvalidInput("lines", line[:60], f"line {count}: write mon 09:00-18:00, or 2 sat 22:00-06:00")
        start, _, end = words[1].partition("-")
        found.append(
            PatternLine(
                week, WEEKDAYS.index(words[0][:3]), read_clock_time(start, "lines"), read_clock_time(end, "lines")
            )
        )
    return found


def needs_of(form: Mapping[str, str], weekdays: list[str]) -> list[Need]:
    """Return the lines of need that a form asks for: one for each weekday chosen, or one for a day. Raises InvalidInput."""
    first, last = (
        number(form.get("hour_from", ""), "hour_from", most=23),
        number(form.get("hour_to", ""), "hour_to", most=24),
    )
    needed, mark = number(form.get("needed", ""), "needed", most=999), form.get("mark", "").strip()
    day = form.get("day", "").strip()
    if day:
        return [Need(first, last, needed, mark, day=read_day(day))]
    if not weekdays or len(weekdays) > 7:
        raise InvalidInput("weekday", "", "choose weekdays, or one day")
    return [Need(first, last, needed, mark, weekday=number(each, "weekday", most=6)) for each in sorted(set(weekdays))]
