"""How many wait and how long, by theory: Erlang C (everybody waits) and Erlang A (people lose patience); pure.

Sources: A. K. Erlang 1917 for C; C. Palm 1946 and Garnett, Mandelbaum, Reiman 2002 for A. Offered load in erlang is arrivals
per second times mean handling time in seconds. Used as the oracle of routing's simulation and for staffing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log

MAX_AGENTS = 10_000
MAX_QUEUE = 100_000


@dataclass(frozen=True)
class Waiting:
    """What a caller meets: chance to wait, mean wait of all in seconds, share answered in time, agents' occupancy, share lost.

    `asa_s` counts the waits of the lost too (by Little's law the mean queue over the arrivals); `answer_s` is the mean wait of
    those who were answered, which is what centres publish as their speed of answer.
    """

    wait_probability: float
    asa_s: float
    service_level: float
    occupancy: float
    abandoned: float = 0.0
    answer_s: float = 0.0


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
    asa_s = chance / spare
    return Waiting(chance, asa_s, 1 - chance * exp(-spare * within_s), load / agents, answer_s=asa_s)


def agents_needed(per_hour: float, handling_s: float, level: float, within_s: float) -> int:
    """Return the fewest agents that answer the share `level` of callers within so many seconds."""
    load = per_hour / 3600 * handling_s
    for agents in range(int(load) + 1, MAX_AGENTS):
        if agents > load and waiting(per_hour, handling_s, agents, within_s).service_level >= level:
            return agents
    raise ValueError("more agents than any centre has")


def impatient(per_hour: float, handling_s: float, patience_s: float, agents: int, within_s: float = 0.0) -> Waiting:
    """Return what callers meet whose patience is exponential with this mean (M/M/n+M).

    `service_level` is the share of all callers, lost ones included, that is answered within so many seconds. Raises ValueError
    for what is not a centre, and where the queue is longer than can be summed (next to endless patience in an overload).
    """
    if not (per_hour > 0 and handling_s > 0 and patience_s > 0 and 0 <= agents <= MAX_AGENTS and within_s >= 0):
        raise ValueError(f"arrivals, handling time and patience must be above 0, agents from 0 to {MAX_AGENTS:,}")
    arrivals, service, leaving = per_hour / 3600, 1 / handling_s, 1 / patience_s
    # Chances of each number of people in the system, relative to "all agents busy, nobody waits".
    weight, below = 1.0, 0.0
    for number in range(agents, 0, -1):
        weight *= number * service / arrivals
        below += weight
    queue = _queue_of_the_impatient(arrivals, agents * service, leaving, within_s)
    total = below + queue.weight
    lost_rate = queue.length / total * leaving
    answered = arrivals - lost_rate
    answered_share = answered / arrivals
    return Waiting(
        wait_probability=queue.weight / total,
        asa_s=queue.length / total / arrivals,
        service_level=(below + queue.in_time) / total,
        occupancy=answered * handling_s / agents if agents else 0.0,
        abandoned=lost_rate / arrivals,
        answer_s=queue.answered_wait / total / answered_share if answered_share > 1e-12 else 0.0,
    )


@dataclass(frozen=True)
class _Queue:
    """Sums over how many wait, relative to "all busy, nobody waits"."""

    weight: float
    length: float
    in_time: float
    answered_wait: float


def _queue_of_the_impatient(arrivals: float, serving: float, leaving: float, within_s: float) -> _Queue:
    """Sum over the number who wait; rates are per second.

    Who finds j waiting is answered after j + 1 departures of those before them, the kth from the last at the rate serving +
    k·leaving, if their own patience lasts so long: with the chance serving / (serving + (j+1)·leaving). Given that, the
    times have the rates serving + k·leaving, k = 1 … j+1, and their sum is within T with the chance I_x(j+1, serving/leaving+1),
    the incomplete beta function at x = 1 - exp(-leaving·T), which has a recursion in j.
    """
    share = serving / leaving + 1
    part = -expm1(-leaving * within_s)
    log_x = log(part) if part > 0 else None
    in_time = -expm1(-share * leaving * within_s)
    log_step = log(share) + log_x - share * leaving * within_s if log_x is not None else None
    weight, length, timely, waited, mean_wait = 0.0, 0.0, 0.0, 0.0, 0.0
    now = 1.0
    for waiting_now in range(MAX_QUEUE):
        ends = serving + (waiting_now + 1) * leaving
        mean_wait += 1 / ends
        stays = now * serving / ends
        weight += now
        length += waiting_now * now
        timely += stays * in_time
        waited += stays * mean_wait
        if now < 1e-15 * weight:
            return _Queue(weight, length, timely, waited)
        if log_step is not None and log_x is not None:
            in_time = max(0.0, in_time - exp(log_step))
            log_step += log_x + log((waiting_now + 1 + share) / (waiting_now + 2))
        now *= arrivals / ends
    raise ValueError(f"more than {MAX_QUEUE:,} would wait; give less patience or more agents")
