"""Which way a call goes, judged from plain counts; pure. In doubt a call goes the usual way.

In a disaster people in fear dial again and again, and whole families share beginnings of numbers. So whoever is known, has an
open case or presses the key for danger is never held apart by counts, and counts alone never block anybody.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

NORMAL, SEPARATE, BLOCKED = "normal", "separate", "blocked"
BURST_WINDOW, BURST_CALLS = timedelta(minutes=10), 6
"""So many calls of one number within the window, this one counted, are a burst: a person redials, but hears us answer."""
SEQUENCE_WINDOW, SEQUENCE_NUMBERS = timedelta(minutes=10), 8
"""So many different numbers that differ only in their last two digits are a machine that counts through them."""
HELD_APART = timedelta(hours=1)
"""How long a burst or a sequence is remembered."""
ENDINGS_COUNTED = timedelta(days=90)
_COOL_DOWNS = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
LONGEST_BLOCK = timedelta(days=30)


@dataclass(frozen=True)
class Screening:
    """Which way a call goes (`normal`, `separate` or `blocked`), why, and until when that holds (aware UTC).

    On both other ways the key for danger to life still works: whoever presses it is heard (`danger=True`).
    """

    path: str
    why: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Flagged:
    """A flag that holds now."""

    kind: str
    path: str
    until: datetime


def judge(
    *, now: datetime, flags: Collection[Flagged], calls: int, neighbours: int, known: bool, danger: bool
) -> Screening:
    """Return the way of a call.

    `calls` counts those of the number within BURST_WINDOW and `neighbours` the different numbers of its beginning within
    SEQUENCE_WINDOW, this call in both; `known` is somebody with an open case or a registered traveller.
    """
    holding = sorted((flag for flag in flags if flag.until > now), key=lambda flag: (flag.path != BLOCKED, flag.kind))
    judged = [flag for flag in holding if flag.kind not in ("burst", "sequence")]
    counted = [flag for flag in holding if flag not in judged]
    found = next(iter(judged), None) or (None if known else next(iter(counted), None))
    if found is not None:
        return Screening(NORMAL if danger else found.path, found.kind, found.until)
    if known:
        return Screening(NORMAL)
    why = "sequence" if neighbours >= SEQUENCE_NUMBERS else "burst" if calls >= BURST_CALLS else ""
    if not why:
        return Screening(NORMAL)
    return Screening(NORMAL if danger else SEPARATE, why, now + HELD_APART)


def cool_down(endings_before: int) -> timedelta:
    """Return how long a number is blocked after its call was ended: longer each time within ENDINGS_COUNTED."""
    return _COOL_DOWNS[min(endings_before, len(_COOL_DOWNS) - 1)]


def beginning_of(phone: str) -> str:
    """Return what numbers that follow each other share: all but the last two digits; empty for too short a number."""
    return phone[:-2] if len(phone) >= 9 else ""
