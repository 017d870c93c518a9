"""How many agents a load needs when people lose patience and call again; pure.

Stands on Erlang A of `hotline.queues.erlang`. Who hangs up calls again with a chance that is given, so that arrivals are the
fixed point of arrivals = first calls + chance · arrivals · share lost (the retrial model of Aguir, Karaesmen, Aksin and
Chauvet, "The impact of retrials on call center performance", OR Spectrum 26, 2004, in its steady state).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hotline.queues import erlang
from hotline.queues.erlang import MAX_AGENTS, Waiting

MAX_ROUNDS = 500
PRECISION = 1e-9
MAX_REDIAL = 0.95


class NotConverged(ValueError):
    """The fixed point of redials was not found in the rounds allowed."""


class TooMany(ValueError):
    """More agents would be needed than any centre has."""


@dataclass(frozen=True)
class Calls:
    """What callers do: mean seconds of a call with its wrap-up, mean patience in seconds, chance that who hung up calls again."""

    handling_s: float
    patience_s: float
    redial: float = 0.0


@dataclass(frozen=True)
class Target:
    """What is wanted: the share `level` of all calls answered within `within_s`, or at most the share `abandoned` lost.

    One of the two is given; with both, both must hold.
    """

    level: float | None = None
    within_s: float = 0.0
    abandoned: float | None = None

    def __post_init__(self) -> None:
        """Refuse what nobody could reach or measure."""
        if self.level is None and self.abandoned is None:
            raise ValueError("give a share answered in time or a share lost")
        for name, share in (("level", self.level), ("abandoned", self.abandoned)):
            if share is not None and not 0 < share < 1:
                raise ValueError(f"{name} {share}: give a share between 0 and 1")

    def met(self, found: Waiting) -> bool:
        """Return whether what callers meet is good enough."""
        in_time = self.level is None or found.service_level >= self.level
        return in_time and (self.abandoned is None or found.abandoned <= self.abandoned)


@dataclass(frozen=True)
class Met:
    """What callers meet when some call again; `per_hour` counts the repeated calls too."""

    per_hour: float
    waiting: Waiting


def with_redials(
    per_hour: float, calls: Calls, agents: int, within_s: float = 0.0, max_rounds: int = MAX_ROUNDS
) -> Met:
    """Return what callers meet, and all arrivals an hour with repeated ones, of so many first calls an hour.

    The rounds begin at the first calls alone and rise, so that what is found is the lowest fixed point, which a centre that
    begins empty comes to. Raises NotConverged, and ValueError for shares and numbers that mean nothing.
    """
    if not 0 <= calls.redial <= MAX_REDIAL:
        raise ValueError(f"redial {calls.redial}: give a share from 0 to {MAX_REDIAL}")
    total = per_hour
    for _ in range(max_rounds):
        found = erlang.impatient(total, calls.handling_s, calls.patience_s, agents, within_s)
        again = per_hour + calls.redial * total * found.abandoned
        if abs(again - total) <= PRECISION * total:
            return Met(total, found)
        total = again
    raise NotConverged(f"after {max_rounds} rounds repeated calls still grow at {total:,.1f} an hour")


@lru_cache(maxsize=20_000)
def needed(per_hour: float, calls: Calls, target: Target) -> int:
    """Return the fewest agents with whom the target is met; 0 without calls. Raises TooMany above `erlang.MAX_AGENTS`."""
    if per_hour <= 0:
        return 0
    enough, too_few = min(MAX_AGENTS, max(1, round(per_hour / 3600 * calls.handling_s))), 0
    if _met(per_hour, calls, target, enough):
        # Far below the load the rounds of redials are many, so steps are taken down from it instead of halves from nobody.
        while enough > 1 and _met(per_hour, calls, target, lower := enough - max(1, enough // 8)):
            enough = lower
        too_few = max(0, enough - max(1, enough // 8))
    else:
        while not _met(per_hour, calls, target, enough):
            if enough >= MAX_AGENTS:
                raise TooMany(f"more than {MAX_AGENTS:,} agents for {per_hour:,.0f} calls an hour")
            too_few, enough = enough, min(MAX_AGENTS, enough + max(1, enough // 8))
    # With more agents nothing gets worse, so that halves can be looked at.
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if _met(per_hour, calls, target, middle):
            enough = middle
        else:
            too_few = middle
    return enough


def _met(per_hour: float, calls: Calls, target: Target, agents: int) -> bool:
    return target.met(with_redials(per_hour, calls, agents, target.within_s).waiting)
