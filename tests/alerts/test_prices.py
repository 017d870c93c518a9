"""An estimate in whole millionths of a dollar, from a list that says so when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.prices import ELSEWHERE, PriceListInvalid, estimate_cost, format_usd, price_list, read_prices

PRICES = {"KR": 50_000, "US": 12_000, ELSEWHERE: 150_000}


def test_cost_is_parts_times_the_price_of_the_country() -> None:
    cost = estimate_cost({"KR": 3, "us": 2}, PRICES)
    assert (cost.micro_usd, dict(cost.by_country), cost.currency) == (174_000, {"KR": 150_000, "US": 24_000}, "USD")
    assert cost.without_own_price == frozenset()


def test_country_without_a_price_costs_the_general_one_and_is_named() -> None:
    cost = estimate_cost({"XX": 2, "": 1}, PRICES)
    assert cost.micro_usd == 450_000
    assert cost.without_own_price == {"XX", ""}


def test_nothing_costs_nothing() -> None:
    assert estimate_cost({}).micro_usd == 0


def test_negative_number_of_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        estimate_cost({"KR": -1})


def test_shipped_list_has_some_forty_countries_and_the_general_row() -> None:
    prices = price_list()
    assert ELSEWHERE in prices and len(prices) > 40
    assert all(isinstance(price, int) and price > 0 for price in prices.values())


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("KR,50000\n", "row \\*"),
        ("*,1\nKOR,1\n", "country code"),
        ("*,1\nKR,0.05\n", "line 3"),
        ("*,1\nKR,-5\n", "line 3"),
        ("*,1\nKR,\n", "line 3"),
        ("*,1\nKR,9000000\n", "line 3"),
        ("*,1\nKR,1\nkr,2\n", "twice"),
    ],
)
def test_price_list_with_a_mistake_is_refused_with_its_line(tmp_path: Path, rows: str, named: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("country,micro_usd_per_part\n" + rows, encoding="utf-8")
    with pytest.raises(PriceListInvalid, match=named):
        read_prices(path)


@pytest.mark.parametrize(
    ("micro_usd", "shown"), [(0, "USD 0.00"), (1, "USD 0.01"), (12_345_678_901, "USD 12,345.68"), (10_000, "USD 0.01")]
)
def test_amount_is_shown_in_cents_rounded_up(micro_usd: int, shown: str) -> None:
    assert format_usd(micro_usd) == shown


@given(st.dictionaries(st.sampled_from(["KR", "US", "JP", "XX"]), st.integers(0, 10**9)))
def test_parts_of_the_estimate_add_up(parts: dict[str, int]) -> None:
    cost = estimate_cost(parts)
    assert cost.micro_usd == sum(cost.by_country.values())
    assert isinstance(cost.micro_usd, int)
