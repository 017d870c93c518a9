"""What an exchange says of a call, read forgivingly: nothing that is missing or odd costs a caller the answer.

Version 1 of the body is an object with `version`, `caller`, `called`, `reason`, `language`, `reference` and `time` (ISO 8601 with
an offset). Whatever cannot be used is left out, and the answer says so under `notices`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from hotline.core.errors import InvalidInput
from hotline.core.phone import to_e164
from overflow.forwarding.decision import REASONS, UNKNOWN

VERSION = 1
MAX_BODY_BYTES = 16 * 1024
CLOCK_DIFFERS_S = 60
CLOCK_USELESS_S = 366 * 86_400
"""A time that is further off says nothing and is not kept."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")
_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld"})
_REASON_WORDS = {
    "noanswer": "no_answer", "no-answer": "no_answer", "unanswered": "no_answer", "no answer": "no_answer",
    "all calls": "all", "unconditional": "all", "user-busy": "busy", "night": "closed",
}  # fmt: skip
"""How exchanges also call the reasons."""
NOTICES = {
    "body-unreadable": "The body is no JSON object; the call was decided without it.",
    "version-unknown": "This version of the body is not known; it was read as version 1.",
    "caller-malformed": "The caller's number cannot be read; the caller is kept as anonymous.",
    "called-malformed": "The called number cannot be read; the mission's first line is assumed.",
    "called-unknown": "The called number is no line of this mission; the first line is assumed.",
    "reason-unknown": "The reason is missing or not known; it was decided as for all calls.",
    "language-malformed": "The language is not a code such as ko or zh-CN; it was left out.",
    "reference-shortened": "The reference is not a text of at most 100 characters; what was usable is kept.",
    "time-malformed": "The time is no ISO 8601 time with an offset; it was left out.",
    "clock-differs": "The time in the body differs from ours by more than a minute.",
    "key-missing": "There is no usable Idempotency-Key (1 to 100 visible characters); a repetition is only known by its body.",
    "no-line": "The mission has no open line here; the centre's own number is given.",
    "hand-back-impossible": "The telephone for hand-backs rings us again or is missing; the call is taken.",
    "not-recorded": "Nothing could be recorded; the call will be recognised by the number it reaches.",
}
"""What is told to a technician, by code."""


@dataclass(frozen=True)
class Announced:
    """A call as an exchange announced it; numbers in E.164 or empty, `at` is the exchange's own time (aware) or None."""

    caller: str = ""
    called: str = ""
    reason: str = UNKNOWN
    language: str = ""
    reference: str = ""
    at: datetime | None = None
    notices: list[dict[str, Any]] = field(default_factory=list)

    def content_hash(self, name: str) -> str:
        """Return what tells one call from another under the same name: who called whom, and the exchange's reference."""
        told = json.dumps([name, self.caller, self.called, self.reference])
        return hashlib.sha256(told.encode()).hexdigest()


def notice(code: str, **values: object) -> dict[str, Any]:
    """Return a notice as it stands in the answer."""
    return {"code": code, "text": NOTICES[code]} | values


def read(body: bytes, now: datetime, region: str) -> Announced:
    """Read a body; `region` is the mission's country, for numbers that are written as they are dialled there."""
    notices: list[dict[str, Any]] = []
    given = _object(body)
    if given is None:
        return Announced(notices=[notice("body-unreadable"), notice("reason-unknown")])
    if given.get("version", VERSION) != VERSION:
        notices.append(notice("version-unknown", version=_shown(given["version"]), known=VERSION))
    return Announced(
        caller=_number(given, "caller", region, notices), called=_number(given, "called", region, notices),
        reason=_reason(given, notices), language=_language(given, notices), reference=_reference(given, notices),
        at=_time(given, now, notices), notices=notices,
    )  # fmt: skip


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _number(given: dict[str, Any], name: str, region: str, notices: list[dict[str, Any]]) -> str:
    value = given.get(name)
    if value is None or (isinstance(value, str) and value.strip().lower() in _WITHHELD):
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"+{value}"
    try:
        # The few lines of missions come again and again; callers' numbers are not kept in memory.
        read_as = _line_number if name == "called" else to_e164
        return read_as(_bare(value), region, field=name)
    except InvalidInput:
        notices.append(notice(f"{name}-malformed", field=name, value=_shown(value)))
        return ""


@lru_cache(maxsize=2_048)
def _line_number(text: str, region: str, *, field: str) -> str:
    return to_e164(text, region, field=field)


def _bare(value: object) -> str:
    """Return the number of a text, also of an address such as `<sip:+8610…@exchange>`, whose number is its first part."""
    text = value.strip().lstrip("<") if isinstance(value, str) else ""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        text = re.split("[@;>]", rest, maxsplit=1)[0]
    return f"+{text[2:]}" if text.startswith("00") else text


def _reason(given: dict[str, Any], notices: list[dict[str, Any]]) -> str:
    value = given.get("reason")
    word = value.strip().lower()[:40] if isinstance(value, str) else ""
    word = _REASON_WORDS.get(word, word)
    if word in REASONS:
        return word
    notices.append(notice("reason-unknown", field="reason", value=_shown(value), known=list(REASONS)))
    return UNKNOWN


def _language(given: dict[str, Any], notices: list[dict[str, Any]]) -> str:
    value = given.get("language")
    if value in (None, ""):
        return ""
    word = value.strip().lower().replace("_", "-") if isinstance(value, str) else ""
    if _LANGUAGE.fullmatch(word):
        return word[:8].rstrip("-")
    notices.append(notice("language-malformed", field="language", value=_shown(value)))
    return ""


def _reference(given: dict[str, Any], notices: list[dict[str, Any]]) -> str:
    value = given.get("reference")
    if value is None:
        return ""
    usable = _PRINTABLE.sub("", str(value))[:100] if isinstance(value, str | int) else ""
    if usable != value:
        notices.append(notice("reference-shortened", field="reference", value=_shown(value)))
    return usable


def _time(given: dict[str, Any], now: datetime, notices: list[dict[str, Any]]) -> datetime | None:
    value = given.get("time")
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        off_by_s = None if at is None or at.tzinfo is None else round((at - now).total_seconds())
    except (ValueError, OverflowError):
        at = off_by_s = None
    if at is None or off_by_s is None:
        notices.append(notice("time-malformed", field="time", value=_shown(value)))
        return None
    if abs(off_by_s) > CLOCK_DIFFERS_S:
        notices.append(notice("clock-differs", field="time", off_by_s=off_by_s))
    return at if abs(off_by_s) <= CLOCK_USELESS_S else None


def _shown(value: object) -> str:
    shown = repr(value)
    return _PRINTABLE.sub("?", shown if len(shown) <= 60 else shown[:57] + "...")
