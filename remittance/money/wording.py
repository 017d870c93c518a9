"""Amounts as people write and read them, in Korean and English.

Shown are the digits that readers of a currency expect (CLDR) as long as those left out are zeros; else every digit of ISO 4217,
so that nothing is hidden: 250,000 IQD, but 250,000.125 IQD. What is shown can always be typed in again.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from babel.numbers import format_decimal, get_currency_precision

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money, from_decimal

MAX_CHARS = 40
_MYRIADS = (("억", 10**8), ("만", 10**4))
_PLAIN = re.compile(r"(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.([0-9]{1,6}))?")
_MEND = "write digits, groups of three with commas or none, and a point before the minor digits: 1,250.50"


def shown_digits(amount: Money) -> int:
    """Return how many digits after the point are shown: those that readers expect, or all where more are needed."""
    usual = min(get_currency_precision(amount.currency), amount.exponent)
    left_out = 10 ** (amount.exponent - usual)
    return usual if amount.minor % left_out == 0 else amount.exponent


def format_amount(amount: Money, language: str) -> str:
    """Return the number alone, grouped: `1,250.50`."""
    digits = shown_digits(amount)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(amount.decimal(), format=pattern, locale=language, decimal_quantization=False))


def format_money(amount: Money, language: str) -> str:
    """Return the amount with its currency: `KRW 350,000` in English, `350,000원` in Korean, `USD 1,250.50` in both.

    Always the code: `$` and `¥` are several currencies each. Won are written as every Korean form writes them.
    """
    number = format_amount(amount, language)
    return f"{number}원" if language == "ko" and amount.currency == "KRW" else f"{amount.currency} {number}"


def parse_amount(text: str, currency: str, *, field: str = "amount") -> Money:
    """Read what somebody typed: `1,250.50`, `USD 1,250.50`, `350,000원`, `35만 원`, also in full-width digits.

    Raises InvalidInput that names the field, for anything that could be read in two ways (`1.250,50`, `1,25`), for another
    currency's name than `currency`, for negative amounts, and for more minor digits than the currency has.
    """
    if len(text) > MAX_CHARS:
        raise InvalidInput(field, text, f"write at most {MAX_CHARS} characters", code="not-an-amount")
    plain = unicodedata.normalize("NFKC", text).strip()
    number = _without_currency(plain, currency).strip()
    try:
        return from_decimal(_number(number, field, text), currency)
    except InvalidInput as error:
        raise InvalidInput(field, text, error.mend, code=error.code) from None


def _without_currency(plain: str, currency: str) -> str:
    upper = plain.upper()
    if upper.startswith(currency):
        return plain[len(currency) :]
    if upper.endswith(currency):
        return plain[: -len(currency)]
    if currency == "KRW":
        return plain.removeprefix("₩").removesuffix("원")
    return plain


def _number(number: str, field: str, given: str) -> Decimal:
    total, rest = Decimal(0), number
    for word, worth in _MYRIADS:
        head, found, tail = rest.partition(word)
        if found:
            total += _plain(head.strip(), field, given) * worth
            rest = tail.strip()
    if rest or not total:
        total += _plain(rest, field, given)
    return total


def _plain(number: str, field: str, given: str) -> Decimal:
    if _PLAIN.fullmatch(number) is None:
        raise InvalidInput(field, given, _MEND, code="not-an-amount")
    return Decimal(number.replace(",", ""))
