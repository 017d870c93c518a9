"""What a visitor fills in about themselves and a journey, checked before a code is sent; kept as JSON until it is acted upon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.people.fields import checked_email, checked_language, checked_name
from hotline.people.placing import place_of_city, place_of_country

MAX_CITY_CHARS = 120
LONGEST_STAY = timedelta(days=366)
FURTHEST_AHEAD = timedelta(days=2 * 366)


@dataclass(frozen=True)
class Trip:
    """One stay: ISO country, city (empty for anywhere in it), first and last day in the place's own time."""

    country: str
    city: str
    first_date: date
    last_date: date


@dataclass(frozen=True)
class Wishes:
    """What shall be on record: name, language of texts, perhaps a journey, and an e-mail address or "" for none."""

    name: str
    language: str
    trip: Trip | None = None
    email: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the wishes as JSON values."""
        values = asdict(self)
        if self.trip is not None:
            values["trip"] |= {
                "first_date": self.trip.first_date.isoformat(),
                "last_date": self.trip.last_date.isoformat(),
            }
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Wishes:
        """Read back what `to_json` wrote."""
        trip = values.get("trip")
        return cls(
            values["name"],
            values["language"],
            Trip(
                trip["country"],
                trip["city"],
                date.fromisoformat(trip["first_date"]),
                date.fromisoformat(trip["last_date"]),
            )
            if trip
            else None,
            values.get("email", ""),
        )


def read(form: Mapping[str, str], today: date) -> Wishes:
    """Read name, language, e-mail address and journey of a form; raises SeveralFaults naming every field that cannot be used."""
    faults: list[InvalidInput] = []
    name = language = email = ""
    trip: Trip | None = None
    try:
        name = checked_name(form.get("name", ""))
    except InvalidInput as fault:
        faults.append(fault)
    try:
        language = checked_language(form.get("language", ""))
    except InvalidInput as fault:
        faults.append(fault)
    try:
        email = checked_email(form.get("email", "")) or ""
    except InvalidInput as fault:
        faults.append(fault)
    try:
        trip = read_trip(form, today)
    except InvalidInput as fault:
        faults.append(fault)
    if faults:
        raise SeveralFaults([{"field": each.field, "value": "…", "mend": each.mend} for each in faults])
    return Wishes(name, language, trip, email)


def read_trip(form: Mapping[str, str], today: date) -> Trip | None:
    """Read the journey of a form, None when nothing of it is filled in; raises InvalidInput naming the field."""
    country, city = form.get("country", "").strip().upper(), " ".join(form.get("city", "").split())
    given = [form.get(name, "").strip() for name in ("first_date", "last_date")]
    if not any((country, city, *given)):
        return None
    place_of_country(country)
    if len(city) > MAX_CITY_CHARS:
        raise InvalidInput("place", city, f"use at most {MAX_CITY_CHARS} characters")
    if city:
        place_of_city(city, country)
    first = _date("first_date", given[0])
    last = _date("last_date", given[1] or given[0])
    if last < first:
        raise InvalidInput("last_date", given[1], "must not lie before the first day")
    # A day behind: it may still be yesterday at the place.
    if last < today - timedelta(days=1):
        raise InvalidInput("last_date", given[1], "must not lie in the past")
    if first > today + FURTHEST_AHEAD or last - first > LONGEST_STAY:
        raise InvalidInput("last_date", given[1], "give a stay of at most a year, within two years")
    return Trip(country, city, first, last)


def _date(field: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(field, value, "write the day as 2026-11-21") from None
