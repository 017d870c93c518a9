"""The circuit breaker opens after failures in a row, pauses longer each time, and closes with the first answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotline.providers.breaker import CircuitBreaker


class Time:
    """A monotonic clock that tests move."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def make_breaker() -> tuple[CircuitBreaker, Time]:
    time = Time()
    return CircuitBreaker(failures_to_open=3, first_pause_s=1.0, longest_pause_s=8.0, probes=2, monotonic=time), time


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_it_stays_closed_below_the_limit() -> None:
    breaker, _ = make_breaker()
    fail(breaker, 2)
    assert breaker.room(50) == 50


def test_an_answer_in_between_starts_the_count_anew() -> None:
    breaker, _ = make_breaker()
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.room(50) == 50


def test_it_opens_and_lets_a_few_through_after_the_pause() -> None:
    breaker, time = make_breaker()
    fail(breaker, 3)
    assert (breaker.room(50), breaker.pause_left_s) == (0, 1.0)
    time.now += 1.0
    assert (breaker.room(50), breaker.pause_left_s) == (2, 0.0)


def test_requests_that_were_under_way_when_it_opened_do_not_lengthen_the_pause() -> None:
    breaker, _ = make_breaker()
    fail(breaker, 300)
    assert breaker.pause_left_s == 1.0


def test_failed_probes_double_the_pause_up_to_its_limit() -> None:
    breaker, time = make_breaker()
    pauses = []
    fail(breaker, 3)
    for _ in range(6):
        pauses.append(breaker.pause_left_s)
        time.now += breaker.pause_left_s
        breaker.failed()
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_successful_probe_closes_it_and_forgets_the_long_pause() -> None:
    breaker, time = make_breaker()
    fail(breaker, 3)
    time.now += 1.0
    breaker.failed()
    time.now += 2.0
    breaker.succeeded()
    assert breaker.room(50) == 50
    fail(breaker, 3)
    assert breaker.pause_left_s == 1.0


@given(st.lists(st.tuples(st.sampled_from(["ok", "fail", "wait"]), st.floats(min_value=0, max_value=20)), max_size=60))
def test_whatever_happens_something_may_be_tried_again_within_the_longest_pause(steps: list[tuple[str, float]]) -> None:
    breaker, time = make_breaker()
    for step, wait_s in steps:
        if step == "wait":
            time.now += wait_s
        else:
            breaker.succeeded() if step == "ok" else breaker.failed()
        assert 0.0 <= breaker.pause_left_s <= 8.0
    time.now += 8.0
    assert breaker.room(50) >= 2
