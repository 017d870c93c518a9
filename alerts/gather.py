"""The set-based half of an audience: the people of an area's cells in a temporary table, tested, counted, and written.

A country has thousands of cells, so they are a (small, analysed) table to join with and not a list of conditions: the
planner then knows how many people to expect, takes the index of `positions.cell` for a city and one pass over the table
for a continent. Measured on 1,000,000 positions against ranges from unnest(): the same for small areas, a third quicker
for the whole world, because a join on ranges leaves the planner blind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from alerts.placeholders import choose_language
from alerts.preview import LANGUAGE_FALLBACKS
from alerts.segments import count_segments
from alerts.variants import ALERT, COUNTRY, VARIANTS
from hotline.geo.area import Area
from hotline.geo.index import COUNTRY_ONLY
from hotline.geo.select import covering, ids_inside
from hotline.geo.touching import countries_touched
from hotline.people.models import PRECISIONS

PAGES_PER_PORTION = 512
"""Pages of the temporary table whose people are tested in one go: 4 MiB, about 45,000 people."""

_CELLS = """
CREATE TEMP TABLE audience_cells ON COMMIT DROP AS
SELECT cell, interior
  FROM unnest(%s::int[], %s::int[], %s::bool[]) AS r(first, last, interior), generate_series(r.first, r.last) AS cell
"""
PEOPLE_OF_CELLS = """
SELECT t.id AS traveller_id, t.phone, p.country, t.language, p.precision, c.interior,
       CASE WHEN NOT c.interior THEN p.lat END AS lat, CASE WHEN NOT c.interior THEN p.lon END AS lon,
       CASE WHEN t.erased_at IS NOT NULL THEN 'erased'
            WHEN t.opted_out_at IS NOT NULL THEN 'opted_out'
            WHEN t.number_bad_at IS NOT NULL THEN 'number_bad' END AS excluded
  FROM audience_cells c
  JOIN positions p ON p.cell = c.cell
  JOIN travellers t ON t.id = p.traveller_id
 WHERE t.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
   AND CASE p.precision WHEN 'country' THEN %(coarse)s AND p.country <> ALL(%(countries)s::text[])
                        ELSE p.precision = ANY(%(fine)s::text[]) END
"""
"""The traveller's own drill flag decides, not its copy: an exercise must never reach anybody else."""
PEOPLE_OF_COUNTRIES = """
SELECT t.id, t.phone, p.country, t.language, p.precision, true, NULL::float8, NULL::float8,
       CASE WHEN t.erased_at IS NOT NULL THEN 'erased'
            WHEN t.opted_out_at IS NOT NULL THEN 'opted_out'
            WHEN t.number_bad_at IS NOT NULL THEN 'number_bad' END
  FROM positions p
  JOIN travellers t ON t.id = p.traveller_id
 WHERE p.precision = 'country' AND p.country = ANY(%(countries)s::text[])
   AND t.drill = %(drill)s AND (p.valid_until IS NULL OR p.valid_until > %(at)s)
"""
"""Whoever is known by country only is inside when the area reaches into that country (docs/decisions/0013)."""
_PAGES = "SELECT pg_relation_size('pg_temp.audience') / current_setting('block_size')::int"
_EDGE = """
SELECT string_agg(int8send(traveller_id), ''), string_agg(float8send(lat), ''), string_agg(float8send(lon), '')
  FROM audience WHERE NOT interior AND ctid >= %(first)s::tid AND ctid < %(end)s::tid
"""
_OUTSIDE = """
DELETE FROM audience a USING unnest(%(ids)s::bigint[]) AS o(traveller_id)
 WHERE a.traveller_id = o.traveller_id AND a.ctid >= %(first)s::tid AND a.ctid < %(end)s::tid
"""
_COUNT = "SELECT country, language, precision, excluded, count(*) FROM audience GROUP BY 1, 2, 3, 4"
CHOICES = (
    "unnest(%(wanted)s::text[], %(own)s::text[], %(variants)s::text[], %(languages)s::text[], %(parts)s::smallint[])"
)
"""The table `choice(wanted, own, variant, language, parts)` in statements that write messages; see `columns`."""
_WRITE = f"""
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, variant)
SELECT %(alert_id)s, a.traveller_id, a.phone, a.country, choice.language, choice.parts, choice.variant
  FROM audience a
  JOIN {CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = a.language AND choice.wanted = CASE a.precision WHEN 'country' THEN 'country' ELSE 'alert' END
 WHERE a.excluded IS NULL
    ON CONFLICT (alert_id, phone) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
_WRITTEN = "SELECT country, variant, count(*) FROM messages WHERE alert_id = %s GROUP BY 1, 2"


@dataclass(frozen=True)
class People:
    """The people inside: by country of their place, by their own language, by precision; and who of them gets no text."""

    total: int
    by_country: dict[str, int]
    by_language: dict[str, int]
    by_precision: dict[str, int]
    excluded: dict[str, int]


class TextChoice(NamedTuple):
    """People with the language `own` who need the text `wanted` get `variant` in `language`, which takes `parts` parts."""

    wanted: str
    own: str
    variant: str
    language: str
    parts: int


def choose_texts(texts: Mapping[str, Mapping[str, str]], languages: Iterable[str]) -> list[TextChoice]:
    """For each text that people can need, and each language that they have: what they get of the approved `texts`.

    People known by country only get the warning itself where no text was written for them.
    """
    parts = {
        (variant, language): count_segments(body).parts
        for variant, bodies in texts.items()
        for language, body in bodies.items()
    }
    given = {wanted: wanted for wanted in VARIANTS if texts.get(wanted)}
    if ALERT in given:
        given.setdefault(COUNTRY, ALERT)
    choices = []
    for own in sorted(languages):
        for wanted, variant in given.items():
            chosen = choose_language(own, sorted(texts[variant]), LANGUAGE_FALLBACKS)
            choices.append(TextChoice(wanted, own, variant, chosen, parts[variant, chosen]))
    return choices


def columns(choices: Sequence[TextChoice]) -> dict[str, list[Any]]:
    """Return the values of `CHOICES`."""
    return {
        "wanted": [each.wanted for each in choices],
        "own": [each.own for each in choices],
        "variants": [each.variant for each in choices],
        "languages": [each.language for each in choices],
        "parts": [each.parts for each in choices],
    }


@dataclass(frozen=True)
class Written:
    """Messages written, and people who share a number with somebody who already has one."""

    messages: int
    shared: int
    by_country: dict[str, int] = field(default_factory=dict)
    by_variant: dict[str, int] = field(default_factory=dict)


def load_cells(connection: psycopg.Connection[Any], area: Area) -> None:
    """Make the temporary table `audience_cells` (cell, interior) of an area's covering, with statistics."""
    ranges = covering(area)
    connection.execute(_CELLS, ([r[0] for r in ranges], [r[1] for r in ranges], [r[2] for r in ranges]))
    connection.execute("ANALYZE audience_cells")


