"""Widening: whom a queue asks for at first, and whom it is content with later; pure.

`Queue.steps` is a list of steps in order. Each has `after_s` (seconds since joining; the first 0), `level` (the least level of
every skill asked for), `language` (whether it must be spoken), `drop` (skills no longer asked for) and `groups` (how many of
the queue's groups, in their order, may answer; 0 for all).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hotline.agents.skills import MAX_LEVEL, STAFF, check_skill, own_mark
from hotline.core.errors import InvalidInput

MAX_STEPS = 8
MAX_AFTER_S = 6 * 3600
STICKY = -1
"""The step before the first: only the agent to whom the caller belongs."""


@dataclass(frozen=True)
class Step:
    """One step of widening; see the module."""

    after_s: int = 0
    level: int = 1
    language: bool = True
    drop: tuple[str, ...] = field(default=())
    groups: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what is kept in the queue's row."""
        return {
            "after_s": self.after_s, "level": self.level, "language": self.language, "drop": list(self.drop),
            "groups": self.groups,
        }  # fmt: skip


def read_steps(raw: Iterable[dict[str, Any]]) -> tuple[Step, ...]:
    """Return the steps of a queue's row, at least one."""
    steps = tuple(
        Step(each["after_s"], each["level"], each["language"], tuple(each["drop"]), each["groups"]) for each in raw
    )
    return steps or (Step(),)


def check_steps(steps: Sequence[Step], groups: int) -> tuple[Step, ...]:
    """Return steps that can be kept; raises InvalidInput. `groups` is how many groups the queue names."""
    if not 1 <= len(steps) <= MAX_STEPS:
        raise InvalidInput("steps", len(steps), f"use 1 to {MAX_STEPS} steps")
    last = -1
    for step in steps:
        if not last < step.after_s <= MAX_AFTER_S or (last == -1 and step.after_s != 0):
            raise InvalidInput(
                "steps", step.after_s, "the first step starts at 0 seconds, each later one after the last"
            )
        if not 1 <= step.level <= MAX_LEVEL:
            raise InvalidInput("steps", step.level, f"levels are 1 to {MAX_LEVEL}")
        if not 0 <= step.groups <= groups:
            raise InvalidInput("steps", step.groups, "name at most as many groups as the queue has")
        for skill in step.drop:
            check_skill(skill, "steps")
        last = step.after_s
    return tuple(steps)


def need(step: Step, language: str, skills: Iterable[str], *, hard: bool = False) -> str:
    """Return the marks that an agent must have at a step, sorted and joined by blanks.

    A hard call asks for staff at every step: none is content with a volunteer.
    """
    marks = {f"{skill}:{step.level}" for skill in skills if skill not in step.drop}
    if step.language and language:
        marks.add(f"lang:{language}")
    if hard:
        marks.add(STAFF)
    return " ".join(sorted(marks))


def sticky_need(agent_id: int) -> str:
    """Return what is asked for while the caller belongs to one agent."""
    return own_mark(agent_id)


def step_at(steps: Sequence[Step], waited_s: float) -> int:
    """Return the number of the step that holds after so many seconds."""
    return max(number for number, step in enumerate(steps) if step.after_s <= max(0.0, waited_s))


def next_change(steps: Sequence[Step], number: int, enqueued_at: datetime) -> datetime | None:
    """Return when the step after this one begins, or None."""
    following = number + 1
    return enqueued_at + timedelta(seconds=steps[following].after_s) if following < len(steps) else None
