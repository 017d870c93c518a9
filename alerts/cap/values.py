"""The small values of CAP: enumerations, times, language codes, lists of words, references."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from alerts.cap.faults import Findings, Spot
from alerts.cap.model import DEFAULT_LANGUAGE, CapReference

STATUSES: Final = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPES: Final = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES: Final = ("Public", "Restricted", "Private")
CATEGORIES: Final = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
)  # fmt: skip
RESPONSE_TYPES: Final = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCIES: Final = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES: Final = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES: Final = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

UNKNOWN_LANGUAGE: Final = "und"
"""The code of BCP 47 for a language that could not be told."""

# CAP 1.0 wrote certainty so, and CAP 1.2 asks to read it as Likely (section 3.2.2).
_OLD_VALUES: Final = {"verylikely": "Likely"}

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
"""A decimal number; stricter than float(), which also takes infinity, underlines and the digits of all scripts."""

_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?P<gap>\s*[Tt]\s*|\s+)(?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?P<fraction>\.[0-9]{1,12})?\s*(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_EXACT_TIME = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}")
_WORD = re.compile(r'"([^"]*)"|(\S+)')
# The time at its end is what separates one reference from the next even where a sender's name has blanks.
_REFERENCE = re.compile(r"\s*([^,]*),([^,]*),([0-9]{4}-[0-9]{2}-[0-9]{2}T[^\s,]*)(?=\s|$)")

_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2199
_LARGEST_OFFSET: Final = timedelta(hours=14)


def read_number(text: str) -> float | None:
    """Return a finite decimal number, or None when the text is anything else."""
    return float(text) if NUMBER.fullmatch(text) else None


def read_choice(spot: Spot, text: str, allowed: tuple[str, ...], findings: Findings, instead: str | None = None) -> str:
    """Return the allowed value that the text means, forgiving case and blanks with a warning.

    An unknown value is a fault, or a warning where `instead` says what to read for it. A blank text stays blank,
    since its absence has been judged by whoever read it.
    """
    if text in allowed or not text:
        return text
    folded = re.sub(r"[\s_-]", "", text).lower()
    taken = next((each for each in allowed if each.lower() == folded), _OLD_VALUES.get(folded, ""))
    if taken in allowed:
        findings.warn(spot, "spelling", text, taken=taken)
        return taken
    if instead is None:
        findings.fault(spot, "unknown_value", text, allowed=", ".join(allowed))
        return ""
    findings.warn(spot, "unknown_value_ignored", text, allowed=", ".join(allowed), taken=instead)
    return instead


def read_time(spot: Spot, text: str, findings: Findings) -> datetime | None:
    """Return an aware time with the sender's own offset, to the second.

    `Z`, fractions and odd spellings are survived with a warning; a time without an offset is a fault because nobody
    can know which hour it means. Rule: CAP 1.2 section 3.3.2.
    """
    if not text:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        findings.fault(spot, "bad_time", text)
        return None
    offset = found["offset"]
    if offset is None:
        findings.fault(spot, "time_without_offset", text)
        return None
    zone = _zone(offset)
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['clock']}").replace(tzinfo=zone)
    except ValueError:
        moment = None
    if moment is None or zone is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        findings.fault(spot, "bad_time", text)
        return None
    _warn_of_spelling(spot, text, found, moment, findings)
    return moment


def _zone(offset: str) -> timezone | None:
    if offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if distance > _LARGEST_OFFSET or int(digits[2:]) > 59:
        return None
    if not distance:
        return UTC
    return timezone(-distance if offset[0] == "-" else distance)


def _warn_of_spelling(spot: Spot, text: str, found: re.Match[str], moment: datetime, findings: Findings) -> None:
    if found["fraction"]:
        findings.warn(spot, "time_fraction", text)
    if found["offset"] in "Zz":
        findings.warn(spot, "time_zulu", text)
    rest = text.replace(found["fraction"] or "", "") if found["fraction"] else text
    rest = rest[:-1] + "+00:00" if rest[-1] in "Zz" else rest
    if not _EXACT_TIME.fullmatch(rest):
        findings.warn(spot, "time_spelling", text, taken=moment.isoformat())


def read_language(spot: Spot, text: str, findings: Findings) -> str:
    """Return the language code, en-US when there is none (CAP 1.2 section 3.2.2)."""
    if not text:
        return DEFAULT_LANGUAGE
    taken = text.replace("_", "-")
    if not _LANGUAGE.fullmatch(taken):
        findings.warn(spot, "bad_language", text)
        return UNKNOWN_LANGUAGE
    if taken != text:
        findings.warn(spot, "spelling", text, taken=taken)
    return taken


def read_words(text: str) -> tuple[str, ...]:
    """Split a list of words at blanks; a word with blanks stands in double quotes (CAP 1.2 section 3.2.1)."""
    words = (found[1] if found[1] is not None else found[2] for found in _WORD.finditer(text))
    return tuple(" ".join(word.split()) for word in words if word.strip())


def read_references(spot: Spot, text: str, findings: Findings) -> tuple[CapReference, ...]:
    """Read `sender,identifier,sent` groups; of a group that is written otherwise the identifier is kept."""
    text = " ".join(text.split())
    references: list[CapReference] = []
    position = 0
    while text[position:].strip():
        if len(references) >= findings.limits.references:
            findings.fault(spot, "too_many_references", limit=findings.limits.references)
            break
        found = _REFERENCE.match(text, position)
        if found is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            word = text[start:].split(maxsplit=1)[0]
            position = start + len(word)
            reference = _odd_reference(spot, word, findings)
        else:
            position = found.end()
            sent = _reference_time(spot, found[3], findings)
            reference = CapReference(found[1].strip(), found[2].strip(), sent, found[0].strip())
        if reference.identifier:
            references.append(reference)
    return tuple(references)


def _odd_reference(spot: Spot, word: str, findings: Findings) -> CapReference:
    """Make the best of a reference without a usable time: its second part, or the whole word, is the identifier."""
    findings.warn(spot, "bad_reference", word)
    parts = word.split(",")
    if len(parts) == 1:
        return CapReference("", word, None, word)
    return CapReference(parts[0], parts[1], None, word)


def _reference_time(spot: Spot, text: str, findings: Findings) -> datetime | None:
    """Read the time of a reference; a bad one costs a warning only, since the identifier alone can be matched."""
    aside = Findings(findings.limits)
    moment = read_time(spot, text, aside)
    if moment is None:
        findings.warn(spot, "reference_time", text)
    return moment
