"""Search for cities as an officer types, and the nearest city."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from hotline.geo.cities import MAX_RESULTS, _book, _romanised, nearest_city, search_cities


@pytest.mark.parametrize(
    ("typed", "name", "name_ko", "country", "zone"),
    [
        ("마닐", "Manila", "마닐라", "PH", "Asia/Manila"),
        ("manila", "Manila", "마닐라", "PH", "Asia/Manila"),
        ("  SÃO   paulo ", "São Paulo", "상파울로", "BR", "America/Sao_Paulo"),
        ("sao pau", "São Paulo", "상파울로", "BR", "America/Sao_Paulo"),
        ("카트만두", "Kathmandu", "카트만두", "NP", "Asia/Kathmandu"),
        ("도쿄", "Tokyo", "도쿄", "JP", "Asia/Tokyo"),
        ("서울", "Seoul", "서울", "KR", "Asia/Seoul"),
        ("이스탄불", "Istanbul", "이스탄불", "TR", "Europe/Istanbul"),
        ("los angeles", "Los Angeles", "로스앤젤레스", "US", "America/Los_Angeles"),
    ],
)
def test_city_is_found_in_either_script_with_its_zone(
    typed: str, name: str, name_ko: str, country: str, zone: str
) -> None:
    first = search_cities(typed)[0]
    assert (first.name, first.name_ko, first.country, first.zone) == (name, name_ko, country, zone)


def test_names_that_begin_with_the_text_come_before_those_that_contain_it() -> None:
    names = [city.name for city in search_cities("katma", 20)] + [city.name for city in search_cities("york", 20)]
    assert "York" in names
    contained = search_cities("orleans", 20)
    assert any(city.name == "New Orleans" for city in contained)


def test_larger_cities_come_first() -> None:
    found = search_cities("san", 10)
    begins = [city.population for city in found]
    assert begins == sorted(begins, reverse=True)


def test_number_of_results_is_bounded() -> None:
    assert len(search_cities("a", 7)) == 7
    assert len(search_cities("a", 10_000)) == MAX_RESULTS
    assert search_cities("a", 0) == []


@pytest.mark.parametrize("nothing", ["", "   ", "qqqqxyz", "\n", "q" * 10_000])
def test_useless_texts_find_nothing(nothing: str) -> None:
    assert search_cities(nothing) == []


def test_no_city_is_listed_twice() -> None:
    found = search_cities("서울", 50)
    assert len({city.geoname_id for city in found}) == len(found)


def test_every_zone_is_known_to_the_time_zone_data() -> None:
    assert {city.zone for city in _book().cities} <= available_timezones()


def test_nearest_city_and_distance() -> None:
    city, distance_km = nearest_city(37.45, 126.95)
    assert city.country == "KR"
    assert distance_km < 10
    city, distance_km = nearest_city(-17.8, 180.0)
    assert city.country == "FJ"
    assert distance_km < 250


def test_hangul_is_romanised_by_its_letters() -> None:
    assert _romanised("서울 한국") == "seoul hanguk"
