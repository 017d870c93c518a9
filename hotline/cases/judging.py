"""What a contact can tell about a person, and what follows from it by rule; pure.

Moods and risks are noted by whoever spoke with them. The rules are few, so that anybody can say why a call went where it did.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from hotline.cases.states import LOWEST

CALM, WORRIED, DISTRESSED, ANGRY = "calm", "worried", "distressed", "angry"
MOODS = (CALM, WORRIED, DISTRESSED, ANGRY)
DISTRESS, THREAT, ABUSE, MINOR, MEDICAL = "distress", "threat_to_life", "abuse", "minor", "medical"
RISKS = (THREAT, MEDICAL, ABUSE, MINOR, DISTRESS)
"""distress: at the end of their strength · threat_to_life: to their own or another's · abuse: they suffer it · minor: a child
alone or in danger · medical: ill or injured. The gravest first."""

RANK_OF_RISK = {THREAT: 1, MEDICAL: 2, ABUSE: 2, MINOR: 2, DISTRESS: 3}
"""The least urgent rank that a case with this risk may have."""
COUNTED = timedelta(hours=72)
"""How long a call counts as one of several about the same thing. A caller's own proposal came after three days of being
passed around."""
THIRD = 3
SENIOR_SKILL = "senior"


@dataclass(frozen=True)
class SeniorNeeded:
    """Whether a call goes to a senior agent, and by which rule: third-call, distressed, threat_to_life or empty."""

    needed: bool
    rule: str = ""


def senior_needed(*, calls_before: int, mood: str, risks: Collection[str]) -> SeniorNeeded:
    """Say whether a caller goes to a senior agent at once.

    `calls_before` are their calls within COUNTED before this one; `mood` and `risks` are those of the last contact and of the
    open cases. A threat to life goes first, then distress, then the third call.
    """
    if THREAT in risks:
        return SeniorNeeded(True, THREAT)
    if mood == DISTRESSED or DISTRESS in risks:
        return SeniorNeeded(True, DISTRESSED)
    if calls_before + 1 >= THIRD:
        return SeniorNeeded(True, "third-call")
    return SeniorNeeded(False)


def rank_of(risks: Collection[str], *, danger: bool = False) -> int:
    """Return the priority, 1 (at once) to 4, that risks alone give a case; `danger` is the key for danger to life."""
    return min([1 if danger else LOWEST, *(RANK_OF_RISK[risk] for risk in risks)])
