"""How many people an area would reach now, for the officer who draws and the one who approves.

Asked again with every stroke of the pen, so the resident index of this process answers in milliseconds; while it is not
loaded yet, or has lost touch with the database, SQL answers. At the moment of dispatch `materialise` decides alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import psycopg

from alerts import gather
from alerts.index_room import fresh_index
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.geo.select import covering, ids_inside
from hotline.geo.touching import countries_touched
from hotline.people.models import PRECISIONS

INDEX, DATABASE = "index", "database"

_INTERIOR = """
SELECT p.country, p.language, p.precision, count(*)
  FROM audience_cells c JOIN positions p ON p.cell = c.cell
 WHERE c.interior AND (p.precision <> 'country' OR p.country <> ALL(%(countries)s::text[]))
   AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
 GROUP BY 1, 2, 3
"""
# Each group comes with the coordinates of its people as one string of bytes: 16 bytes a person, and only of edge cells.
_EDGE = """
SELECT p.country, p.language, p.precision, string_agg(float8send(p.lat), ''), string_agg(float8send(p.lon), '')
  FROM audience_cells c JOIN positions p ON p.cell = c.cell
 WHERE NOT c.interior AND (p.precision <> 'country' OR p.country <> ALL(%(countries)s::text[]))
   AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
 GROUP BY 1, 2, 3
"""
_BY_COUNTRY = """
SELECT p.country, p.language, p.precision, count(*)
  FROM positions p
 WHERE p.precision = 'country' AND p.country = ANY(%(countries)s::text[])
   AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
 GROUP BY 1, 2, 3
"""
SAMPLED = 10_000
"""People whose sightings are looked at for their age; an officer who reads needs no exact figure."""
AGES = """
SELECT precision, percentile_disc(0.5) WITHIN GROUP (ORDER BY observed_at)
  FROM ((SELECT p.precision, p.observed_at
           FROM unnest(%(first)s::int[], %(last)s::int[]) AS r(first, last)
           JOIN positions p ON p.cell BETWEEN r.first AND r.last
          WHERE p.precision <> 'country' AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
          LIMIT %(most)s)
        UNION ALL
        (SELECT p.precision, p.observed_at FROM positions p
          WHERE p.precision = 'country' AND p.country = ANY(%(countries)s::text[])
            AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
          LIMIT %(most)s)) AS sampled
 GROUP BY precision
"""


@dataclass(frozen=True)
class Counts:
    """People inside an area whom an alert would reach; each of the three splits adds up to the total.

    `left_out` counts those inside who are known with a precision that shall not be reached. `source` is `index` or
    `database`; `as_of` (UTC) is the moment whose positions were counted, at most a few seconds ago.
    People who cannot get a text (opted out, bad number) are counted too: they are inside.
    """

    total: int
    by_country: dict[str, int]
    by_language: dict[str, int]
    by_precision: dict[str, int]
    source: str
    as_of: datetime
    left_out: dict[str, int] = field(default_factory=dict)


def estimate(
    services: Services, areas: list[Any], at: datetime, drill: bool, precisions: Collection[str] = PRECISIONS
) -> Counts:
    """Count the people inside an area (Area JSON) at `at` (aware); with `drill` those of exercises only, else the others.

    `precisions` says how exactly people must be known to be reached. An empty area holds nobody. Raises InvalidInput when
    the area cannot be read.
    """
    area = Area.from_json(areas, "areas")
    held = fresh_index(services)
    if held is not None:
        groups = held.index.groups(area, at, drill, country_only=countries_touched(area))
        return _counts(groups, precisions, INDEX, held.as_of)
    with services.db.connection() as connection:
        return _counts(_groups_in_sql(connection, area, at, drill), precisions, DATABASE, at)


def median_seen(services: Services, areas: list[Any], at: datetime, drill: bool) -> dict[str, datetime]:
    """Return for each precision since when half of the people there have been seen, from a bounded sample of the cells."""
    area = Area.from_json(areas, "areas")
    ranges = covering(area)
    given = {
        "first": [each[0] for each in ranges], "last": [each[1] for each in ranges], "drill": drill, "at": at,
        "countries": list(countries_touched(area)), "most": SAMPLED,
    }  # fmt: skip
    with services.db.connection() as connection:
        return dict(connection.execute(AGES, given).fetchall())


def _groups_in_sql(
    connection: psycopg.Connection[Any], area: Area, at: datetime, drill: bool
) -> Mapping[tuple[str, str, str], int]:
    gather.load_cells(connection, area)
    given = {"drill": drill, "at": at, "countries": list(countries_touched(area))}
    groups: Counter[tuple[str, str, str]] = Counter()
    for statement in (_INTERIOR, _BY_COUNTRY):
        for *group, people in connection.execute(statement, given):
            groups[tuple(group)] += people
    for *group, lat, lon in connection.execute(_EDGE, given, binary=True):
        groups[tuple(group)] += int(ids_inside(np.frombuffer(lat, ">f8"), np.frombuffer(lon, ">f8"), area).sum())
    return groups


def _counts(
    groups: Mapping[tuple[str, str, str], int], precisions: Collection[str], source: str, as_of: datetime
) -> Counts:
    """Split the people of some groups (country, language, precision) into those who are reached and those left out."""
    total = 0
    left_out: Counter[str] = Counter()
    splits: tuple[Counter[str], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())
    for group, people in groups.items():
        if group[2] not in precisions:
            left_out[group[2]] += people
            continue
        total += people
        for split, name in zip(splits, group, strict=True):
            split[name] += people
    by_country, by_language, by_precision = ({name: n for name, n in split.items() if n} for split in splits)
    return Counts(total, by_country, by_language, by_precision, source, as_of, {k: n for k, n in left_out.items() if n})
