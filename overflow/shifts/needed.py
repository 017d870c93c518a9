"""How many people are there in each hour of a local day, and how many are needed; pure.

An hour counts as many people as are there in its weakest moment. A local day has 23, 24 or 25 hours; one that comes twice stands
twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from overflow.shifts.wall import midnight

ANYBODY = ""
MAX_PIECES = 60
"""Pieces of one day: 25 hours, and a few more where clocks change by less than an hour."""


@dataclass(frozen=True)
class Need:
    """So many people with a mark (`ANYBODY`: any) from an hour until before another, on a weekday (0 Monday) or one day."""

    hour_from: int
    hour_to: int
    needed: int
    mark: str = ANYBODY
    weekday: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Duty:
    """Somebody's shift (UTC) and what they can."""

    starts_at: datetime
    ends_at: datetime
    marks: frozenset[str]


@dataclass(frozen=True)
class Hour:
    """One hour of a local day (UTC): numbers by mark."""

    starts_at: datetime
    ends_at: datetime
    hour: int
    needed: Mapping[str, int]
    there: Mapping[str, int]

    @property
    def missing(self) -> dict[str, int]:
        """How many are missing, by mark; empty when there are enough."""
        short = {mark: count - self.there[mark] for mark, count in self.needed.items()}
        return {mark: count for mark, count in short.items() if count > 0}


@dataclass(frozen=True)
class Gap:
    """Consecutive hours in which the same number is missing; local hours, `hour_to` not included."""

    hour_from: int
    hour_to: int
    mark: str
    missing: int


def cover(zone: ZoneInfo, day: date, needs: Sequence[Need], duties: Sequence[Duty]) -> list[Hour]:
    """Return the hours of a local day with who is needed and who is there."""
    since, until = midnight(zone, day), midnight(zone, day + timedelta(days=1))
    marks = {ANYBODY} | {need.mark for need in needs}
    near = [duty for duty in duties if duty.starts_at < until and duty.ends_at > since]
    hours: list[Hour] = []
    while since < until and len(hours) < MAX_PIECES:
        local = since.astimezone(zone)
        following = min(since + timedelta(minutes=60 - local.minute), until)
        hours.append(
            Hour(
                since, following, local.hour,
                {mark: needed_at(needs, day, local.hour, mark) for mark in sorted(marks)},
                {mark: _least(near, since, following, mark) for mark in sorted(marks)},
            )
        )  # fmt: skip
        since = following
    return hours


def needed_at(needs: Sequence[Need], day: date, hour: int, mark: str) -> int:
    """Return how many with a mark are needed; what is written for the very day stands instead of its weekday's."""
    of_mark = [need for need in needs if need.mark == mark]
    of_day = [need for need in of_mark if need.day == day]
    valid = of_day or [need for need in of_mark if need.weekday == day.weekday()]
    return max((need.needed for need in valid if need.hour_from <= hour < need.hour_to), default=0)


def _least(duties: Sequence[Duty], since: datetime, until: datetime, mark: str) -> int:
    """Return the smallest number of people with a mark that are there at any moment of a period."""
    able = [
        duty for duty in duties if (not mark or mark in duty.marks) and duty.starts_at < until and duty.ends_at > since
    ]
    moments = {since} | {duty.ends_at for duty in able if duty.ends_at < until}
    return min(sum(duty.starts_at <= at < duty.ends_at for duty in able) for at in moments)


def gaps(hours: Sequence[Hour]) -> list[Gap]:
    """Return where people are missing, neighbouring hours with the same number as one."""
    found: list[Gap] = []
    for mark in sorted({mark for hour in hours for mark in hour.missing}):
        open_gap: Gap | None = None
        for hour in hours:
            missing = hour.missing.get(mark, 0)
            if open_gap is not None and missing == open_gap.missing and open_gap.hour_to == hour.hour:
                open_gap = found[-1] = Gap(open_gap.hour_from, hour.hour + 1, mark, missing)
            elif missing:
                open_gap = Gap(hour.hour, hour.hour + 1, mark, missing)
                found.append(open_gap)
            else:
                open_gap = None
    return sorted(found, key=lambda gap: (gap.hour_from, gap.mark))
