"""How many people an area would reach now, for the officer who draws and the one who approves.

Asked again with every stroke of the pen, so the resident index of this process answers in milliseconds; while it is not
loaded yet, or has lost touch with the database, SQL answers. At the moment of dispatch `materialise` decides alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg

from alerts import gather
from alerts.index_room import fresh_index
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.geo.select import ids_inside

INDEX, DATABASE = "index", "database"

_INTERIOR = """
SELECT p.country, p.language, p.precision, count(*)
  FROM audience_cells c JOIN positions p ON p.cell = c.cell
 WHERE c.interior AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
 GROUP BY 1, 2, 3
"""
# Each group comes with the coordinates of its people as one string of bytes: 16 bytes a person, and only of edge cells.
_EDGE = """
SELECT p.country, p.language, p.precision, string_agg(float8send(p.lat), ''), string_agg(float8send(p.lon), '')
  FROM audience_cells c JOIN positions p ON p.cell = c.cell
 WHERE NOT c.interior AND p.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
 GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Counts:
    """People inside an area; each of the three splits adds up to the total.

    `source` is `index` or `database`; `as_of` (UTC) is the moment whose positions were counted, at most a few seconds ago.
    People who cannot get a text (opted out, bad number) are counted too: they are inside.
    """

    total: int
    by_country: dict[str, int]
    by_language: dict[str, int]
    by_precision: dict[str, int]
    source: str
    as_of: datetime


def estimate(services: Services, areas: list[Any], at: datetime, drill: bool) -> Counts:
    """Count the people inside an area (Area JSON) at `at` (aware); with `drill` those of exercises only, else the others.

    An empty area holds nobody. Raises InvalidInput when the area cannot be read.
    """
    area = Area.from_json(areas, "areas")
    held = fresh_index(services)
    if held is not None:
        found = held.index.count(area, at, drill)
        return Counts(found.total, found.by_country, found.by_language, found.by_precision, INDEX, held.as_of)
    with services.db.connection() as connection:
        return _count_in_sql(connection, area, at, drill)


def _count_in_sql(connection: psycopg.Connection[Any], area: Area, at: datetime, drill: bool) -> Counts:
    gather.load_cells(connection, area)
    given = {"drill": drill, "at": at}
    groups: Counter[tuple[str, str, str]] = Counter()
    for *group, people in connection.execute(_INTERIOR, given):
        groups[tuple(group)] += people
    for *group, lat, lon in connection.execute(_EDGE, given, binary=True):
        groups[tuple(group)] += int(ids_inside(np.frombuffer(lat, ">f8"), np.frombuffer(lon, ">f8"), area).sum())
    splits: tuple[Counter[str], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())
    for group, people in groups.items():
        for split, name in zip(splits, group, strict=True):
            split[name] += people
    by_country, by_language, by_precision = ({name: n for name, n in split.items() if n} for split in splits)
    return Counts(groups.total(), by_country, by_language, by_precision, DATABASE, at)
