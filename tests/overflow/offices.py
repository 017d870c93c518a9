"""Made-up missions for the simulated year, and the oracle: when each is open, told from plain tables of wall-clock times.

The oracle knows neither the OSM notation nor the evaluator; it looks at the clock on the office's wall and at its own lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONES = (
    "Asia/Seoul", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Dubai",
    "Europe/London", "Europe/Paris", "Europe/Istanbul", "Europe/Moscow", "Africa/Cairo", "Africa/Casablanca",
    "Africa/Johannesburg", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/St_Johns",
    "America/Sao_Paulo", "America/Santiago", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Pacific/Kiritimati",
)  # fmt: skip
LANGUAGES = ("fr", "zh", "ar", "es", "ko")
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
Times = tuple[tuple[int, int], ...]
"""Open times of a day in minutes of its wall clock; an end past 1,440 runs into the next day."""
SHAPES: tuple[dict[int, Times], ...] = (
    {day: ((540, 720), (780, 1080)) for day in range(5)},
    {day: ((510, 750), (810, 1020)) for day in range(5)},
    {**{day: ((540, 1050),) for day in range(4)}, 4: ((540, 720),)},
    {day: ((480, 960),) for day in (6, 0, 1, 2, 3)},
    {**{day: ((570, 765), (840, 1035)) for day in range(5)}, 5: ((600, 750),)},
    {day: ((30, 195), (540, 1080)) for day in range(7)},
    {day: ((1320, 1560),) for day in range(7)},
)
"""Usual offices, Friday afternoons off, Sunday to Thursday, Saturday mornings, across changes of the clocks, and a night."""


def notation(week: dict[int, Times]) -> str:
    """Return a week in the OSM notation; one that is the same every day names none, because nights stand alone there."""
    if len(week) == len(DAYS) and len(set(week.values())) == 1:
        return _times(week[0])
    return "; ".join(f"{DAYS[day]} {_times(times)}" for day, times in sorted(week.items()))


def day_notation(times: Times) -> str:
    """Return one day's times in the notation; `off` for none."""
    return _times(times) if times else "off"


def _times(times: Times) -> str:
    return ",".join(f"{a // 60:02d}:{a % 60:02d}-{_end(b)}" for a, b in times)


def _end(minute: int) -> str:
    late = minute - 1440 if minute > 1440 else minute
    return f"{late // 60:02d}:{late % 60:02d}"


@dataclass
class Tap:
    """Open or closed by one tap, from `start` until before `end` (UTC)."""

    open: bool
    start: datetime
    end: datetime


@dataclass
class Office:
    """One mission as the oracle knows it; what changes is added while the year goes on."""

    number: int
    zone: ZoneInfo
    weeks: list[tuple[datetime, dict[int, Times]]]
    """The ordinary week from a moment (UTC) on."""
    holidays: set[date]
    exceptions: dict[date, list[tuple[datetime, Times]]] = field(default_factory=dict)
    """A day's own times, as known from a moment (UTC) on."""
    taps: list[Tap] = field(default_factory=list)
    takes: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Requests to take all calls."""
    ended: datetime | None = None
    """When the mission was closed for good."""
    partner: int | None = None
    """The number of an office in the same zone that takes calls for it."""
    languages: frozenset[str] = frozenset({"ko"})
    mission_id: int = 0

    @property
    def line(self) -> str:
        """Return the number of its line that is forwarded."""
        return f"+8221{self.number:06d}"

    @property
    def pool(self) -> str:
        """Return the number of ours to which it is forwarded."""
        return f"+8231{self.number:06d}"

    @property
    def back(self) -> str:
        """Return the telephone to which calls can be handed back; half of those with a partner that has one have none."""
        return "" if self.number % 48 < 24 and self.number % 2 else f"+8251{self.number:06d}"

    @property
    def code(self) -> str:
        """Return the mission's code."""
        return f"office-{self.number}"

    def week(self, when: datetime) -> dict[int, Times]:
        """Return the ordinary week that holds at an instant."""
        return next(week for start, week in reversed(self.weeks) if start <= when)

    def special(self, day: date, when: datetime) -> Times | None:
        """Return a day's own times (none: closed) as known at an instant; None for an ordinary day."""
        known = [times for start, times in self.exceptions.get(day, ()) if start <= when]
        if known:
            return known[-1]
        return () if day in self.holidays else None

    def is_open(self, when: datetime) -> bool:
        """Say whether it is open at an instant (UTC)."""
        for tap in reversed(self.taps):
            if tap.start <= when < tap.end:
                return tap.open
        wall = when.astimezone(self.zone)
        today, minute = wall.date(), wall.hour * 60 + wall.minute
        week, own = self.week(when), self.special(today, when)
        if own is not None:
            return any(start <= minute < end for start, end in own)
        if any(start <= minute < end for start, end in week.get(today.weekday(), ())):
            return True
        before = today - timedelta(days=1)
        if self.special(before, when) is not None:
            return False
        return any(minute + 1440 < end for _start, end in week.get(before.weekday(), ()))

    def closings(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return (closed, opened) of every closing that began after `start` and ended by `end` (UTC)."""
        found, closed, was = list[tuple[datetime, datetime]](), None, self.is_open(start)
        for at in self._moments(start, end):
            now = self.is_open(at)
            if was and not now:
                closed = at
            elif now and not was and closed is not None:
                found.append((closed, at))
            was = now
        return found

    def _moments(self, start: datetime, end: datetime) -> list[datetime]:
        """Return every instant at which anything could change, each quarter hour on days when the clocks do."""
        found = {start, end}
        found |= {at for tap in self.taps for at in (tap.start, tap.end)}
        found |= {at for at, _week in self.weeks}
        found |= {at for known in self.exceptions.values() for at, _times in known}
        edges = {0} | {
            edge % 1440 for _at, week in self.weeks for times in week.values() for span in times for edge in span
        }
        day = start.astimezone(self.zone).date()
        while day <= end.astimezone(self.zone).date():
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            first, following = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
            own = {edge for _at, times in self.exceptions.get(day, ()) for span in times for edge in span}
            if following - first != timedelta(days=1):
                found |= {first + timedelta(minutes=15 * step) for step in range(27 * 4)}
            found |= {(midnight + timedelta(minutes=edge)).astimezone(UTC) for edge in edges | own}
            day += timedelta(days=1)
        return sorted(at for at in found if start <= at <= end)


def make_offices(random: Random, count: int, start: datetime, days: int) -> list[Office]:
    """Return offices over all zones, each with a week of one of the shapes and two calendars' holidays."""
    first = start.date()
    home = {first + timedelta(days=random.randrange(days)) for _ in range(max(1, days // 24))}
    return [
        Office(
            number=number, zone=ZoneInfo(ZONES[number % len(ZONES)]),
            weeks=[(datetime(2000, 1, 1, tzinfo=UTC), SHAPES[number % len(SHAPES)])],
            holidays={day for day in home if random.random() < 0.6}
            | {first + timedelta(days=random.randrange(days)) for _ in range(max(1, days // 30))},
            partner=number + len(ZONES) if number + len(ZONES) < count else None,
            languages=frozenset({"ko", LANGUAGES[number % len(LANGUAGES)]}),
        )
        for number in range(count)
    ]  # fmt: skip
