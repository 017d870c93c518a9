"""Running counts of messages by country, state and reason, kept by the same transaction that changes the states.

Nobody counts message rows while sending (a public service once had an outage from doing so): every statement that moves
messages adds its deltas here, and pages read these few rows. A test holds that the tallies equal the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

TallyKey = tuple[int, str, str, str]
"""(alert_id, country, state, reason)"""

_ADD = """
INSERT INTO tallies (alert_id, country, state, reason, messages)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[])
ON CONFLICT (alert_id, country, state, reason) DO UPDATE SET messages = tallies.messages + excluded.messages
"""


def add(connection: psycopg.Connection[Any], deltas: Mapping[TallyKey, int]) -> None:
    """Add signed deltas in the caller's transaction; call it last, because the rows stay locked until commit.

    Keys are written in order, so that two workers can never wait for each other.
    """
    entries = sorted((key, count) for key, count in deltas.items() if count)
    if not entries:
        return
    connection.execute(
        _ADD,
        (
            [key[0] for key, _ in entries],
            [key[1] for key, _ in entries],
            [key[2] for key, _ in entries],
            [key[3] for key, _ in entries],
            [count for _, count in entries],
        ),
    )
