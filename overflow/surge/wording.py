"""What is written and said to volunteers in Korean and English, with times on their own clocks; pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

LANGUAGES = ("ko", "en")
_FOLDER = Path(__file__).parent / "languages"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def words(language: str) -> Mapping[str, str]:
    """Return every sentence in Korean or English."""
    read: dict[str, str] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return read


def moment(at: datetime, zone: str, language: str) -> str:
    """Return a moment (aware) as the clock on somebody's wall shows it, with the day; `zone` is an IANA name."""
    local = at.astimezone(ZoneInfo(zone))
    if language == "ko":
        return f"{local.month}월 {local.day}일 {local:%H:%M}"
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


def span(minutes: int, language: str) -> str:
    """Return a length in hours and minutes."""
    return words(language)["hours"].format(hours=minutes // 60, minutes=minutes % 60)


def task_of(task: str, language: str) -> str:
    """Return what they will do: the officer's own words, else the usual task."""
    return task or words(language)["task"]


def sentence(key: str, language: str, *, drill: bool, **values: str) -> str:
    """Return one text; a drill says so first."""
    own = words(language)
    return own[key].format(drill=own["drill"] if drill else "", **values)
