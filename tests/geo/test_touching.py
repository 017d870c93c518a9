"""Which countries an area touches: whoever it reaches into, and nobody whose border it only shares."""

from __future__ import annotations

import pytest

from hotline.geo.area import Area
from hotline.geo.countries import country_area
from hotline.geo.touching import countries_touched
from tests.geo.oracles import make_area


def box(south: float, west: float, north: float, east: float) -> Area:
    return make_area(polygons=[[[south, west], [south, east], [north, east], [north, west], [south, west]]])


@pytest.mark.parametrize(
    ("area", "codes"),
    [
        (make_area(circles=[(14.6, 121.0, 100.0)]), ("PH",)),
        (make_area(circles=[(14.6, 121.0, 0.0)]), ("PH",)),
        (make_area(circles=[(17.97, 102.6, 20.0)]), ("LA", "TH")),
        (box(-20, 178, -15, -178), ("FJ",)),
        (make_area(circles=[(30.0, -45.0, 200.0)]), ()),
        (make_area(circles=[(90.0, 0.0, 500.0)]), ()),
        (box(-31.5, 26.5, -28, 30), ("LS", "ZA")),
        (box(48.9, -110.0, 49.1, -109.8), ("CA", "US")),
        (make_area(), ()),
    ],
)
def test_an_area_touches_what_it_reaches_into(area: Area, codes: tuple[str, ...]) -> None:
    assert countries_touched(area) == codes


@pytest.mark.parametrize("code", ["PH", "KR", "VA", "SG", "US", "MC", "FJ", "RU"])
def test_a_whole_country_touches_itself_and_no_neighbour(code: str) -> None:
    assert countries_touched(country_area(code)) == (code,)


def test_the_whole_world_touches_every_country_that_has_borders() -> None:
    world = make_area(polygons=[[[-90, -180], [-90, 180], [90, 180], [90, -180], [-90, -180]]])
    assert len(countries_touched(world)) >= 240


def test_an_area_round_a_country_without_any_corner_in_it_touches_it() -> None:
    assert "SM" in countries_touched(box(43.0, 11.5, 45.0, 13.5))
