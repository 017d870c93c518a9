"""Needed agents with impatience and redials: the rows planners know, the limits, and sums made in another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hotline.queues import erlang
from overflow.staffing.formulas import Calls, NotConverged, Target, TooMany, needed, with_redials

LEVEL_20 = Target(level=0.8, within_s=20)
ENDLESS_S = 1e9


def _by_matrices(per_hour: float, handling_s: float, patience_s: float, agents: int, within_s: float) -> list[float]:
    """P(wait), share answered in time, share lost, mean wait of the answered: from the chain's generator by linear algebra."""
    arrivals, service, leaving, most = per_hour / 3600, 1 / handling_s, 1 / patience_s, agents + 150
    chain = np.zeros((most + 1, most + 1))
    for number in range(most + 1):
        if number < most:
            chain[number, number + 1] = arrivals
        if number:
            chain[number, number - 1] = min(number, agents) * service + max(0, number - agents) * leaving
        chain[number, number] = -chain[number].sum()
    system = np.vstack([chain.T, np.ones(most + 1)])
    chances = np.linalg.lstsq(system, np.append(np.zeros(most + 1), 1.0), rcond=None)[0]
    waiting = chances[agents:]
    answered_in_time, answered, waited = _followed(waiting, agents * service, leaving, within_s)
    free = float(chances[:agents].sum())
    lost = float(sum(j * leaving * p for j, p in enumerate(waiting)) / arrivals)
    return [float(waiting.sum()), free + answered_in_time, lost, waited / (free + answered)]


def _followed(
    waiting: NDArray[np.float64], serving: float, leaving: float, within_s: float
) -> tuple[float, float, float]:
    """Follow one caller, of whom it is known how many are before them, until answered or gone (a phase-type time)."""
    size = len(waiting)
    chain, answer = np.zeros((size, size)), np.zeros(size)
    for before in range(size):
        on = serving + before * leaving
        chain[before, before] = -on - leaving
        if before:
            chain[before, before - 1] = on
    answer[0] = serving
    inverse = np.linalg.inv(chain)
    answered, waited = -waiting @ inverse @ answer, waiting @ inverse @ inverse @ answer
    later = waiting @ _exponential(chain * within_s) @ -inverse @ answer
    return float(answered - later), float(answered), float(waited)


