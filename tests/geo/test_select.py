"""The exact test and the covering against slow, independent answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotline.geo.area import Area
from hotline.geo.cells import RESIDENT_GRID, SQL_GRID, Grid, cell_of, longitude_units, to_units
from hotline.geo.geodesic import _series_distance, within
from hotline.geo.select import CompiledArea, compiled, covering, ids_inside
from tests.geo.oracles import box, circle_excess_m, make_area, oracle_inside

COARSE = st.integers(-18, 18).map(lambda n: n * 10.0)
LATS = st.one_of(st.integers(-9, 9).map(lambda n: n * 10.0), st.floats(-90, 90))
LONS = st.one_of(COARSE, st.floats(-180, 180))
NARROW_LATS = st.integers(-8, 8).map(lambda n: 40 + n * 0.125)
NARROW_LONS = st.integers(-8, 8).map(lambda n: (179.5 + n * 0.125 + 180) % 360 - 180)


@st.composite
def rings(draw: st.DrawFn) -> list[list[float]]:
    lats, lons = draw(st.sampled_from([(LATS, LONS), (NARROW_LATS, NARROW_LONS)]))
    corners = draw(st.lists(st.tuples(lats, lons).map(list), min_size=3, max_size=8))
    return [*corners, corners[0]]


@st.composite
def places(draw: st.DrawFn, polygon: list[list[float]]) -> tuple[float, float]:
    a, b = draw(st.sampled_from(polygon)), draw(st.sampled_from(polygon))
    free = st.tuples(LATS, LONS)
    return draw(
        st.one_of(
            free,
            st.just((a[0], a[1])),
            st.just(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)),
            st.just((a[0], b[1])),
            st.sampled_from([(90.0, 12.0), (-90.0, -170.0), (0.0, 180.0), (0.0, -180.0)]),
        )
    )


def _units(lat: float, lon: float) -> tuple[int, int]:
    return int(to_units(lat)), int(longitude_units(lon))


def _in_covering(area: Area, grid: Grid, lat: int, lon: int) -> tuple[bool, bool]:
    """Whether the place's cell is held by the covering, and whether as interior."""
    found = CompiledArea(area).covering(grid)
    cell = int(grid.cell_of(np.array([lat]), np.array([lon]))[0])
    hits = np.flatnonzero((found.first <= cell) & (cell <= found.last))
    assert len(hits) <= 1, "ranges overlap"
    return len(hits) == 1, bool(len(hits) and found.interior[hits[0]])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_polygon_test_and_covering_agree_with_rational_oracle(data: st.DataObject) -> None:
    ring = data.draw(rings())
    area = make_area(polygons=[ring])
    for _ in range(4):
        place = data.draw(places(ring))
        lat, lon = _units(*place)
        expected = oracle_inside(area, lat, lon)
        assert bool(ids_inside([place[0]], [place[1]], area)[0]) is expected
        for grid in (SQL_GRID, RESIDENT_GRID, Grid(50_000_000)):
            held, interior = _in_covering(area, grid, lat, lon)
            assert held or not expected, "the covering misses somebody"
            assert expected or not interior, "the covering promises somebody who is outside"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_several_polygons_and_circles_are_a_union(data: st.DataObject) -> None:
    outlines = data.draw(st.lists(rings(), min_size=2, max_size=4))
    circles = data.draw(st.lists(st.tuples(LATS, LONS, st.floats(0, 3000)), max_size=2))
    area = make_area(polygons=outlines, circles=circles)
    for ring in outlines:
        lat, lon = _units(*data.draw(places(ring)))
        expected = oracle_inside(area, lat, lon)
        assert bool(compiled(area).contains(np.array([lat]), np.array([lon]))[0]) is expected
        assert bool(compiled(area).contains_many(np.array([lat]), np.array([lon]))[0]) is expected


