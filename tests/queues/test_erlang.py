"""Theory recomputed: the rows that planners know, and the limits that impatience must keep to."""

from __future__ import annotations

import pytest

from hotline.queues import erlang


def test_the_known_row_of_200_calls_an_hour() -> None:
    found = erlang.waiting(200, 180, 14, 20)
    assert found.wait_probability == pytest.approx(0.1741319, abs=1e-7)
    assert found.service_level == pytest.approx(0.8883500, abs=1e-7)
    assert found.asa_s == pytest.approx(7.8359, abs=1e-4)
    assert found.occupancy == pytest.approx(0.7142857, abs=1e-7)
    assert erlang.waiting(200, 180, 13, 20).service_level == pytest.approx(0.7956, abs=5e-5)


@pytest.mark.parametrize(("agents", "chance"), [(11, 0.6821), (12, 0.4494), (13, 0.2853), (14, 0.1741)])
def test_ten_erlang(agents: int, chance: float) -> None:
    assert erlang.erlang_c(10, agents) == pytest.approx(chance, abs=5e-5)


def test_one_erlang_and_two_agents_make_a_third_wait() -> None:
    assert erlang.erlang_c(1, 2) == pytest.approx(1 / 3)


def test_fewest_agents_for_a_service_level() -> None:
    assert erlang.agents_needed(200, 180, 0.8, 20) == 14
    assert erlang.agents_needed(250, 330, 0.8, 30) == 28


def test_too_few_agents_are_refused() -> None:
    with pytest.raises(ValueError, match="without end"):
        erlang.waiting(200, 180, 10, 20)


def test_endless_patience_is_erlang_c() -> None:
    patient, endless = erlang.waiting(200, 180, 14, 20), erlang.impatient(200, 180, 1e9, 14)
    assert endless.wait_probability == pytest.approx(patient.wait_probability, rel=1e-4)
    assert endless.asa_s == pytest.approx(patient.asa_s, rel=1e-4)
    assert endless.abandoned < 1e-6


def test_patience_as_long_as_a_call_is_a_centre_of_endless_agents() -> None:
    # With equal means the system is M/M/∞, whose states are Poisson: P(at least 14 of mean 10).
    assert erlang.impatient(200, 180, 180, 14).wait_probability == pytest.approx(0.135536, abs=1e-5)


def test_nobody_is_answered_and_lost_at_once() -> None:
    found = erlang.impatient(400, 180, 60, 14)
    assert found.occupancy == pytest.approx((1 - found.abandoned) * 20 / 14)
    assert found.asa_s == pytest.approx(found.abandoned * 60)  # the lost are as many as wait, over the mean patience
