"""The audience in SQL against the slow oracle, on random places and areas, antimeridian and poles included."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import gather
from alerts.audience import DATABASE, estimate
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.geo.cells import cell_of, longitude_units, to_units
from tests.factories import NOW
from tests.geo.oracles import box, oracle_inside

Place = tuple[float, float]

latitudes = st.floats(-90, 90, allow_nan=False).map(lambda degrees: round(degrees, 7))
longitudes = st.floats(-180, 180, allow_nan=False).map(lambda degrees: round(degrees, 7))
near_the_antimeridian = st.tuples(
    latitudes, st.floats(178, 182).map(lambda degrees: round((degrees + 180) % 360 - 180, 7))
)
places = st.lists(st.tuples(latitudes, longitudes) | near_the_antimeridian, min_size=1, max_size=25)


@st.composite
def boxes(draw: st.DrawFn) -> list[list[float]]:
    south, north = sorted((draw(latitudes), draw(latitudes)))
    west, width = draw(longitudes), draw(st.floats(0.01, 170))
    return box(south, west, north, round((west + width + 180) % 360 - 180, 7))


circles = st.fixed_dictionaries(
    {"center": st.tuples(latitudes, longitudes).map(list), "radius_km": st.sampled_from([0, 0.5, 30, 100, 900, 6000])}
)
areas = st.lists(
    st.fixed_dictionaries(
        {
            "description": st.just("drawn"),
            "polygons": st.lists(boxes(), max_size=2),
            "circles": st.lists(circles, max_size=2),
        }
    ),
    min_size=1,
    max_size=2,
).filter(lambda parts: any(part["polygons"] or part["circles"] for part in parts))


@pytest.fixture
def people(services: Services) -> Services:
    """Twenty-five travellers whose places each example sets anew."""
    with services.db.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, language, created_at, updated_at)"
            " SELECT 'T', '+8210' || lpad(n::text, 8, '0'), 'KR', 'ko', %(at)s, %(at)s FROM generate_series(1, 25) n",
            {"at": NOW},
        )
    return services


def settle_down(connection: psycopg.Connection[Any], found: list[Place]) -> None:
    connection.execute("DELETE FROM positions")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO positions (traveller_id, lat, lon, cell, source, observed_at) VALUES (%s, %s, %s, %s, 'test', %s)",
            [(nth, lat, lon, cell_of(lat, lon), NOW) for nth, (lat, lon) in enumerate(found, start=1)],
        )


def expected(area: Area, found: list[Place]) -> set[int]:
    return {
        nth
        for nth, (lat, lon) in enumerate(found, start=1)
        if oracle_inside(area, int(to_units(lat)), int(longitude_units(lon)))
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(areas, places, st.data())
def test_exactly_the_people_inside_are_gathered_and_counted(
    people: Services, json_area: list[Any], found: list[Place], data: st.DataObject
) -> None:
    # Random places seldom meet small areas: some stand on a corner or at a centre.
    corners = [tuple(corner) for part in json_area for ring in part["polygons"] for corner in ring]
    corners += [tuple(circle["center"]) for part in json_area for circle in part["circles"]]
    found = (found + data.draw(st.lists(st.sampled_from(corners), max_size=5)))[:25]
    area = Area.from_json(json_area)
    with people.db.connection() as connection:
        settle_down(connection, found)
    with people.db.connection() as connection:
        gather.people_inside(connection, area, NOW, drill=False)
        gathered = {row[0] for row in connection.execute("SELECT traveller_id FROM audience").fetchall()}
        connection.rollback()
    assert gathered == expected(area, found)
    counts = estimate(people, json_area, NOW, drill=False)
    assert (counts.total, counts.source) == (len(gathered), DATABASE)
    assert sum(counts.by_country.values()) == sum(counts.by_language.values()) == counts.total


def test_edge_people_are_tested_portion_by_portion(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "PAGES_PER_PORTION", 1)
    inside_the_triangle = 0
    with services.db.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'T', '+8210' || lpad(n::text, 8, '0'), 'KR', %(at)s, %(at)s FROM generate_series(1, 2000) n",
            {"at": NOW},
        )
        rows = []
        for nth in range(2000):
            lat, lon = (nth % 50) / 500, (nth // 50) / 500
            inside_the_triangle += lat + lon <= 0.08 + 1e-12
            rows.append((nth + 1, lat, lon, cell_of(lat, lon), NOW))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO positions (traveller_id, lat, lon, cell, source, observed_at)"
                " VALUES (%s, %s, %s, %s, 'test', %s)",
                rows,
            )
    triangle = [{"description": "", "polygons": [[[0, 0], [0, 0.08], [0.08, 0], [0, 0]]], "circles": []}]
    with services.db.connection() as connection:
        gather.people_inside(connection, Area.from_json(triangle), NOW, drill=False)
        assert gather.count(connection).total == inside_the_triangle
        connection.rollback()
