"""What handsets do by themselves when they ring: answer, press keys, reject, stay silent, or let a machine pick up.

A habit is set for a number, a prefix such as ``+82*``, or all (``*``); without one a person decides in the page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from hotline.sandbox.settings import BadInput

WAYS = ("person", "answer", "reject", "busy", "silent", "voicemail", "dead")
MAX_HABITS = 50_000
MAX_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How a handset behaves. Times are milliseconds.

    ``keys`` are pressed once they are asked for, at the earliest ``keys_after_ms`` after the answer; ``talk_ms`` after that
    the handset hangs up, and 0 leaves that to the other end.
    """

    to: str = "*"
    way: str = "person"
    after_ms: int = 0
    keys: str = ""
    keys_after_ms: int = 500
    talk_ms: int = 0


PERSON = Habit()


class Habits:
    """All habits, the most particular target first."""

    def __init__(self) -> None:
        """Start with persons everywhere."""
        self._habits: dict[str, Habit] = {}
        self._prefixes: list[str] = []

    def all(self) -> list[Habit]:
        """Return every habit that is set."""
        return list(self._habits.values())

    def of(self, number: str) -> Habit:
        """Return the habit of a number."""
        found = self._habits.get(number)
        if found is None and self._habits:
            found = next((self._habits[each] for each in self._prefixes if number.startswith(each[:-1])), None)
        return found or PERSON

    def put(self, values: dict[str, object]) -> Habit:
        """Set one habit from JSON; raises ``BadInput`` naming the field that is wrong."""
        habit = _parse(values)
        if len(self._habits) >= MAX_HABITS and habit.to not in self._habits:
            raise BadInput("to: too many habits are set; clear some first")
        self._habits[habit.to] = habit
        # The longest prefix is the most particular one.
        self._prefixes = sorted((each for each in self._habits if each.endswith("*")), key=len, reverse=True)
        return habit

    def clear(self, to: str | None = None) -> int:
        """Clear the habit of a target, all without one; return how many went."""
        doomed = [each for each in self._habits if to in (None, each)]
        for each in doomed:
            del self._habits[each]
        self._prefixes = [each for each in self._prefixes if each in self._habits]
        return len(doomed)


def _parse(values: dict[str, object]) -> Habit:
    known = {each.name: each.type for each in fields(Habit)}
    if unknown := set(values) - set(known):
        raise BadInput(f"{sorted(unknown)[0]}: not a field of a habit")
    for name, value in values.items():
        if name.endswith("_ms"):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_MS:
                raise BadInput(f"{name}: must be a whole number from 0 to {MAX_MS}")
        elif not isinstance(value, str) or len(value) > 128:
            raise BadInput(f"{name}: must be a text")
    habit = Habit(**values)  # type: ignore[arg-type]  # checked just above, field by field
    if habit.way not in WAYS:
        raise BadInput(f"way: must be one of {', '.join(WAYS)}")
    if not set(habit.keys) <= set("0123456789*#") or len(habit.keys) > 20:
        raise BadInput("keys: must be keys of a telephone")
    if not habit.to or not (habit.to == "*" or habit.to.startswith(("+", "client:", "sip"))):
        raise BadInput("to: must be a number as +8210..., a prefix as +82*, or * for all")
    return habit


def habit_json(habit: Habit) -> dict[str, object]:
    """Return a habit as the control API shows it."""
    return asdict(habit)
