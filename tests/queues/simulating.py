"""A centre in a day that takes a second: Poisson calls, exponential talks and patience, routed by the real choice of agents.

`Memory` holds callers and agents in plain values and asks `hotline.queues.choosing.pair`, the function by which the service
itself pairs them, so hundreds of thousands of calls are cheap. `Rows` routes the same stream through the service's own
statements on its injected clock; that both give every caller the same wait ties the cheap one to the real one.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from hotline.queues.choosing import Free, Head, Rules, pair

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
NO_NEED: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stream:
    """What comes: calls an hour, mean talk and mean patience in seconds (None: nobody hangs up), how many calls, and the seed."""

    per_hour: float
    talk_s: float
    calls: int
    seed: int
    patience_s: float | None = None


@dataclass
class Measured:
    """Waits of answered callers in seconds by number, and how many hung up; `wait_s` adds up the waits of all.

    `talk_s` adds up the talks, `lasted_s` is when the last one ended.
    """

    waits: dict[int, float] = field(default_factory=dict)
    lost: int = 0
    wait_s: float = 0.0
    delayed: int = 0
    talk_s: float = 0.0
    lasted_s: float = 0.0

    def share_waiting(self) -> float:
        """Return the share of callers who found nobody free."""
        return self.delayed / (len(self.waits) + self.lost)

    def asa_s(self) -> float:
        """Return the mean wait of all, lost ones included."""
        return self.wait_s / (len(self.waits) + self.lost)

    def within(self, limit_s: float) -> float:
        """Return the share answered within so many seconds."""
        return sum(1 for wait in self.waits.values() if wait <= limit_s) / (len(self.waits) + self.lost)

    def occupancy(self, agents: int) -> float:
        """Return the share of the agents' time in which they talked."""
        return self.talk_s / (agents * self.lasted_s)

    def share_lost(self) -> float:
        """Return the share of callers who hung up."""
        return self.lost / (len(self.waits) + self.lost)


class Router(Protocol):
    """A queue with agents."""

    def join(self, caller: int, at_s: float) -> None:
        """Let a caller join."""

    def leave(self, caller: int, at_s: float) -> None:
        """Let a caller hang up."""

    def free(self, agent: int, at_s: float) -> None:
        """Let an agent be ready again."""

    def assign(self, at_s: float) -> list[tuple[int, int]]:
        """Return (caller, agent) of those who now talk."""


class Memory:
    """The real choice over plain values."""

    def __init__(self, agents: int) -> None:
        self._free = {number: Free(number, 1, NO_NEED, START) for number in range(1, agents + 1)}
        self._waiting: deque[Head] = deque()
        self._gone: set[int] = set()
        self._rules = {1: Rules("longest_idle")}

    def join(self, caller: int, at_s: float) -> None:
        """Let a caller join."""
        self._waiting.append(Head(caller, 1, 0, NO_NEED, START + timedelta(seconds=at_s)))

    def leave(self, caller: int, at_s: float) -> None:
        """Let a caller hang up."""
        self._gone.add(caller)

    def free(self, agent: int, at_s: float) -> None:
        """Let an agent be ready again."""
        self._free[agent] = Free(agent, 1, NO_NEED, START + timedelta(seconds=at_s))

    def assign(self, at_s: float) -> list[tuple[int, int]]:
        """Pair as the service does: the first few callers, as many as agents are free."""
        while self._waiting and self._waiting[0].entry_id in self._gone:
            self._gone.discard(self._waiting.popleft().entry_id)
        if not self._free or not self._waiting:
            return []
        made = pair(self._free.values(), [self._waiting[0]], self._rules)
        for each in made:
            self._waiting.popleft()
            del self._free[each.agent_id]
        return [(each.head.entry_id, each.agent_id) for each in made]


def drawn(dice: random.Random, count: int, mean: float) -> list[float]:
    """Return exponential values in random order, one from each of `count` equal shares of the distribution.

    Drawn share by share the sample has the mean and the shape that it is meant to have, so that a short run says what a long
    one of independent draws would: the load, to which waits are most sensitive, is the theory's load.
    """
    values = [-mean * math.log(1 - (number + dice.random()) / count) for number in range(count)]
    dice.shuffle(values)
    return values


def simulate(stream: Stream, router: Router) -> Measured:
    """Send a stream through a router and return what callers met; agents take no time to wrap up.

    Talk and patience belong to the caller, drawn before any routing, so that two routers meet the very same stream.
    """
    dice, result = random.Random(stream.seed), Measured()
    events: list[tuple[float, int, str, int]] = []
    at_s, talks, order = 0.0, {}, 0
    joined: dict[int, float] = {}

    def plan(when_s: float, kind: str, who: int) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (when_s, order, kind, who))

    gaps = drawn(dice, stream.calls, 3600 / stream.per_hour)
    lengths = drawn(dice, stream.calls, stream.talk_s)
    limits = drawn(dice, stream.calls, stream.patience_s or 1.0)
    for caller in range(1, stream.calls + 1):
        at_s += gaps[caller - 1]
        talks[caller] = lengths[caller - 1]
        plan(round(at_s, 6), "call", caller)
    while events:
        now_s, _, kind, who = heapq.heappop(events)
        if kind == "call":
            joined[who] = now_s
            router.join(who, now_s)
        elif kind == "end":
            router.free(who, now_s)
        elif who in joined:
            router.leave(who, now_s)
            result.lost += 1
            result.wait_s += now_s - joined.pop(who)
        for caller, agent in router.assign(now_s):
            wait_s = now_s - joined.pop(caller)
            result.waits[caller] = wait_s
            result.wait_s += wait_s
            talk_s = talks.pop(caller)
            result.talk_s += talk_s
            result.lasted_s = max(result.lasted_s, now_s + talk_s)
            plan(round(now_s + talk_s, 6), "end", agent)
        if kind == "call" and who in joined:
            result.delayed += 1
            if stream.patience_s is not None:
                plan(round(now_s + limits[who - 1], 6), "hang up", who)
    return result
