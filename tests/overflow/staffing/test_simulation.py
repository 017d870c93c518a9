"""The simulated centre: within 3 % of the formulas, repeatable, and its staff comes and goes as a real one does."""

from __future__ import annotations

import pytest

from overflow.staffing import simulation
from overflow.staffing.formulas import Calls, with_redials
from overflow.staffing.simulation import Now, Scenario, Slot, TooLong, simulate, whole

Row = tuple[float, float, float, int, float, float]
"""Calls an hour, handling, patience, agents, limit of the service level (seconds), share that calls again."""
FEW: list[Row] = [(200, 180, 120, 12, 20, 0.0), (400, 180, 90, 16, 30, 0.0), (400, 180, 90, 18, 20, 0.5)]
GRID: list[Row] = [
    *FEW, (400, 180, 120, 20, 20, 0.5),
    (200, 180, 120, 9, 60, 0.0), (400, 180, 60, 14, 60, 0.0), (400, 180, 90, 14, 60, 0.5), (60, 300, 600, 5, 60, 0.0),
    (250, 330, 300, 24, 30, 0.3), (1200, 240, 120, 78, 20, 0.5), (1200, 240, 120, 60, 90, 0.5),
]  # fmt: skip
SETTLING = 16
"""Quarter hours at the start that a centre needs to fill."""


def make_scenario(row: Row, calls: int, seed: int) -> Scenario:
    per_hour, handling_s, patience_s, agents, within_s, redial = row
    length = min(simulation.MAX_SLOTS, SETTLING + round(calls / per_hour * 4))
    return Scenario(
        (per_hour,) * length, Calls(handling_s, patience_s, redial), ((0, agents),), within_s, 1800, seed=seed
    )


def _compare(row: Row, calls: int, seeds: int) -> None:
    per_hour, handling_s, patience_s, agents, within_s, redial = row
    met, slots = Slot(), 0
    for seed in range(1, seeds + 1):
        played = simulate(make_scenario(row, calls, seed))
        met, slots = met.added(whole(played, SETTLING)), slots + len(played) - SETTLING
    told = with_redials(per_hour, Calls(handling_s, patience_s, redial), agents, within_s)
    assert met.arrivals / slots * 4 == pytest.approx(told.per_hour, rel=0.03)
    assert met.delayed / met.arrivals == pytest.approx(told.waiting.wait_probability, rel=0.03)
    assert met.level == pytest.approx(told.waiting.service_level, rel=0.03)
    assert met.abandoned == pytest.approx(told.waiting.abandoned, rel=0.03)
    assert met.mean_answer_s == pytest.approx(told.waiting.answer_s, rel=0.03)
    assert met.occupancy == pytest.approx(told.waiting.occupancy, rel=0.03)


@pytest.mark.parametrize("row", FEW)
def test_the_formulas_are_what_callers_meet(row: Row) -> None:
    _compare(row, 60_000, 1)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("row", GRID)
def test_the_formulas_are_what_callers_meet_over_the_grid(row: Row) -> None:
    _compare(row, 200_000, 4)


def make_hours(hours: float, agents: int, per_hour: float = 200.0, **facts: float) -> Scenario:
    calls = Calls(facts.get("handling_s", 180), facts.get("patience_s", 120), facts.get("redial", 0.0))
    return Scenario((per_hour,) * round(hours * 4), calls, ((0, agents),))


def test_the_same_seed_is_the_same_day() -> None:
    assert simulate(make_hours(4, 9)) == simulate(make_hours(4, 9))


def test_every_caller_is_answered_lost_or_still_there() -> None:
    slots = simulate(make_hours(24, 9))
    total = whole(slots)
    assert 0 <= total.arrivals - total.answered - total.lost < 40
    assert total.in_time <= total.answered <= total.arrivals
    assert all(slot.busy_s <= slot.duty_s + 1e-6 for slot in slots)
    assert total.duty_s == pytest.approx(24 * 3600 * 9)


def test_who_goes_home_ends_the_call_first() -> None:
    scenario = Scenario((400.0,) * 8, Calls(600, 300), ((0, 20), (60, 4)), seed=3)
    slots = simulate(scenario)
    assert slots[3].duty_s == pytest.approx(20 * 900)
    # Sixteen leave at the hour: none at once, because all talk, and all within the hour.
    assert 4 * 900 < slots[4].duty_s < 20 * 900
    assert slots[7].duty_s < 7 * 900


def test_who_comes_back_before_leaving_simply_stays() -> None:
    slots = simulate(Scenario((400.0,) * 8, Calls(600, 300), ((0, 20), (60, 4), (61, 20)), seed=3))
    assert slots[7].duty_s == pytest.approx(20 * 900)


def test_more_people_in_twenty_minutes_end_the_wait() -> None:
    usual = Scenario((400.0,) * 16, Calls(300, 120), ((0, 10),))
    helped = Scenario((400.0,) * 16, Calls(300, 120), ((0, 10), (20, 50)))
    assert whole(simulate(usual), 4).abandoned > 0.5
    assert whole(simulate(helped), 4).abandoned < 0.02


def test_a_director_sees_whole_minutes_and_changes_the_staff() -> None:
    seen: list[Now] = []

    def director(now: Now) -> int | None:
        seen.append(now)
        return 30 if now.minute == 30 else None

    slots = simulate(make_hours(1, 5), director=director)
    assert [each.minute for each in seen] == list(range(1, 60))
    assert all(len(each.arrivals) == each.minute for each in seen)
    assert slots[1].duty_s == pytest.approx(5 * 900)
    assert slots[3].duty_s == pytest.approx(30 * 900)


def test_nobody_on_duty_loses_everybody() -> None:
    total = whole(simulate(make_hours(6, 0)))
    assert (total.answered, total.occupancy, total.mean_answer_s) == (0, 0, 0)
    assert total.abandoned > 0.9


def test_no_calls_at_all() -> None:
    total = whole(simulate(make_hours(1, 3, per_hour=0)))
    assert (total.arrivals, total.level, total.abandoned) == (0, 1.0, 0.0)


def test_too_many_calls_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "MAX_CALLS", 5_000)
    with pytest.raises(TooLong, match="fewer"):
        simulate(make_hours(1, 100, per_hour=20_000, handling_s=1))


def test_a_watch_hears_the_share_done_and_can_end_it() -> None:
    told: list[float] = []

    def watch(share: float) -> None:
        told.append(share)
        if share > 0.5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        simulate(make_hours(1, 5), watch=watch)
    assert told == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    "facts",
    [
        {"per_hour": ()}, {"per_hour": (-1.0,)}, {"staff": ()}, {"staff": ((0, 2001),)}, {"staff": ((-1, 5),)},
        {"calls": Calls(0, 60)}, {"calls": Calls(60, 60, 0.99)}, {"within_s": -1.0}, {"redial_after_s": 0.0},
        {"per_hour": (1.0,) * (simulation.MAX_SLOTS + 1)},
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"give|above|below"):
        Scenario(**({"per_hour": (1.0,), "calls": Calls(60, 60), "staff": ((0, 1),)} | facts))  # type: ignore[arg-type]
