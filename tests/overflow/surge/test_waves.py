"""How many are asked and whom: against every outcome counted one by one, and by properties."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from overflow.surge.waves import (
    CERTAINTY,
    ENOUGH,
    MAX_WAVE,
    Askable,
    Past,
    chance_of,
    filled,
    in_order,
    next_wave,
    overall_chance,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
chances = st.lists(st.floats(0.02, 0.95), max_size=9)
pasts = st.builds(
    lambda asked, share, days: Past(asked, round(asked * share), NOW - timedelta(days=days) if asked else None),
    st.integers(0, 30), st.floats(0, 1), st.integers(0, 400),
)  # fmt: skip
people_of = st.lists(st.tuples(pasts, st.booleans()), max_size=60).map(
    lambda found: [Askable(number, past, again) for number, (past, again) in enumerate(found, 1)]
)


@given(st.integers(0, 10), chances)
def test_filled_is_what_counting_every_outcome_gives(needed: int, own: list[float]) -> None:
    counted = 0.0
    for outcome in itertools.product((0, 1), repeat=len(own)):
        if sum(outcome) >= needed:
            counted += math.prod(p if came else 1 - p for p, came in zip(own, outcome, strict=True))
    assert math.isclose(filled(needed, own), counted, abs_tol=1e-9)


def test_nobody_needed_is_filled_by_nobody() -> None:
    assert filled(0, []) == 1.0
    assert filled(1, []) == 0.0


def test_with_nothing_known_three_in_ten_come() -> None:
    assert overall_chance(0, 0) == 0.3
    assert chance_of(Past(), 0.3) == 0.3


def test_ones_own_past_outweighs_everybody_elses_in_time() -> None:
    assert chance_of(Past(2, 2, NOW), 0.3) < 0.6
    assert chance_of(Past(20, 20, NOW), 0.3) > 0.85
    assert chance_of(Past(20, 0, NOW), 0.3) < 0.06


def test_ten_of_whom_nothing_is_known_take_a_first_wave_of_forty_two() -> None:
    people = [Askable(number) for number in range(1, 200)]
    wave = next_wave(10, (), people, 0.3)
    assert len(wave.volunteer_ids) == 42
    assert filled(10, [0.3] * 41) < CERTAINTY <= filled(10, [0.3] * 42)


def test_who_was_asked_least_and_longest_ago_is_asked_first() -> None:
    often = Askable(1, Past(5, 5, NOW - timedelta(days=300)))
    lately = Askable(2, Past(1, 1, NOW - timedelta(days=1)))
    long_ago = Askable(3, Past(1, 0, NOW - timedelta(days=90)))
    never, silent_today = Askable(4), Askable(5, Past(), again=True)
    order = [each.volunteer_id for each in in_order([silent_today, often, lately, long_ago, never])]
    assert order == [4, 3, 2, 1, 5]


@given(st.integers(0, 40), st.lists(st.floats(0.02, 1.0), max_size=40), people_of, st.integers(0, 30))
def test_a_wave_is_as_small_as_it_can_be(needed: int, under_way: list[float], people: list[Askable], more: int) -> None:
    wave = next_wave(needed, under_way, people, 0.3, at_least=more)
    assert len(set(wave.volunteer_ids)) == len(wave.volunteer_ids) <= min(MAX_WAVE, len(people))
    assert list(wave.volunteer_ids) == [each.volunteer_id for each in in_order(people)][: len(wave.volunteer_ids)]
    before = filled(needed, under_way)
    if before >= ENOUGH and not more:
        assert wave.volunteer_ids == (), "those who are asked already will do"
    if not wave.volunteer_ids:
        assert (before >= ENOUGH and not more) or before >= CERTAINTY or not people
        return
    assert math.isclose(wave.filled, filled(needed, [*under_way, *wave.chances]), abs_tol=1e-9)
    if len(wave.volunteer_ids) > more:
        assert filled(needed, [*under_way, *wave.chances[:-1]]) < CERTAINTY
    everybody = len(wave.volunteer_ids) == len(people)
    assert everybody or (wave.filled >= CERTAINTY and len(wave.volunteer_ids) >= min(more, len(people)))


def test_nobody_new_is_asked_while_those_asked_already_fill_it_likely_enough() -> None:
    people = [Askable(number) for number in range(1, 50)]
    assert filled(1, [0.5]) < ENOUGH <= filled(1, [0.5, 0.3]) < CERTAINTY
    assert next_wave(1, [0.5], people, 0.3).volunteer_ids
    assert next_wave(1, [0.5, 0.3], people, 0.3).volunteer_ids == ()
    assert next_wave(1, [0.5, 0.3], people, 0.3, at_least=1).volunteer_ids, "an officer wants more asked"


def test_a_wave_is_bounded() -> None:
    people = [Askable(number) for number in range(1, 1_000)]
    assert len(next_wave(500, (), people, 0.02).volunteer_ids) == MAX_WAVE
    assert len(next_wave(500, (), people, 0.02, most=7).volunteer_ids) == 7


@given(st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_over_many_call_outs_nobody_is_asked_much_more_often_than_anybody_else(wanted: list[int]) -> None:
    asked = dict.fromkeys(range(1, 31), 0)
    for day, needed in enumerate(wanted):
        people = [
            Askable(each, Past(count, 0, NOW + timedelta(days=day)) if count else Past())
            for each, count in asked.items()
        ]
        for volunteer_id in next_wave(needed, (), people, 0.3).volunteer_ids:
            asked[volunteer_id] += 1
    assert max(asked.values()) - min(asked.values()) <= 1
