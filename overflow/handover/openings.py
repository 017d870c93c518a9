"""Which closings of a mission have ended since it was last looked at; pure.

What was seen is what counts, and is written down: hours, holidays and one-tap switches are changed at any time, also for the
past, and a closing that was handed over stays handed over. So the record goes on from the state that was seen last, and only
the time since then is asked of the calendar. Every closing begins and ends once in that record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

MAX_LOOK_BACK = timedelta(days=30)
"""A service that was down for longer makes up one hand-over for the time before."""
MAX_CLOSINGS = 60
"""Closings of one mission that are made up at once; the rest follow in the next round."""


class OpenTimes(Protocol):
    """What is asked of a mission's calendar."""

    def is_open(self, when: datetime) -> bool:
        """Say whether the mission is open at an instant."""
        ...

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the open times between two instants, in order, cut at both ends."""
        ...

    def last_closing(self, when: datetime) -> datetime | None:
        """Return when it last closed, at or before `when`; None when that is unknown."""
        ...


@dataclass(frozen=True)
class Seen:
    """What was seen of a mission: whether it is open, since when, and up to which moment that was looked at (UTC)."""

    open: bool
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Closing:
    """A time in which a mission was closed, from its closing to its opening (UTC)."""

    start: datetime
    end: datetime


def first_look(calendar: OpenTimes, now: datetime) -> Seen:
    """Begin the record of a mission. A closing that is on began when the calendar says it did; earlier ones are past."""
    if calendar.is_open(now):
        return Seen(open=True, since=now, until=now)
    closed = calendar.last_closing(now)
    since = max(closed, now - MAX_LOOK_BACK) if closed is not None else now
    return Seen(open=False, since=since, until=now)


def look(calendar: OpenTimes, seen: Seen, now: datetime) -> tuple[Seen, list[Closing]]:
    """Go on with a record up to `now`, and return the closings that ended since, the oldest first, at most MAX_CLOSINGS.

    A clock that was set back tells nothing new.
    """
    if now <= seen.until:
        return seen, []
    start = max(seen.until, now - MAX_LOOK_BACK)
    # The very moment `now` belongs to the look as well: who opens at nine is open at nine.
    changes = _changes(calendar.spans(start, now), start, now, open_now=calendar.is_open(now))
    is_open, since, ended = seen.open, seen.since, list[Closing]()
    for at, opens in changes:
        if opens == is_open:
            continue
        if opens:
            ended.append(Closing(since, at))
        is_open, since = opens, at
        if len(ended) == MAX_CLOSINGS:
            return Seen(is_open, since, at), ended
    return Seen(is_open, since, now), ended


def _changes(
    spans: Sequence[tuple[datetime, datetime]], start: datetime, now: datetime, *, open_now: bool
) -> list[tuple[datetime, bool]]:
    """Return (moment, opens) in order, each after `start`: what the record says of `start` itself is settled."""
    least = start + timedelta(microseconds=1)
    changes: list[tuple[datetime, bool]] = []
    at = start
    for opens, closes in spans:
        if opens > at:
            changes.append((max(at, least), False))
        changes.append((max(opens, least), True))
        at = closes
    if at < now:
        changes.append((max(at, least), False))
    changes.append((now, open_now))
    return changes
