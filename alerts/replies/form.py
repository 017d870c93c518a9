"""What a person's form says: the answer itself is never refused because a detail of it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from alerts.replies.recording import HELP, MAX_ACCURACY_M, MAX_PEOPLE, MAX_PLACE_CHARS, SAFE
from alerts.replies.relatives import Wish
from hotline.core.errors import InvalidInput
from hotline.core.phone import parse_e164

_NUMBER = re.compile(r"[0-9]{1,3}")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,17})?")
_METRES = re.compile(r"[0-9]{1,9}(\.[0-9]{1,17})?")
_KEY = re.compile(r"[jf][0-9A-Za-z_-]{8,40}")
_MILLISECONDS = re.compile(r"[0-9]{1,9}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Filled:
    """A form as it was understood; `remarks` name the phrases that say what could not be read."""

    status: str
    key: str
    sure: bool
    waited: timedelta
    """How long the answer has waited for a line since the button was pressed; phones' clocks are often wrong."""
    people: int | None
    injured: bool | None
    lat: float | None
    lon: float | None
    accuracy_m: int | None
    place: str
    relative: Wish | None
    remarks: tuple[str, ...]


def read_form(form: Mapping[str, str], *, language: str, fresh_key: str) -> Filled | None:
    """Read a form; None when neither button was pressed.

    A script names each press by a key of its own (`j…`); without one the key is the form's (`f…`) and the button's together,
    so that a form gone back to and answered otherwise is another answer. `fresh_key` stands in for a missing one.
    """
    status = form.get("say", "")
    if status not in (SAFE, HELP):
        return None
    given = form.get("key", "")
    key = given if _KEY.fullmatch(given) else fresh_key
    remarks: list[str] = []
    place = _CONTROL.sub(" ", form.get("place", "")).strip()
    if len(place) > MAX_PLACE_CHARS:
        remarks.append("cut_place")
    lat, lon = _degrees(form.get("lat", ""), 90), _degrees(form.get("lon", ""), 180)
    whole = lat is not None and lon is not None
    metres = form.get("accuracy", "")
    return Filled(
        status=status,
        key=f"{key}:{status}",
        sure=key.startswith("j"),
        waited=_waited(form.get("waited", "")),
        people=_people(form.get("people", ""), remarks),
        injured={"yes": True, "no": False}.get(form.get("injured", "")),
        lat=lat if whole else None,
        lon=lon if whole else None,
        accuracy_m=min(MAX_ACCURACY_M, int(float(metres))) if whole and _METRES.fullmatch(metres) else None,
        place=place[:MAX_PLACE_CHARS],
        relative=_relative(form, language, remarks),
        remarks=tuple(remarks),
    )


def _people(text: str, remarks: list[str]) -> int | None:
    text = text.strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_PEOPLE:
        return int(text)
    remarks.append("bad_people")
    return None


def _degrees(text: str, limit: int) -> float | None:
    if not _DEGREES.fullmatch(text):
        return None
    return float(text) if abs(float(text)) <= limit else None


def _waited(text: str) -> timedelta:
    return timedelta(milliseconds=int(text)) if _MILLISECONDS.fullmatch(text) else timedelta()


def _relative(form: Mapping[str, str], language: str, remarks: list[str]) -> Wish | None:
    """Return whom to tell: nobody any more when the tick was taken away, None when nothing was said about it.

    A number that is known already is not shown on the page, so an empty field under a tick leaves it as it is.
    """
    if form.get("relative") != "yes":
        return Wish("", language) if form.get("relative_known") == "yes" else None
    phone = form.get("relative_phone", "").strip()
    if not phone:
        return None
    try:
        return Wish(parse_e164(phone, "KR").e164, language)
    except InvalidInput:
        remarks.append("bad_phone")
        return None