def people_inside(
    connection: psycopg.Connection[Any],
    area: Area,
    at: datetime,
    *,
    drill: bool,
    precisions: Collection[str] = PRECISIONS,
) -> None:
    """Fill the temporary table `audience` with everybody who is inside the area at the moment `at`.

    `precisions` says how exactly people must be known to be among them. All rows come from the snapshot of one statement.
    Memory here is bounded: edge people are tested portion by portion.
    """
    load_cells(connection, area)
    statement = sql.SQL("CREATE TEMP TABLE audience ON COMMIT DROP AS ") + sql.SQL(PEOPLE_OF_CELLS)
    statement += sql.SQL("UNION ALL ") + sql.SQL(PEOPLE_OF_COUNTRIES)
    # A utility statement takes no parameters, so the values are written into it (quoted by psycopg).
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(statement, {"drill": drill, "at": at} | reach(area, precisions))
    row = connection.execute(_PAGES).fetchone()
    assert row is not None
    for first in range(0, row[0], PAGES_PER_PORTION):
        _drop_outside(connection, area, first)


def reach(area: Area, precisions: Collection[str]) -> dict[str, Any]:
    """Return which precisions are looked up by place, and which countries of people who are known by country only.

    `coarse` says whether these are reached at all; where their country is not touched the point that stands for them counts.
    """
    fine = [each for each in precisions if each != COUNTRY_ONLY]
    coarse = COUNTRY_ONLY in precisions
    return {"fine": fine, "coarse": coarse, "countries": list(countries_touched(area)) if coarse else []}


def _drop_outside(connection: psycopg.Connection[Any], area: Area, first_page: int) -> None:
    """Test the edge people of one stretch of pages and delete those who are outside."""
    stretch = {"first": f"({first_page},0)", "end": f"({first_page + PAGES_PER_PORTION},0)"}
    row = connection.execute(_EDGE, stretch, binary=True).fetchone()
    assert row is not None
    if row[0] is None:
        return
    ids = np.frombuffer(row[0], ">i8")
    inside = ids_inside(np.frombuffer(row[1], ">f8"), np.frombuffer(row[2], ">f8"), area)
    outside = ids[~inside].tolist()
    if outside:
        connection.execute(_OUTSIDE, stretch | {"ids": outside})


def count(connection: psycopg.Connection[Any]) -> People:
    """Count the temporary table `audience`."""
    country: Counter[str] = Counter()
    language: Counter[str] = Counter()
    precision: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    for row_country, row_language, row_precision, reason, people in connection.execute(_COUNT):
        country[row_country] += people
        language[row_language] += people
        precision[row_precision] += people
        if reason is not None:
            excluded[reason] += people
    return People(country.total(), dict(country), dict(language), dict(precision), dict(excluded))


def write_messages(connection: psycopg.Connection[Any], alert_id: int, choices: list[TextChoice]) -> Written:
    """Write one message for every number in the temporary table `audience`.

    Two people with one number get one text: the unique pair (alert, number) refuses the second.
    """
    row = connection.execute("SELECT count(*) FROM audience WHERE excluded IS NULL").fetchone()
    assert row is not None
    messages = connection.execute(_WRITE, {"alert_id": alert_id, **columns(choices)}).rowcount
    by_country, by_variant = count_written(connection, alert_id)
    return Written(messages, row[0] - messages, by_country, by_variant)


def count_written(connection: psycopg.Connection[Any], alert_id: int) -> tuple[dict[str, int], dict[str, int]]:
    """Count the messages that have just been written, by country and by variant."""
    by_country: Counter[str] = Counter()
    by_variant: Counter[str] = Counter()
    for country, variant, messages in connection.execute(_WRITTEN, (alert_id,)):
        by_country[country] += messages
        by_variant[variant] += messages
    return dict(by_country), dict(by_variant)
