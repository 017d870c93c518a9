"""From a record to a checked row: every value read, every place found, and what is wrong named with its mend.

A row with dates (`from_date`, `to_date`) tells a leg of the person's journey, any other one where the person is; a person has
at most one row of the second kind in a list, and a row for each leg.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from hotline.core.errors import InvalidInput
from hotline.geo.cells import cells_of
from hotline.geo.countries import country_of
from hotline.people import fields
from hotline.people.import_lines import COLUMNS
from hotline.people.legs import LegFields, located_leg, stay_of
from hotline.people.models import ItineraryLeg
from hotline.people.placing import place_of_city, place_of_country

_TRUE, _FALSE = {"true", "1", "yes", "y", "예"}, {"false", "0", "no", "n", "아니오"}


@dataclass(slots=True)
class Row:
    """One traveller as the file tells; None is "not said". `country` and `cell` are filled in for a whole batch at once."""

    line: int
    reference: str | None
    name: str
    phone: str
    phone_region: str
    language: str | None
    drill: bool | None
    lat: float | None = None
    lon: float | None = None
    precision: str = "exact"
    observed_at: datetime | None = None
    valid_until: datetime | None = None
    country: str | None = None
    cell: int | None = None
    guess: str = ""
    leg: ItineraryLeg | None = None
    """The stay that the row tells, which then has no place of its own."""
    journey: str = ""
    """The source's key of the journey that the leg belongs to; empty for the one that this list makes."""
    email: str | None = None

    @property
    def person(self) -> str:
        """What tells this person from others in the file: the reference, else the number."""
        return f"r:{self.reference}" if self.reference is not None else f"p:{self.phone}"

    @property
    def key(self) -> str:
        """What must not come twice in a file: a person, or a person's stay."""
        if self.leg is None:
            return self.person
        return "|".join([self.person, self.journey, *map(str, stay_of(self.leg))])


def checked_row(line: int, values: dict[str, Any], now: datetime, region: str | None = None) -> Row:
    """Return the row of a record; raises InvalidInput naming the first field that cannot be used.

    `region` is the ISO country whose numbers are written without a plus sign.
    """
    said = {name: _text(name, value) for name, value in values.items() if value is not None and name in COLUMNS}
    phone = fields.checked_phone(said.get("phone", ""), region)
    row = Row(
        line=line,
        reference=fields.checked_reference(said.get("reference")),
        name=fields.checked_name(said.get("name", "")),
        phone=phone.e164,
        phone_region=phone.region,
        language=fields.checked_language(said["language"]) if said.get("language") else None,
        drill=_flag(said["drill"]) if said.get("drill") else None,
        email=fields.checked_email(said.get("email")),
    )
    if said.get("from_date") or said.get("to_date"):
        row.leg, row.journey = _leg(said), fields.checked_reference(said.get("journey")) or ""
        return row
    _put(row, said)
    row.observed_at, row.valid_until = fields.checked_times(
        _time("observed_at", said.get("observed_at", "")), _time("valid_until", said.get("valid_until", "")), now
    )
    return row


def _put(row: Row, said: dict[str, str]) -> None:
    """Set the place: coordinates before a city before a country; nothing when none is said."""
    lat, lon, code = said.get("lat", ""), said.get("lon", ""), said.get("country", "").upper()
    if lat or lon:
        row.lat, row.lon = fields.checked_degrees(_number("lat", lat), _number("lon", lon))
        row.precision = fields.checked_precision(said.get("precision") or "exact")
        return
    if said.get("place"):
        place = place_of_city(said["place"], code or None)
    elif code:
        place = place_of_country(code)
    else:
        return
    row.lat, row.lon, row.precision, row.country, row.guess = (
        place.lat, place.lon, place.precision, place.country, place.guess,
    )  # fmt: skip


def _leg(said: dict[str, str]) -> ItineraryLeg:
    """Return the stay that a row with dates tells."""
    degrees: dict[str, float] = {}
    if said.get("lat") or said.get("lon"):
        degrees = {"lat": _number("lat", said.get("lat", "")), "lon": _number("lon", said.get("lon", ""))}
    return located_leg(
        LegFields(
            from_date=_date("from_date", said.get("from_date", "")),
            to_date=_date("to_date", said.get("to_date", "")),
            place=said.get("place", ""),
            country=said.get("country", ""),
            means=said.get("means", ""),
            **degrees,
        )
    )


@lru_cache(maxsize=10_000)
def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, text, "write the day as 2026-11-21; a leg has a first and a last day") from None


def locate(rows: Sequence[Row]) -> None:
    """Fill in cells and, where only coordinates are known, countries, for all rows in a few array operations."""
    placed = [row for row in rows if row.lat is not None]
    if not placed:
        return
    lat = np.array([row.lat for row in placed], np.float64)
    lon = np.array([row.lon for row in placed], np.float64)
    for row, cell in zip(placed, cells_of(lat, lon).tolist(), strict=True):
        row.cell = cell
    open_rows = np.array([row.country is None for row in placed])
    found = country_of(lat[open_rows], lon[open_rows]).tolist() if open_rows.any() else []
    for index, code in zip(np.flatnonzero(open_rows).tolist(), found, strict=True):
        placed[index].country = code


def _text(name: str, value: object) -> str:
    """Return a value as text; JSON may bring numbers and booleans where CSV brings text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if name == "phone":
            raise InvalidInput("phone", value, "write the number as text with its plus sign")
        return repr(value)
    if not isinstance(value, str):
        raise InvalidInput(name, value, "use a text, a number or true/false")
    if "\x00" in value:
        raise InvalidInput(name, value, "must not hold a null character")
    return value.strip()


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(name, text, "write degrees as a decimal number, and give lat and lon together") from None


def _flag(text: str) -> bool:
    word = text.casefold()
    if word not in _TRUE | _FALSE:
        raise InvalidInput("drill", text, "use true or false")
    return word in _TRUE


@lru_cache(maxsize=10_000)
def _time(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, text, "write the time as 2026-11-21T12:00:00+09:00") from None
