"""Trying again what has failed: by reason, a bounded number of times, while the alert lasts, as a new attempt.

A failure is final for its attempt; trying again is a decision of ours. When a failure is recorded its reason decides whether
and when (`hotline.providers.codes`), and the moment stands in `messages.retry_at`. The sweep (`retry_sweep`) queues what is
due, under the alert's lock, and sets a finished alert going again. Until then the message counts as failed, with its reason.

What this may cost is one text too many: a carrier that has reported a failure and delivers all the same. Its "delivered"
takes the retry back as long as that has not left; afterwards both copies may arrive. docs/decisions/0017-routes.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg

from hotline.core.phone import region_of
from hotline.core.services import Services
from hotline.providers import faults, pacing
from hotline.providers.codes import REGION_CODES, RETRY_CODES

MAX_REGION_SAMPLES = 200

_SCHEDULE = """
UPDATE messages m
   SET retry_at = %(now)s + make_interval(secs => (%(waits)s::int[])[m.retries + 1]),
       avoid = CASE WHEN %(other_sender)s THEN a.provider || '/' || coalesce(a.sender, '') ELSE m.avoid END
  FROM attempts a
 WHERE m.id = ANY(%(ids)s) AND m.state = 'failed' AND m.retries < cardinality(%(waits)s::int[])
   AND a.message_id = m.id AND a.number = m.attempts
RETURNING a.provider, a.sender
"""
_WHERE_TO = """
SELECT DISTINCT ON (a.provider, left(m.phone, 5)) a.provider, m.phone, m.error_code
  FROM messages m JOIN attempts a ON a.message_id = m.id AND a.number = m.attempts
 WHERE m.id = ANY(%(ids)s) LIMIT %(most)s
"""


def schedule(
    connection: psycopg.Connection[Any], now: datetime, failed: Iterable[tuple[int, str]]
) -> set[tuple[str, str]]:
    """Set the time of the next try for messages that have just failed (id, code), in the caller's transaction.

    Returns the senders (provider, address) that sent faster than their carrier takes, for `slow_down` after the commit:
    a lane locks its sender before anything else, so that row must not be waited for here.
    """
    by_code: dict[str, list[int]] = defaultdict(list)
    for message_id, code in failed:
        if code in RETRY_CODES:
            by_code[code].append(message_id)
    crowded = set()
    for code in sorted(by_code):
        rule = RETRY_CODES[code]
        values = {
            "now": now,
            "ids": by_code[code],
            "waits": list(rule.waits_s),
            "other_sender": rule.other_sender,
        }
        senders = connection.execute(_SCHEDULE, values).fetchall()
        if rule.slower:
            crowded |= {(provider, sender) for provider, sender in senders if sender}
    return crowded


def slow_down(services: Services, crowded: Iterable[tuple[str, str]]) -> None:
    """Halve the pace of senders for a while, in a transaction of its own."""
    senders = list(crowded)
    if senders:
        with services.db.connection() as connection:
            pacing.slow_down(connection, services.clock.now(), senders)


def note_regions_off(connection: psycopg.Connection[Any], now: datetime, failed: Iterable[tuple[int, str]]) -> None:
    """Write down the countries that a provider's account may not send to, from messages that have just failed (id, code)."""
    ids = [message_id for message_id, code in failed if code in REGION_CODES]
    if not ids:
        return
    rows = connection.execute(_WHERE_TO, {"ids": ids, "most": MAX_REGION_SAMPLES}).fetchall()
    faults.note_regions_off(connection, now, {(provider, region_of(phone), code) for provider, phone, code in rows})
