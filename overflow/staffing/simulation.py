"""A centre in simulated time: calls that come, wait, lose patience and call again, and a staff that changes; simpy does the rest.

Used by the what-if page, by the back-test of forecast and advice, and to hold the formulas against. Everything is drawn from one
seeded generator, so the same scenario with the same seed gives the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import simpy

from overflow.staffing.formulas import MAX_REDIAL, Calls

SLOT_S = 900
MINUTE_S = 60
MAX_SLOTS = 4 * 24 * 40
MAX_CALLS = 400_000
"""More calls than this end the run with an error; a what-if of a day at ten times the usual is a tenth of it."""
MAX_STAFF = 2_000


class TooLong(ValueError):
    """The run has more calls than it may."""


@dataclass(frozen=True)
class Scenario:
    """What is played: first calls an hour by quarter hour, what callers do, and the staff as (minute, agents from then on).

    Who hangs up and calls again does so after `redial_after_s` in the mean. `within_s` is the limit of the service level.
    """

    per_hour: tuple[float, ...]
    calls: Calls
    staff: tuple[tuple[float, int], ...]
    within_s: float = 20.0
    redial_after_s: float = 600.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 1 <= len(self.per_hour) <= MAX_SLOTS or min(self.per_hour) < 0:
            raise ValueError(f"arrivals: give 1 to {MAX_SLOTS} quarter hours, none below 0")
        if not self.staff or any(not 0 <= agents <= MAX_STAFF or at < 0 for at, agents in self.staff):
            raise ValueError(f"staff: give at least one number of agents from 0 to {MAX_STAFF}")
        calls = self.calls
        if not (calls.handling_s > 0 and calls.patience_s > 0 and 0 <= calls.redial <= MAX_REDIAL):
            raise ValueError(f"handling and patience must be above 0 seconds, redial from 0 to {MAX_REDIAL}")
        if self.within_s < 0 or self.redial_after_s <= 0:
            raise ValueError("within must not be below 0, redial_after must be above 0 seconds")


@dataclass
class Slot:
    """What happened to the calls that came in one quarter hour; `busy_s` and `duty_s` add up the agents' seconds in it."""

    arrivals: int = 0
    delayed: int = 0
    answered: int = 0
    in_time: int = 0
    lost: int = 0
    wait_s: float = 0.0
    answer_s: float = 0.0
    busy_s: float = 0.0
    duty_s: float = 0.0

    def added(self, other: Slot) -> Slot:
        """Return both together."""
        return Slot(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def abandoned(self) -> float:
        """Share of those who came that hung up."""
        return self.lost / self.arrivals if self.arrivals else 0.0

    @property
    def mean_wait_s(self) -> float:
        """Mean wait of all who came, lost ones included."""
        return self.wait_s / self.arrivals if self.arrivals else 0.0

    @property
    def mean_answer_s(self) -> float:
        """Mean wait of those who were answered."""
        return self.answer_s / self.answered if self.answered else 0.0

    @property
    def level(self) -> float:
        """Share of those who came that was answered in time."""
        return self.in_time / self.arrivals if self.arrivals else 1.0

    @property
    def occupancy(self) -> float:
        """Share of the agents' time on duty spent with calls."""
        return min(1.0, self.busy_s / self.duty_s) if self.duty_s else 0.0


@dataclass(frozen=True)
class Now:
    """What a director sees at a minute: the calls that came in each whole minute so far, who waits and who is on duty."""

    minute: int
    arrivals: list[int]
    waiting: int
    on_duty: int


Director = Callable[[Now], int | None]
"""Asked every simulated minute; returns how many are to be on duty from now on, or None to leave it."""
Watch = Callable[[float], None]
"""Told after every quarter hour which share is done; may raise to end the run."""


def simulate(scenario: Scenario, *, director: Director | None = None, watch: Watch | None = None) -> list[Slot]:
    """Play a scenario and return its quarter hours; callers who still wait at the end count as neither answered nor lost.

    Raises TooLong when more calls come than `MAX_CALLS`, and whatever `watch` raises.
    """
    centre = _Centre(scenario)
    env = centre.env
    env.process(centre.arrivals())
    env.process(centre.roster())
    if director is not None:
        env.process(centre.directed(director))
    for number in range(len(scenario.per_hour)):
        env.run(until=(number + 1) * SLOT_S)
        if watch is not None:
            watch((number + 1) / len(scenario.per_hour))
    centre.close()
    return centre.slots


def whole(slots: list[Slot], first: int = 0) -> Slot:
    """Return the quarter hours from `first` on as one."""
    total = Slot()
    for slot in slots[first:]:
        total = total.added(slot)
    return total


Steps = Generator[Any, Any, None]


@dataclass
class _Centre:
    scenario: Scenario
    env: simpy.Environment = field(default_factory=simpy.Environment)
    slots: list[Slot] = field(init=False)
    on_duty: int = 0
    leaving: int = 0
    """Agents who go home when their call is over."""
    waiting: int = 0
    calls: int = 0
    talks: dict[int, float] = field(default_factory=dict)
    """When each call that is going on began."""
    minutes: list[int] = field(default_factory=list)
    duty_since: float = 0.0

    def __post_init__(self) -> None:
        self.slots = [Slot() for _ in self.scenario.per_hour]
        self.idle = simpy.Store(self.env)
        self.dice = Random(self.scenario.seed)  # noqa: S311  # a simulation is to be repeatable, not secret

    def arrivals(self) -> Steps:
        """Let first calls come, as a Poisson stream whose rate changes with the quarter hour."""
        for number, per_hour in enumerate(self.scenario.per_hour):
            end = (number + 1) * SLOT_S
            while per_hour > 0:
                gap = self.dice.expovariate(per_hour / 3600)
                if self.env.now + gap >= end:
                    break  # nothing is remembered: the next quarter hour begins a new gap
                yield self.env.timeout(gap)
                self.env.process(self.caller())
            yield self.env.timeout(end - self.env.now)

    def caller(self) -> Steps:
        """Wait for an agent and talk, or lose patience and perhaps call again later."""
        again = True
        while again:
            again = False
            slot, came = self._enter(), self.env.now
            asked = self.idle.get()
            if not asked.triggered:
                slot.delayed += 1
                self.waiting += 1
                yield asked | self.env.timeout(self.dice.expovariate(1 / self.scenario.calls.patience_s))
                self.waiting -= 1
            waited = self.env.now - came
            slot.wait_s += waited
            if asked.triggered:
                slot.answered += 1
                slot.answer_s += waited
                slot.in_time += waited <= self.scenario.within_s
                yield from self._talk()
            else:
                asked.cancel()
                slot.lost += 1
                if self.dice.random() < self.scenario.calls.redial:
                    yield self.env.timeout(self.dice.expovariate(1 / self.scenario.redial_after_s))
                    again = self.env.now < len(self.slots) * SLOT_S

    def _enter(self) -> Slot:
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise TooLong(f"more than {MAX_CALLS:,} calls; give fewer arrivals or fewer hours")
        minute = int(self.env.now // MINUTE_S)
        self.minutes.extend([0] * (minute + 1 - len(self.minutes)))
        self.minutes[minute] += 1
        slot = self.slots[int(self.env.now // SLOT_S)]
        slot.arrivals += 1
        return slot

    def _talk(self) -> Steps:
        number, began = self.calls, self.env.now
        while number in self.talks:
            number += 1
        self.talks[number] = began
        yield self.env.timeout(self.dice.expovariate(1 / self.scenario.calls.handling_s))
        self._spent("busy_s", self.talks.pop(number), self.env.now)
        if self.leaving:
            self.leaving -= 1
            self._count(-1)
        else:
            self.idle.put(1)

    def roster(self) -> Steps:
        """Bring the staff to what the scenario says, when it says so."""
        for minute, agents in sorted(self.scenario.staff):
            yield self.env.timeout(max(0.0, minute * MINUTE_S - self.env.now))
            self.staff(agents)

    def directed(self, director: Director) -> Steps:
        """Ask the director every minute."""
        minute = 0
        while True:
            yield self.env.timeout(MINUTE_S)
            minute += 1
            seen = [*self.minutes[:minute], *[0] * (minute - len(self.minutes))]
            wanted = director(Now(minute, seen, self.waiting, self.on_duty - self.leaving))
            if wanted is not None:
                self.staff(wanted)

    def staff(self, agents: int) -> None:
        """Bring in agents, or let them go: the idle ones now, the others after their call."""
        change = agents - (self.on_duty - self.leaving)
        stay = min(self.leaving, max(0, change))
        self.leaving -= stay
        for _ in range(change - stay):
            self._count(1)
            self.idle.put(1)
        for _ in range(-change):
            if self.idle.items:
                self.idle.items.pop()
                self._count(-1)
            else:
                self.leaving += 1

    def _count(self, change: int) -> None:
        self._spent("duty_s", self.duty_since, self.env.now, self.on_duty)
        self.duty_since = self.env.now
        self.on_duty += change

    def _spent(self, name: str, began: float, ended: float, times: int = 1) -> None:
        """Add a stretch of time to the quarter hours that it lies in."""
        number = int(began // SLOT_S)
        while began < ended and number < len(self.slots):
            until = min(ended, (number + 1) * SLOT_S)
            slot = self.slots[number]
            setattr(slot, name, getattr(slot, name) + (until - began) * times)
            began, number = until, number + 1

    def close(self) -> None:
        """Count the time of talks and duty that the end cut off."""
        for began in self.talks.values():
            self._spent("busy_s", began, self.env.now)
        self._count(0)
