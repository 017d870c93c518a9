"""How much one person may work: no two shifts at once, rest between them, and hours in any 24 and any 168 hours; pure.

Hours are counted in windows that roll, not in days and weeks of a calendar: a calendar's week forgives two long weeks' ends
beside each other, and a day that ends at midnight makes a night of eight hours into two short ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
"""From an instant until before another, both UTC."""
REST = timedelta(hours=11)
"""Least time between two shifts of one person: continuous rest under article 59 of Korea's Labour Standards Act."""
AGENT_WEEK = timedelta(hours=52)
"""Most working time of staff in seven days, under article 53 of the same act."""
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
REACH = WEEK + timedelta(days=1)
"""How far around a shift others can matter to it."""

OVERLAP, TOO_LITTLE_REST, DAY_FULL, WEEK_FULL = "shift-overlap", "shift-rest", "shift-day-full", "shift-week-full"


@dataclass(frozen=True)
class Allowed:
    """What one person may work within any 24 hours and any seven days, and the rest they need between shifts."""

    day: timedelta
    week: timedelta
    rest: timedelta = REST


def fault(others: Sequence[Span], new: Span, allowed: Allowed) -> str | None:
    """Return the code of the first rule that a shift beside these others of the same person would break; None for none."""
    start, end = new
    if any(a < end and start < b for a, b in others):
        return OVERLAP
    if any(a < end + allowed.rest and start - allowed.rest < b for a, b in others):
        return TOO_LITTLE_REST
    spans = [*others, new]
    for window, most, code in ((DAY, allowed.day, DAY_FULL), (WEEK, allowed.week, WEEK_FULL)):
        if any(_worked(spans, since, since + window) > most for since in _windows(spans, new, window)):
            return code
    return None


def _windows(spans: Sequence[Span], new: Span, window: timedelta) -> Iterator[datetime]:
    """Yield where a window with the most work in it can begin: at the start of a shift, or so that it ends with one."""
    for a, b in spans:
        for since in (a, b - window):
            if since < new[1] and new[0] < since + window:
                yield since


def _worked(spans: Sequence[Span], since: datetime, until: datetime) -> timedelta:
    inside = (min(b, until) - max(a, since) for a, b in spans)
    return sum((each for each in inside if each > timedelta()), timedelta())
