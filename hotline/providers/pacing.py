"""A pace in parts per second for each sender, kept by PostgreSQL for all lanes, workers and hosts together.

A sender has one timeline. Whoever wants to send takes the next free slots of it, one part each `1 / parts_per_s` seconds
long, in the transaction that claims the texts: `paced_until` moves with the claim or not at all. Slots are given at most
`AHEAD_S` before their time, so that a crash wastes little, and somebody more urgent waits little. What nobody took is lost
but for the last `CATCH_UP_S`, so that a moment's delay of a lane does not lower the rate; the provider's own queue, which
measures whole seconds, does not see such a burst. All times are the database's: hosts' clocks differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

AHEAD_S = 0.5
CATCH_UP_S = 0.5
SLOWED_FOR_S = 120.0
SLOWED_BY = 2.0

_LOCK = """
SELECT id, parts_per_s / CASE WHEN slowed_until > at THEN %(by)s::float8 ELSE 1.0 END,
       extract(epoch FROM greatest(coalesce(paced_until, at), at - make_interval(secs => %(catch_up)s)) - at)::float8, at
  FROM senders, (SELECT coalesce(%(at)s::timestamptz, clock_timestamp()) AS at) AS moment
 WHERE id = ANY(%(ids)s) AND parts_per_s IS NOT NULL ORDER BY id FOR NO KEY UPDATE OF senders
"""
_SPEND = """
UPDATE senders s SET paced_until = spent.until
  FROM unnest(%(ids)s::bigint[], %(untils)s::timestamptz[]) AS spent(id, until) WHERE s.id = spent.id
"""
_SLOW = """
UPDATE senders SET slowed_until = %(until)s
 WHERE (provider, address) IN (SELECT * FROM unnest(%(providers)s::text[], %(addresses)s::text[]))
   AND parts_per_s IS NOT NULL
"""


@dataclass
class Budget:
    """What one sender may still send now; lives as long as the transaction that holds the sender's row.

    `start_s` is when the next free slot begins, in seconds from `at`; it may lie a little in the past.
    """

    parts_per_s: float
    start_s: float
    at: datetime
    used: int = 0

    @property
    def open(self) -> bool:
        """Whether a slot begins soon enough. A text may run over the end; the next one waits the longer for it."""
        return self._next_s < AHEAD_S

    def take(self, parts: int) -> float:
        """Take the slots of one text and return when it may leave, in seconds from `at`, never in the past."""
        begins_s = self._next_s
        self.used += parts
        return max(0.0, begins_s)

    @property
    def _next_s(self) -> float:
        return self.start_s + self.used / self.parts_per_s

    @property
    def until(self) -> datetime:
        """The end of the last slot that is taken."""
        return self.at + timedelta(seconds=self._next_s)


def lock_budgets(
    connection: psycopg.Connection[Any], sender_ids: Collection[int], *, at: datetime | None = None
) -> dict[int, Budget]:
    """Lock the paced ones of these senders until commit, in the order of their ids, and say what each may send.

    `at` stands in for the database's clock in tests.
    """
    values = {"ids": list(sender_ids), "at": at, "catch_up": CATCH_UP_S, "by": SLOWED_BY}
    rows = connection.execute(_LOCK, values).fetchall()
    return {sender_id: Budget(float(rate), float(start_s), moment) for sender_id, rate, start_s, moment in rows}


def spend(connection: psycopg.Connection[Any], budgets: Mapping[int, Budget]) -> None:
    """Write down which slots were taken, in the caller's transaction."""
    used = {sender_id: budget for sender_id, budget in budgets.items() if budget.used}
    if used:
        connection.execute(_SPEND, {"ids": list(used), "untils": [budget.until for budget in used.values()]})


def slow_down(connection: psycopg.Connection[Any], now: datetime, senders: Collection[tuple[str, str]]) -> None:
    """Halve the pace of these senders (provider, address) for two minutes; one without a pace has none to halve."""
    if senders:
        ordered = sorted(set(senders))
        connection.execute(
            _SLOW,
            {
                "providers": [provider for provider, _ in ordered],
                "addresses": [address for _, address in ordered],
                "until": now + timedelta(seconds=SLOWED_FOR_S),
            },
        )
