"""What a caller needs at each step of widening, and the order of waiting; pure.

A step says from which second on it holds (`after_s`, the first 0), which level of every skill is asked for (`level`), which
skills are given up (`drop`), whether any language will do (`any_language`), and which groups may answer (`groups`, empty all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MAX_STEPS = 8
MAX_PRIORITY = 100
DANGER_MS = 10**14
"""More than three thousand years of waiting: whoever pressed the key for danger to life comes before everybody else."""


@dataclass(frozen=True)
class Step:
    """One step of widening; see the module."""

    after_s: int = 0
    level: int = 1
    drop: frozenset[str] = frozenset()
    any_language: bool = False
    groups: tuple[int, ...] = field(default=())

    @classmethod
    def read(cls, given: dict[str, Any]) -> Step:
        """Read a step from a queue's JSON."""
        return cls(
            after_s=int(given.get("after_s", 0)),
            level=int(given.get("level", 1)),
            drop=frozenset(given.get("drop", ())),
            any_language=bool(given.get("any_language", False)),
            groups=tuple(int(each) for each in given.get("groups", ())),
        )

    def written(self) -> dict[str, Any]:
        """Return the step as JSON for the queue's row."""
        return {
            "after_s": self.after_s, "level": self.level, "drop": sorted(self.drop), "any_language": self.any_language,
            "groups": list(self.groups),
        }  # fmt: skip


def steps_of(stored: Sequence[dict[str, Any]]) -> list[Step]:
    """Return a queue's steps; one that asks for everything when there are none."""
    return [Step.read(each) for each in stored] or [Step()]


def tags_needed(step: Step, language: str, skills: Sequence[str]) -> list[str]:
    """Return the tags that an agent's must contain at a step."""
    spoken = [] if step.any_language or not language else [f"lang:{language}"]
    return spoken + [f"{skill}:{step.level}" for skill in sorted(set(skills) - step.drop)]


def rank(enqueued_at: datetime, priority: int, priority_s: int, *, danger: bool) -> int:
    """Return who comes first, lowest first: age in milliseconds, less what priority and danger are worth.

    The rank of an entry never changes while it waits, so an index holds the order, and nobody is overtaken by growing older.
    """
    at_ms = int(enqueued_at.timestamp() * 1000)
    return at_ms - priority * priority_s * 1000 - (DANGER_MS if danger else 0)
