"""From what is foreseen to what to do: needed agents by quarter hour, how many to call out, how many may go; pure.

The rules:

- *Call out* when in a quarter hour within the time volunteers take plus 45 minutes two people or more (or 5 %) will be missing
  for the expected calls.
  As many are called as the upper end of the band needs in that stretch: too few is a queue of people in fear, too many is a
  quiet hour. Once calling, it goes on until nobody is short.
- *Release* when for 45 minutes there have been more than the upper end of the band needs for the next two hours, and 15 % more
  (two at least) are left after it. The gap between the two rules keeps people from being sent home and fetched back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from overflow.staffing import formulas
from overflow.staffing.foreseeing import SLOT_MINUTES, Foreseen
from overflow.staffing.formulas import Calls, Target

LOOKS_BEYOND = timedelta(minutes=45)
SLOT = timedelta(minutes=SLOT_MINUTES)
RELEASE_AFTER = timedelta(minutes=45)
RELEASE_LOOKS = timedelta(hours=2)
SPARE_SHARE, SPARE_LEAST = 0.15, 2
SHORT_SHARE, SHORT_LEAST = 0.05, 2


@dataclass(frozen=True)
class Need:
    """A quarter hour ahead: calls an hour (mean and 80 % band of what will be counted), needed agents for the mean and for the
    ends of the rate's band, and who will be on duty as far as is known."""

    at: datetime
    per_hour: float
    low: float
    high: float
    needed: int
    needed_low: int
    needed_high: int
    on_duty: int

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values; times as ISO in UTC."""
        rates = {name: round(getattr(self, name), 1) for name in ("per_hour", "low", "high")}
        people = {name: getattr(self, name) for name in ("needed", "needed_low", "needed_high", "on_duty")}
        return {"at": self.at.isoformat(), **rates, **people}


@dataclass(frozen=True)
class Reason:
    """One reason with the numbers behind it; `overflow.staffing.words` says it in the reader's language."""

    code: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How things stand: who is on duty and of these volunteers, who has said yes and comes, and the minutes it takes to come.

    `calling` and `spare_since` are what the advice before this one said.
    """

    on_duty: int
    volunteers: int = 0
    coming: int = 0
    lead_minutes: float = 20.0
    calling: bool = False
    spare_since: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What to do; `by` is when those who are called are needed."""

    needed_now: int
    on_duty: int
    call_out: int
    release: int
    by: datetime | None
    spare_since: datetime | None
    why: tuple[Reason, ...]


def needs(
    foreseen: Foreseen, first: datetime, calls: Calls, target: Target, on_duty: Sequence[int]
) -> tuple[Need, ...]:
    """Return the need of each quarter hour; `first` is when the first of them begins, `on_duty` who is there in each."""
    found = []
    for number, (rate, there) in enumerate(zip(foreseen.slots, on_duty, strict=True)):
        low, high = rate.counted()
        wanted = [_needed(each, calls, target) for each in (rate.mean, rate.low, rate.high)]
        found.append(Need(first + number * SLOT, rate.mean, low, high, wanted[0], wanted[1], wanted[2], there))
    return tuple(found)


def _needed(per_hour: float, calls: Calls, target: Target) -> int:
    # Rounded so that the same question is asked again rather than a new one, and the answer kept; up, to be on the safe side.
    coarse = 1.0 if per_hour < 200 else 5.0 if per_hour < 1000 else 25.0
    rounded = ceil(per_hour / coarse) * coarse if per_hour > 0.05 else 0.0
    return formulas.needed(rounded, calls, target)


def decide(found: Sequence[Need], now: datetime, standing: Standing) -> Decision:
    """Return what to do at a moment; `found` begins with the quarter hour that holds it."""
    horizon = now + timedelta(minutes=standing.lead_minutes) + LOOKS_BEYOND
    near = [need for need in found if need.at <= horizon]
    short = [need for need in near if _short(need, standing)]
    call_out, by = 0, None
    if short:
        # All who are needed in the stretch are called at once: a second wave would come too late.
        call_out = max(need.needed_high - need.on_duty - standing.coming for need in near)
        by = max(now, short[0].at)
    release, spare_since = (0, None) if call_out else _release(found, now, standing)
    why = _why_call(short, call_out, by, standing) if by is not None else _why_not(found, near, release, standing)
    return Decision(found[0].needed, standing.on_duty, call_out, release, by, spare_since, why)


def _short(need: Need, standing: Standing) -> bool:
    missing = need.needed - need.on_duty - standing.coming
    return missing >= (1 if standing.calling else max(SHORT_LEAST, ceil(SHORT_SHARE * need.on_duty)))


def _release(found: Sequence[Need], now: datetime, standing: Standing) -> tuple[int, datetime | None]:
    most = max(need.needed_high for need in found if need.at <= now + RELEASE_LOOKS)
    left_over = standing.on_duty - most - max(SPARE_LEAST, ceil(SPARE_SHARE * most))
    if left_over <= 0 or not standing.volunteers:
        return 0, None
    since = standing.spare_since or now
    if now - since < RELEASE_AFTER:
        return 0, since
    return min(left_over, standing.volunteers), since


def _why_call(short: Sequence[Need], call_out: int, by: datetime | None, standing: Standing) -> tuple[Reason, ...]:
    first, worst = short[0], max(short, key=lambda need: need.needed_high)
    reasons = [
        Reason("short", {
            "at": first.at.isoformat(), "needed": first.needed, "on_duty": first.on_duty,
            "per_hour": round(first.per_hour), "coming": standing.coming,
        }),
        Reason("size", {"at": worst.at.isoformat(), "needed": worst.needed_high, "call_out": call_out}),
    ]  # fmt: skip
    if by is not None:
        reasons.append(Reason("lead", {"minutes": round(standing.lead_minutes), "at": by.isoformat()}))
    return tuple(reasons)


def _why_not(found: Sequence[Need], near: Sequence[Need], release: int, standing: Standing) -> tuple[Reason, ...]:
    worst = max(near, key=lambda need: need.needed)
    numbers = {"needed": worst.needed, "on_duty": worst.on_duty, "coming": standing.coming}
    if release:
        most = max(need.needed_high for need in found[: RELEASE_LOOKS // SLOT + 1])
        return (Reason("release", {"release": release, "on_duty": standing.on_duty, "needed": most}),)
    if worst.on_duty + standing.coming >= worst.needed:
        return (Reason("enough", numbers),)
    return (Reason("nearly", numbers),)
