"""The back-test: a crisis as that of 2011 in small, with the advice and without; and a quiet day on which nobody is called."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import drill
from overflow.staffing.backtest import Crisis, Played, acts_of, figures, play_with, play_without
from overflow.staffing.foreseeing import SLOT_MINUTES
from overflow.staffing.formulas import Calls, Target
from overflow.staffing.simulation import Scenario

TARGET = Target(level=0.8, within_s=20)
USUAL, AGENTS, BEGINS = 60.0, 9, 8
"""Two usual hours, then calls become eight times as many within an hour, stay so for two and fall in one; two hours after it."""


def make_crisis(*, peak: float = 8.0, pool: int = 200, alert: bool = False) -> Crisis:
    rise = [1 + (peak - 1) * (slot + 1) / 4 for slot in range(4)]
    factors = [1.0] * BEGINS + rise + [peak] * 8 + rise[::-1] + [1.0] * 12
    scenario = Scenario(tuple(USUAL * each for each in factors), Calls(300, 120, 0.5), ((0.0, AGENTS),))
    alerts = ((BEGINS * SLOT_MINUTES, 80_000, 400.0),) if alert else ()
    return Crisis("small", scenario, (USUAL,) * len(factors), BEGINS, pool, alerts=alerts)


@pytest.fixture(scope="module")
def helped() -> Played:
    return play_with(make_crisis(), TARGET)


def test_without_help_most_callers_are_lost() -> None:
    found = figures(play_without(make_crisis()), BEGINS)
    assert found["abandoned_percent"] > 50
    assert found["most_on_duty"] == AGENTS


def test_with_the_advice_nearly_all_are_answered_in_time(helped: Played) -> None:
    found = figures(helped, BEGINS)
    assert found["abandoned_percent"] < 5
    assert found["answered_in_time_percent"] > 90
    assert found["wait_s"] < 6


def test_the_first_call_out_is_advised_within_the_rise(helped: Played) -> None:
    told = acts_of(make_crisis(), helped.acts)
    assert 0 <= told["first_call_out_minute"] <= 25
    assert told["first_come_minute"] == told["first_call_out_minute"] + 20


def test_people_are_not_fetched_and_sent_home_again_and_again(helped: Played) -> None:
    told, peak = acts_of(make_crisis(), helped.acts), helped.most_on_duty - AGENTS
    assert told["called_out"] <= 1.6 * peak
    assert told["call_outs"] <= 12


def test_everybody_goes_home_when_it_is_over(helped: Played) -> None:
    moved: Counter[str] = Counter()
    for _, kind, people in helped.acts:
        moved[kind] += people
    assert moved["come"] == moved["call_out"]
    assert moved["come"] - moved["release"] <= 6


def test_an_alert_brings_help_before_the_calls() -> None:
    crisis = make_crisis(alert=True)
    told = acts_of(crisis, play_with(crisis, TARGET).acts)
    assert told["first_call_out_minute"] == 0
    assert told["first_call_out_people"] > 10


def test_no_more_come_than_there_are() -> None:
    assert play_with(make_crisis(pool=10), TARGET).most_on_duty == AGENTS + 10


def test_on_an_ordinary_day_nobody_is_called() -> None:
    assert play_with(make_crisis(peak=1.0), TARGET).acts == []


def test_the_benchmark_has_the_crises_of_the_field() -> None:
    found = {crisis.name: crisis for crisis in drill.crises(3, 1)}
    assert set(found) == {"march-2011", "march-2011-alert", "tsunami-2004", "pandemic-month"}
    march = found["march-2011"]
    peak = march.begins_slot + 4
    assert march.scenario.per_hour[peak] == pytest.approx(8 * march.usual_per_hour[peak])
    assert sum(drill.usual_day(960)) / 4 == pytest.approx(960)
    month = found["pandemic-month"]
    assert max(a / b for a, b in zip(month.scenario.per_hour, month.usual_per_hour, strict=True)) == pytest.approx(38)
    with pytest.raises(ValueError, match="days"):
        drill.crises(2, 1)
