"""The forecast: jumps are found within minutes and not where there are none, alerts are believed until calls say better."""

from __future__ import annotations

from random import Random

import pytest

from overflow.staffing import foreseeing
from overflow.staffing.foreseeing import AHEAD, Rate, Sent, Stream, band, find_jump, foresee, foresee_all

HOURS_4 = 240


def poisson(dice: Random, mean: float) -> int:
    """Return a count, by adding up gaps."""
    count, gone = 0, dice.expovariate(1.0)
    while gone < mean:
        count += 1
        gone += dice.expovariate(1.0)
    return count


def make_stream(dice: Random, per_minute: float, *, usual: float | None = None, length: int = HOURS_4) -> Stream:
    mean = per_minute if usual is None else usual
    counts = [poisson(dice, per_minute) for _ in range(length)]
    return Stream(counts, [mean] * length, [mean * 60] * (AHEAD + 1))


@pytest.mark.parametrize("per_minute", [0.5, 3.3, 15.0])
def test_eightfold_calls_are_seen_within_minutes(per_minute: float) -> None:
    dice, waits = Random(1), []
    for _ in range(100):
        counts = [poisson(dice, per_minute) for _ in range(HOURS_4)]
        for minute in range(1, 31):
            counts.append(poisson(dice, per_minute * 8))
            if find_jump(counts, [per_minute] * len(counts)) is not None:
                waits.append(minute)
                break
    assert len(waits) == 100
    assert sorted(waits)[95] <= (8 if per_minute < 1 else 2)


def test_a_doubling_is_seen_within_a_quarter_hour() -> None:
    dice, seen = Random(2), 0
    for _ in range(100):
        counts = [poisson(dice, 3.3) for _ in range(120)] + [poisson(dice, 6.6) for _ in range(15)]
        seen += find_jump(counts, [3.3] * len(counts)) is not None
    assert seen >= 95


@pytest.mark.parametrize("per_minute", [0.01, 0.5, 3.3, 15.0])
def test_an_ordinary_week_shows_no_jump(per_minute: float) -> None:
    dice = Random(3)
    counts = [poisson(dice, per_minute) for _ in range(7 * 24 * 60)]
    found = [
        find_jump(counts[start : start + HOURS_4], [per_minute] * HOURS_4)
        for start in range(0, len(counts) - HOURS_4, 30)
    ]
    assert sum(each is not None for each in found) <= 2


def test_the_end_of_a_jump_is_seen_too() -> None:
    dice = Random(4)
    counts = [poisson(dice, 3.3) for _ in range(60)] + [poisson(dice, 26.0) for _ in range(60)]
    jump = find_jump(counts, [3.3] * len(counts))
    assert jump is not None
    assert jump.minutes_ago == pytest.approx(60, abs=3)
    assert jump.factor == pytest.approx(8, rel=0.15)
    counts += [poisson(dice, 3.3) for _ in range(60)]
    assert find_jump(counts, [3.3] * len(counts)) is None


def test_an_ordinary_hour_is_foreseen_as_usual() -> None:
    found = foresee(make_stream(Random(5), 3.3))
    assert found.jump is None
    assert found.now_per_hour == pytest.approx(198, rel=0.1)
    assert all(rate.low < rate.mean < rate.high for rate in found.slots)


def test_a_busier_day_moves_the_forecast() -> None:
    found = foresee(make_stream(Random(6), 4.0, usual=3.3))
    assert found.now_per_hour == pytest.approx(235, rel=0.08)


def test_a_jump_lasts_and_fades() -> None:
    dice = Random(7)
    calm = make_stream(dice, 3.3)
    counts = [*calm.minutes[40:], *(poisson(dice, 26.4) for _ in range(40))]
    found = foresee(Stream(counts, calm.usual, calm.ahead))
    assert found.jump is not None
    assert found.now_per_hour == pytest.approx(26.4 * 60, rel=0.15)
    assert found.slots[-1].mean < 0.8 * found.now_per_hour
    assert found.slots[-1].mean > 3 * 198


