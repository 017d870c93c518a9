"""The order of a provider's words: total, so that the order of their arrival cannot matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.states import DELIVERED, FAILED, MESSAGE_STATES, SENT
from hotline.providers.ranks import NOTHING, RANKS, Word, recorded, word

words = st.builds(
    word, st.sampled_from([*RANKS, "unheard of", None]), st.sampled_from([None, "30003", "30005", "30008"])
)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("accepted", "queued"), ("queued", "sending"), ("sending", "sent"), ("sent", "canceled"), ("canceled", "failed"),
     ("failed", "undelivered"), ("undelivered", "delivered"), ("delivered", "read")],
)  # fmt: skip
def test_each_word_is_worth_more_than_the_one_before(lower: str, higher: str) -> None:
    assert word(lower, None) < word(higher, None)


def test_delivered_holds_against_a_failure_that_comes_before_or_after() -> None:
    assert max(word("delivered", None), word("undelivered", "30008")).state == DELIVERED
    assert max(word("failed", "30008"), word("delivered", None)).state == DELIVERED


def test_of_two_failures_with_different_codes_the_same_one_always_stays() -> None:
    first, second = word("undelivered", "30003"), word("undelivered", "30005")
    assert max(first, second) == max(second, first) == second


def test_a_failure_with_a_code_is_worth_more_than_one_without() -> None:
    assert word("failed", None) < word("failed", "30003")


def test_an_unknown_status_is_worth_nothing() -> None:
    assert word("teleported", "30003") == NOTHING < word("accepted", None)


@given(words, words, words)
def test_the_greatest_word_does_not_depend_on_grouping_or_order(a: Word, b: Word, c: Word) -> None:
    first, last = max(a, b), max(b, c)
    assert max(first, c) == max(a, last) == max(c, b, a)


@given(words)
def test_a_message_that_recorded_a_word_stands_for_that_word(said: Word) -> None:
    if said == NOTHING:
        return
    assert recorded(said.state, said.status, said.reason or None).state == said.state
    assert recorded(said.state, said.status, said.reason or None).rank == said.rank


@pytest.mark.parametrize("state", MESSAGE_STATES)
def test_a_message_without_a_status_is_worth_what_its_state_says(state: str) -> None:
    expected = {SENT: "accepted", DELIVERED: "delivered", FAILED: "failed"}.get(state)
    assert recorded(state, None, "21211") == (
        Word(RANKS[expected], "21211" if state == FAILED else "", expected) if expected else NOTHING
    )


def test_only_a_failure_has_a_reason() -> None:
    assert word("delivered", "30003").reason == ""
    assert word("undelivered", "30003").reason == "30003"
