"""What is known of an incident, as officers and machines give it, checked whole: every fault is named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.geo.countries import countries
from hotline.incidents.states import KINDS, SEVERITIES

MAX_NAME, MAX_PLACE, MAX_SUMMARY, MAX_SOURCE = 120, 160, 4_000, 40
MAX_COUNTRIES = 30
MAX_RADIUS_KM = 2_000.0
LONGEST_AGO, LONGEST_AHEAD = timedelta(days=366), timedelta(days=31)


@dataclass(frozen=True, kw_only=True)
class IncidentFields:
    """An incident as it is opened or changed.

    `kind` and `severity` are words of `states`; `countries` ISO 3166 codes; `lat` and `lon` degrees with `radius_km`, all three
    or none; `began_at` aware. `source` names what it was opened from (`alert:12`), and `drill` cannot be changed afterwards.
    """

    name_ko: str
    name_en: str
    kind: str
    severity: str
    countries: tuple[str, ...]
    began_at: datetime
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None
    summary: str = ""
    drill: bool = False
    source: str = ""


def checked(given: IncidentFields, now: datetime) -> dict[str, object]:
    """Return the values as they are kept; raises SeveralFaults."""
    faults: list[InvalidInput] = []
    kept: dict[str, object] = asdict(given)
    for name, least, most in (("name_ko", 1, MAX_NAME), ("name_en", 1, MAX_NAME), ("place", 0, MAX_PLACE),
                              ("source", 0, MAX_SOURCE)):  # fmt: skip
        kept[name] = _line(name, getattr(given, name), least, most, faults)
    kept["summary"] = given.summary.replace("\r\n", "\n").strip()
    if len(given.summary) > MAX_SUMMARY or "\x00" in given.summary:
        faults.append(InvalidInput("summary", given.summary, f"write at most {MAX_SUMMARY} characters"))
    for name, known in (("kind", KINDS), ("severity", SEVERITIES)):
        if getattr(given, name) not in known:
            faults.append(InvalidInput(name, getattr(given, name), f"use one of {', '.join(known)}"))
    kept["countries"] = _countries(given.countries, faults)
    _check_place(given, faults)
    began = given.began_at
    if began.tzinfo is None or not now - LONGEST_AGO <= began <= now + LONGEST_AHEAD:
        mend = f"give a time with its zone, at most {LONGEST_AGO.days} days ago or {LONGEST_AHEAD.days} days ahead"
        faults.append(InvalidInput("began_at", began.isoformat(), mend))
    else:
        kept["began_at"] = began.astimezone(UTC)
    refuse(faults)
    return kept


def refuse(faults: Iterable[InvalidInput], message: str = "Some fields cannot be used; each is named.") -> None:
    """Raise SeveralFaults when there are any."""
    named: list[dict[str, object]] = [
        {"field": fault.field, "value": fault.shown_value, "mend": fault.mend} for fault in faults
    ]
    if named:
        raise SeveralFaults(named, message)


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Return what of `after` differs from `before`."""
    return {name: value for name, value in after.items() if before[name] != value}


def _line(name: str, value: str, least: int, most: int, faults: list[InvalidInput]) -> str:
    kept = " ".join(value.split())
    if not least <= len(kept) <= most or not kept.isprintable():
        faults.append(InvalidInput(name, value, f"write {least} to {most} characters in one line"))
    return kept


def _countries(given: tuple[str, ...], faults: list[InvalidInput]) -> list[str]:
    kept = list(dict.fromkeys(code.strip().upper() for code in given))
    known = {country.code for country in countries()}
    wrong = [code for code in kept if code not in known]
    if wrong or not 1 <= len(kept) <= MAX_COUNTRIES:
        mend = f"give 1 to {MAX_COUNTRIES} ISO 3166 codes such as JP"
        faults.append(InvalidInput("countries", ", ".join(wrong or kept)[:60], mend))
    return kept


def _check_place(given: IncidentFields, faults: list[InvalidInput]) -> None:
    values = {"lat": given.lat, "lon": given.lon, "radius_km": given.radius_km}
    missing = [name for name, value in values.items() if value is None]
    if len(missing) == len(values):
        return
    faults += [InvalidInput(name, "", "give latitude, longitude and radius together, or none") for name in missing]
    bounds = {"lat": (-90.0, 90.0), "lon": (-180.0, 180.0), "radius_km": (0.1, MAX_RADIUS_KM)}
    for name, value in values.items():
        low, high = bounds[name]
        if value is not None and not low <= value <= high:
            faults.append(InvalidInput(name, value, f"give {low:g} to {high:g}"))