def test_a_jump_that_still_grows_is_foreseen_higher_than_it_is() -> None:
    dice = Random(8)
    calm = make_stream(dice, 3.3)
    growing = [poisson(dice, 3.3 * (1 + 7 * minute / 60)) for minute in range(30)]
    found = foresee(Stream([*calm.minutes[30:], *growing], calm.usual, calm.ahead))
    assert max(rate.mean for rate in found.slots) > 1.2 * sum(growing[-10:]) * 6


def test_an_alert_is_expected_to_bring_calls_before_any_came() -> None:
    alert = Sent(0.0, 100_000, 500.0)
    found, _ = foresee_all([make_stream(Random(9), 3.3)], [alert])
    assert found.slots[0].mean == pytest.approx(198 + 500 * 0.693, rel=0.1)
    assert found.alert_people == 100_000
    assert found.alert_calls == pytest.approx(500, rel=0.01)


def test_an_alert_that_brings_no_calls_is_soon_not_believed() -> None:
    alert = Sent(30.0, 100_000, 500.0)
    found, _ = foresee_all([make_stream(Random(10), 3.3)], [alert])
    assert found.slots[0].mean < 198 * 1.25


def test_alert_and_jump_are_the_same_callers_and_count_once() -> None:
    dice, alert = Random(11), Sent(20.0, 100_000, 500.0)
    calm = make_stream(dice, 3.3)
    counts = [*calm.minutes[20:], *(poisson(dice, 13.2) for _ in range(20))]
    alone = foresee(Stream(counts, calm.usual, calm.ahead))
    both, _ = foresee_all([Stream(counts, calm.usual, calm.ahead)], [alert])
    assert both.now_per_hour < 1.35 * alone.now_per_hour


def test_countries_add_up_and_the_one_in_crisis_is_named() -> None:
    dice = Random(12)
    calm = make_stream(dice, 2.0)
    hit = Stream([*calm.minutes[10:], *(poisson(dice, 16.0) for _ in range(10))], calm.usual, calm.ahead)
    total, parts = foresee_all([calm, hit])
    assert total.now_per_hour == pytest.approx(sum(part.now_per_hour for part in parts))
    assert total.jump == parts[1].jump is not None
    assert total.slots[0].high < sum(part.slots[0].high for part in parts)


@pytest.mark.parametrize("per_minute", [0.8, 3.3, 12.0])
def test_the_band_holds_four_of_five_quarter_hours(per_minute: float) -> None:
    dice, inside, seen = Random(13), 0, 0
    for _ in range(300):
        # A day that is a little busier or quieter than usual, and quarter hours that are so too.
        rate = per_minute * dice.lognormvariate(0, 0.1)
        found = foresee(make_stream(dice, rate, usual=per_minute, length=120))
        for number in (1, 4, 8):
            low, high = found.slots[number].counted()
            inside += low <= 4 * poisson(dice, rate * 15 * dice.lognormvariate(0, 0.12)) <= high
            seen += 1
    assert 0.75 <= inside / seen <= 0.9


def test_the_band_is_that_of_a_gamma_distribution() -> None:
    # 10 % and 90 % points of a gamma distribution with shape 4 and mean 1, from printed tables: 0.4362 and 1.6702.
    assert band(1.0, 0.5) == pytest.approx((0.4362, 1.6702), rel=0.01)
    assert band(0.0, 1.0) == (0.0, 0.0)


def test_chance_widens_the_band_of_counts() -> None:
    low, high = Rate(100, 90, 110).counted()
    assert low < 90
    assert high > 110


def test_no_history_and_no_calls_foresee_nothing() -> None:
    found = foresee(Stream([0] * 60, [0.0] * 60, [0.0] * (AHEAD + 1)))
    assert found.now_per_hour == 0
    assert found.jump is None


def test_one_family_that_calls_is_no_crisis() -> None:
    found = find_jump([0] * 50 + [1, 0, 2, 0, 0, 1, 0, 0, 0, 0], [0.001] * 60)
    assert found is None


def test_unequal_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many"):
        foresee(Stream([1], [], [1.0]))
    with pytest.raises(ValueError, match="nothing"):
        foresee_all([])


def test_limits_are_those_of_the_decision_record() -> None:
    assert (foreseeing.JUMP_FACTOR, foreseeing.JUMP_LIMIT) == (2.0, 7.0)
