"""The provider's words about a leg, late, twice and in any order: each moves it forward or is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotline.calls.states import ANSWERED, JOINED, LEG, OVER, PLACING, RINGING, event_of_word, is_forward
from hotline.core.actor import SYSTEM
from hotline.providers.voice import STATUS_RANK

LIFE = [PLACING, RINGING, ANSWERED, JOINED, OVER]
EVENTS = ["ring", "answer", "join", "end"]


def hear(state: str, event: str) -> str:
    """Take one event as the webhooks do: what does not lead on is left alone."""
    return LEG.next_state(state, event, SYSTEM) if is_forward(state, event) else state


@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_a_leg_goes_forward_only_and_ends_where_its_furthest_word_says(events: list[str]) -> None:
    states = [PLACING]
    for event in events:
        states.append(hear(states[-1], event))
    assert [LIFE.index(state) for state in states] == sorted(LIFE.index(state) for state in states)
    furthest = max((EVENTS.index(event) + 1 for event in events), default=0)
    assert states[-1] == LIFE[furthest]


def test_the_same_word_again_leads_nowhere_and_the_end_is_final() -> None:
    for event, state in zip(EVENTS, LIFE[1:], strict=True):
        assert not is_forward(state, event)
        assert not is_forward(OVER, event)


def test_every_word_that_the_provider_has_means_an_event() -> None:
    assert {event_of_word(word) for word in STATUS_RANK} == {"ring", "answer", "end"}
    assert event_of_word("in-progress") == "answer"
    assert {event_of_word(word) for word in ("completed", "busy", "no-answer", "failed", "canceled")} == {"end"}