@settings(max_examples=400, deadline=None)
@given(
    lat=LATS,
    lon=LONS,
    radius_km=st.one_of(st.floats(0, 20_004), st.floats(0, 50), st.sampled_from([0.0, 1e-6, 100.0, 20_003.94])),
    azimuth=st.floats(-180, 180),
    beyond_m=st.sampled_from([-5e5, -2e4, -100.0, -0.1, -0.02, 0.02, 0.1, 100.0, 2e4, 5e5]),
)
@example(lat=90.0, lon=0.0, radius_km=500.0, azimuth=10.0, beyond_m=-0.1)
@example(lat=0.0, lon=180.0, radius_km=19_950.0, azimuth=91.0, beyond_m=-100.0)
def test_circle_test_and_covering_agree_with_geographiclib(
    lat: float, lon: float, radius_km: float, azimuth: float, beyond_m: float
) -> None:
    area = make_area(circles=[(lat, lon, radius_km)])
    circle = next(area.circles())
    target = Geodesic.WGS84.Direct(lat, lon, azimuth, max(radius_km * 1000 + beyond_m, 0))
    units = _units(target["lat2"], target["lon2"])
    excess = circle_excess_m(circle, *units)
    inside = bool(within(circle, np.array([units[0]]), np.array([units[1]]))[0])
    assert inside is (excess <= 0)
    for grid in (SQL_GRID, RESIDENT_GRID):
        held, interior = _in_covering(area, grid, *units)
        assert held or not inside
        assert inside or not interior


@settings(max_examples=60, deadline=None)
@given(lat=LATS, lon=LONS, radius_km=st.floats(0, 20_004), seed=st.integers(0, 1000))
def test_covering_of_a_circle_never_misses_nor_promises_too_much(
    lat: float, lon: float, radius_km: float, seed: int
) -> None:
    area = make_area(circles=[(lat, lon, radius_km)])
    random = np.random.default_rng(seed)
    lats = to_units(np.degrees(np.arcsin(random.uniform(-1, 1, 400))))
    lons = longitude_units(random.uniform(-180, 180, 400))
    exact = compiled(area).contains(lats, lons)
    np.testing.assert_array_equal(compiled(area).contains_many(lats, lons), exact)


