"""`drill`: crises of the past played again with the call-outs that would have been advised and without, and seconds by step.

Three days and a month. *march-2011*: the Korean centre of that year (240,000 calls a year, 24 agents by turns: six of them at a
time), calls rise to eight times the usual within an hour, stay there for six and fall back over twelve. *march-2011-alert*: the
same with an alert to a hundred thousand people in the first minute. *tsunami-2004*: another ministry's line, from 300 to over
2,000 calls a day. *pandemic-month*: contacts grow 38-fold over ten days, stay and fall in a month. Figures are those of the
field (see docs/decisions/0035-staffing.md); hours of a day follow a plain curve with its top in the afternoon.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import cos, pi
from typing import Any

from benchmarks.measure import environment, print_table
from overflow.staffing import backtest, deciding, foreseeing, formulas
from overflow.staffing.backtest import Crisis
from overflow.staffing.foreseeing import AHEAD, Sent, Stream
from overflow.staffing.formulas import Calls, Target
from overflow.staffing.simulation import Scenario

DAY = 96
CALLS = Calls(handling_s=300, patience_s=120, redial=0.5)
TARGET = Target(level=0.8, within_s=20)
YEAR_2011, TSUNAMI_DAY, AGENTS = 240_000, 300, 6
PEAK_2011, PEAK_TSUNAMI, PEAK_MONTH = 8.0, 7.0, 38.0
POOL, POOL_MONTH = 300, 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--days", type=int, default=30, help="days of the month that is played (3 to 30)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice; the same seed gives the same table")


def usual_day(per_day: float) -> list[float]:
    """Return calls an hour by quarter hour of a usual day: a third of the mean at three at night, the top in the afternoon."""
    shape = [1 - 0.65 * cos(2 * pi * (slot / DAY - 3 / 24)) for slot in range(DAY)]
    return [per_day / 24 * each / (sum(shape) / DAY) for each in shape]


def crises(days: int, seed: int) -> list[Crisis]:
    """Return the crises with everything but the help."""
    return [_march_2011(seed, alert=False), _march_2011(seed, alert=True), _tsunami(seed), _month(days, seed)]


def _march_2011(seed: int, *, alert: bool) -> Crisis:
    begins = DAY + 22  # 14:46 in Japan and Korea is 05:46 UTC; a usual day before it
    factors = [1.0] * begins + [1 + (PEAK_2011 - 1) * (slot + 1) / 4 for slot in range(4)] + [PEAK_2011] * 24
    factors += [PEAK_2011 - (PEAK_2011 - 1) * (slot + 1) / 48 for slot in range(48)]
    alerts = ((begins * 15, 100_000, 500.0),) if alert else ()
    name = "march-2011-alert" if alert else "march-2011"
    return _crisis(name, usual_day(YEAR_2011 / 365), factors, begins, AGENTS, POOL, seed, alerts=alerts)


def _tsunami(seed: int) -> Crisis:
    begins = DAY + 12
    factors = [1.0] * begins + [1 + (PEAK_TSUNAMI - 1) * min(1.0, (slot + 1) / 12) for slot in range(2 * DAY)]
    return _crisis("tsunami-2004", usual_day(TSUNAMI_DAY), factors, begins, 3, POOL, seed)


def _month(days: int, seed: int) -> Crisis:
    if not 3 <= days <= 30:
        raise ValueError(f"days {days}: give 3 to 30")
    rise, stay = days / 3, days / 3
    factors = [1.0] * DAY
    for slot in range(days * DAY):
        day = slot / DAY
        share = min(1.0, day / rise) if day < rise + stay else max(0.0, 1 - (day - rise - stay) / rise)
        factors.append(1 + (PEAK_MONTH - 1) * share)
    # A tenth of the centre's contacts were about the incident, as in an ordinary year; these grow 38-fold.
    return _crisis("pandemic-month", usual_day(YEAR_2011 / 365 / 10), factors, DAY, 2, POOL_MONTH, seed, every=5)


def _crisis(
    name: str, day: list[float], factors: list[float], begins: int, agents: int, pool: int, seed: int, **more: Any
) -> Crisis:
    usual = tuple(day[slot % DAY] for slot in range(len(factors)))
    per_hour = tuple(rate * factor for rate, factor in zip(usual, factors, strict=True))
    scenario = Scenario(per_hour, CALLS, _roster(usual, agents), TARGET.within_s, seed=seed)
    every, alerts = more.get("every", 1), more.get("alerts", ())
    return Crisis(name, scenario, usual, begins, pool, decide_every_minutes=every, alerts=alerts)


def _roster(usual: tuple[float, ...], least: int) -> tuple[tuple[float, int], ...]:
    """Return the usual staff hour by hour: as many as a usual hour needs, and never fewer than `least`."""
    hours = range(0, len(usual), 4)
    return tuple((slot * 15, max(least, formulas.needed(round(usual[slot]), CALLS, TARGET))) for slot in hours)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play every crisis twice and time the steps of one advice."""
    seconds: dict[str, float] = {}
    scenarios = {}
    for crisis in crises(args.days, args.seed):
        without = _timed(seconds, f"{crisis.name}_without_s", backtest.play_without, crisis)
        helped = _timed(seconds, f"{crisis.name}_with_s", backtest.play_with, crisis, TARGET)
        scenarios[crisis.name] = {
            "without": backtest.figures(without, crisis.begins_slot),
            "with": backtest.figures(helped, crisis.begins_slot),
            "advice": backtest.acts_of(crisis, helped.acts),
        }
    _one_advice(seconds)
    return {
        **{name: round(taken, 4) for name, taken in seconds.items()}, "scenarios": scenarios,
        "calls": vars(CALLS), "target": vars(TARGET), **environment("simpy", "numpy"),
    }  # fmt: skip


