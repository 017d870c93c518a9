"""Hours as people fill them in and read them: a plain week of at most two spells a day, and the days ahead in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput
from hotline.missions.hours import Calendar
from hotline.missions.notation import CLOSED, crosses_midnight

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
SPELLS = 2
_PLAIN = re.compile(r"(?P<days>(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:[-,](?:Mo|Tu|We|Th|Fr|Sa|Su))*)? ?(?P<times>off|[\d:,-]+)")
_TIME = re.compile(r"\d{2}:\d{2}")
Spell = tuple[str, str]


def week_of(ordinary: str) -> dict[str, list[Spell]] | None:
    """Return the plain week behind a text in normal form: spells (from, to) by day; None when it says more than a week can."""
    week: dict[str, list[Spell]] = {day: [] for day in DAYS}
    for rule in ordinary.split("; "):
        found = _PLAIN.fullmatch(rule)
        if found is None or crosses_midnight(found["times"]):
            return None
        spells = [] if found["times"] == CLOSED else [_spell(part) for part in found["times"].split(",")]
        if len(spells) > SPELLS:
            return None
        for day in _days(found["days"] or "Mo-Su"):
            week[day] = spells
    return week


def read_week(given: Mapping[str, str]) -> str:
    """Return the text of a week's form: fields `Mo_1_from`, `Mo_1_to`, `Mo_2_from` … with times as 09:00, empty where closed.

    Raises InvalidInput naming the day whose times are half filled in; the order of times is checked with the text.
    """
    times = {day: _times_of_day(given, day) for day in DAYS}
    rules = []
    for said, days in groupby(DAYS, key=times.__getitem__):
        run = list(days)
        if said:
            rules.append(f"{run[0] if len(run) == 1 else f'{run[0]}-{run[-1]}'} {said}")
    return "; ".join(rules) or CLOSED


def _times_of_day(given: Mapping[str, str], day: str) -> str:
    spells = []
    for number in range(1, SPELLS + 1):
        start, end = (given.get(f"{day}_{number}_{which}", "").strip() for which in ("from", "to"))
        if not start and not end:
            continue
        end = "24:00" if end == "00:00" else end
        if not _TIME.fullmatch(start) or not _TIME.fullmatch(end) or start >= end:
            raise InvalidInput("week", f"{day} {start}-{end}", "give each spell a beginning and a later end")
        spells.append(f"{start}-{end}")
    return ",".join(spells)


def _spell(text: str) -> Spell:
    start, _, end = text.partition("-")
    return start, "00:00" if end == "24:00" else end


def _days(text: str) -> list[str]:
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [DAYS[number % 7] for number in range(start, (end if end >= start else end + 7) + 1)]
    return found


@dataclass(frozen=True)
class DayAhead:
    """One local day: when it is open (wall clock, `24:00` at its end), and why it is not an ordinary one."""

    day: date
    spells: Sequence[Spell]
    why: str
    note: str


def days_ahead(calendar: Calendar, when: datetime, days: int) -> list[DayAhead]:
    """Return the local days from an instant on, each whole; for people to read, so an hour that comes twice is told once."""
    zone = ZoneInfo(calendar.zone)
    first = when.astimezone(zone).date()
    return [_one_day(calendar, first + timedelta(days=number), zone) for number in range(days)]


def _one_day(calendar: Calendar, day: date, zone: ZoneInfo) -> DayAhead:
    start = datetime.combine(day, time(0), zone)
    end = datetime.combine(day + timedelta(days=1), time(0), zone)
    spells = [
        (
            opens.astimezone(zone).strftime("%H:%M"),
            "24:00" if closes >= end else closes.astimezone(zone).strftime("%H:%M"),
        )
        for opens, closes in calendar.spans(start, end)
    ]
    noon = datetime.combine(day, time(12), zone)
    said = calendar.opening(noon)
    return DayAhead(day, spells, said.why, said.note)
