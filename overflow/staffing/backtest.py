"""Yesterday's crises with today's advice: a surge played with and without the call-outs that would have been advised; pure.

The forecast sees only what a centre would have seen at that minute: calls in whole minutes until now and what was usual at that
hour. It does not know when or how much the day rises, nor when it falls. Volunteers come `lead_minutes` after a call-out, as
many as were called up to `most_volunteers`, and leave at once when they are released.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from overflow.staffing import deciding, foreseeing
from overflow.staffing.deciding import Decision, Standing
from overflow.staffing.foreseeing import AHEAD, SLOT_MINUTES, Sent, Stream
from overflow.staffing.formulas import Target
from overflow.staffing.simulation import Now, Scenario, Slot, simulate, whole

START = datetime(2011, 3, 11, 0, 0, tzinfo=UTC)
LIVE_MINUTES = 240


@dataclass(frozen=True)
class Crisis:
    """A crisis to be played again: the scenario without help, usual calls an hour by quarter hour, and who could be called.

    `alerts` are (minute, people, expected calls); `begins_slot` is the quarter hour in which the crisis begins.
    """

    name: str
    scenario: Scenario
    usual_per_hour: tuple[float, ...]
    begins_slot: int
    most_volunteers: int
    lead_minutes: float = 20.0
    decide_every_minutes: int = 1
    alerts: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True)
class Played:
    """What a crisis came to: its quarter hours, and the acts as (minute, kind, people): call_out, come, release."""

    slots: list[Slot]
    acts: list[tuple[int, str, int]]
    most_on_duty: int


@dataclass
class Director:
    """Asks for the advice of every minute and does what it says; volunteers are on their way for a while first."""

    crisis: Crisis
    target: Target
    acts: list[tuple[int, str, int]] = field(default_factory=list)
    coming: list[tuple[float, int]] = field(default_factory=list)
    volunteers: int = 0
    most_on_duty: int = 0
    last: Decision | None = None

    def __call__(self, now: Now) -> int | None:
        """Take a minute; return how many are to be on duty, or None."""
        base = self._base(now.minute)
        arrived = sum(people for at, people in self.coming if at <= now.minute)
        if arrived:
            self.coming = [(at, people) for at, people in self.coming if at > now.minute]
            self.volunteers += arrived
            self.acts.append((now.minute, "come", arrived))
        if now.minute % self.crisis.decide_every_minutes == 0:
            self._decide(now, base)
        self.most_on_duty = max(self.most_on_duty, base + self.volunteers)
        return base + self.volunteers

    def _base(self, minute: int) -> int:
        return [agents for at, agents in sorted(self.crisis.scenario.staff) if at <= minute][-1]

    def _ahead(self, minute: int) -> list[int]:
        """Return who will be there by the roster, in each quarter hour ahead, if the volunteers stay."""
        first = minute - minute % SLOT_MINUTES
        later = [self._base(first + number * SLOT_MINUTES) for number in range(1, AHEAD + 1)]
        return [each + self.volunteers for each in (self._base(minute), *later)]

    def _decide(self, now: Now, base: int) -> None:
        under_way = sum(people for _, people in self.coming)
        on_duty, at = base + self.volunteers, START + timedelta(minutes=now.minute)
        standing = Standing(
            on_duty, self.volunteers, under_way, self.crisis.lead_minutes,
            self.last is not None and self.last.call_out > 0, self.last.spare_since if self.last else None,
        )  # fmt: skip
        found = deciding.needs(
            self._foreseen(now), at - timedelta(minutes=now.minute % SLOT_MINUTES), self.crisis.scenario.calls, self.target,
            self._ahead(now.minute),
        )  # fmt: skip
        self.last = deciding.decide(found, at, standing)
        able = min(self.last.call_out, self.crisis.most_volunteers - self.volunteers - under_way)
        if able > 0:
            self.coming.append((now.minute + self.crisis.lead_minutes, able))
            self.acts.append((now.minute, "call_out", able))
        elif self.last.release:
            self.volunteers -= self.last.release
            self.acts.append((now.minute, "release", self.last.release))

    def _foreseen(self, now: Now) -> foreseeing.Foreseen:
        first = max(0, now.minute - LIVE_MINUTES)
        usual = self.crisis.usual_per_hour
        behind = [usual[min(len(usual) - 1, minute // SLOT_MINUTES)] / 60 for minute in range(first, now.minute)]
        slot = now.minute // SLOT_MINUTES
        ahead = [usual[min(len(usual) - 1, slot + number)] for number in range(AHEAD + 1)]
        sent = [Sent(now.minute - at, people, calls) for at, people, calls in self.crisis.alerts if at <= now.minute]
        total, _ = foreseeing.foresee_all([Stream(now.arrivals[first:], behind, ahead)], sent)
        return total


def play_without(crisis: Crisis) -> Played:
    """Play a crisis with its usual staff alone."""
    slots = simulate(crisis.scenario)
    return Played(slots, [], max(agents for _, agents in crisis.scenario.staff))


def play_with(crisis: Crisis, target: Target) -> Played:
    """Play a crisis with the call-outs and releases that would have been advised."""
    director = Director(crisis, target)
    slots = simulate(replace(crisis.scenario), director=director)
    return Played(slots, director.acts, director.most_on_duty)


def figures(played: Played, first: int) -> dict[str, float]:
    """Return what callers met from a quarter hour on: mean waits of all and of the answered in seconds, shares in per cent."""
    total = whole(played.slots, first)
    return {
        "calls": total.arrivals, "wait_s": round(total.mean_wait_s, 1), "answer_s": round(total.mean_answer_s, 1),
        "abandoned_percent": round(total.abandoned * 100, 2), "answered_in_time_percent": round(total.level * 100, 2),
        "occupancy_percent": round(total.occupancy * 100, 1), "most_on_duty": played.most_on_duty,
    }  # fmt: skip


def acts_of(crisis: Crisis, acts: Sequence[tuple[int, str, int]]) -> dict[str, Any]:
    """Return when the first call-out was advised, the first came, and how many were called and released; minutes count from the
    beginning of the crisis."""
    begins = crisis.begins_slot * SLOT_MINUTES
    called = [(minute - begins, people) for minute, kind, people in acts if kind == "call_out"]
    return {
        "first_call_out_minute": called[0][0] if called else None,
        "first_call_out_people": called[0][1] if called else 0,
        "first_come_minute": next((minute - begins for minute, kind, _ in acts if kind == "come"), None),
        "call_outs": len(called), "called_out": sum(people for _, people in called),
        "first_release_minute": next((minute - begins for minute, kind, _ in acts if kind == "release"), None),
        "released": sum(people for _, kind, people in acts if kind == "release"),
    }  # fmt: skip
