"""What becomes of a forwarded call, decided by an ordered list of rules; pure, and every step can be told.

The first rule that applies decides. A rule that would hand the call back to a telephone which rings us again is passed over, so
no call can go in a circle; and where no rule applies the call is taken. In doubt a call is taken: whatever is missing or odd
never turns somebody away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

TAKE, RETURN, REFUSE = "take", "return", "refuse"
CLOSED, BUSY, NO_ANSWER, ALL, TEST, UNKNOWN = "closed", "busy", "no_answer", "all", "test", "unknown"
REASONS = (CLOSED, BUSY, NO_ANSWER, ALL, TEST)
"""Why an exchange forwards a call; anything else is `unknown` and decided as all calls are."""
CENTRE, MISSION, PARTNER, NOBODY = "centre", "mission", "partner", "nobody"

APPLIED, PASSED, OFF, ELSEWHERE, OVER, BLOCKED = "applied", "passed", "off", "elsewhere", "over", "blocked"
"""Outcomes of a step: it decided; it does not apply; switched off; for others; its time is over; it would make a circle."""


@dataclass(frozen=True)
class Rule:
    """One rule as officers order them. `mission_id` and `country` narrow it; `limit` is a number of waiting calls.

    `ends_at` (UTC) belongs to incident rules; `number` is None for a rule that comes with the software.
    """

    kind: str
    action: str
    number: int | None = None
    mission_id: int | None = None
    country: str = ""
    enabled: bool = True
    limit: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Back:
    """A telephone that a call could be handed to, and why that is impossible (empty: it can be).

    `fault` is one of no_number, still_forwarded, our_number, called_line.
    """

    number: str = ""
    fault: str = "no_number"
    name: Mapping[str, str] = field(default_factory=dict)
    """The partner mission's names by language."""
    open: bool = False


@dataclass(frozen=True)
class Facts:
    """All that decides. Languages are the ISO 639 codes, in small letters; `until` and `take_all_until` are UTC."""

    mission_id: int
    country: str
    now: datetime
    open: bool
    why: str = "unknown"
    until: datetime | None = None
    reason: str = UNKNOWN
    language: str = ""
    ended: bool = False
    take_all_until: datetime | None = None
    flagged: str = ""
    """What the list of protection holds against the number: blocked, separate, or nothing."""
    languages_here: frozenset[str] = frozenset()
    """Spoken by agents on duty."""
    languages_there: frozenset[str] = frozenset()
    ready: int = 0
    waiting: int = 0
    back: Back = Back()
    partner: Back = Back()


