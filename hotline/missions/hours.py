"""Whether a mission is open at an instant, why, and when that changes: ordinary hours, holidays, exceptions, and one tap.

The evaluator works on the clock on the mission's wall; a mission is open at an instant when its wall clock shows a time within
its hours. So an hour that daylight saving repeats is open twice, and one that it leaves out is never open; nothing is guessed.
Everything that is asked or answered is an aware time in UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import State

from hotline.missions.notation import MAX_SPAN_DAYS, parsed

Span = tuple[datetime, datetime]
_REACH = timedelta(days=MAX_SPAN_DAYS)
MAX_SPANS = 20_000
"""Open times that one question may go through: 400 days with ten a day, and a margin of five."""


@dataclass(frozen=True)
class Opening:
    """Whether a mission is open. `why` is one of hours, holiday, exception, closed_now, open_now, unknown.

    `note` is the holiday's name or the reason that was given; `until` (UTC) is when the mission next opens or closes, None when
    that is not within 400 days.
    """

    open: bool
    why: str
    note: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Override:
    """Open or closed by one tap, whatever the hours say, from `starts_at` until before `ends_at` (UTC)."""

    open: bool
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Calendar:
    """All that decides whether one mission is open. `expression` is None while nobody has given its hours.

    `holidays` and `exceptions` say only which local days are which, and their names; the times are in the expression.
    Overrides do not overlap. A mission without hours counts as closed: its calls are taken.
    """

    zone: str
    expression: str | None
    holidays: Mapping[date, str] = field(default_factory=dict)
    exceptions: Mapping[date, str] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()

    def opening(self, when: datetime) -> Opening:
        """Whether the mission is open at an instant, why, and until when."""
        _require_aware(when)
        live = self._override(when)
        if live is not None:
            why, note = "open_now" if live.open else "closed_now", live.reason
        else:
            why, note = self._why(when)
        is_open = self.is_open(when)
        return Opening(open=is_open, why=why, note=note, until=self._next_change(when, is_open))

    def is_open(self, when: datetime) -> bool:
        """Whether the mission is open at an instant; costs some microseconds, `opening` somewhat more."""
        live = self._override(when)
        if live is not None:
            return live.open
        if self.expression is None:
            return False
        return parsed(self.expression).state(_wall(when, self.zone))[0] == State.OPEN

    def spans(self, start: datetime, end: datetime) -> list[Span]:
        """Return the open times between two instants (UTC, at most 400 days), in order, cut at both ends."""
        _require_aware(start)
        _require_aware(end)
        if end - start > _REACH:
            raise ValueError(f"at most {MAX_SPAN_DAYS} days can be asked at once")
        return list(self._open_spans(start.astimezone(UTC), end.astimezone(UTC)))

    def next_opening(self, when: datetime) -> datetime | None:
        """Return the next instant (UTC) at which it opens, after `when`; None when there is none within 400 days."""
        _require_aware(when)
        for start, _ in self._open_spans(when.astimezone(UTC), when.astimezone(UTC) + _REACH):
            if start > when or (start == when and not self.is_open(when - timedelta(microseconds=1))):
                return start
        return None

    def last_closing(self, when: datetime) -> datetime | None:
        """Return the last instant (UTC) at which it closed, at or before `when`; None when there is none within 400 days."""
        _require_aware(when)
        end = when.astimezone(UTC)
        for days in (2, 8, 40, MAX_SPAN_DAYS):
            found = [closed for _, closed in self._open_spans(end - timedelta(days=days), end) if closed < end]
            if not self.is_open(end) and self.is_open(end - timedelta(microseconds=1)):
                return end
            if found:
                return found[-1]
        return None

    def _why(self, when: datetime) -> tuple[str, str]:
        if self.expression is None:
            return "unknown", ""
        day = _wall(when, self.zone).date()
        if day in self.exceptions:
            return "exception", self.exceptions[day]
        if day in self.holidays:
            return "holiday", self.holidays[day]
        return "hours", ""

    def _override(self, when: datetime) -> Override | None:
        return next((one for one in self.overrides if one.starts_at <= when < one.ends_at), None)

    def _next_change(self, when: datetime, is_open: bool) -> datetime | None:
        start = when.astimezone(UTC)
        end = start + _REACH
        for opens, closes in self._open_spans(start, end):
            if not is_open:
                return opens
            return closes if closes < end else None
        return None

    def _open_spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the open times in order, joined where one begins as the other ends."""
        last: Span | None = None
        count = 0
        for span in self._pieces(start, end):
            count += 1
            assert count <= MAX_SPANS, "an expression changes far more often than an office can"
            if last is not None and span[0] <= last[1]:
                last = (last[0], max(last[1], span[1]))
                continue
            if last is not None:
                yield last
            last = span
        if last is not None:
            yield last

    def _pieces(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield open times in order, by what decides: the hours between the overrides, and the overrides that open."""
        at = start
        for one in sorted(self.overrides, key=lambda each: each.starts_at):
            first, last = max(one.starts_at, at), min(one.ends_at, end)
            if first >= last:
                continue
            yield from self._by_hours(at, first)
            if one.open:
                yield first, last
            at = last
        yield from self._by_hours(at, end)

    def _by_hours(self, start: datetime, end: datetime) -> Iterator[Span]:
        if self.expression is None or start >= end:
            return
        evaluator = parsed(self.expression)
        for first, last, shift in _steady(self.zone, start, end):
            for opens, closes, state, _ in evaluator.intervals(_naive(first) + shift, _naive(last) + shift):
                if state == State.OPEN:
                    yield (opens - shift).replace(tzinfo=UTC), (closes - shift).replace(tzinfo=UTC)


def _require_aware(when: datetime) -> None:
    if when.tzinfo is None:
        raise ValueError("a time without a zone names no instant")


def _wall(when: datetime, zone: str) -> datetime:
    return when.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)


def _steady(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the stretches between two instants in which the zone's clocks are not changed, with their offset from UTC."""
    at = start
    for change in changes_between(zone, start.year, end.year):
        if at < change < end:
            yield at, change, _offset(zone, at)
            at = change
    if at < end:
        yield at, end, _offset(zone, at)


def changes_between(zone: str, first_year: int, last_year: int) -> list[datetime]:
    """Return the instants (UTC) at which the zone's clocks are changed, of whole years."""
    found = [change for year in range(first_year, last_year + 1) for change in _changes(zone, year)]
    return found[bisect_right(found, datetime(first_year, 1, 1, tzinfo=UTC)) if found else 0 :]


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    """Find a year's changes of the clocks day by day, and each to the second; zones change at most once a day."""
    found: list[datetime] = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            found.append(_change_within(zone, day, following))
        day = following
    return tuple(found)


def _change_within(zone: str, before: datetime, after: datetime) -> datetime:
    known = _offset(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if _offset(zone, middle) == known:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: str, when: datetime) -> timedelta:
    offset = when.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset
