"""The lifecycle of a test as a table: whatever happens in whatever order, an end is final."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from overflow.drills import settling as ends
from overflow.drills.states import FAILED, PASSED, TEST

EVENTS = sorted({each.event for each in TEST.transitions})


def hold_to_the_table(events: list[str]) -> None:
    """Let everything happen to one test; what makes no sense is refused."""
    state, ended = "planned", ""
    for event in events:
        try:
            state = TEST.next_state(state, event, SYSTEM)
        except Refused:
            continue
        assert not ended, f"{event} moved a test that had {ended}"
        ended = state if state in (PASSED, FAILED) else ""


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_whatever_happens_an_end_is_final(events: list[str]) -> None:
    hold_to_the_table(events)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_an_end_is_final_through_the_night(events: list[str]) -> None:
    hold_to_the_table(events)


def test_only_an_arrival_can_pass() -> None:
    assert [each.state for each in TEST.transitions if each.target == PASSED] == ["arrived"]
    assert timedelta(minutes=10) == ends.REPEAT_AFTER
