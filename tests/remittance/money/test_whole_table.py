"""All of ISO 4217, currency by currency: its exponent, and what each rounding makes of it, reckoned anew with decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money, from_decimal
from remittance.money.currencies import exponent, exponents
from remittance.money.rounding import Rounded, Rules, due_step, for_payout, from_deposit, smallest_note

NOT_TWO = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""From ISO's list one; every other currency with minor units has two digits."""
SHOWN_OTHERWISE = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}
"""The thirteen whose labels have fewer digits than the books."""
ENDED = {"BGN"}
"""The lev ended with 2025, which the list knows and CLDR may not yet."""
DEPOSITED_IN = ("KRW", "USD", "BHD", "CLF")
"""One of each exponent."""
CURRENCIES = sorted(exponents())


def in_use() -> set[str]:
    """Return the legal tender of every territory that CLDR knows: a list that others made."""
    return {code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)}


def test_the_exponents_are_those_of_list_one() -> None:
    other = {code: digits for digits, codes in NOT_TWO.items() for code in codes.split()}
    assert {code: digits for code, digits in exponents().items() if digits != 2} == other


def test_every_legal_tender_of_the_world_is_in_the_table() -> None:
    assert in_use() - ENDED <= set(CURRENCIES)
    assert len(in_use()) > 150


@pytest.mark.parametrize("currency", CURRENCIES)
def test_minor_units_are_whole_and_their_decimals_exact(currency: str) -> None:
    digits = exponent(currency)
    smallest = Money(1, currency)
    assert smallest.decimal() == Decimal(1).scaleb(-digits)
    assert from_decimal(Decimal(1), currency) == Money(10**digits, currency)
    assert from_decimal(smallest.decimal(), currency) == smallest
    with pytest.raises(InvalidInput):
        from_decimal(smallest.decimal() / 10, currency)


def rates(nth: int) -> Decimal:
    """Return a rate that comes out even in no currency; another one for each."""
    return Decimal("1.0000007") + Decimal(nth) / 7


def exact(paid: Money, rate: Decimal, currency: str) -> Decimal:
    return paid.decimal() * rate * Decimal("1.0175") * 10 ** exponent(currency)


def fits(quote: Rounded, due_in: str) -> bool:
    return quote.due == quote.fee + quote.value + quote.residue and 0 <= quote.residue.minor <= due_step(due_in)


@pytest.mark.parametrize("due_in", DEPOSITED_IN)
def test_what_is_due_goes_up_and_what_is_paid_goes_down_in_every_currency(due_in: str) -> None:
    with localcontext(prec=60):
        for nth, paid_in in enumerate(CURRENCIES):
            rate, fee, note, step = rates(nth), Money(300, due_in), smallest_note(paid_in), due_step(due_in)
            rules = Rules(rate=Fraction(rate), fee=fee, spread=Fraction(175, 10_000))
            wanted = Money(note * (3 + nth), paid_in)
            quote = for_payout(wanted, rules)
            steps = ((exact(wanted, rate, due_in) + fee.minor) / step).to_integral_value(ROUND_CEILING)
            assert quote.due.minor == int(steps) * step and quote.paid == wanted, paid_in
            assert quote.value.minor == int(exact(wanted, rate, due_in).to_integral_value(ROUND_FLOOR)), paid_in
            assert fits(quote, due_in), paid_in

            given = from_deposit(quote.due + Money(1, due_in), paid_in, rules)
            cost = exact(Money(note, paid_in), rate, due_in)
            notes = (Decimal(quote.due.minor + 1 - fee.minor) / cost).to_integral_value(ROUND_FLOOR)
            assert given.paid.minor == int(notes) * note, paid_in
            assert given.due == given.fee + given.value + given.residue and given.residue.minor >= 0, paid_in


@pytest.mark.parametrize("paid_in", CURRENCIES)
def test_a_sum_between_two_notes_is_refused_in_every_currency(paid_in: str) -> None:
    note = smallest_note(paid_in)
    rules = Rules(rate=Fraction(3, 7), fee=Money(0, "KRW"))
    if note > 1:
        with pytest.raises(InvalidInput, match="smallest note"):
            for_payout(Money(note + 1, paid_in), rules)
    with pytest.raises(InvalidInput, match="smallest note"):
        for_payout(Money(0, paid_in), rules)
    assert from_deposit(Money(0, "KRW"), paid_in, rules).paid == Money(0, paid_in)
    assert for_payout(Money(note * 2, paid_in), Rules(rate=Fraction(3, 7), fee=Money(0, "KRW"), note=note * 2)).paid


def test_digits_of_labels_never_decide_about_the_books() -> None:
    differing = {code for code, digits in exponents().items() if get_currency_precision(code) != digits}
    assert differing == SHOWN_OTHERWISE
