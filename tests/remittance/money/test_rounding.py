"""Quotes between all currencies: due is rounded up, paid down to notes, once, and every minor unit has its place."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money
from remittance.money.currencies import exponent, exponents
from remittance.money.rounding import (
    DUE_STEPS,
    SMALLEST_NOTES,
    Rounded,
    Rules,
    due_step,
    for_payout,
    from_deposit,
    smallest_note,
)

CURRENCIES = st.sampled_from(sorted(exponents()))
RATES = st.fractions(min_value=Fraction(1, 100_000), max_value=100_000, max_denominator=1_000_000)
SPREADS = st.sampled_from([Fraction(0), Fraction(1, 200), Fraction(175, 10_000)])


def balanced(quote: Rounded) -> bool:
    return quote.due == quote.fee + quote.value + quote.residue and quote.residue.minor >= 0


@given(CURRENCIES, CURRENCIES, RATES, SPREADS, st.integers(1, 300), st.integers(0, 10_000))
def test_what_is_due_covers_what_is_paid_and_exceeds_it_by_less_than_one_step(
    paid_in: str, due_in: str, rate: Fraction, spread: Fraction, notes: int, fee: int
) -> None:
    paid = Money(notes * smallest_note(paid_in), paid_in)
    exact = paid.fraction() * rate * (1 + spread) * 10 ** exponent(due_in)
    if exact > 10**14:
        return
    quote = for_payout(paid, Rules(rate=rate, spread=spread, fee=Money(fee, due_in)))
    assert balanced(quote) and quote.paid == paid
    assert 0 <= quote.due.minor - fee - exact < due_step(due_in)
    assert quote.due.minor % due_step(due_in) == 0
    assert 0 <= quote.residue.minor <= due_step(due_in)


@given(CURRENCIES, CURRENCIES, RATES, SPREADS, st.integers(0, 10**10), st.integers(0, 10_000))
def test_what_is_paid_is_in_notes_and_one_note_more_would_not_be_covered(
    due_in: str, paid_in: str, rate: Fraction, spread: Fraction, net: int, fee: int
) -> None:
    per_note = Money(smallest_note(paid_in), paid_in).fraction() * rate * (1 + spread) * 10 ** exponent(due_in)
    if net / per_note * smallest_note(paid_in) > 10**14:
        return
    quote = from_deposit(Money(net + fee, due_in), paid_in, Rules(rate=rate, spread=spread, fee=Money(fee, due_in)))
    notes = quote.paid.minor // smallest_note(paid_in)
    assert balanced(quote) and quote.paid.minor % smallest_note(paid_in) == 0
    assert notes * per_note <= net < (notes + 1) * per_note


@given(CURRENCIES, CURRENCIES, RATES, st.integers(1, 300))
def test_the_deposit_of_a_quote_pays_at_least_what_was_quoted(
    paid_in: str, due_in: str, rate: Fraction, notes: int
) -> None:
    paid, rules = Money(notes * smallest_note(paid_in), paid_in), Rules(rate=rate, fee=Money(0, due_in))
    if paid.fraction() * rate * 10 ** exponent(due_in) > 10**13 or rate < Fraction(1, 1000):
        return
    back = from_deposit(for_payout(paid, rules).due, paid_in, rules)
    assert back.paid >= paid


def test_a_lost_wallet_in_hong_kong() -> None:
    rules = Rules(rate=Fraction("178.235"), spread=Fraction(1, 100), fee=Money(3_000, "KRW"))
    quote = for_payout(Money(200_000, "HKD"), rules)
    # 2,000 HKD cost 360,034.70 KRW; with the fee 363,034.70, which is rounded up to tens.
    assert quote.due == Money(363_040, "KRW")
    assert (quote.value, quote.residue) == (Money(360_034, "KRW"), Money(6, "KRW"))


def test_a_deposit_that_came_short_pays_fewer_notes_and_keeps_the_residue_apart() -> None:
    rules = Rules(rate=Fraction("1380"), fee=Money(3_000, "KRW"), note=500)
    quote = from_deposit(Money(1_000_000, "KRW"), "USD", rules)
    assert quote.paid == Money(72_000, "USD")
    assert (quote.value, quote.residue) == (Money(993_600, "KRW"), Money(3_400, "KRW"))


def test_a_sum_that_the_notes_do_not_make_up_is_refused_and_not_rounded() -> None:
    rules = Rules(rate=Fraction("178"), fee=Money(0, "KRW"))
    for minor in (200_001, 500, 0, -1_000):
        with pytest.raises(InvalidInput, match="smallest note"):
            for_payout(Money(minor, "HKD"), rules)


def test_a_deposit_below_the_fee_and_impossible_rates_are_refused() -> None:
    rules = Rules(rate=Fraction(178), fee=Money(3_000, "KRW"))
    with pytest.raises(InvalidInput, match="fee"):
        from_deposit(Money(2_999, "KRW"), "HKD", rules)
    for rate, spread in ((Fraction(0), Fraction(0)), (Fraction(-1), Fraction(0)), (Fraction(1), Fraction(-1))):
        with pytest.raises(InvalidInput, match="rate"):
            for_payout(Money(1_000, "HKD"), Rules(rate=rate, spread=spread, fee=Money(0, "KRW")))


def test_the_tables_name_currencies_that_exist() -> None:
    assert set(SMALLEST_NOTES) | set(DUE_STEPS) <= set(exponents())
    assert all(note > 0 for note in SMALLEST_NOTES.values())
    for currency in exponents():
        assert smallest_note(currency) > 0 and due_step(currency) > 0
