"""From the clock on a wall to instants: what 22:00 to 06:00 means in the night in which the clocks change; pure.

A time that a change of clocks leaves out is moved forward by the length of the change, as RFC 5545 has it; of one that comes
twice the first is taken. Both are told by a note, so that people see that somebody thought of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hotline.core.errors import InvalidInput
from overflow.shifts.states import DAY, EARLY, LATE, NIGHT

MINUTES_A_DAY = 1440
MIN_MINUTES, MAX_MINUTES = 30, 24 * 60
"""Shortest and longest shift, in real minutes."""
MOVED, FIRST = "moved", "first"
"""Notes: the local time did not exist and was moved forward; it came twice and the first one is meant."""
PART_BEGINS = ((5 * 60, NIGHT), (8 * 60, EARLY), (13 * 60, DAY), (20 * 60, LATE), (MINUTES_A_DAY, NIGHT))
"""A shift that begins before this minute of the day belongs to that part."""
FIRST_YEAR, LAST_YEAR = 2000, 2200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Moment:
    """An instant (UTC) with the note of how it came from a local time; the note is empty for an ordinary one."""

    at: datetime
    note: str


@dataclass(frozen=True)
class Wall:
    """A shift as people say it: local day, and minutes after midnight; an end not after the start lies on the next day."""

    zone: str
    day: date
    starts: int
    ends: int


@dataclass(frozen=True)
class Placed:
    """A shift on the time line (UTC), with the notes of both ends."""

    starts_at: datetime
    ends_at: datetime
    start_note: str
    end_note: str

    @property
    def minutes(self) -> int:
        """Real length; not what the two wall clocks differ by."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


def check_zone(name: str, field: str = "zone") -> ZoneInfo:
    """Return a time zone by its IANA name; raises InvalidInput."""
    if not 1 <= len(name) <= 60 or name.startswith(("/", ".")):
        raise InvalidInput(field, name, "give an IANA time zone such as Asia/Seoul")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InvalidInput(field, name, "give an IANA time zone such as Asia/Seoul") from fault


def instant(zone: ZoneInfo, day: date, minute: int) -> Moment:
    """Return the instant of a local time, `minute` after the midnight at which `day` begins (up to two days later)."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != wall:
        return Moment(at, MOVED)
    twice = wall.replace(tzinfo=zone, fold=1).astimezone(UTC) != at
    return Moment(at, FIRST if twice else "")


def place(wall: Wall) -> Placed:
    """Return where a shift lies on the time line.

    Raises InvalidInput for an unknown zone, a day that calendars do not reach, or a length (in real minutes) that no shift has.
    """
    zone = check_zone(wall.zone)
    if not FIRST_YEAR <= wall.day.year <= LAST_YEAR:
        raise InvalidInput("day", wall.day.isoformat(), f"give a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    for name, minute in (("start", wall.starts), ("end", wall.ends)):
        if not 0 <= minute < MINUTES_A_DAY:
            raise InvalidInput(name, minute, "give a time from 00:00 to 23:59")
    later = MINUTES_A_DAY if wall.ends <= wall.starts else 0
    start, end = instant(zone, wall.day, wall.starts), instant(zone, wall.day, wall.ends + later)
    placed = Placed(start.at, end.at, start.note, end.note)
    if not MIN_MINUTES <= placed.minutes <= MAX_MINUTES:
        raise InvalidInput(
            "end", clock_time(wall.ends), f"a shift lasts {MIN_MINUTES} minutes to {MAX_MINUTES // 60} hours"
        )
    return placed


def part_of(starts: int) -> str:
    """Return the part of the day that a shift belongs to, by the minute of the local day at which it begins."""
    return next(part for before, part in PART_BEGINS if starts < before)


def clock_time(minute: int) -> str:
    """Return minutes after midnight as 22:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def read_clock_time(written: str, field: str) -> int:
    """Return 22:00 as minutes after midnight; 24:00 is midnight. Raises InvalidInput."""
    hours, colon, minutes = written.strip().partition(":")
    fits = colon and len(hours) in (1, 2) and len(minutes) == 2 and (hours + minutes).isascii()
    if not fits or not (hours + minutes).isdigit() or int(minutes) > 59 or int(hours) * 60 + int(minutes) > 1440:
        raise InvalidInput(field, written, "write a time such as 09:00 or 22:30")
    return (int(hours) * 60 + int(minutes)) % MINUTES_A_DAY


def read_day(written: str, field: str = "day") -> date:
    """Return 2027-03-28 as a date; raises InvalidInput."""
    given = written.strip()
    if not _DAY.fullmatch(given):
        raise InvalidInput(field, written, "write a day such as 2027-03-28")
    try:
        found = date.fromisoformat(given)
    except ValueError as fault:
        raise InvalidInput(field, written, "write a day such as 2027-03-28") from fault
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InvalidInput(field, written, f"give a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return found


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def midnight(zone: ZoneInfo, day: date) -> datetime:
    """Return the instant (UTC) at which a local day begins."""
    return instant(zone, day, 0).at
