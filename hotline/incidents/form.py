"""The form of an incident: from what was typed to fields, and back; times are on the officer's own clock."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput
from hotline.geo.countries import countries
from hotline.incidents.fields import IncidentFields, refuse

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Lies outside every bound: what is no moment is refused with the other faults."""
MAX_COUNTRY_CHARS = 1_000
_PARTING = re.compile(r"[,;·/\n]+")


def read_form(form: Mapping[str, str], zone: ZoneInfo) -> IncidentFields:
    """Return what was typed; raises SeveralFaults for what cannot be read as a number."""
    faults: list[InvalidInput] = []
    lat, lon, radius_km = (_degrees(name, form.get(name, ""), faults) for name in ("lat", "lon", "radius_km"))
    refuse(faults)
    codes = [form.get("country", ""), *codes_of(form.get("more_countries", "")[:MAX_COUNTRY_CHARS])]
    return IncidentFields(
        name_ko=form.get("name_ko", ""), name_en=form.get("name_en", ""), kind=form.get("kind", ""),
        severity=form.get("severity", ""), countries=tuple(code for code in codes if code),
        began_at=_moment(form.get("began_at", ""), zone), place=form.get("place", ""), lat=lat, lon=lon,
        radius_km=radius_km, summary=form.get("summary", ""), drill=form.get("drill") == "1", source=form.get("source", ""),
    )  # fmt: skip


def values_of(given: Mapping[str, object], zone: ZoneInfo) -> dict[str, object]:
    """Return fields as the form shows them."""
    values = dict(given)
    began, codes = values.get("began_at"), values.pop("countries", ())
    if isinstance(began, datetime):
        values["began_at"] = f"{began.astimezone(zone):%Y-%m-%dT%H:%M}"
    if isinstance(codes, (list, tuple)) and codes:
        values["country"], values["more_countries"] = codes[0], ", ".join(codes[1:])
    return {name: "" if value is None else value for name, value in values.items()}


def codes_of(written: str) -> list[str]:
    """Return the codes of countries that are written as codes or by name, in Korean or English; the rest as it is."""
    names = {name.casefold(): each.code for each in countries() for name in (each.name_ko, each.name_en, each.code)}
    parts = [" ".join(part.split()) for part in _PARTING.split(written)]
    return [names.get(part.casefold(), part) for part in parts if part]


def _moment(written: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.fromisoformat(written[:30])
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NEVER


def _degrees(name: str, written: str, faults: list[InvalidInput]) -> float | None:
    if not written.strip():
        return None
    try:
        number = float(written[:30])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        faults.append(InvalidInput(name, written, "give a number"))
        return None
    return number
