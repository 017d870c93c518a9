"""Amounts of every currency of ISO 4217: whole units, exact, never mixed, and read back as they were written."""

from __future__ import annotations

from decimal import Decimal

import iso4217
import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money, from_decimal
from remittance.money.currencies import LARGEST_MINOR, exponent, exponents
from remittance.money.wording import format_amount, format_money, parse_amount

CURRENCIES = st.sampled_from(sorted(exponents()))
MINOR = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


def test_every_currency_with_minor_units_is_known_and_nothing_else() -> None:
    listed = {
        code: int(str(row["CcyMnrUnts"])) for code, row in iso4217.raw_table.items() if str(row["CcyMnrUnts"]).isdigit()
    }
    assert exponents() == listed
    assert len(listed) > 150
    for without in ("XAU", "XDR", "XTS", "XXX", "usd", "EURO", ""):
        with pytest.raises(InvalidInput, match="currency"):
            exponent(without)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("KRW", 0), ("JPY", 0), ("USD", 2), ("BHD", 3), ("IQD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)],
)
def test_exponents_are_those_of_the_standard(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_thirteen_currencies_are_shown_with_other_digits_than_they_are_kept_with() -> None:
    differing = {code for code, digits in exponents().items() if get_currency_precision(code) != digits}
    assert {"IQD", "LBP", "MMK", "LAK", "AFN", "KPW"} <= differing
    for code in differing:
        one = Money(10 ** exponent(code), code)
        assert format_amount(one, "en") == "1"
        assert format_amount(one + Money(1, code), "en") == "1." + "1".rjust(exponent(code), "0")


@given(MINOR, CURRENCIES)
def test_an_amount_survives_its_decimal(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert from_decimal(amount.decimal(), currency) == amount
    assert amount.fraction() * 10**amount.exponent == minor


@given(st.integers(0, LARGEST_MINOR), CURRENCIES, st.sampled_from(["ko", "en"]))
def test_what_is_shown_can_be_typed_in_again(minor: int, currency: str, language: str) -> None:
    amount = Money(minor, currency)
    assert parse_amount(format_money(amount, language), currency) == amount
    assert parse_amount(format_amount(amount, language), currency) == amount


@given(MINOR, MINOR, CURRENCIES)
def test_sums_are_sums_of_minor_units(one: int, other: int, currency: str) -> None:
    if abs(one + other) > LARGEST_MINOR:
        with pytest.raises(InvalidInput):
            Money(one, currency) + Money(other, currency)
        return
    assert (Money(one, currency) + Money(other, currency)).minor == one + other
    assert (Money(one, currency) < Money(other, currency)) == (one < other)
    assert -Money(one, currency) == Money(-one, currency)


def test_money_takes_no_fractions_of_units_and_does_not_mix() -> None:
    for wrong in (1.0, Decimal(1), "1", True):
        with pytest.raises(TypeError):
            Money(wrong, "USD")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "USD") + Money(1, "KRW")
    with pytest.raises(TypeError):
        Money(1, "USD") + 1  # type: ignore[operator]  # that is the point
    with pytest.raises(InvalidInput):
        Money(LARGEST_MINOR + 1, "USD")


@pytest.mark.parametrize("amount", ["1.001", "0.5e-3", "NaN", "Infinity", "1e30"])
def test_a_decimal_that_does_not_fit_is_refused_and_not_rounded(amount: str) -> None:
    with pytest.raises(InvalidInput, match="amount"):
        from_decimal(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("350,000원", "KRW", 350_000),
        ("₩350000", "KRW", 350_000),
        ("35만 원", "KRW", 350_000),
        ("1억 2,000만 원", "KRW", 120_000_000),
        ("3만5000", "KRW", 35_000),
        ("３５０，０００원", "KRW", 350_000),
        ("USD 1,250.5", "USD", 125_050),
        ("1250.50 usd", "USD", 125_050),
        ("0.001", "BHD", 1),
        ("250,000", "IQD", 250_000_000),
        ("0", "USD", 0),
    ],
)
def test_people_write_amounts_in_many_ways(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.250,50", "USD"), ("1,25", "USD"), ("12,34,567", "USD"), ("-5", "USD"), ("", "USD"), ("만 원", "KRW"), ("1.5", "KRW"),
        ("EUR 5", "USD"), ("$5", "USD"), ("1e5", "USD"), ("5.005", "USD"), ("1 000", "USD"), ("9" * 41, "USD"), ("9" * 18, "USD"),
        ("٣٥", "USD"), ("원", "KRW"),
    ],
)  # fmt: skip
def test_what_could_mean_two_things_is_refused_by_its_field(text: str, currency: str) -> None:
    with pytest.raises(InvalidInput) as told:
        parse_amount(text, currency, field="paid")
    assert told.value.field == "paid"
    assert told.value.mend


@given(st.text(max_size=60), CURRENCIES)
def test_whatever_is_typed_is_read_or_refused(text: str, currency: str) -> None:
    try:
        amount = parse_amount(text, currency)
    except InvalidInput:
        return
    assert 0 <= amount.minor <= LARGEST_MINOR


def test_won_are_written_as_korean_forms_write_them() -> None:
    won, dollars = Money(350_000, "KRW"), Money(125_050, "USD")
    assert (format_money(won, "ko"), format_money(won, "en")) == ("350,000원", "KRW 350,000")
    assert format_money(dollars, "ko") == format_money(dollars, "en") == "USD 1,250.50"
    assert format_amount(Money(-125_050, "USD"), "en") == "-1,250.50"
