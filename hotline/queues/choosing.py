"""Who gets whom: the order of callers and the choice of an agent, over plain values; pure, so that it can be simulated.

The database gives the free agents and, for each class of callers who ask for the same, the first few; this file pairs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hotline.agents.skills import STAFF, may_take

LONGEST_IDLE, MOST_SKILLED, ROUND_ROBIN = "longest_idle", "most_skilled", "round_robin"
STRATEGIES = (LONGEST_IDLE, MOST_SKILLED, ROUND_ROBIN)


@dataclass(frozen=True, slots=True)
class Free:
    """An agent who is ready."""

    agent_id: int
    group_id: int
    marks: frozenset[str]
    idle_since: datetime
    first_level: bool = False
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Somebody who waits, among the first of their class."""

    entry_id: int
    queue_id: int
    step: int
    need: frozenset[str]
    rank_at: datetime
    drill: bool = False


@dataclass(slots=True)
class Rules:
    """What choosing an agent for a queue needs to know; `last_agent_id` moves on with round robin."""

    strategy: str
    group_ids: tuple[int, ...] = ()
    groups_by_step: tuple[int, ...] = (0,)
    last_agent_id: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One caller for one agent."""

    head: Head
    agent_id: int


def pair(free: Iterable[Free], heads: Iterable[Head], rules: dict[int, Rules]) -> list[Pair]:
    """Return pairs, the first caller in order first; each caller and each agent stands in at most one.

    A caller for whom nobody is free is passed over, so that one rare language never stops a queue.
    """
    remaining = {agent.agent_id: agent for agent in free}
    pairs: list[Pair] = []
    hopeless: set[tuple[int, int, frozenset[str], bool]] = set()
    for head in sorted(heads, key=lambda each: (each.rank_at, each.entry_id)):
        if not remaining:
            break
        asked = (head.queue_id, head.step, head.need, head.drill)
        if asked in hopeless:
            continue
        chosen = choose(remaining.values(), head, rules[head.queue_id])
        if chosen is None:
            hopeless.add(asked)
            continue
        del remaining[chosen.agent_id]
        rules[head.queue_id].last_agent_id = chosen.agent_id
        pairs.append(Pair(head, chosen.agent_id))
    return pairs


def choose(free: Iterable[Free], head: Head, rules: Rules) -> Free | None:
    """Return the agent whose turn it is for this caller, or None.

    The queue's groups come first, in their order; within a group the queue's strategy decides; then the agent's number, so
    that the same facts always give the same agent. Volunteers belong to no queue's groups: they are ready only while they are
    needed, and answer for every queue after its own people. Calls of drills and real ones go by `may_take`.
    """
    order = _allowed(rules, head.step)
    able = [
        agent
        for agent in free
        if head.need <= agent.marks
        and may_take(head.drill, first_level=agent.first_level, drill=agent.drill)
        and (order is None or agent.group_id in order or STAFF not in agent.marks)
    ]  # fmt: skip
    if not able:
        return None
    places = {} if order is None else {group: place for place, group in enumerate(order)}
    return min(able, key=lambda agent: (places.get(agent.group_id, len(places)), *_turn(agent, head, rules)))


def _allowed(rules: Rules, step: int) -> Sequence[int] | None:
    """Return the groups that may answer at a step, in order; None when all may. A sticky caller's agent always may."""
    if not rules.group_ids or step < 0:
        return None
    first = rules.groups_by_step[min(step, len(rules.groups_by_step) - 1)]
    return rules.group_ids[:first] if first else rules.group_ids


def _turn(agent: Free, head: Head, rules: Rules) -> tuple[object, ...]:
    if rules.strategy == MOST_SKILLED:
        return (-skill(agent, head.need), agent.idle_since, agent.agent_id)
    if rules.strategy == ROUND_ROBIN:
        return (agent.agent_id <= rules.last_agent_id, agent.agent_id)
    return (agent.idle_since, agent.agent_id)


def skill(agent: Free, need: frozenset[str]) -> int:
    """Return how much of what is asked for an agent has: the levels of the skills asked for, added up."""
    asked = {mark.partition(":")[0] for mark in need if not mark.startswith(("lang:", "agent:"))}
    return sum(1 for mark in agent.marks if mark.partition(":")[0] in asked)