def _timed(seconds: dict[str, float], name: str, act: Callable[..., Any], *args: Any) -> Any:
    began = time.perf_counter()
    result = act(*args)
    seconds[name] = time.perf_counter() - began
    return result


def _one_advice(seconds: dict[str, float]) -> None:
    """Time the steps of one advice of a large centre: sixty countries, thousands of calls an hour, nothing kept from before."""
    minutes, now = 240, datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    calm = Stream([1] * minutes, [1.0] * minutes, [60.0] * (AHEAD + 1))
    hit = Stream([1] * 200 + [8] * 40, [1.0] * minutes, [60.0] * (AHEAD + 1))
    formulas.needed.cache_clear()
    streams, sent = [calm] * 59 + [hit], [Sent(40, 100_000, 500)]
    total, _ = _timed(seconds, "forecast_s", foreseeing.foresee_all, streams, sent)
    found = _timed(seconds, "needs_s", deciding.needs, total, now, CALLS, TARGET, [200] * (AHEAD + 1))
    _timed(seconds, "decision_s", deciding.decide, found, now + timedelta(minutes=1), deciding.Standing(200))


def show(result: dict[str, Any]) -> None:
    """Print the back-test as a table, and the seconds."""
    rows: list[list[object]] = []
    for name, found in result["scenarios"].items():
        for which in ("without", "with"):
            each = found[which]
            rows.append([
                f"{name} {which}", each["calls"], each["wait_s"], each["answer_s"], each["abandoned_percent"],
                each["answered_in_time_percent"], each["most_on_duty"],
            ])  # fmt: skip
    heads = ["from the beginning of the crisis", "calls", "wait s", "answer s", "lost %", "in time %", "most on duty"]
    print_table("Surge with and without the call-outs that would have been advised", heads, rows)
    advice = [[name, *found["advice"].values()] for name, found in result["scenarios"].items()]
    heads = [
        "minutes from the beginning",
        "first call",
        "people",
        "first come",
        "calls",
        "called",
        "first free",
        "freed",
    ]
    print_table("What the advice would have been", heads, advice)
    steps = [[name.removesuffix("_s"), taken] for name, taken in result.items() if name.endswith("_s")]
    print_table("Seconds by step", ["step", "seconds"], steps)
