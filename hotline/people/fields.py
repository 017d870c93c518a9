"""What is said about a traveller and checked before it is kept: name, number, language, reference, place and times."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from phonenumbers import country_code_for_region

from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.phone import PhoneNumber, parse_e164
from hotline.people.models import PRECISIONS

MAX_NAME_CHARS = 160
MAX_REFERENCE_CHARS = 80
MAX_SOURCE_CHARS = 20
MAX_EMAIL_CHARS = 254
"""RFC 5321 leaves no more for an address on its way."""
DEFAULT_LANGUAGE = "ko"
FIRST_YEAR, LAST_YEAR = 1990, 2199
"""Years of a time that can be meant; PostgreSQL keeps others that Python can then not read back."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far another system's clock may be ahead: an observation further in the future would shut out all true ones."""

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs, which JSON can write and no database can keep."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,4})?")


@dataclass(frozen=True, kw_only=True)
class TravellerFields:
    """What is known of a new traveller. `phone` is written in any usual form; `language` is a BCP 47 code such as `ko`."""

    name: str
    phone: str
    language: str = DEFAULT_LANGUAGE
    reference: str | None = None
    drill: bool = False
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class TravellerChanges:
    """What shall change of a traveller; None leaves a value as it is, an empty `email` takes it away."""

    name: str | None = None
    phone: str | None = None
    language: str | None = None
    reference: str | None = None
    drill: bool | None = None
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class PositionFields:
    """Where somebody was seen: degrees, how exactly (`exact`, `city` or `country`), when, and until when that holds.

    Times are aware. `valid_until` None means until something newer is known; `country` (ISO) overrules the borders, for
    places that are only known by their country.
    """

    lat: float
    lon: float
    precision: str = "exact"
    observed_at: datetime | None = None
    valid_until: datetime | None = None
    country: str | None = None


def checked_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a traveller's values as they are kept, the number as `phone` and `phone_region`.

    Raises SeveralFaults naming every field that cannot be used.
    """
    kept: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for name, value in given.items():
        try:
            kept[name] = _CHECKS[name](value) if name in _CHECKS else value
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    if faults:
        raise SeveralFaults(faults, "Some fields of the traveller cannot be used; each is named.")
    number = kept.get("phone")
    if isinstance(number, PhoneNumber):
        kept |= {"phone": number.e164, "phone_region": number.region}
    return kept


def checked_name(value: str) -> str:
    """Return the name with single blanks; raises InvalidInput when it is empty, too long or not text."""
    name = " ".join(value.split())
    if not 1 <= len(name) <= MAX_NAME_CHARS or _CONTROL.search(name):
        raise InvalidInput("name", value, f"give the person's name in 1 to {MAX_NAME_CHARS} characters")
    return name


def checked_reference(value: str | None) -> str | None:
    """Return the source system's key, None for an empty one; raises InvalidInput when it is too long or not text."""
    reference = (value or "").strip()
    if len(reference) > MAX_REFERENCE_CHARS or _CONTROL.search(reference):
        raise InvalidInput("reference", value, f"use at most {MAX_REFERENCE_CHARS} characters")
    return reference or None


def checked_email(value: str | None) -> str | None:
    """Return an e-mail address as it is kept (its domain in small ASCII letters), None for an empty one.

    Only its form is checked (RFC 5321 and 5322): no mail server is asked. Addresses that only servers with SMTPUTF8 can take
    are refused, because a warning must not depend on that. Raises InvalidInput.
    """
    address = (value or "").strip()
    if not address:
        return None
    mend = "write an address such as name@example.org, in Latin letters before the @"
    if len(address) > MAX_EMAIL_CHARS:
        raise InvalidInput("email", address, mend)
    try:
        read = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise InvalidInput("email", address, mend) from None
    kept = read.ascii_email
    if kept is None or len(kept) > MAX_EMAIL_CHARS:
        raise InvalidInput("email", address, mend)
    return kept


def checked_language(value: str) -> str:
    """Return a language code in small letters; raises InvalidInput for anything else."""
    language = value.strip().lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(language):
        raise InvalidInput("language", value, "use a code such as ko, en or zh-hant")
    return language


def checked_phone(value: str, region: str | None = None) -> PhoneNumber:
    """Return the number in E.164, read as one of `region` (ISO) where it has no plus sign.

    Raises InvalidInput naming `phone`.
    """
    return parse_e164(value.strip(), region)


def checked_region(value: str | None) -> str | None:
    """Return the country whose numbers are written without a plus sign; raises InvalidInput when there is no such one."""
    region = (value or "").strip().upper()
    if region and not country_code_for_region(region):
        raise InvalidInput("region", value, "use an ISO 3166 code of two letters, such as KR")
    return region or None


def checked_precision(value: str) -> str:
    """Return how exact a place is; raises InvalidInput for an unknown word."""
    if value not in PRECISIONS:
        raise InvalidInput("precision", value, f"use one of {', '.join(PRECISIONS)}")
    return value


def checked_note(field: str, value: str, max_chars: int) -> str:
    """Return a short free text with single blanks, which may be empty; raises InvalidInput naming `field`."""
    note = " ".join(value.split())
    if len(note) > max_chars or _CONTROL.search(note):
        raise InvalidInput(field, value, f"use at most {max_chars} characters")
    return note


def checked_source(value: str) -> str:
    """Return who knows of a place; raises InvalidInput for an empty, too long or unprintable word."""
    if not 1 <= len(value) <= MAX_SOURCE_CHARS or _CONTROL.search(value):
        raise InvalidInput("source", value, f"use 1 to {MAX_SOURCE_CHARS} characters")
    return value


def checked_degrees(lat: float, lon: float) -> tuple[float, float]:
    """Return latitude and longitude; raises InvalidInput for a place that is not on earth."""
    if not (math.isfinite(lat) and -90 <= lat <= 90):
        raise InvalidInput("lat", lat, "a latitude lies between -90 and 90 degrees")
    if not (math.isfinite(lon) and -180 <= lon <= 180):
        raise InvalidInput("lon", lon, "a longitude lies between -180 and 180 degrees")
    return lat, lon


def checked_times(
    observed_at: datetime | None, valid_until: datetime | None, now: datetime
) -> tuple[datetime, datetime | None]:
    """Return when a place was observed (now, when nothing is said) and until when it holds.

    Raises InvalidInput for times without a zone, for observations in the future, and for an end before the observation.
    """
    for field, value in (("observed_at", observed_at), ("valid_until", valid_until)):
        if value is not None and value.tzinfo is None:
            raise InvalidInput(field, value.isoformat(), "write the time with its offset, as 2026-11-21T12:00:00+09:00")
        if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise InvalidInput(field, value.isoformat(), f"write a year from {FIRST_YEAR} to {LAST_YEAR}")
    observed = observed_at or now
    if observed > now + CLOCK_TOLERANCE:
        raise InvalidInput("observed_at", observed.isoformat(), "a place cannot be observed in the future")
    if valid_until is not None and valid_until <= observed:
        raise InvalidInput("valid_until", valid_until.isoformat(), "must lie after observed_at")
    return observed, valid_until


_CHECKS: dict[str, Callable[[str], object]] = {
    "name": checked_name,
    "phone": checked_phone,
    "language": checked_language,
    "reference": checked_reference,
    "email": checked_email,
}
