"""Which way a text takes: the route table as one claim sees it, and the choice for each number.

The choice is a pure function of the table and of the message's id, so that it can be explained afterwards. Of the routes
with the longest prefix that fits, the smallest priority goes first, then the lowest cost; equal ones share by weight. Each
takes the percentage that its provider's health allows (`Provider.share`) and passes the rest on to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import psycopg

_DEAREST = 2**31
_SPREAD = 1 << 32


class Way(NamedTuple):
    """A route with its sender. `sender_id` is None for a sender that is only in the settings; `share` in percent."""

    sender_id: int | None
    provider: str
    address: str
    paced: bool
    prefix: str = ""
    priority: int = 10
    weight: int = 100
    cost_micros: int | None = None
    share: int = 100

    @property
    def name(self) -> str:
        """What `messages.avoid` calls it."""
        return f"{self.provider}/{self.address}"


_ROUTES = """
SELECT s.id, s.provider, s.address, s.parts_per_s IS NOT NULL, r.prefix, r.priority, r.weight, r.cost_micros,
       coalesce(p.share, 100)
  FROM routes r JOIN senders s ON s.id = r.sender_id LEFT JOIN providers p ON p.name = s.provider
 WHERE r.open AND s.provider = ANY(%s)
 ORDER BY r.prefix, r.priority, r.cost_micros NULLS LAST, s.id
"""
_SENDER = "SELECT id, parts_per_s IS NOT NULL FROM senders WHERE provider = %s AND address = %s"


@dataclass(frozen=True)
class RouteTable:
    """All open routes by prefix, longest first, and the way that is taken where none fits."""

    default: Way
    by_prefix: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)

    @property
    def ways(self) -> list[Way]:
        """Every way there is."""
        return list(dict.fromkeys([way for ways in self.by_prefix.values() for way in ways] + [self.default]))

    @property
    def plain(self) -> bool:
        """Whether there is but one way, and no pace on it: then nothing needs choosing."""
        return not self.by_prefix and not self.default.paced

    def ways_for(self, phone: str) -> tuple[Way, ...]:
        """Return the routes of the longest prefix that fits, the first to try first."""
        for prefix, ways in self.by_prefix.items():
            if phone.startswith(prefix):
                return ways
        return (self.default,)

    def choose(self, message_id: int, phone: str, avoid: str | None, usable: Callable[[Way], bool]) -> Way | None:
        """Return the way for one text; None when none is usable now.

        `avoid` names a sender through which the text was filtered: it is used again only where there is no other.
        Where none of the number's own routes is usable the default is, so that no text is stuck behind a missing route.
        """
        own = self.ways_for(phone)
        candidates = [way for way in own if usable(way)]
        if not candidates:
            return self.default if self.default not in own and usable(self.default) else None
        others = [way for way in candidates if way.name != avoid]
        return pick(others or candidates, _fraction(message_id))

    def choose_second(
        self, message_id: int, phone: str, used: Collection[str], usable: Callable[[Way], bool]
    ) -> Way | None:
        """Return the way for a second text after the ways in `used` (names) did not reach; None when none is usable now.

        Another provider goes before another sender of the same one; within each, the routes of a longer prefix first, and
        last the settings' own sender. A way in `used` is never returned.
        """
        for ways in self._second_ways(phone, used):
            candidates = [way for way in ways if usable(way)]
            if candidates:
                return pick(candidates, _fraction(message_id))
        return None

    def has_second(self, phone: str, used: Collection[str]) -> bool:
        """Whether there is any way but the ones in `used`, now or later."""
        return any(self._second_ways(phone, used))

    def _second_ways(self, phone: str, used: Collection[str]) -> list[list[Way]]:
        """Return the groups of ways to try in turn, each in the order of its ranks."""
        providers = {name.partition("/")[0] for name in used}
        fitting = [ways for prefix, ways in self.by_prefix.items() if phone.startswith(prefix)] + [(self.default,)]
        others = [[way for way in ways if way.provider not in providers] for ways in fitting]
        # An attempt without a sender's name may have gone by any sender of its provider.
        tried = set(used)
        siblings = [
            [way for way in ways if way.provider in providers and not tried & {way.name, f"{way.provider}/"}]
            for ways in fitting
        ]
        return [ways for ways in (*others, *siblings) if ways]


def load(connection: psycopg.Connection[Any], configured: Collection[str], provider: str, address: str) -> RouteTable:
    """Read the table. Only `configured` providers count; `provider` and `address` are the settings' own sender."""
    rows = [Way(*row) for row in connection.execute(_ROUTES, (sorted(configured),)).fetchall()]
    known = connection.execute(_SENDER, (provider, address)).fetchone()
    default = Way(known[0], provider, address, known[1]) if known else Way(None, provider, address, False)
    return table_of(default, rows)


def table_of(default: Way, ways: Iterable[Way]) -> RouteTable:
    """Put a table together from ways in any order; pure."""
    by_prefix: dict[str, list[Way]] = {}
    for way in ways:
        by_prefix.setdefault(way.prefix, []).append(way)
    longest_first = sorted(by_prefix, key=lambda prefix: (-len(prefix), prefix))
    return RouteTable(default, {prefix: tuple(sorted(by_prefix[prefix], key=_rank)) for prefix in longest_first})


def _rank(way: Way) -> tuple[int, int]:
    return way.priority, _DEAREST if way.cost_micros is None else way.cost_micros


def portions(ways: Sequence[Way]) -> list[float]:
    """Return which portion of the texts each way gets; the portions sum to 1. `ways` are in the order of their rank."""
    result: list[float] = []
    left = 1.0
    for _, group in groupby(ways, key=_rank):
        tier = list(group)
        weight = sum(way.weight for way in tier)
        taken = [left * way.weight / weight * way.share / 100 for way in tier]
        result += taken
        left = max(
            0.0, left - sum(taken)
        )  # A whole tier may add up to a little more than it had, and no portion is less than none.
    total = sum(result)
    if total <= 0:
        return [1.0 / len(ways)] * len(ways)
    # What nobody may take by share has to go somewhere: everybody takes of it in proportion.
    return [portion / total for portion in result]


def pick(ways: Sequence[Way], fraction: float) -> Way:
    """Return the way in whose portion the fraction (0 to 1) lies; pure."""
    if len(ways) == 1:
        return ways[0]
    for way, portion in zip(ways, portions(ways), strict=True):
        fraction -= portion
        if fraction < 0:
            return way
    return ways[-1]


def _fraction(message_id: int) -> float:
    """Spread ids evenly and always the same (Knuth's multiplicative hash, and its upper half mixed in)."""
    mixed = message_id * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    return (mixed >> 32) / _SPREAD