@settings(max_examples=300, deadline=None)
@given(lat=LATS, lon=LONS, other_lat=LATS, other_lon=LONS)
def test_series_distance_is_good_to_a_centimetre_or_says_it_is_not(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    circle = next(make_area(circles=[(lat, lon, 1.0)]).circles())
    units = _units(other_lat, other_lon)
    series = float(_series_distance(circle, np.array([units[0]]), np.array([units[1]]))[0])
    exact = Geodesic.WGS84.Inverse(circle.lat / 1e7, circle.lon / 1e7, units[0] / 1e7, units[1] / 1e7)["s12"]
    assert np.isnan(series) or abs(series - exact) < 0.01


def test_rings_may_run_in_either_direction() -> None:
    ring = box(35, 126, 38, 129)
    for outline in (ring, ring[::-1]):
        inside = ids_inside([36.5, 36.5, 34.9], [127.0, 130.0, 127.0], make_area(polygons=[outline]))
        assert inside.tolist() == [True, False, False]


def test_edges_and_corners_count_as_inside() -> None:
    area = make_area(polygons=[box(10, 20, 11, 22)])
    lats, lons = [10, 11, 10.5, 10.5, 10, 10.5, 9.9999999], [20, 22, 20, 22, 21.3, 22.0000001, 21]
    assert ids_inside(lats, lons, area).tolist() == [True, True, True, True, True, False, False]


def test_polygon_across_the_antimeridian_holds_fiji_and_not_the_rest_of_the_world() -> None:
    fiji = make_area(polygons=[[[-15, 176], [-15, -178], [-20, -178], [-20, 176], [-15, 176]]])
    suva, taveuni, seoul, apia = (-18.14, 178.44), (-16.85, -179.97), (37.57, 126.98), (-13.83, -171.77)
    lats, lons = zip(suva, taveuni, seoul, apia, strict=True)
    assert ids_inside(lats, lons, fiji).tolist() == [True, True, False, False]
    assert ids_inside([-17, -17], [180, -180], fiji).tolist() == [True, True]


def test_chukotka_is_the_same_whether_written_with_180_or_minus_180() -> None:
    anadyr, provideniya, magadan = (64.73, 177.51), (64.42, -173.23), (59.57, 150.80)
    lats, lons = zip(anadyr, provideniya, magadan, strict=True)
    crossing = [[62, 170], [70, 170], [70, -169], [62, -169], [62, 170]]
    with_corner_at_180 = [[62, 170], [70, 170], [70, 180], [70, -180], [70, -169], [62, -169], [62, -180], [62, 180]]
    for ring in (crossing, [*with_corner_at_180, [62, 170]]):
        assert ids_inside(lats, lons, make_area(polygons=[ring])).tolist() == [True, True, False]


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_ring_round_the_globe_encloses_the_nearer_pole(pole: float) -> None:
    lat = pole * 2 / 3
    ring = [[lat, lon] for lon in (-180, -90, 0, 90, 180)]
    for outline in (ring, ring[::-1]):
        area = make_area(polygons=[outline])
        lats = [pole, pole * 0.9, lat, lat * 0.9, -pole]
        assert ids_inside(lats, [33, -179.9, 12, 0, 0], area).tolist() == [True, True, True, False, False]


def test_a_corner_at_the_pole_is_the_pole_whatever_longitude_is_written() -> None:
    area = make_area(polygons=[[[80, 0], [80, 90], [90, 90], [90, 0], [80, 0]]])
    assert ids_inside([90, 90, -90, 85], [-120, 45, 45, -120], area).tolist() == [True, True, False, False]


def test_box_over_all_longitudes_is_a_belt_and_not_a_line() -> None:
    area = make_area(polygons=[box(-90, -180, 90, 180)])
    assert ids_inside([0, 90, -90, 51.5], [0, 7, 7, -0.1], area).all()
    arctic = make_area(polygons=[box(60, -180, 90, 180)])
    assert ids_inside([61, 59, 90], [100, 100, 3], arctic).tolist() == [True, False, True]


def test_overlap_of_an_outline_that_crosses_itself_is_inside() -> None:
    star = [[0, 3], [10, 6], [4, -1], [4, 7], [10, 0], [0, 3]]
    assert ids_inside([5.0], [3.0], make_area(polygons=[star])).tolist() == [True]


def test_repeated_corners_change_nothing() -> None:
    ring = box(1, 1, 2, 2)
    doubled = [corner for corner in ring for _ in range(3)]
    lats, lons = [1.5, 1, 2.1], [1.5, 1, 1.5]
    assert (
        ids_inside(lats, lons, make_area(polygons=[doubled])).tolist()
        == ids_inside(lats, lons, make_area(polygons=[ring])).tolist()
        == [True, True, False]
    )


def test_circle_over_the_pole_reaches_every_longitude() -> None:
    area = make_area(circles=[(89.5, 0, 200)])
    assert ids_inside([89.0, 89.0, 90, 88.0], [180, 90, 5, 180], area).tolist() == [True, True, True, False]


def test_radius_zero_is_a_point_with_a_tolerance_of_one_metre() -> None:
    area = make_area(circles=[(37.5, 127.0, 0)])
    assert ids_inside([37.5, 37.500008, 37.50001], [127.0, 127.0, 127.0], area).tolist() == [True, True, False]


def test_half_the_globe_holds_everybody() -> None:
    area = make_area(circles=[(12.3, 45.6, 20_004)])
    assert ids_inside([-12.3, 90, -90, 0], [-134.4, 0, 0, -134.4], area).all()


def test_positions_off_the_globe_are_never_inside() -> None:
    area = make_area(polygons=[box(-90, -180, 90, 180)])
    assert ids_inside([float("nan"), 95, 10], [0, 0, float("inf")], area).tolist() == [False, False, False]


def test_empty_area_and_no_positions_are_answered() -> None:
    nothing = make_area()
    assert covering(nothing) == []
    assert ids_inside([1.0] * 5000, [1.0] * 5000, nothing).sum() == 0
    assert len(ids_inside([], [], make_area(circles=[(0, 0, 1)]))) == 0


def test_covering_is_ascending_and_holds_interior_cells() -> None:
    ranges = covering(make_area(polygons=[box(35, 126, 38, 129)]))
    assert all(first <= last for first, last, _ in ranges)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ranges))
    middle = cell_of(36.6, 127.6)
    assert any(first <= middle <= last and interior for first, last, interior in ranges)


def test_very_many_large_circles_fall_back_to_the_coarse_grid_and_stay_exact() -> None:
    circles = [(lat % 60, lon % 170, 4_000.0) for lat, lon in zip(range(250), range(0, 2500, 10), strict=True)]
    area = make_area(circles=circles)
    random = np.random.default_rng(5)
    lats, lons = to_units(random.uniform(-90, 90, 5000)), longitude_units(random.uniform(-180, 180, 5000))
    np.testing.assert_array_equal(compiled(area).contains_many(lats, lons), compiled(area).contains(lats, lons))
