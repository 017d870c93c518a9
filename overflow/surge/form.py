"""The form of a call-out: what was typed to fields, and back; times are on the officer's own clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from overflow.surge.opening import CalloutFields

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Lies outside every bound: what is no moment is refused with the other faults."""
_PARTING = re.compile(r"[,;\s]+")
MAX_TYPED = 400


def read_form(form: Mapping[str, str], zone: ZoneInfo) -> CalloutFields:
    """Return what was typed; what cannot be read becomes a value that the stage refuses by name."""
    return CalloutFields(
        incident_id=number(form.get("incident_id", "")),
        needed=number(form.get("needed", "")),
        by_at=_moment(form.get("by_at", ""), zone),
        until_at=_moment(form.get("until_at", ""), zone),
        skills=read_skills(form.get("skills", "")),
        languages=tuple(split(form.get("languages", "").lower())),
        task=form.get("task", ""),
        follows_forecast=form.get("follows_forecast") == "1",
    )


def number(given: str) -> int:
    """Return a small number, 0 for what is none."""
    given = given.strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def split(written: str) -> list[str]:
    """Return the words of a list that is parted by commas or blanks."""
    return [each for each in _PARTING.split(written[:MAX_TYPED]) if each]


def read_skills(written: str) -> dict[str, int]:
    """Return `visa:2, senior:1` as levels by skill; a skill without a level is wanted at level 1."""
    skills: dict[str, int] = {}
    for each in split(written):
        name, _, level = each.partition(":")
        skills[name] = number(level) if level else 1
    return skills


def _moment(written: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.fromisoformat(written[:30])
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NEVER


def usual(now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return what a new form begins with: ready in half an hour, for six hours."""
    by_at = (now + timedelta(minutes=30)).astimezone(zone)
    return {
        "needed": "10", "by_at": f"{by_at:%Y-%m-%dT%H:%M}", "until_at": f"{by_at + timedelta(hours=6):%Y-%m-%dT%H:%M}",
        "languages": "ko",
    }  # fmt: skip
