"""The window halves when the provider throttles, grows again with what it accepts, and honours the pause asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.dispatch.pace import GROW_BY, SMALLEST_WINDOW, Pace
from alerts.dispatch.terms import Terms
from hotline.core.services import Services


class Time:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_the_whole_window_is_open_at_first() -> None:
    assert Pace(256).room(0) == 256
    assert Pace(256).room(256) == 0
    assert Pace(256).room(300) == 0


def test_one_burst_of_refusals_halves_once() -> None:
    time = Time()
    pace = Pace(256, monotonic=time)
    for _ in range(128):
        pace.throttled(None)
    assert pace.room(0) == 128
    time.now += 1.0
    pace.throttled(None)
    assert pace.room(0) == 64


def test_the_pause_asked_for_is_kept_but_not_for_ever() -> None:
    time = Time()
    pace = Pace(256, monotonic=time)
    pace.throttled(3600.0)
    time.now += 29.0
    assert pace.room(0) == 0
    time.now += 2.0
    assert pace.room(0) == 128


def test_a_window_of_acceptances_lets_it_grow_to_its_largest() -> None:
    time = Time()
    pace = Pace(64, monotonic=time)
    pace.throttled(None)
    for _ in range(32):
        pace.accepted()
    assert pace.room(0) == 32 + GROW_BY
    for _ in range(1000):
        pace.accepted()
    assert pace.room(0) == 64


@given(
    st.integers(min_value=1, max_value=2000),
    st.lists(st.sampled_from(["accepted", "throttled", "later"]), max_size=200),
)
def test_the_window_never_closes_for_good_and_never_exceeds_its_largest(largest: int, steps: list[str]) -> None:
    time = Time()
    pace = Pace(largest, monotonic=time)
    for step in steps:
        if step == "accepted":
            pace.accepted()
        elif step == "throttled":
            pace.throttled(1.0)
        time.now += 0.6
    time.now += 30
    assert min(SMALLEST_WINDOW, largest) <= pace.room(0) <= largest


def test_a_lease_outlasts_a_request_that_is_handed_over_late(services: Services) -> None:
    settings = services.settings.model_copy(update={"dispatch_lease_s": 1.0, "dispatch_timeout_s": 15.0})
    terms = Terms.of(settings)
    assert terms.lease_s == 30.0
    assert terms.hand_over_s + terms.timeout_s <= terms.lease_s
