"""Policies as data: what is refused, what stands as delivered, and that no state has a way that the table does not know."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.silent.plan import MAX_STEPS, USUAL, Step, policy_for, read_steps
from alerts.silent.speech import digits, own_language, spoken, voice_of, words
from alerts.silent.states import FINAL_STATES, MAY_MOVE, OPEN_STATES, OUTREACH, STATES
from hotline.core.errors import InvalidInput

GOOD = {"channel": "voice", "after_minutes": 5, "whom": "not_delivered"}


def test_steps_come_back_in_the_order_of_their_time() -> None:
    read = read_steps([{**GOOD, "after_minutes": 9, "whom": "not_answered"}, GOOD])
    assert read == (Step("voice", 5, "not_delivered"), Step("voice", 9, "not_answered"))
    assert read_steps([step.to_json() for step in read]) == read


@pytest.mark.parametrize(
    "given_steps",
    [
        [{**GOOD, "channel": "pigeon"}], [{**GOOD, "channel": "email"}],
        [{**GOOD, "channel": "sms", "whom": "not_answered"}], [{**GOOD, "channel": "sms", "whom": "opted_out"}],
        [{**GOOD, "whom": "number_bad"}],
        [{**GOOD, "whom": "everybody"}], [GOOD, GOOD],
        [{**GOOD, "after_minutes": 0}], [{**GOOD, "after_minutes": 1441}], [{**GOOD, "after_minutes": True}],
        [{**GOOD, "after_minutes": "5"}], [GOOD] * (MAX_STEPS + 1), "voice", None, [None],
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given_steps: object) -> None:
    with pytest.raises(InvalidInput):
        read_steps(given_steps)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_nothing_whatever_breaks_the_reader(given_steps: object) -> None:
    try:
        assert len(read_steps(given_steps)) <= MAX_STEPS
    except InvalidInput as refusal:
        assert refusal.mend


def test_only_extreme_alerts_go_beyond_the_first_text_as_delivered() -> None:
    assert {severity: bool(steps) for severity, steps in USUAL.items()} == {
        "Extreme": True,
        "Severe": False,
        "Other": False,
    }
    assert [policy_for(each) for each in ("Extreme", "Severe", "Moderate", "Minor", "Unknown", "")] == [
        "Extreme", "Severe", "Other", "Other", "Other", "Other",
    ]  # fmt: skip
    assert all(read_steps([step.to_json() for step in steps]) == steps for steps in USUAL.values())


def test_every_state_is_open_or_final_and_reports_follow_the_table() -> None:
    assert set(OPEN_STATES) | set(FINAL_STATES) == set(STATES) == set(OUTREACH.states)
    known = {(each.state, each.target) for each in OUTREACH.transitions}
    assert {(state, target) for target, states in MAY_MOVE.items() for state in states} <= known
    assert not {each.state for each in OUTREACH.transitions} & {"answered", "skipped"}


@pytest.mark.parametrize("language", ["ko", "en", "ja", "zh", "es", "fr"])
def test_every_language_says_everything_and_names_the_number(language: str) -> None:
    assert set(words(language)) == set(words("en"))
    assert "{number}" in words(language)["call"]
    assert all(key in words(language)["menu"] for key in "129")


def test_languages_have_voices_and_numbers_are_read_digit_by_digit() -> None:
    assert [voice_of(each) for each in ("ko", "zh-hant", "pt-BR", "xx")] == ["ko-KR", "cmn-TW", "pt-BR", None]
    assert [own_language(each) for each in ("zh-hans", "th")] == ["zh", "en"]
    assert digits("+82 2-3210") == "+ 8 2 2 3 2 1 0"
    assert spoken("See https://a.example/x?y=1 and www.b.example now") == "See and now"
    assert len(spoken("가" * 9_000)) == 4_000