@dataclass(frozen=True)
class Step:
    """One rule looked at: what came of it, as a message id with its values."""

    kind: str
    number: int | None
    outcome: str
    message: str
    values: dict[str, str | int | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the step as it is kept."""
        return {
            "kind": self.kind, "rule": self.number, "outcome": self.outcome, "message": self.message, "values": self.values,
        }  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """The outcome: `action` (take, return, refuse), `to` whom, `telephone` for a hand-back, by which rule, and all steps."""

    action: str
    to: str
    telephone: str
    kind: str
    number: int | None
    steps: tuple[Step, ...]

    @property
    def last(self) -> Step:
        """Return the step that decided."""
        return self.steps[-1]


Found = tuple[bool, str, dict[str, str | int | None]]


def _incident(_facts: Facts, rule: Rule) -> Found:
    return True, "incident", {"until": _iso(rule.ends_at), "note": rule.note}


def _take_all(facts: Facts, _rule: Rule) -> Found:
    asked = facts.take_all_until is not None and facts.now < facts.take_all_until
    return (True, "take_all", {"until": _iso(facts.take_all_until)}) if asked else (False, "take_all_not", {})


def _ended(facts: Facts, _rule: Rule) -> Found:
    return (True, "ended", {}) if facts.ended else (False, "ended_not", {})


def _protected(facts: Facts, _rule: Rule) -> Found:
    return (True, "protected", {"path": facts.flagged}) if facts.flagged else (False, "protected_not", {})


def _test(facts: Facts, _rule: Rule) -> Found:
    return (True, "test", {}) if facts.reason == TEST else (False, "test_not", {})


def _closed(facts: Facts, _rule: Rule) -> Found:
    values: dict[str, str | int | None] = {"why": facts.why, "until": _iso(facts.until)}
    return (False, "open", values) if facts.open else (True, "closed", values)


def _busy(facts: Facts, _rule: Rule) -> Found:
    return (True, "busy", {}) if facts.reason == BUSY else (False, "busy_not", {"reason": facts.reason})


def _no_answer(facts: Facts, _rule: Rule) -> Found:
    return (True, "no_answer", {}) if facts.reason == NO_ANSWER else (False, "no_answer_not", {"reason": facts.reason})


def _language(facts: Facts, _rule: Rule) -> Found:
    spoken = facts.language.split("-", maxsplit=1)[0]
    values: dict[str, str | int | None] = {"language": spoken}
    if not spoken:
        return False, "language_unknown", {}
    if spoken in facts.languages_here or not facts.languages_here:
        return False, "language_here", values
    if not facts.open:
        return False, "language_closed", values
    if spoken not in facts.languages_there:
        return False, "language_nowhere", values
    return True, "language", values


def _is_full(facts: Facts, rule: Rule) -> bool:
    return facts.ready == 0 and facts.waiting >= rule.limit


def _capacity(facts: Facts, rule: Rule) -> Found:
    values: dict[str, str | int | None] = {"ready": facts.ready, "waiting": facts.waiting, "limit": rule.limit}
    if not _is_full(facts, rule):
        return False, "capacity_free", values
    return (True, "capacity", values) if facts.open else (False, "capacity_closed", values)


def _partner(facts: Facts, rule: Rule) -> Found:
    values: dict[str, str | int | None] = {
        "ready": facts.ready, "waiting": facts.waiting, "limit": rule.limit,
        **{f"name_{language}": name for language, name in facts.partner.name.items()},
    }  # fmt: skip
    if not _is_full(facts, rule):
        return False, "capacity_free", values
    if not facts.partner.name:
        return False, "partner_none", {}
    return (True, "partner", values) if facts.partner.open else (False, "partner_closed", values)


KINDS: dict[str, Callable[[Facts, Rule], Found]] = {
    "incident": _incident, "take_all": _take_all, "ended": _ended, "protected": _protected, "test": _test,
    "closed": _closed, "busy": _busy, "no_answer": _no_answer, "language": _language, "capacity": _capacity,
    "partner": _partner,
}  # fmt: skip
MAY_REFUSE = ("ended", "protected")
"""Only these rules can be told to refuse, and as they come they take: who is in danger must be heard."""
ACTIONS: dict[str, tuple[str, ...]] = {
    kind: (RETURN,) if kind == "partner" else (TAKE, REFUSE) if kind in MAY_REFUSE
    else (TAKE,) if kind in ("take_all", "test") else (TAKE, RETURN)
    for kind in KINDS
}  # fmt: skip
ENOUGH_WAITING = 20
DEFAULT: tuple[Rule, ...] = (
    Rule("take_all", TAKE), Rule("ended", TAKE), Rule("protected", TAKE), Rule("test", TAKE), Rule("closed", TAKE),
    Rule("busy", TAKE), Rule("no_answer", TAKE), Rule("language", RETURN), Rule("capacity", RETURN, limit=ENOUGH_WAITING),
    Rule("partner", RETURN, limit=ENOUGH_WAITING),
)  # fmt: skip
"""The list as it comes with the software; incidents are added in front of it."""


def decide(facts: Facts, rules: Sequence[Rule]) -> Decision:
    """Go through the rules in their order and return what the first that applies decides; take where none does."""
    steps: list[Step] = []
    for rule in rules:
        skipped = _skipped(facts, rule)
        if skipped is not None:
            steps.append(Step(rule.kind, rule.number, skipped, skipped))
            continue
        applies, message, values = KINDS[rule.kind](facts, rule)
        if not applies:
            steps.append(Step(rule.kind, rule.number, PASSED, message, values))
            continue
        back = facts.partner if rule.kind == "partner" else facts.back
        if rule.action == RETURN and back.fault:
            steps.append(Step(rule.kind, rule.number, BLOCKED, back.fault, {"number": back.number}))
            continue
        steps.append(Step(rule.kind, rule.number, APPLIED, message, values))
        return _decided(rule, back, steps)
    steps.append(Step("default", None, APPLIED, "default"))
    return Decision(TAKE, CENTRE, "", "default", None, tuple(steps))


def _decided(rule: Rule, back: Back, steps: list[Step]) -> Decision:
    if rule.action == RETURN:
        to, telephone = PARTNER if rule.kind == "partner" else MISSION, back.number
    else:
        to, telephone = NOBODY if rule.action == REFUSE else CENTRE, ""
    return Decision(rule.action, to, telephone, rule.kind, rule.number, tuple(steps))


def _skipped(facts: Facts, rule: Rule) -> str | None:
    if not rule.enabled:
        return OFF
    if rule.mission_id not in (None, facts.mission_id) or rule.country not in ("", facts.country):
        return ELSEWHERE
    if rule.ends_at is not None and rule.ends_at <= facts.now:
        return OVER
    if rule.starts_at is not None and facts.now < rule.starts_at:
        return OVER
    return None


def back_to(number: str, *, called: str, forwarded: Collection[str], ours: Collection[str]) -> Back:
    """Return the telephone for a hand-back, with the reason where it would ring us, or nobody, again.

    `forwarded` are the numbers of all lines that are forwarded to us, `ours` the numbers at which we answer.
    """
    if not number:
        return Back()
    if called and number == called:
        return Back(number, "called_line")
    if number in ours:
        return Back(number, "our_number")
    if number in forwarded:
        return Back(number, "still_forwarded")
    return Back(number, "")


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None
