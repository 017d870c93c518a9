"""Notes and coins: every count comes to its sum, and every proposal to its amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from remittance.money.currencies import exponents
from remittance.money.denominations import MAX_PIECES, coins, notes, pieces, proposal, total
from remittance.money.rounding import SMALLEST_NOTES, smallest_note


@pytest.mark.parametrize("currency", sorted(SMALLEST_NOTES))
def test_the_smallest_note_of_quotes_is_one_that_can_be_counted(currency: str) -> None:
    assert SMALLEST_NOTES[currency] in notes(currency)
    assert list(notes(currency)) == sorted(set(notes(currency)), reverse=True)
    assert list(coins(currency)) == sorted(set(coins(currency)), reverse=True)


def test_a_currency_without_a_table_is_counted_in_its_units() -> None:
    assert (notes("KZT"), coins("KZT"), pieces("PYG")) == ((100,), (1,), (1,))
    assert total({100: 12, 1: 5}, "KZT") == 1_205
    with pytest.raises(InvalidInput, match="currency"):
        notes("XQX")


def test_a_count_comes_to_its_sum_and_names_what_cannot_be() -> None:
    assert total({}, "USD") == 0
    assert total({10_000: 3, 500: 2, 25: 1}, "USD") == 31_025
    for counts, code in (
        ({3: 1}, "unknown-note"), ({100: -1}, "note-count"), ({100: MAX_PIECES + 1}, "note-count"), ({100: True}, "note-count"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="denominations") as told:
            total(counts, "USD")
        assert told.value.code == code


def test_proposals_are_what_a_cashier_would_take() -> None:
    assert proposal(123_400, "USD") == {10_000: 12, 2_000: 1, 1_000: 1, 100: 4}
    assert proposal(600, "SGD") == {200: 3}, "notes alone where they do"
    assert proposal(100, "SGD") == {100: 1}, "a coin where no note does"
    assert proposal(67_000, "KRW") == {50_000: 1, 10_000: 1, 5_000: 1, 1_000: 2}
    for amount in (0, -100):
        with pytest.raises(InvalidInput, match="amount"):
            proposal(amount, "USD")
    with pytest.raises(InvalidInput) as told:
        proposal(1_005, "KRW")
    assert told.value.code == "not-in-notes"


@given(currency=st.sampled_from(sorted(SMALLEST_NOTES)), number=st.integers(1, 10**6))
def test_every_amount_of_a_quote_can_be_proposed(currency: str, number: int) -> None:
    amount = number * smallest_note(currency)
    made = proposal(amount, currency)
    assert set(made) <= set(notes(currency)), "without a coin"
    assert all(count > 0 for count in made.values())
    assert sum(value * count for value, count in made.items()) == amount


@given(currency=st.sampled_from(sorted(exponents())), data=st.data())
def test_counting_what_was_proposed_gives_the_amount_again(currency: str, data: st.DataObject) -> None:
    amount = data.draw(st.integers(1, 5_000)) * notes(currency)[-1]
    made = proposal(amount, currency)
    assert sum(made.values()) <= MAX_PIECES and total(made, currency) == amount