def _exponential(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    small = matrix / 2**14
    result = np.eye(len(matrix)) + small + small @ small / 2
    for _ in range(14):
        result = result @ result
    return np.asarray(result)


@pytest.mark.parametrize(
    ("per_hour", "handling_s", "patience_s", "agents", "within_s"),
    [(200, 180, 120, 11, 20), (200, 180, 120, 6, 30), (60, 300, 600, 4, 10), (400, 180, 60, 14, 60)],
)
def test_erlang_a_is_what_the_chain_itself_says(
    per_hour: float, handling_s: float, patience_s: float, agents: int, within_s: float
) -> None:
    found = erlang.impatient(per_hour, handling_s, patience_s, agents, within_s)
    told = [found.wait_probability, found.service_level, found.abandoned, found.answer_s]
    assert told == pytest.approx(_by_matrices(per_hour, handling_s, patience_s, agents, within_s), rel=1e-5)


@pytest.mark.parametrize(("per_hour", "handling_s", "agents", "within_s"), [(200, 180, 14, 20), (250, 330, 28, 30)])
def test_endless_patience_gives_every_figure_of_erlang_c(
    per_hour: float, handling_s: float, agents: int, within_s: float
) -> None:
    patient = erlang.waiting(per_hour, handling_s, agents, within_s)
    endless = erlang.impatient(per_hour, handling_s, ENDLESS_S, agents, within_s)
    for name in ("wait_probability", "asa_s", "service_level", "occupancy", "answer_s"):
        assert getattr(endless, name) == pytest.approx(getattr(patient, name), rel=1e-4), name


def test_one_erlang_two_agents() -> None:
    assert erlang.impatient(3600, 1, ENDLESS_S, 2).wait_probability == pytest.approx(1 / 3, rel=1e-6)


@pytest.mark.parametrize(("per_hour", "handling_s", "within_s", "agents"), [(200, 180, 20, 14), (250, 330, 30, 28)])
def test_needed_agents_of_the_known_rows_when_nobody_hangs_up(
    per_hour: float, handling_s: float, within_s: float, agents: int
) -> None:
    assert needed(per_hour, Calls(handling_s, ENDLESS_S), Target(level=0.8, within_s=within_s)) == agents
    assert erlang.agents_needed(per_hour, handling_s, 0.8, within_s) == agents


def test_impatience_spares_agents_and_redials_take_them_back() -> None:
    target = Target(abandoned=0.03)
    once, again = needed(200, Calls(180, 120), target), needed(200, Calls(180, 120, redial=0.9), target)
    assert needed(200, Calls(180, 120), LEVEL_20) < 14
    assert once <= again


def test_redials_are_the_fixed_point() -> None:
    calls = Calls(180, 90, redial=0.6)
    found = with_redials(400, calls, 14, 20)
    assert found.per_hour == pytest.approx(400 + 0.6 * found.per_hour * found.waiting.abandoned, rel=1e-6)
    assert found.per_hour > 450
    # Nobody is answered and lost at once: first calls end in an answer or in giving up for good.
    answered = found.per_hour * (1 - found.waiting.abandoned)
    given_up = found.per_hour * found.waiting.abandoned * 0.4
    assert answered + given_up == pytest.approx(400, rel=1e-6)


def test_without_agents_everybody_calls_until_they_give_up() -> None:
    found = with_redials(100, Calls(180, 90, redial=0.5), 0)
    assert found.waiting.abandoned == pytest.approx(1)
    assert found.per_hour == pytest.approx(200, rel=1e-6)
    assert found.waiting.occupancy == 0


def test_too_few_rounds_say_so() -> None:
    with pytest.raises(NotConverged, match="after 3 rounds"):
        with_redials(4000, Calls(180, 60, redial=0.9), 10, max_rounds=3)


@pytest.mark.parametrize("redial", [-0.1, 0.96, 1.0])
def test_redials_that_never_end_are_refused(redial: float) -> None:
    with pytest.raises(ValueError, match="redial"):
        with_redials(100, Calls(180, 60, redial=redial), 10)


@pytest.mark.parametrize("values", [(0, 180, 60, 5), (10, 0, 60, 5), (10, 180, 0, 5), (10, 180, 60, -1)])
def test_what_is_no_centre_is_refused(values: tuple[float, float, float, int]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        erlang.impatient(*values)


def test_an_endless_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="would wait"):
        erlang.impatient(10_000, 180, ENDLESS_S, 10)


@pytest.mark.parametrize("wanted", [{}, {"level": 1.0}, {"abandoned": 0.0}])
def test_a_target_that_nobody_reaches_is_refused(wanted: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"share"):
        Target(**wanted)


def test_more_than_any_centre_has_is_refused() -> None:
    with pytest.raises(TooMany):
        needed(300_000, Calls(180, 60), LEVEL_20)


def test_no_calls_need_nobody() -> None:
    assert needed(0, Calls(180, 60), LEVEL_20) == 0


def test_the_ceiling_of_a_national_centre_is_computed() -> None:
    agents = needed(9_000, Calls(300, 180, redial=0.5), LEVEL_20)
    assert 700 < agents < 800
    assert erlang.impatient(9_000, 300, 180, agents, 20).service_level >= 0.8


@given(
    per_hour=st.floats(1, 600), handling_s=st.floats(30, 900), patience_s=st.floats(20, 900), redial=st.floats(0, 0.9)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_one_agent_fewer_misses_the_target(
    per_hour: float, handling_s: float, patience_s: float, redial: float
) -> None:
    calls, target = Calls(handling_s, patience_s, redial), Target(level=0.8, within_s=20, abandoned=0.05)
    agents = needed(per_hour, calls, target)
    assert target.met(with_redials(per_hour, calls, agents, 20).waiting)
    if agents > 1:
        assert not target.met(with_redials(per_hour, calls, agents - 1, 20).waiting)


@given(agents=st.integers(1, 60), per_hour=st.floats(1, 1200), within_s=st.floats(0, 120))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_shares_stay_shares_and_more_agents_never_harm(agents: int, per_hour: float, within_s: float) -> None:
    found = erlang.impatient(per_hour, 180, 90, agents, within_s)
    more = erlang.impatient(per_hour, 180, 90, agents + 1, within_s)
    for each in (found.wait_probability, found.service_level, found.occupancy, found.abandoned):
        assert -1e-9 <= each <= 1 + 1e-9
    assert more.service_level >= found.service_level - 1e-9
    assert more.abandoned <= found.abandoned + 1e-9
    assert found.abandoned * 90 == pytest.approx(found.asa_s, rel=1e-6, abs=1e-9)
