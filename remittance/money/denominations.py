"""Notes and coins by currency: what a count comes to, and with which notes an amount is handed out; pure.

Source: the issuing banks' own lists of what is in circulation (Bank of Korea, Bank of Japan, Federal Reserve, European Central
Bank, Bank of England and the others for their currency), written down by hand in 2026. All values are in minor units of ISO 4217.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money
from remittance.money.currencies import units

MAX_PIECES = 1_000_000
"""More pieces of one kind nobody counts in a day."""
_FEWER = 2
"""So many pieces fewer of a kind are tried where the rest cannot be made up: six from twos instead of a five and a one."""

_NOTES: dict[str, tuple[int, ...]] = {
    "USD": (10_000, 5_000, 2_000, 1_000, 500, 200, 100), "EUR": (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500),
    "GBP": (5_000, 2_000, 1_000, 500), "JPY": (10_000, 5_000, 2_000, 1_000), "KRW": (50_000, 10_000, 5_000, 1_000),
    "CNY": (10_000, 5_000, 2_000, 1_000, 500, 100), "HKD": (100_000, 50_000, 10_000, 5_000, 2_000, 1_000),
    "TWD": (200_000, 100_000, 50_000, 20_000, 10_000), "THB": (100_000, 50_000, 10_000, 5_000, 2_000),
    "VND": (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000),
    "PHP": (100_000, 50_000, 20_000, 10_000, 5_000, 2_000),
    "IDR": (10_000_000, 5_000_000, 2_000_000, 1_000_000, 500_000, 200_000, 100_000),
    "MYR": (10_000, 5_000, 2_000, 1_000, 500, 100), "SGD": (100_000, 10_000, 5_000, 1_000, 500, 200),
    "AUD": (10_000, 5_000, 2_000, 1_000, 500), "NZD": (10_000, 5_000, 2_000, 1_000, 500),
    "CAD": (10_000, 5_000, 2_000, 1_000, 500), "CHF": (100_000, 20_000, 10_000, 5_000, 2_000, 1_000),
    "INR": (50_000, 20_000, 10_000, 5_000, 2_000, 1_000),
    "MNT": (2_000_000, 1_000_000, 500_000, 100_000, 50_000, 10_000, 5_000, 2_000, 1_000),
    "KHR": (20_000_000, 10_000_000, 5_000_000, 2_000_000, 1_000_000, 500_000, 200_000, 100_000, 50_000, 20_000, 10_000),
    "LAK": (10_000_000, 5_000_000, 2_000_000, 1_000_000, 500_000, 200_000, 100_000, 50_000),
    "MMK": (2_000_000, 1_000_000, 500_000, 100_000, 50_000, 20_000, 10_000),
    "TRY": (20_000, 10_000, 5_000, 2_000, 1_000, 500), "AED": (100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500),
    "SAR": (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500), "BHD": (20_000, 10_000, 5_000, 1_000, 500),
    "KWD": (20_000, 10_000, 5_000, 1_000, 500, 250), "OMR": (50_000, 20_000, 10_000, 5_000, 1_000, 500, 100),
    "JOD": (50_000, 20_000, 10_000, 5_000, 1_000),
    "IQD": (50_000_000, 25_000_000, 10_000_000, 5_000_000, 1_000_000, 500_000, 250_000),
    "TND": (50_000, 20_000, 10_000, 5_000), "CLP": (20_000, 10_000, 5_000, 2_000, 1_000),
    "ISK": (10_000, 5_000, 2_000, 1_000, 500), "UGX": (50_000, 20_000, 10_000, 5_000, 2_000, 1_000),
}  # fmt: skip
_COINS: dict[str, tuple[int, ...]] = {
    "USD": (100, 50, 25, 10, 5, 1), "EUR": (200, 100, 50, 20, 10, 5, 2, 1), "GBP": (200, 100, 50, 20, 10, 5, 2, 1),
    "JPY": (500, 100, 50, 10, 5, 1), "KRW": (500, 100, 50, 10), "CNY": (100, 50, 10),
    "HKD": (1_000, 500, 200, 100, 50, 20, 10), "TWD": (5_000, 2_000, 1_000, 500, 100),
    "THB": (1_000, 500, 200, 100, 50, 25), "PHP": (2_000, 1_000, 500, 100, 25, 5, 1),
    "IDR": (100_000, 50_000, 20_000, 10_000), "MYR": (50, 20, 10, 5), "SGD": (100, 50, 20, 10, 5),
    "AUD": (200, 100, 50, 20, 10, 5), "NZD": (200, 100, 50, 20, 10), "CAD": (200, 100, 25, 10, 5),
    "CHF": (500, 200, 100, 50, 20, 10, 5), "INR": (2_000, 1_000, 500, 200, 100), "TRY": (500, 100, 50, 25, 10, 5),
    "AED": (100, 50, 25), "SAR": (200, 100, 50, 25, 10, 5), "BHD": (100, 50, 25, 10, 5), "KWD": (100, 50, 20, 10, 5),
    "OMR": (50, 25, 10, 5), "JOD": (500, 250, 100, 50), "TND": (5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10),
    "CLP": (500, 100, 50, 10), "ISK": (100, 50, 10, 5, 1), "UGX": (1_000, 500, 200, 100),
}  # fmt: skip
_RARE = frozenset(
    {("USD", 200), ("EUR", 50_000), ("JPY", 2_000), ("TWD", 200_000), ("TWD", 20_000), ("SGD", 100_000), ("SAR", 2_000),
     ("ISK", 2_000), ("PHP", 20_000)}
)  # fmt: skip
"""Counted where they are, but never proposed: hardly issued, or refused in shops."""


def notes(currency: str) -> tuple[int, ...]:
    """Return the notes of a currency, the largest first; for one that the table does not have, one major unit.

    Raises InvalidInput for an unknown currency.
    """
    major = units(currency)
    return _NOTES.get(currency, (major,))


def coins(currency: str) -> tuple[int, ...]:
    """Return the coins of a currency, the largest first; for one without a table, one minor unit where it has any."""
    major = units(currency)
    return _COINS.get(currency, () if currency in _NOTES or major == 1 else (1,))


def pieces(currency: str) -> tuple[int, ...]:
    """Return everything that can be counted: notes, then coins. A value that is both (1,000 UGX) is there once, as a note."""
    counted = notes(currency)
    return counted + tuple(each for each in coins(currency) if each not in counted)


def total(counts: Mapping[int, int], currency: str) -> int:
    """Return what a count comes to, in minor units. `counts` gives the number of pieces by their value in minor units.

    Raises InvalidInput for a value that the currency does not have, a number of pieces below zero or beyond MAX_PIECES, and a
    sum that is larger than any amount.
    """
    known = pieces(currency)
    for value, number in counts.items():
        if value not in known:
            raise InvalidInput(
                "denominations", value, f"count notes and coins of {currency} alone", code="unknown-note"
            )
        if type(number) is not int or not 0 <= number <= MAX_PIECES:
            raise InvalidInput("denominations", number, f"give 0 to {MAX_PIECES} pieces of each", code="note-count")
    return Money(sum(value * number for value, number in counts.items()), currency).minor


def proposal(amount_minor: int, currency: str) -> dict[int, int]:
    """Return with which notes an amount is handed out, as pieces by value, the largest first; with coins where notes do not do.

    Nothing is proposed that is rare. Raises InvalidInput for an amount that is not more than zero, or that notes and coins do
    not make up.
    """
    if amount_minor > 0:
        usual = [each for each in notes(currency) if (currency, each) not in _RARE]
        for offered in (usual, [each for each in pieces(currency) if (currency, each) not in _RARE]):
            if amount_minor % gcd(*offered) == 0 and (found := _made_up(offered, amount_minor)) is not None:
                return found
    shown = str(Money(amount_minor, currency))
    raise InvalidInput("amount", shown, f"give an amount that notes of {currency} make up", code="not-in-notes")


def _made_up(offered: Sequence[int], amount: int) -> dict[int, int] | None:
    if amount == 0:
        return {}
    if not offered:
        return None
    value, smaller = offered[0], offered[1:]
    most = amount // value
    for number in range(most, max(most - _FEWER, 0) - 1, -1):
        rest = _made_up(smaller, amount - number * value)
        if rest is not None:
            return ({value: number} if number else {}) | rest
    return None
