"""When a line is tested: once in each week of its mission's own calendar, at an hour at which the mission is closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hotline.missions.hours import Calendar

MAX_HOURS_TO_CLOSING = 23
SPREAD_MIN = 50
_STEP_MIN = 7
"""Lines of one zone fall due at different minutes of the hour; 7 and 50 have no common divisor, so neighbours lie apart."""


def week_of(when: datetime, zone: str) -> date:
    """Return the Monday of the local week in which an aware instant lies."""
    local = when.astimezone(ZoneInfo(zone)).date()
    return local - timedelta(days=local.weekday())


def planned_at(week: date, zone: str, weekday: int, hour: int) -> datetime:
    """Return the instant (UTC) of a weekday (0 is Monday) and hour on the wall clock of a zone, in the week of that Monday.

    An hour that daylight saving leaves out is the one after it; of one that it repeats it is the first. Either way one instant.
    """
    wall = datetime.combine(week + timedelta(days=weekday), time(hour), ZoneInfo(zone))
    return wall.astimezone(UTC)


def due(week: date, calendar: Calendar, line_id: int, now: datetime, *, weekday: int, hour: int) -> datetime:
    """Return when a line is to be tested in a week: from the planned hour, or from now when that is past, at a closed hour.

    Where the mission never closes within a day, or the week would be over, the first of these moments is taken.
    """
    spread = timedelta(minutes=line_id * _STEP_MIN % SPREAD_MIN)
    first = max(now, planned_at(week, calendar.zone, weekday, hour) + spread)
    for hours in range(MAX_HOURS_TO_CLOSING + 1):
        candidate = first + timedelta(hours=hours)
        if week_of(candidate, calendar.zone) != week:
            break
        if not calendar.is_open(candidate):
            return candidate
    return first
