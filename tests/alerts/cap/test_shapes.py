"""Polygons and circles: repaired only where there is no doubt, refused or reported everywhere else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.cap.faults import Findings, Spot
from alerts.cap.limits import DEFAULT_LIMITS
from alerts.cap.model import CapCircle, Ring
from alerts.cap.shapes import ShapeReader, read_point, unwrapped
from tests.alerts.cap.factories import codes, faults_of, make_area, make_cap, make_info, read_text, with_shapes

SPOT = Spot("polygon", 1)


def read_ring(text: str) -> tuple[Ring | None, list[str], list[str]]:
    findings = Findings(DEFAULT_LIMITS)
    ring = ShapeReader(findings).read_polygon(SPOT, text)
    return ring, codes(tuple(findings.warnings)), codes(tuple(findings.faults))


def read_circle(text: str) -> tuple[CapCircle | None, list[str], list[str]]:
    findings = Findings(DEFAULT_LIMITS)
    circle = ShapeReader(findings).read_circle(SPOT, text)
    return circle, codes(tuple(findings.warnings)), codes(tuple(findings.faults))


@pytest.mark.parametrize(
    "written",
    [
        "1,1 1,2 2,2 1,1",
        "  1,1\n   1,2\t2,2\r\n1,1 ",
        "1, 1 1 ,2 2 , 2 1,1",
        "+1,1.0 1.,2 2,02 1,1",
    ],
)
def test_blanks_and_line_breaks_inside_a_polygon_change_nothing(written: str) -> None:
    assert read_ring(written) == (((1, 1), (1, 2), (2, 2), (1, 1)), [], [])


def test_open_ring_is_closed_with_a_warning() -> None:
    assert read_ring("1,1 1,2 2,2") == (((1, 1), (1, 2), (2, 2), (1, 1)), ["ring_closed"], [])


def test_reversed_coordinates_are_turned_where_nothing_else_is_possible() -> None:
    ring, warnings, faults = read_ring("126.8,37.4 127.2,37.4 127.2,37.7 126.8,37.4")
    assert ring == ((37.4, 126.8), (37.4, 127.2), (37.7, 127.2), (37.4, 126.8))
    assert (warnings, faults) == (["swapped"], [])


@pytest.mark.parametrize(
    "written",
    [
        "88.5,23 91,23 91,24 88.5,23",  # Some could be latitudes: only a person knows.
        "91,1 2,2 3,3 91,1",  # One slip of the pen is no reversed order.
        "126,100 127,100 127,101 126,100",  # Neither order is on the globe.
    ],
)
def test_coordinates_in_doubt_are_never_turned(written: str) -> None:
    ring, warnings, faults = read_ring(written)
    assert (ring, warnings, faults) == (None, [], ["latitude_range"])


def test_reversed_shape_beside_one_in_doubt_refuses_the_alert() -> None:
    reversed_ring = "<polygon>126,37 127,37 127,38 126,37</polygon>"
    plain_ring = "<polygon>10,20 10,21 11,21 10,20</polygon>"
    assert faults_of(with_shapes(reversed_ring + plain_ring)) == ["mixed_order"]
    assert faults_of(with_shapes(plain_ring + "<circle>127,37 5</circle>")) == ["mixed_order"]


def test_longitudes_beyond_the_date_line_are_wrapped_with_a_warning() -> None:
    ring, warnings, faults = read_ring("50,170 50,190.1 52,-190 50,170")
    assert ring == ((50, 170), (50, -169.9), (52, 170), (50, 170))
    assert (warnings, faults) == (["longitude_wrapped"], [])
    assert read_ring("50,180 52,-180 52,179 50,180")[1:] == ([], [])


def test_longitude_beyond_a_whole_turn_is_a_fault() -> None:
    assert read_ring("50,170 50,541 52,170 50,170") == (None, [], ["longitude_range"])


@pytest.mark.parametrize("written", ["", "   \n "])
def test_empty_polygon_is_left_out(written: str) -> None:
    assert read_ring(written) == (None, ["empty_shape"], [])


@pytest.mark.parametrize("written", ["1,1", "1,1 2,2", "1,1 2,2 1,1"])
def test_polygon_with_too_few_corners_is_a_fault(written: str) -> None:
    assert read_ring(written)[2] == ["too_few_points"]


@pytest.mark.parametrize("written", ["1,1 1,1 1,1 1,1", "1,1 2,2 1,1 1,1", "1,1 2,2 3,3 1,1", "0,0 0,5 0,9 0,0"])
def test_polygon_that_encloses_nothing_is_left_out(written: str) -> None:
    assert read_ring(written) == (None, ["degenerate_ring"], [])


@pytest.mark.parametrize("written", ["0,0 2,2 0,2 2,0 0,0", "0,0 0,4 4,4 4,2 -1,2 0,0"])
def test_ring_that_crosses_itself_is_kept_and_reported(written: str) -> None:
    ring, warnings, faults = read_ring(written)
    assert ring is not None
    assert (warnings, faults) == (["crossing_ring"], [])


@pytest.mark.parametrize(
    "written",
    [
        "50,170 50,-170 55,-170 55,170 50,170",  # over the date line
        "80,0 80,90 80,180 80,-90 80,0",  # around the pole
        "1,1 1,1 1,2 1,2 2,2 1,1",  # corners given twice
    ],
)
def test_ring_over_the_date_line_or_around_a_pole_does_not_count_as_crossing(written: str) -> None:
    ring, warnings, faults = read_ring(written)
    assert ring is not None
    assert (warnings, faults) == ([], [])


@pytest.mark.parametrize(
    "written",
    ["1,1 1,2 2;2 1,1", "1 1 1 2 2 2 1 1", "1,1,0 1,2,0 2,2,0 1,1,0", "nan,1 1,2 2,2 1,1", "1,inf 1,2 2,2 1,1",
     "1_0,1 1,2 2,2 1,1", "१,1 1,2 2,2 1,1", "−1,1 1,2 2,2 1,1", "1,1 ,, 2,2 1,1", "1,1e999 1,2 2,2 1,1"],
)  # fmt: skip
def test_point_that_is_no_pair_of_numbers_is_a_fault(written: str) -> None:
    ring, _, faults = read_ring(written)
    assert ring is None
    assert faults in (["bad_point"], ["longitude_range"])


def test_triangle_of_four_pairs_is_enough() -> None:
    assert read_ring("30.094,-92.619 30.091,-92.625 30.093,-92.623 30.094,-92.619")[1:] == ([], [])


@pytest.mark.parametrize(
    ("written", "warnings"),
    [
        ("37.5,127.0 10", []),
        (" 37.5 , 127.0\n 10.0 ", []),
        ("37.5,127.0,10", ["circle_spelling"]),
        ("37.5 127.0 10", ["circle_spelling"]),
        ("127.0,37.5 10", ["swapped"]),
    ],
)
def test_circle_is_read(written: str, warnings: list[str]) -> None:
    assert read_circle(written) == (CapCircle(37.5, 127.0, 10), warnings, [])


def test_circle_of_radius_zero_is_a_point_and_is_reported() -> None:
    assert read_circle("37.5,127 0") == (CapCircle(37.5, 127, 0), ["radius_zero"], [])


def test_large_radius_is_doubted_because_it_may_be_metres() -> None:
    assert read_circle("37.5,127 5000")[1:] == (["radius_doubt"], [])


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("37.5,127", "bad_circle"),
        ("37.5,127 10km", "bad_circle"),
        ("37.5,127 10 20", "bad_circle"),
        ("37.5,127 nan", "bad_circle"),
        ("37.5,127 -1", "radius_range"),
        ("37.5,127 50000", "radius_range"),
        ("95,20 10 ", None),
        ("85,20,1", None),
        ("91,91 5", "latitude_range"),
    ],
)
def test_circle_with_a_fault_is_not_kept(written: str, fault: str | None) -> None:
    circle, _, faults = read_circle(written)
    assert faults == ([] if fault is None else [fault])
    assert (circle is None) == (fault is not None)


def test_empty_circle_is_left_out() -> None:
    assert read_circle(" ") == (None, ["empty_shape"], [])


def test_points_are_counted_over_the_whole_alert() -> None:
    ring = "<polygon>" + " ".join(f"{index / 1000:.3f},{index % 2}" for index in range(20_000)) + "</polygon>"
    infos = make_info(areas=make_area(shapes=ring)) * 3
    assert faults_of(make_cap(infos=infos)) == ["too_many_points"]


def test_polygons_are_counted_over_the_whole_alert() -> None:
    rings = "<polygon>1,1 1,2 2,2 1,1</polygon>"
    assert len(read_text(with_shapes(rings * 1_000)).alert.infos[0].areas[0].polygons) == 1_000
    assert faults_of(with_shapes(rings * 1_001)) == ["too_many_polygons"]


def test_polygon_of_6208_corners_is_read_whole() -> None:
    corners = [(50 + index / 10_000, 10 + (index % 2) / 10_000) for index in range(6_000)]
    corners += [(50 + index / 10_000, 11.0) for index in range(207, -1, -1)]
    text = " ".join(f"{lat:.4f},{lon:.4f}" for lat, lon in [*corners[:6_207], corners[0]])
    ring, _, faults = read_ring(text)
    assert ring is not None and len(ring) == 6_208
    assert faults == []


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_point_is_read_as_it_was_written(lat: float, lon: float) -> None:
    assert read_point(f"{lat:.10f},{lon:.10f}") == (float(f"{lat:.10f}"), float(f"{lon:.10f}"))


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=30))
def test_unwrapping_takes_the_short_way_and_keeps_the_place(points: list[tuple[float, float]]) -> None:
    flat = unwrapped(points)
    for (lat, lon), (x, y) in zip(points, flat, strict=True):
        assert y == lat
        assert abs((x - lon + 180) % 360 - 180) < 1e-6 or abs((x - lon) % 360) < 1e-6
    assert all(abs(b[0] - a[0]) <= 180 + 1e-6 for a, b in itertools.pairwise(flat))


@given(st.text(alphabet="0123456789.,-+ \n", max_size=60))
def test_any_text_of_digits_is_read_or_named_and_stays_on_the_globe(text: str) -> None:
    ring, warnings, faults = read_ring(text)
    if ring is None:
        assert warnings or faults
    else:
        assert ring[0] == ring[-1]
        assert all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in ring)
