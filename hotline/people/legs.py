"""One stay of a journey: checked, placed on the map, and turned into the moments between which it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hotline.core.errors import InvalidInput
from hotline.geo.cells import cell_of
from hotline.geo.countries import country_of
from hotline.people import fields
from hotline.people.local_days import span, zones_at
from hotline.people.models import ItineraryLeg
from hotline.people.placing import place_of_city, place_of_country

MAX_LEGS = 60
"""Of one journey."""
MAX_ITINERARIES = 40
"""Journeys of one traveller; those that are over may be deleted."""
MAX_PLACE_CHARS = 120
MAX_MEANS_CHARS = 80


@dataclass(frozen=True, kw_only=True)
class LegFields:
    """One stay: the first and the last day there, and a city's name, degrees with a name, or only a country (ISO)."""

    from_date: date
    to_date: date
    place: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    means: str = ""


def stay_of(leg: ItineraryLeg) -> tuple[date, date, str, float, float]:
    """Return what tells two legs of one journey apart."""
    return leg.first_date, leg.last_date, leg.country, leg.lat, leg.lon


def located_legs(given: Sequence[LegFields]) -> list[ItineraryLeg]:
    """Return the rows of some legs, placed and with the moments between which they count; raises InvalidInput."""
    if not 1 <= len(given) <= MAX_LEGS:
        raise InvalidInput("legs", len(given), f"a journey has 1 to {MAX_LEGS} legs")
    legs = []
    seen: set[tuple[date, date, str, float, float]] = set()
    for number, leg in enumerate(given):
        try:
            row = located_leg(leg)
        except InvalidInput as fault:
            raise InvalidInput(f"legs.{number}.{fault.field}", fault.value, fault.mend) from fault
        if stay_of(row) not in seen:
            seen.add(stay_of(row))
            legs.append(row)
    return legs


def located_leg(given: LegFields) -> ItineraryLeg:
    """Return the row of one leg; raises InvalidInput naming the field that cannot be used."""
    place = fields.checked_note("place", given.place, MAX_PLACE_CHARS)
    means = fields.checked_note("means", given.means, MAX_MEANS_CHARS)
    code = given.country.strip().upper()
    if given.lat is not None or given.lon is not None:
        nowhere = float("nan")
        lat, lon = fields.checked_degrees(
            nowhere if given.lat is None else given.lat, nowhere if given.lon is None else given.lon
        )
        country, precision = place_of_country(code).country if code else str(country_of([lat], [lon])[0]), "city"
    elif place:
        if code:
            place_of_country(code)
        city = place_of_city(place, code or None)
        lat, lon, country, precision = city.lat, city.lon, city.country, city.precision
    elif code:
        middle = place_of_country(code)
        lat, lon, country, precision = middle.lat, middle.lon, middle.country, "country"
    else:
        raise InvalidInput("place", "", "name a city, a country, or give lat and lon")
    zones = zones_at(lat, lon, country, whole_country=precision == "country")
    starts_at, ends_at = span(given.from_date, given.to_date, zones)
    return ItineraryLeg(
        place=place, country=country, precision=precision, lat=lat, lon=lon, cell=cell_of(lat, lon),
        zone=zones[0] if len(zones) == 1 else "", first_date=given.from_date, last_date=given.to_date, means=means,
        starts_at=starts_at, ends_at=ends_at,
    )  # fmt: skip
