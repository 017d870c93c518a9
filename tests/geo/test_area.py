"""The value `Area`: reading, refusing, writing, digest and bounds."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.core.errors import InvalidInput
from hotline.geo.area import MAX_POINTS, MAX_SHAPES, Area, Bounds
from tests.geo.oracles import box, make_area


def _polygon(*pairs: Any) -> list[dict[str, Any]]:
    return [{"description": "x", "polygons": [list(pairs)], "circles": []}]


def _circle(center: Any, radius_km: Any) -> list[dict[str, Any]]:
    return [{"description": "x", "polygons": [], "circles": [{"center": center, "radius_km": radius_km}]}]


@pytest.mark.parametrize(
    ("value", "path", "mend"),
    [
        ({"polygons": []}, "area", "list"),
        (["x"], "area[0]", "object"),
        ([{"description": 5}], "area[0].description", "text"),
        ([{"polygons": {}}], "area[0].polygons", "list"),
        ([{"circles": "1,2 3"}], "area[0].circles", "list"),
        ([{"geocode": "KR"}], "area[0].geocode", "only"),
        (_polygon([1, 1], [2, 2], [1, 1]), "area[0].polygons[0]", "four"),
        (_polygon([1, 1], [2, 2], [1, 3], [1, 2]), "area[0].polygons[0][3]", "close"),
        (_polygon([1, 1], [127, 37], [1, 3], [1, 1]), "area[0].polygons[0][1]", "swapped"),
        (_polygon([1, 1], [2, 361], [1, 3], [1, 1]), "area[0].polygons[0][1]", "longitude"),
        (_polygon([1, 1], [2, "3"], [1, 3], [1, 1]), "area[0].polygons[0][1]", "number"),
        (_polygon([1, 1], [2, True], [1, 3], [1, 1]), "area[0].polygons[0][1]", "number"),
        (_polygon([1, 1], [2, float("nan")], [1, 3], [1, 1]), "area[0].polygons[0][1]", "number"),
        (_polygon([1, 1], [2, 10**400], [1, 3], [1, 1]), "area[0].polygons[0][1]", "number"),
        (_polygon([1, 1], [2, 3, 4], [1, 3], [1, 1]), "area[0].polygons[0][1]", "pair"),
        (_polygon([1, -200], [1, 200], [2, 200], [1, -200]), "area[0].polygons[0][1]", "corners in between"),
        (_circle([1, 2, 3], 5), "area[0].circles[0].center", "pair"),
        (_circle([1, 2], -1), "area[0].circles[0].radius_km", "kilometres"),
        (_circle([1, 2], 20_005), "area[0].circles[0].radius_km", "kilometres"),
        (_circle([1, 2], None), "area[0].circles[0].radius_km", "number"),
        ([{"circles": [{"center": [1, 2]}]}], "area[0].circles[0]", "radius_km"),
        ([{"polygons": [box(1, 1, 2, 2)] * (MAX_SHAPES + 1)}], "area", "at most"),
        ([{"polygons": [[[1, 1]] * (MAX_POINTS + 1)]}], "area[0].polygons[0]", "at most"),
        ([{"polygons": [[[1, 1]] * 30_000] * 2}], "area", "at most"),
        ([{"polygons": [[[-80, 1], [80, 2]] * 2_000 + [[-80, 1]]]}], "area", "simplify"),
    ],
)
def test_unusable_area_is_refused_with_path_and_mend(value: Any, path: str, mend: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Area.from_json(value)
    assert refused.value.field == path
    assert mend in refused.value.mend


def test_stored_form_is_read_back_as_the_same_area() -> None:
    area = make_area(polygons=[box(-10.1234567, 179.9, 10, -179.5)], circles=[(37.5665, 126.978, 12.3456)])
    assert Area.from_json(area.to_json()) == area
    assert Area.from_json(area.to_json()).digest() == area.digest()


def test_digest_is_the_same_on_every_machine() -> None:
    area = make_area(polygons=[box(1, 2, 3, 4)], circles=[(5, 6, 7)])
    assert area.digest() == "685e46f8da3823ba78b00efe07c98764af31e112133e2ebcab76a92323be258d"


def test_digest_changes_with_a_corner_a_radius_and_a_description() -> None:
    areas = [
        make_area(polygons=[box(1, 2, 3, 4)]),
        make_area(polygons=[box(1, 2, 3, 4.0000001)]),
        make_area(circles=[(1, 2, 3)]),
        make_area(circles=[(1, 2, 3.000001)]),
        Area.from_json([{"description": "another", "polygons": [box(1, 2, 3, 4)]}]),
    ]
    assert len({area.digest() for area in areas}) == len(areas)


def test_integers_and_floats_of_the_same_degrees_are_the_same_area() -> None:
    assert make_area(polygons=[box(1, 2, 3, 4)]) == make_area(polygons=[box(1.0, 2.0, 3.00000001, 4.0)])


def test_area_without_shapes_is_empty_and_has_no_bounds() -> None:
    for area in (Area.from_json([]), make_area()):
        assert area.is_empty
        assert area.bounds is None
    assert not make_area(circles=[(0, 0, 0)]).is_empty


def test_bounds_of_a_polygon_across_the_antimeridian_are_narrow() -> None:
    assert make_area(polygons=[box(-20, 176, -15, -178)]).bounds == Bounds(-20.0, 176.0, -15.0, 182.0)


def test_bounds_join_shapes_on_both_sides_of_the_antimeridian_the_short_way() -> None:
    bounds = make_area(polygons=[box(0, 170, 1, 175), box(5, -175, 6, -170)]).bounds
    assert bounds == Bounds(0.0, 170.0, 6.0, 190.0)


def test_bounds_of_a_ring_about_the_pole_reach_the_pole() -> None:
    ring = [[-60.0, lon] for lon in (0, 90, 180, -90, 0)]
    bounds = make_area(polygons=[ring]).bounds
    assert bounds is not None
    assert (bounds.south, bounds.north, bounds.east - bounds.west) == (-90.0, -60.0, 360.0)


def test_bounds_of_a_circle_hold_it() -> None:
    bounds = make_area(circles=[(60, 10, 100)]).bounds
    assert bounds is not None
    assert 59.0 < bounds.south < 59.11
    assert 60.89 < bounds.north < 61.0
    assert 8.1 < bounds.west < 8.22
    assert 11.78 < bounds.east < 11.9


def test_bounds_of_a_circle_over_the_pole_go_all_the_way_round() -> None:
    bounds = make_area(circles=[(89, 0, 300)]).bounds
    assert bounds is not None
    assert (bounds.north, bounds.east - bounds.west) == (90.0, 360.0)


def test_polygons_are_drawn_with_continuous_longitudes() -> None:
    drawn = make_area(polygons=[box(-20, 176, -15, -178)]).drawn_polygons()
    assert [lon for _, lon in drawn[0]] == [176, 182, 182, 176, 176]


def test_longitudes_beyond_180_mean_the_same_place() -> None:
    assert make_area(polygons=[box(-20, 176, -15, 182)]) == make_area(polygons=[box(-20, 176, -15, -178)])
