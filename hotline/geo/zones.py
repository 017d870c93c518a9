"""Which time zone a place keeps: that of the nearest town of its own country.

Towns are the cities of `hotline.geo.cities` and the principal place of each zone in the time zone database itself
(`zone.tab`), which knows the outer islands that have no city: Kiritimati is a day ahead of Honolulu, to its north.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from hotline.geo.cells import Floats
from hotline.geo.cities import all_cities, directions_of, nearest_city

_PLACE = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")
"""ISO 6709: degrees, minutes and perhaps seconds of latitude and longitude."""


@dataclass(frozen=True)
class Towns:
    """The towns of one country: degrees, unit vectors from the centre of the earth, and the zone of each."""

    lat: Floats
    lon: Floats
    directions: Floats
    zones: tuple[str, ...]


def zones_of(country: str) -> tuple[str, ...]:
    """The IANA zones kept in a country (ISO code) in the order of their names; none for a code without any."""
    towns = towns_by_country().get(country)
    return () if towns is None else tuple(sorted(set(towns.zones)))


def zone_at(lat: float, lon: float, country: str) -> str:
    """The IANA zone of a place in a country; at sea, or in a country without any town, that of the nearest city at all."""
    towns = towns_by_country().get(country)
    if towns is None:
        return nearest_city(lat, lon)[0].zone
    return towns.zones[int(np.argmax(towns.directions @ directions_of([lat], [lon])[0]))]


@lru_cache(maxsize=1)
def towns_by_country() -> dict[str, Towns]:
    """The towns of every country by its ISO code; shared, must not be changed."""
    places: dict[str, list[tuple[float, float, str]]] = {}
    for city in all_cities():
        places.setdefault(city.country, []).append((city.lat, city.lon, city.zone))
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, at, zone = line.split("\t")[:3]
            places.setdefault(country, []).append((*_degrees(at), zone))
    return {country: _towns(found) for country, found in places.items()}


def _towns(found: list[tuple[float, float, str]]) -> Towns:
    lat, lon = np.array([each[0] for each in found]), np.array([each[1] for each in found])
    return Towns(lat, lon, directions_of(lat, lon), tuple(each[2] for each in found))


def _degrees(written: str) -> tuple[float, float]:
    found = _PLACE.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} in zone.tab is no place")
    north, *parts = found.groups()
    lat, lon = parts[0:3], parts[4:7]
    size = [int(p[0]) + int(p[1]) / 60 + int(p[2] or 0) / 3600 for p in (lat, lon)]
    return (size[0] if north == "+" else -size[0]), (size[1] if parts[3] == "+" else -size[1])
