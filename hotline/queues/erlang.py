"""Erlang C and Erlang A: what waiting must be like for a load, computed anew from their definitions; pure.

`load` is in erlangs: arrivals per second times mean handling in seconds. Erlang C lets everybody wait for ever; Erlang A
(M/M/c+M) lets them hang up after an exponential time. Sources: A. K. Erlang 1917; C. Palm 1943; Garnett, Mandelbaum and Reiman,
"Designing a Call Center with Impatient Customers", 2002. Many tables in circulation are wrong; nothing here is a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_AGENTS = 5_000
MAX_STATES = 200_000
NEGLIGIBLE = 1e-15


@dataclass(frozen=True)
class Waiting:
    """Probability of waiting, mean wait in seconds, share answered in time, occupancy, and share who hung up."""

    waits: float
    asa_s: float
    service_level: float
    occupancy: float
    abandons: float = 0.0


def erlang_b(load: float, agents: int) -> float:
    """Return the probability that all agents are busy when nobody can wait, by the stable recursion."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(calls_per_h: float, handling_s: float, agents: int, within_s: float) -> Waiting:
    """Return what waiting is like without impatience; raises ValueError when the load is too much for the agents."""
    load = calls_per_h / 3600 * handling_s
    if not 0 < agents <= MAX_AGENTS or load >= agents:
        raise ValueError(f"{agents} agents cannot carry {load:g} erlangs")
    blocked = erlang_b(load, agents)
    waits = blocked / (1 - load / agents * (1 - blocked))
    spare = agents - load
    return Waiting(
        waits, waits * handling_s / spare, 1 - waits * math.exp(-spare * within_s / handling_s), load / agents
    )


def agents_needed(calls_per_h: float, handling_s: float, share: float, within_s: float) -> int:
    """Return the fewest agents that answer `share` of calls within `within_s`."""
    agents = int(calls_per_h / 3600 * handling_s) + 1
    while erlang_c(calls_per_h, handling_s, agents, within_s).service_level < share:
        agents += 1
    return agents


def erlang_a(calls_per_h: float, handling_s: float, agents: int, patience_s: float) -> Waiting:
    """Return waiting with impatience from the steady states of the birth-and-death chain.

    The mean wait is over all callers, those who hang up included (Little's law); the service level is not computed here.
    """
    arrival, served, lost = calls_per_h / 3600, 1 / handling_s, 1 / patience_s
    weights = [1.0]
    total = 1.0
    for state in range(1, MAX_STATES):
        leaving = min(state, agents) * served + max(0, state - agents) * lost
        weights.append(weights[-1] * arrival / leaving)
        total += weights[-1]
        if state > agents and weights[-1] < total * NEGLIGIBLE:
            break
        if weights[-1] > 1e200:
            weights = [each / 1e200 for each in weights]
            total /= 1e200
    shares = [each / total for each in weights]
    waits = sum(shares[agents:])
    queue = sum((state - agents) * share for state, share in enumerate(shares) if state > agents)
    busy = sum(min(state, agents) * share for state, share in enumerate(shares))
    return Waiting(waits, queue / arrival, math.nan, busy / agents, queue * lost / arrival)
