"""How decisions are told on pages: steps and warnings in the reader's language, times on the reader's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale

from hotline.auth.identity import actor
from hotline.calls.states import NUMBERS
from hotline.console.rendering import language_name, reader_zone, zone_label
from hotline.core.errors import InvalidInput
from hotline.core.i18n import gettext
from hotline.core.phone import mask, readable
from hotline.queues.moments import read_moment
from overflow.forwarding import words
from overflow.forwarding.decision import Decision
from overflow.forwarding.warnings import Warned


def local(at: datetime) -> str:
    """Return a time on the reader's clock."""
    shown = at.astimezone(ZoneInfo(reader_zone()))
    return f"{shown:%Y-%m-%d %H:%M} {zone_label(shown)}"


def moment(written: str, field: str) -> datetime:
    """Return in UTC what a `datetime-local` input says on the reader's clock; raises InvalidInput naming the field."""
    try:
        return read_moment(written, ZoneInfo(reader_zone()))
    except InvalidInput as error:
        raise InvalidInput(field, error.value, error.mend) from None


def step_told(step: dict[str, Any]) -> str:
    """Return a kept step (`Step.as_json`) in words."""
    values = dict(step["values"])
    if "language" in values:
        values["language"] = language_name(str(values["language"]))
    return words.told(str(step["message"]), values, str(get_locale()), local)


def steps_told(decision: Decision) -> list[dict[str, Any]]:
    """Return a decision's steps with their words."""
    return [step.as_json() | {"told": step_told(step.as_json())} for step in decision.steps]


def warning_told(warned: Warned) -> str:
    """Return a warning in words."""
    name = warned.names.get(str(get_locale()), warned.names["en"])
    given = {"mission": name, "line": f"{readable(warned.line)} ({name})" if warned.line else name}
    given |= {"since": local(warned.since) if warned.since else "", "calls": str(warned.calls)}
    return str(gettext(words.WARNINGS[warned.message], number=readable(warned.number), **given))


def number_shown(phone: str) -> str:
    """Return a caller's number: whole for those who may see numbers, masked for everybody else, a word when withheld."""
    if not phone:
        return gettext("withheld")
    return readable(phone) if actor().may(NUMBERS) else mask(phone)


def named(row: Any) -> str:
    """Return a mission's name in the reader's language."""
    return str(row.name_ko if str(get_locale()) == "ko" else row.name_en)
