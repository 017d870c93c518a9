"""How many wait and how long, by theory: Erlang C (everybody waits) and Erlang A (people lose patience); pure.

Sources: A. K. Erlang 1917 for C; C. Palm 1946 and Garnett, Mandelbaum, Reiman 2002 for A. Offered load in erlang is arrivals
per second times mean handling time in seconds. Used as the oracle of routing's simulation and for staffing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

MAX_AGENTS = 10_000
MAX_QUEUE = 100_000


@dataclass(frozen=True)
class Waiting:
    """What a caller meets: chance to wait, mean wait of all in seconds, share answered in time, agents' occupancy, share lost."""

    wait_probability: float
    asa_s: float
    service_level: float
    occupancy: float
    abandoned: float = 0.0


def erlang_b(load: float, agents: int) -> float:
    """Return the chance that all agents are busy when nobody waits, by the stable recursion."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(load: float, agents: int) -> float:
    """Return the chance to wait; 1 when there are not more agents than load."""
    if agents <= load:
        return 1.0
    blocked = erlang_b(load, agents)
    return blocked / (1 - load / agents * (1 - blocked))


def waiting(per_hour: float, handling_s: float, agents: int, within_s: float) -> Waiting:
    """Return what callers meet when nobody hangs up; raises ValueError where the queue would grow without end."""
    load = per_hour / 3600 * handling_s
    if agents <= load:
        raise ValueError("with so few agents the queue grows without end")
    chance = erlang_c(load, agents)
    spare = (agents - load) / handling_s
    return Waiting(chance, chance / spare, 1 - chance * exp(-spare * within_s), load / agents)


def agents_needed(per_hour: float, handling_s: float, level: float, within_s: float) -> int:
    """Return the fewest agents that answer the share `level` of callers within so many seconds."""
    load = per_hour / 3600 * handling_s
    for agents in range(int(load) + 1, MAX_AGENTS):
        if agents > load and waiting(per_hour, handling_s, agents, within_s).service_level >= level:
            return agents
    raise ValueError("more agents than any centre has")


def impatient(per_hour: float, handling_s: float, patience_s: float, agents: int) -> Waiting:
    """Return what callers meet whose patience is exponential with this mean (M/M/n+M).

    `asa_s` is the mean wait of all, lost ones included (by Little's law, the mean queue over the arrivals); `service_level` is
    the share that waits not at all.
    """
    arrivals, service, leaving = per_hour / 3600, 1 / handling_s, 1 / patience_s
    # Chances of each number of people in the system, relative to "all agents busy, nobody waits".
    weight, below = 1.0, 0.0
    for number in range(agents, 0, -1):
        weight *= number * service / arrivals
        below += weight
    weight, above, queue, lost = 1.0, 1.0, 0.0, 0.0
    for waiting_now in range(1, MAX_QUEUE):
        weight *= arrivals / (agents * service + waiting_now * leaving)
        above += weight
        queue += waiting_now * weight
        lost += waiting_now * leaving * weight
        if weight < 1e-15 * above:
            break
    total = below + above
    chance, mean_queue, lost_rate = above / total, queue / total, lost / total
    answered = arrivals - lost_rate
    return Waiting(chance, mean_queue / arrivals, 1 - chance, answered * handling_s / agents, lost_rate / arrivals)
