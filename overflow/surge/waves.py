"""How many people to ask in the next wave, and whom; pure.

Each person is expected to come with a chance that their own past and everybody's together give. A wave is as small as it can be
for the call-out to be filled with the wanted certainty: the exact distribution of how many come is built person by person.
Who is asked first is a matter of fairness: those who were asked least, and longest ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

CERTAINTY = 0.85
"""A wave is filled up until the call-out is filled with this probability."""
ENOUGH = 0.6
"""While the people already asked fill it with at least this probability, nobody new is asked."""
PRIOR_CHANCE, PRIOR_WEIGHT = 0.3, 20.0
"""What is assumed before anybody was ever asked: three in ten come; it weighs as much as twenty askings."""
OWN_WEIGHT = 4.0
"""A person's own past outweighs everybody's after four askings."""
LEAST, MOST = 0.02, 0.95
"""No chance is taken for certain."""
MAX_WAVE = 200
CALLED_SHARE = 0.6
"""What remains of the chance of somebody who has not answered the text and is being called."""
COMES = {"ready": 1.0, "briefed": 0.95, "confirmed": 0.85, "later": 0.75}
"""How many of those who have come so far will be ready in the end."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Past:
    """What is known of one person's call-outs: how often asked, how often they came, and when last asked (aware UTC)."""

    asked: int = 0
    came: int = 0
    last_asked_at: datetime | None = None


@dataclass(frozen=True)
class Askable:
    """Somebody who may be asked now."""

    volunteer_id: int
    past: Past = Past()
    again: bool = False
    """Asked in this call-out before; comes after everybody who was not."""


@dataclass(frozen=True)
class Wave:
    """Whom to ask now, in order, with the chance of each; `filled` is the probability that the call-out is then filled."""

    volunteer_ids: tuple[int, ...]
    chances: tuple[float, ...]
    filled: float


def overall_chance(asked: int, came: int) -> float:
    """Return everybody's chance to come, smoothed: with nothing known it is PRIOR_CHANCE."""
    return _bounded((came + PRIOR_CHANCE * PRIOR_WEIGHT) / (max(asked, came) + PRIOR_WEIGHT))


def chance_of(past: Past, overall: float) -> float:
    """Return one person's chance to come: their own past, drawn towards everybody's while it is short."""
    return _bounded((past.came + overall * OWN_WEIGHT) / (max(past.asked, past.came) + OWN_WEIGHT))


def _bounded(chance: float) -> float:
    return min(MOST, max(LEAST, chance))


def filled(needed: int, chances: Iterable[float]) -> float:
    """Return the probability that at least `needed` of these people come."""
    spread = Spread(needed)
    for chance in chances:
        spread.add(chance)
    return spread.filled


class Spread:
    """How many people come, as a distribution; everything from `needed` upwards is one number."""

    def __init__(self, needed: int) -> None:
        self._short = [1.0] + [0.0] * (max(needed, 0) - 1) if needed > 0 else []

    def add(self, chance: float) -> None:
        """Add one person who comes with this chance."""
        for count in range(len(self._short) - 1, 0, -1):
            self._short[count] = self._short[count] * (1 - chance) + self._short[count - 1] * chance
        if self._short:
            self._short[0] *= 1 - chance

    @property
    def filled(self) -> float:
        """The probability that enough come."""
        return min(1.0, max(0.0, 1.0 - sum(self._short)))


def in_order(people: Sequence[Askable]) -> list[Askable]:
    """Return people in the order in which they are asked: least often first, then longest ago."""
    return sorted(
        people, key=lambda each: (each.again, each.past.asked, each.past.last_asked_at or _NEVER, each.volunteer_id)
    )


def next_wave(
    needed: int,
    under_way: Sequence[float],
    people: Sequence[Askable],
    overall: float,
    *,
    most: int = MAX_WAVE,
    at_least: int = 0,
) -> Wave:
    """Return the next wave; nobody where those under way are likely to be enough.

    `under_way` are the chances of everybody who is asked, coming or there. `at_least` is how many an officer wants asked in
    any case ("ask more"); `most` bounds a wave.
    """
    spread = Spread(needed)
    for chance in under_way:
        spread.add(chance)
    if spread.filled >= ENOUGH and at_least <= 0:
        return Wave((), (), spread.filled)
    taken: list[int] = []
    chances: list[float] = []
    for each in in_order(people)[: min(most, MAX_WAVE)]:
        if spread.filled >= CERTAINTY and len(taken) >= at_least:
            break
        chance = chance_of(each.past, overall)
        spread.add(chance)
        taken.append(each.volunteer_id)
        chances.append(chance)
    return Wave(tuple(taken), tuple(chances), spread.filled)
