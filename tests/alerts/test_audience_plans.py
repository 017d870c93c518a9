"""How PostgreSQL finds the people of an area among very many: by the index for a city, in one pass for the world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from alerts import gather
from hotline.core.db import Database
from hotline.geo.area import Area
from hotline.geo.cells import cell_sql
from hotline.geo.select import covering
from hotline.platform.embedded import EmbeddedPostgres
from tests.factories import NOW
from tests.geo.oracles import make_area

pytestmark = pytest.mark.long

ROWS = 1_000_000 if os.environ.get("HOTLINE_NIGHTLY") else 300_000
"""Enough for the planner to choose as with a million, which the night tries."""
CITY = make_area(circles=[(14.6, 121.0, 40.0)])
WORLD = make_area(polygons=[[[-90, -180], [-90, 180], [90, 180], [90, -180], [-90, -180]]])
RAGGED = make_area(
    polygons=[[[lat / 4 - 80, (-60 if lat % 2 else 50) + lat / 400] for lat in range(640)] + [[-80, -170], [-80, 50]]]
)
"""A shape whose outline crosses half the globe with every edge: a covering of thousands of cells."""

# The golden angle spreads points evenly and without any randomness.
_PLACES = f"""
INSERT INTO positions (traveller_id, lat, lon, cell, source, observed_at)
SELECT n, lat, lon, {cell_sql("lat", "lon")}, 'test', %(at)s
  FROM (SELECT n, degrees(asin(2.0 * n / (%(rows)s + 1) - 1)) AS lat,
               ((n * 137.50776405003785)::numeric %% 360 - 180)::float8 AS lon
          FROM generate_series(1, %(rows)s) n) AS spread
"""  # noqa: S608  # the expression is our own


@pytest.fixture(scope="module")
def many(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A database with many people spread over the globe, as fast as SQL makes them."""
    url = postgres.create_database("plans", template="hotline_template")
    # A busy machine takes longer than the half minute that pages and jobs are given.
    database = Database(url, pool_size=1, statement_timeout_ms=180_000)
    with database.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'T', '+82' || n, 'KR', %(at)s, %(at)s FROM generate_series(1, %(rows)s) n",
            {"at": NOW, "rows": ROWS},
        )
        connection.execute(
            _PLACES,
            {"at": NOW, "rows": ROWS},
        )
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.autocommit = True
        raw.execute("ANALYZE travellers, positions")
        raw.autocommit = False
    yield database
    database.dispose()
    postgres.drop_database("plans")


def plan(connection: psycopg.Connection[Any], area: Area) -> str:
    """The plan of the statement that gathers the people of an area."""
    gather.load_cells(connection, area)
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(
            "EXPLAIN " + gather.PEOPLE_OF_CELLS,
            {"drill": False, "at": NOW, "fine": ["exact", "city"], "coarse": True, "countries": ["PH"]},
        )
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_city_is_found_by_the_index_of_cells(many: Database) -> None:
    with many.connection() as connection:
        found = plan(connection, CITY)
        connection.rollback()
    assert "ix_positions_cell" in found
    assert "pk_travellers" in found
    assert "Seq Scan on positions" not in found


def test_the_world_is_read_in_one_pass(many: Database) -> None:
    with many.connection() as connection:
        found = plan(connection, WORLD)
        connection.rollback()
    assert "Seq Scan on positions" in found
    assert "Hash Join" in found


def test_a_covering_of_thousands_of_ranges_is_a_join_and_not_a_list_of_conditions(many: Database) -> None:
    assert len(covering(RAGGED)) > 1_000
    with many.connection() as connection:
        found = plan(connection, RAGGED)
        connection.rollback()
    assert found.count("audience_cells") <= 2
    assert " OR (" not in found.replace("(valid_until IS NULL) OR (valid_until", "")
    assert len(found) < 3_000
