"""Countries, their borders and which country a place lies in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotline.core.errors import NotFound, Unavailable
from hotline.geo import countries as countries_module
from hotline.geo.cities import _book
from hotline.geo.countries import countries, country, country_area, country_of
from hotline.geo.select import ids_inside


def test_every_country_has_both_names_and_the_inhabited_ones_a_calling_code() -> None:
    listed = countries()
    assert len(listed) == 250
    assert [entry.code for entry in listed] == sorted({entry.code for entry in listed})
    assert all(entry.name_ko and entry.name_en for entry in listed)
    assert {entry.code for entry in listed if entry.calling_code is None} == {"AQ", "BV", "GS", "HM", "PN", "TF", "UM"}


def test_names_follow_the_language_of_the_page() -> None:
    korea = country("KR")
    assert (korea.name("ko"), korea.name("en"), korea.name("en-US"), korea.calling_code) == (
        "대한민국",
        "South Korea",
        "South Korea",
        82,
    )


def test_unknown_code_is_not_found() -> None:
    for code in ("AN", "XX", ""):
        with pytest.raises(NotFound):
            country(code)
        with pytest.raises(NotFound):
            country_area(code)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((37.57, 126.98), "KR"),
        ((-18.14, 178.44), "FJ"),
        ((-16.8, -179.97), "FJ"),
        ((-16.8, 180.03), "FJ"),
        ((64.42, -173.23), "RU"),
        ((22.3, 114.17), "HK"),
        ((-29.31, 27.48), "LS"),
        ((-90, 12), "AQ"),
        ((13.44, 144.79), "GU"),
        ((28.1, -15.4), "ES"),
        ((78.2, 15.6), "SJ"),
        ((44.95, 34.1), "UA"),
        ((45.0, -35.0), "ZZ"),
    ],
)
def test_places_lie_in_their_country(place: tuple[float, float], code: str) -> None:
    assert country_of([place[0]], [place[1]]).tolist() == [code]


def test_cities_lie_where_the_gazetteer_says_but_for_a_few_at_a_border() -> None:
    cities = _book().cities
    found = country_of([city.lat for city in cities], [city.lon for city in cities])
    agree = np.array([city.country for city in cities]) == found
    assert agree.mean() > 0.998


@pytest.mark.parametrize("code", ["KR", "FJ", "RU", "AQ", "ZA", "IT", "US", "NZ", "MA", "KI"])
def test_area_of_a_country_holds_exactly_the_places_that_lie_in_it(code: str) -> None:
    area = country_area(code)
    cities = _book().cities
    random = np.random.default_rng(11)
    lat = np.concatenate(([city.lat for city in cities], np.degrees(np.arcsin(random.uniform(-1, 1, 20_000)))))
    lon = np.concatenate(([city.lon for city in cities], random.uniform(-180, 180, 20_000)))
    np.testing.assert_array_equal(ids_inside(lat, lon, area), country_of(lat, lon) == code)


def test_every_country_can_be_picked_as_a_whole() -> None:
    for entry in countries():
        assert not country_area(entry.code).is_empty


def test_missing_borders_are_named_with_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(countries_module, "BORDERS_FILE", tmp_path / "borders.json")
    countries_module._borders.cache_clear()
    try:
        with pytest.raises(Unavailable, match="make setup"):
            country_of([1.0], [1.0])
    finally:
        countries_module._borders.cache_clear()


def test_nobody_asked_nobody_answered() -> None:
    assert country_of([], []).tolist() == []
