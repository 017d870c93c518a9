"""How many calls somebody less important than the alerts may begin now, when everybody calls through one account.

The account begins so many calls a second. Rooms that call in bulk tell where their attempts stand (`Registry.call_starts`);
whoever is beneath them gets what they leave over. So that a long round of alerts' calls does not keep volunteers from being
asked, who are to answer the calls that follow on it, one call in `SHARE_S` seconds is theirs in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from hotline.core.registry import CallStarts

SHARE_S = 10.0


def room(
    connection: psycopg.Connection[Any], now: datetime, per_s: float, before: Sequence[CallStarts], own: CallStarts
) -> int:
    """Return how many calls of `own` may begin now at `per_s` calls a second for all; call it under the room's own lock."""
    window_s = max(1.0, 1.0 / per_s)
    begun = sum(_count(connection, each.begun, now, window_s) for each in (*before, own))
    if any(_waits(connection, each.waiting, now) for each in before):
        return 1 if _count(connection, own.begun, now, SHARE_S) == 0 else 0
    return max(0, int(per_s * window_s + 1e-9) - begun)


def _count(connection: psycopg.Connection[Any], statement: str, now: datetime, window_s: float) -> int:
    values = {"since": now - timedelta(seconds=window_s), "now": now}
    row = connection.execute(statement.encode(), values).fetchone()
    return int(row[0]) if row else 0


def _waits(connection: psycopg.Connection[Any], statement: str, now: datetime) -> bool:
    row = connection.execute(statement.encode(), {"now": now}).fetchone()
    return bool(row and row[0])
