"""The lifecycle of a test as a table: whatever happens in whatever order, an end is final."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from overflow.drills import settling as ends
from overflow.drills.states import FAILED, PASSED, TEST

EVENTS = sorted({each.event for each in TEST.transitions})


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_whatever_happens_an_end_is_final(events: list[str]) -> None:
    state, ended = "planned", ""
    for event in events:
        try:
            state = TEST.next_state(state, event, SYSTEM)
        except Refused:
            continue
        assert not ended, f"{event} moved a test that had {ended}"
        ended = state if state in (PASSED, FAILED) else ""


def test_only_an_arrival_can_pass() -> None:
    assert [each.state for each in TEST.transitions if each.target == PASSED] == ["arrived"]
    assert timedelta(minutes=10) == ends.REPEAT_AFTER
