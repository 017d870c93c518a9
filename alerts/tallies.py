"""Running counts of messages by country, state, reason and provider, kept by the transaction that changes the states.

Nobody counts message rows while sending (a public service once had an outage from doing so): every statement that moves
messages adds its deltas here, and pages read these few rows. A test holds that the tallies equal the rows.

A message counts under the provider of its last attempt as long as it is, or may be, with that provider or was refused by it;
what waits, was withdrawn or has lapsed counts under none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from alerts.states import DELIVERED, FAILED, IN_DOUBT, SENDING, SENT

TallyKey = tuple[int, str, str, str, str]
"""(alert_id, country, state, reason, provider)"""
NO_PROVIDER = ""
WITH_PROVIDER = (SENDING, IN_DOUBT, SENT, DELIVERED, FAILED)

_ADD = """
INSERT INTO tallies (alert_id, country, state, reason, provider, messages)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[])
ON CONFLICT (alert_id, country, state, reason, provider) DO UPDATE SET messages = tallies.messages + excluded.messages
"""


def key_of(alert_id: int, country: str, state: str, reason: str, provider: str) -> TallyKey:
    """Return where a message counts: its reason only when it has failed, its provider only while it is that one's."""
    at = provider if state in WITH_PROVIDER else NO_PROVIDER
    return (alert_id, country, state, reason if state == FAILED else "", at)


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
            [key[4] for key, _ in entries],
            [count for _, count in entries],
        ),
    )
