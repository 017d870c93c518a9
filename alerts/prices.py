"""What an alert is likely to cost, so that an officer sees an order of magnitude before asking for approval.

The figures in `data/sms_prices.csv` are planning figures: round numbers per country for one outbound part, with one
row `*` for every other country. They come from no contract and no invoice. Replace the file by the prices of the
contract that is in force; the cost is never a reason not to warn anybody. Money is whole millionths of a US dollar.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

CURRENCY: Final = "USD"
ELSEWHERE: Final = "*"
"""The row of the price list for every country that has none of its own."""

PRICE_FILE: Final = Path(__file__).parent / "data" / "sms_prices.csv"

_DEAREST_MICRO_USD: Final = 5_000_000
"""No part costs five dollars anywhere: a larger figure is a slip of the decimal point."""


class PriceListInvalid(ValueError):
    """The price list cannot be used; the message names the line and the mend."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate: `micro_usd` in millionths of `currency`, by country, and the countries priced by the `*` row."""

    micro_usd: int
    by_country: Mapping[str, int]
    currency: str
    without_own_price: frozenset[str]


def estimate_cost(parts_by_country: Mapping[str, int], prices: Mapping[str, int] | None = None) -> Cost:
    """Estimate the cost of so many parts to each country (ISO 3166 alpha-2, any case; empty for unknown).

    Args:
        parts_by_country: parts to send, not texts: a text of three parts to ten people is thirty.
        prices: millionths of a US dollar per part by country, with a row `*`; the shipped list by default.

    Raises:
        ValueError: a number of parts is negative.
    """
    table = price_list() if prices is None else prices
    by_country: dict[str, int] = {}
    without: set[str] = set()
    for country, parts in parts_by_country.items():
        if parts < 0:
            raise ValueError(f"{parts} parts for {country!r}: a number of parts is never negative")
        code = country.upper()
        if code not in table:
            without.add(code)
        by_country[code] = by_country.get(code, 0) + parts * table.get(code, table[ELSEWHERE])
    return Cost(sum(by_country.values()), by_country, CURRENCY, frozenset(without))


@cache
def price_list() -> Mapping[str, int]:
    """The shipped planning figures, read once."""
    return read_prices(PRICE_FILE)


def read_prices(path: Path) -> dict[str, int]:
    """Read a price list: CSV with the columns `country` and `micro_usd_per_part`, one row for `*`.

    Raises:
        PriceListInvalid: a column, the row `*`, or a usable number is missing, or a country is there twice.
    """
    prices: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for line, row in enumerate(reader, start=2):
            country = (row.get("country") or "").strip().upper()
            price = (row.get("micro_usd_per_part") or "").strip()
            if country != ELSEWHERE and not (len(country) == 2 and country.isascii() and country.isalpha()):
                raise PriceListInvalid(f"{path.name} line {line}: '{country}' is not a country code such as KR, or *")
            if not (price.isascii() and price.isdigit()) or int(price) > _DEAREST_MICRO_USD:
                raise PriceListInvalid(
                    f"{path.name} line {line}: '{price}' is not a whole number of millionths of a dollar "
                    f"up to {_DEAREST_MICRO_USD}"
                )
            if country in prices:
                raise PriceListInvalid(f"{path.name} line {line}: {country} is there twice; keep one")
            prices[country] = int(price)
    if ELSEWHERE not in prices:
        raise PriceListInvalid(f"{path.name}: the row * for all other countries is missing; add it")
    return prices


def format_usd(micro_usd: int) -> str:
    """Write millionths of a dollar as dollars and cents, rounded up so that an estimate never looks smaller."""
    cents = -(-micro_usd // 10_000)
    return f"USD {cents // 100:,}.{cents % 100:02}"
