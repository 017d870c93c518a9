"""Amounts in words, Korean and English, as receipts carry them so that no digit can be added; pure.

Korean with every `일` (일천이백오십), as forms of Korean banks write sums. Minor units stand as a fraction: `and 50/100`,
`100분의 50`.
"""

from __future__ import annotations

from babel.numbers import get_currency_name

from remittance.money.amounts import Money
from remittance.money.currencies import units

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_THOUSANDS = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_DIGITS = "영일이삼사오육칠팔구"
_PLACES = ("", "십", "백", "천")
_MYRIADS = ("", "만", "억", "조")


def in_words(amount: Money, language: str) -> str:
    """Return an amount of zero or more in words with its currency's name.

    Raises ValueError for less than zero: nobody signs for that.
    """
    if amount.minor < 0:
        raise ValueError("an amount that is handed out is not less than zero")
    whole, rest = divmod(amount.minor, units(amount.currency))
    if language == "ko":
        name = get_currency_name(amount.currency, locale="ko")
        part = f" {units(amount.currency)}분의 {rest}" if rest else ""
        return f"{korean(whole)}{part} {name}"
    name = get_currency_name(amount.currency, count=whole if not rest else amount.decimal(), locale="en")
    part = f" and {rest}/{units(amount.currency)}" if rest else ""
    return f"{english(whole)}{part} {name}"


def english(number: int) -> str:
    """Return a whole number in English words: one thousand two hundred fifty."""
    if number < 1000:
        return _below_thousand(number)
    words = list[str]()
    for nth, name in reversed(list(enumerate(_THOUSANDS))):
        group = number // 1000**nth % 1000
        if group:
            words.append(f"{_below_thousand(group)} {name}".strip())
    return " ".join(words)


def korean(number: int) -> str:
    """Return a whole number below 10^16 in Korean words: 일천이백오십."""
    if number == 0:
        return _DIGITS[0]
    words = ""
    for nth, myriad in reversed(list(enumerate(_MYRIADS))):
        group = number // 10_000**nth % 10_000
        if group:
            words += _below_myriad(group) + myriad
    return words


def _below_thousand(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" {_below_thousand(rest)}" if rest else "")


def _below_myriad(number: int) -> str:
    words = ""
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += _DIGITS[digit] + _PLACES[place]
    return words
