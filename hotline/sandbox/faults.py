"""Faults on demand: which ones exist, for whom they are set, and when one strikes.

A draw depends only on the rule's seed, its kind, the number and how often that number has been tried, never on the
order in which requests arrive, so a run with the same seed goes wrong in the same places.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from hotline.sandbox.refusals import DELIVERY_ERRORS, REFUSALS
from hotline.sandbox.settings import BadInput

MAX_RULES = 50_000
MAX_PREFIXES = 200
MAX_COUNTED_NUMBERS = 1_000_000
"""For how many numbers tries are counted; the one tried longest ago is forgotten first."""
MAX_DELAY_MS = 3_600_000

KINDS: dict[str, tuple[int, int] | None] = {
    "answer_delay": (1, 120_000),
    "queue_delay": (1, MAX_DELAY_MS),
    "delivery_delay": (1, MAX_DELAY_MS),
    "http_429": None,
    "http_500_before": None,
    "http_500_after": None,
    "answer_lost_before": None,
    "answer_lost_after": None,
    "callback_lost": None,
    "callback_double": None,
    "callback_reorder": None,
    "callback_delay": (1, MAX_DELAY_MS),
    "error_code": (20_000, 39_999),
    "refusal": (20_000, 39_999),
    "list_lag": (1, MAX_DELAY_MS),
}
"""Every fault, and the smallest and largest value where it takes one (milliseconds, or an error code).

``error_code`` becomes ``refusal`` where the API itself refuses with that code.
"""

REFUSING_CODES = frozenset(REFUSALS) - {20003, 20004, 20404, 20500}


@dataclass(slots=True)
class Fault:
    """One rule. ``to`` is a number, a prefix ending in ``*``, or ``*`` for all; ``times_left`` None is for ever."""

    id: int
    kind: str
    to: str
    value: int
    share: float
    seed: int
    times_left: int | None

    def strikes(self, number: str, attempt: int, detail: str) -> bool:
        """Whether this rule hits now; counts down ``times_left`` when it does."""
        if self.times_left == 0:
            return False
        if self.share < 100.0:
            key = f"{self.seed}|{self.kind}|{number}|{attempt}|{detail}".encode()
            draw = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") / 2**64
            if draw * 100.0 >= self.share:
                return False
        if self.times_left is not None:
            self.times_left -= 1
        return True


def parse_fault(values: dict[str, object], fault_id: int) -> Fault:
    """Read a rule from JSON; raises ``BadInput`` naming the field that is wrong and how to mend it."""
    unknown = set(values) - {"kind", "to", "value", "share", "seed", "times"}
    if unknown:
        raise BadInput(f"{sorted(unknown)[0]}: not a field of a fault")
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"kind: must be one of {', '.join(KINDS)}")
    to = values.get("to") or "*"
    if not isinstance(to, str) or len(to) > 20 or not (to == "*" or to.startswith("+")):
        raise BadInput("to: must be a number as +8210..., a prefix as +82*, or * for all")
    bounds = KINDS[kind]
    low, high = bounds or (0, 0)
    value = _whole(values, "value", low, high, 0 if bounds is None else None)
    if kind in ("error_code", "refusal"):
        kind = "refusal" if value in REFUSING_CODES else "error_code"
    if kind == "error_code" and value not in DELIVERY_ERRORS:
        known = sorted({*DELIVERY_ERRORS, *REFUSING_CODES})
        raise BadInput(f"value: must be one of {', '.join(map(str, known))}")
    share = values.get("share", 100)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 100:
        raise BadInput("share: must be a percentage above 0 and up to 100")
    times = None if values.get("times") is None else _whole(values, "times", 1, 1_000_000, None)
    return Fault(fault_id, kind, to, value, float(share), _whole(values, "seed", 0, 2**53, 0), times)


def _whole(values: dict[str, object], name: str, low: int, high: int, default: int | None) -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{name}: must be a whole number from {low} to {high}")
    return value


@dataclass
class FaultBook:
    """All rules in force; one per kind and target, the most particular target first."""

    exact: dict[str, dict[str, Fault]] = field(default_factory=dict)
    prefixes: dict[str, dict[str, Fault]] = field(default_factory=dict)
    everywhere: dict[str, Fault] = field(default_factory=dict)
    _attempts: dict[str, int] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def any(self) -> bool:
        """Whether any rule is in force, so that the healthy path costs one look."""
        return bool(self.exact or self.prefixes or self.everywhere)

    def rules(self) -> list[Fault]:
        """Return every rule in the order in which they were set."""
        tables = [*self.exact.values(), *self.prefixes.values(), self.everywhere]
        return sorted((rule for table in tables for rule in table.values()), key=lambda rule: rule.id)

    def add(self, values: dict[str, object]) -> Fault:
        """Set a rule in place of one of the same kind and target; raises ``BadInput``."""
        rule = parse_fault(values, next(self._ids))
        if len(self.exact) >= MAX_RULES or len(self.prefixes) >= MAX_PREFIXES:
            raise BadInput("to: too many rules are set; clear some first")
        self._table(rule.to)[rule.kind] = rule
        return rule

    def _table(self, to: str) -> dict[str, Fault]:
        if to == "*":
            return self.everywhere
        if to.endswith("*"):
            return self.prefixes.setdefault(to[:-1], {})
        return self.exact.setdefault(to, {})

    def clear(self, fault_id: int | None = None, to: str | None = None, kind: str | None = None) -> int:
        """Remove the rules that match all that is given, every rule when nothing is; return how many went."""
        doomed = [
            rule
            for rule in self.rules()
            if fault_id in (None, rule.id) and to in (None, rule.to) and kind in (None, rule.kind)
        ]
        for rule in doomed:
            del self._table(rule.to)[rule.kind]
        self.exact = {number: table for number, table in self.exact.items() if table}
        self.prefixes = {prefix: table for prefix, table in self.prefixes.items() if table}
        if not self.any:
            self._attempts.clear()
        return len(doomed)

    def next_attempt(self, number: str) -> int:
        """Count a request for this number while rules are in force; 1 otherwise."""
        if not self.any:
            return 1
        attempt = self._attempts.pop(number, 0) + 1
        self._attempts[number] = attempt
        if len(self._attempts) > MAX_COUNTED_NUMBERS:
            del self._attempts[next(iter(self._attempts))]
        return attempt

    def strike(self, kind: str, number: str, attempt: int, detail: str = "") -> Fault | None:
        """Return the rule of this kind that hits this number now, or None."""
        if not self.any:
            return None
        for rule in self._candidates(kind, number):
            if rule.strikes(number, attempt, detail):
                return rule
        return None

    def _candidates(self, kind: str, number: str) -> list[Fault]:
        found = []
        if (table := self.exact.get(number)) and kind in table:
            found.append(table[kind])
        for prefix, table in self.prefixes.items():
            if kind in table and number.startswith(prefix):
                found.append(table[kind])
        if kind in self.everywhere:
            found.append(self.everywhere[kind])
        return found


def fault_json(rule: Fault) -> dict[str, object]:
    """Return a rule as the control API shows it."""
    return asdict(rule)
