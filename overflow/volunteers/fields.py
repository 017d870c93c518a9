"""What is said about a volunteer, checked before it is kept; the same rules for forms, lists, the API and their own page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from hotline.agents.skills import MAX_LEVEL, check_languages, check_skills
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.people.fields import checked_email, checked_name, checked_note
from hotline.registration.checks import checked_mobile

HOME_REGION = "KR"
"""Whose numbers are written without a plus sign."""
SPEAKS = ("ko", "en")
MAX_NAME_CHARS, MAX_SITE_CHARS, MAX_NOTE_CHARS = 120, 80, 2_000
MAX_HOURS_DAY, MAX_HOURS_WEEK = 12, 52
"""No more is agreed with anybody, whatever they offer: the week's limit of the labour law."""
MAX_HOURS_ROWS, MAX_AWAY_ROWS = 50, 50
LONGEST_AWAY = timedelta(days=3 * 366)
_PARTS = re.compile(r"[|,;\s]+")
_YES, _NO = ("yes", "true", "1", "y", "예", "o"), ("no", "false", "0", "n", "아니오", "x", "")


@dataclass(frozen=True)
class Hours:
    """Hours of a week: `weekday` 0 Monday, minutes after local midnight, length in minutes (may run past midnight)."""

    weekday: int
    starts: int
    minutes: int


@dataclass(frozen=True)
class Away:
    """Local days, both included."""

    first: date
    last: date


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are kept; raises SeveralFaults naming every field that cannot be used."""
    kept: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for name, value in given.items():
        try:
            kept[name] = CHECKS[name](value)
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    if faults:
        raise SeveralFaults(faults, "Some fields of the volunteer cannot be used; each is named.")
    return kept


def _name(value: str) -> str:
    name = checked_name(value)
    if len(name) > MAX_NAME_CHARS:
        raise InvalidInput("name", value, f"give the name in 1 to {MAX_NAME_CHARS} characters")
    return name


def _phone(value: str) -> str:
    return checked_mobile(value, HOME_REGION).e164


def _speaks(value: str) -> str:
    if value not in SPEAKS:
        raise InvalidInput("speaks", value, f"use one of {', '.join(SPEAKS)}")
    return value


def _languages(value: str | Iterable[str]) -> list[str]:
    parts = _PARTS.split(value) if isinstance(value, str) else value
    found = check_languages(part.strip().lower() for part in parts if part.strip())
    if not found:
        raise InvalidInput("languages", value, "name at least one language, such as ko")
    return found


def _skills(value: str | Mapping[str, int]) -> dict[str, int]:
    """Read `visa:2|trauma` (level 1 where none is written) or a mapping."""
    if not isinstance(value, str):
        return check_skills(value)
    found: dict[str, int] = {}
    for part in _PARTS.split(value.strip()):
        if not part:
            continue
        skill, _, level = part.partition(":")
        if level and not (level.isascii() and level.isdigit() and len(level) == 1):
            raise InvalidInput("skills", part, f"write a skill as visa:2, with a level from 1 to {MAX_LEVEL}")
        found[skill.lower()] = int(level or 1)
    return check_skills(found)


def _zone(value: str) -> str:
    zone = value.strip()
    if zone not in available_timezones() or zone == "localtime":
        raise InvalidInput("zone", value, "choose a zone from the list, such as Asia/Seoul")
    return zone


def _hours(field: str, most: int) -> Callable[[str | int], int]:
    def check(value: str | int) -> int:
        try:
            number = int(value)
        except ValueError:
            number = 0
        if not 1 <= number <= most:
            raise InvalidInput(field, value, f"use 1 to {most} hours")
        return number

    return check


def checked_minute(field: str, value: str) -> int:
    """Return minutes after midnight of a time such as `22:00`; `24:00` is midnight. Raises InvalidInput naming `field`."""
    hour, colon, minute = value.strip().partition(":")
    if not (colon and hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(minute) == 2):
        raise InvalidInput(field, value, "write the time as 22:00")
    found = int(hour[:3]) * 60 + int(minute)
    if int(minute) > 59 or found > 24 * 60:
        raise InvalidInput(field, value, "write the time as 22:00")
    return found % (24 * 60)


def written_minute(minute: int) -> str:
    """Return minutes after midnight as people write them."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _yes(field: str) -> Callable[[str | bool], bool]:
    def check(value: str | bool) -> bool:
        if isinstance(value, bool):
            return value
        word = value.strip().casefold()
        if word not in (*_YES, *_NO):
            raise InvalidInput(field, value, "write yes or no")
        return word in _YES

    return check


CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name, "phone": _phone, "email": lambda value: checked_email(value) or "", "speaks": _speaks,
    "languages": _languages, "skills": _skills, "zone": _zone,
    "site": lambda value: checked_note("site", value, MAX_SITE_CHARS), "senior": _yes("senior"), "drill": _yes("drill"),
    "max_hours_day": _hours("max_hours_day", MAX_HOURS_DAY), "max_hours_week": _hours("max_hours_week", MAX_HOURS_WEEK),
    "quiet_from": lambda value: checked_minute("quiet_from", value),
    "quiet_to": lambda value: checked_minute("quiet_to", value),
    "note": lambda value: checked_note("note", value, MAX_NOTE_CHARS),
}  # fmt: skip
"""Every field with what reads it; times as `22:00`, lists as lists or parted by `|`."""


def checked_hours(rows: Sequence[Mapping[str, Any]]) -> list[Hours]:
    """Return hours of the week out of {weekday, from, to}; `to` at or before `from` is on the next day.

    Raises InvalidInput naming `hours`.
    """
    if len(rows) > MAX_HOURS_ROWS:
        raise InvalidInput("hours", len(rows), f"give at most {MAX_HOURS_ROWS} times of a week")
    found = []
    for row in rows:
        weekday = row["weekday"]
        if not (isinstance(weekday, int) and 0 <= weekday <= 6):
            raise InvalidInput("hours", weekday, "days of the week are 0 (Monday) to 6")
        starts, ends = (checked_minute("hours", str(row[name])) for name in ("from", "to"))
        minutes = (ends - starts) % (24 * 60) or 24 * 60
        if minutes < 15:
            raise InvalidInput("hours", row["to"], "give at least a quarter of an hour")
        found.append(Hours(weekday, starts, minutes))
    return sorted(set(found), key=lambda each: (each.weekday, each.starts, each.minutes))


def checked_away(rows: Sequence[Away]) -> list[Away]:
    """Return days away; raises InvalidInput naming `away`."""
    if len(rows) > MAX_AWAY_ROWS:
        raise InvalidInput("away", len(rows), f"give at most {MAX_AWAY_ROWS} times away")
    for row in rows:
        if row.last < row.first or row.last - row.first > LONGEST_AWAY:
            raise InvalidInput(
                "away", row.last.isoformat(), "the last day lies on or after the first, within three years"
            )
    return sorted(set(rows), key=lambda each: (each.first, each.last))
