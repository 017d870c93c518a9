"""Trying again what has failed: by reason, a bounded number of times, as a new attempt; the same for every kind of text.

A failure is final for its attempt; trying again is a decision of ours. When a failure is recorded its reason decides whether
and when (`hotline.providers.codes`), and the moment stands in `retry_at`. Each kind's own sweep queues what is due, because
each has its own end of meaning. Until then the text counts as failed, with its reason.

What this may cost is one text too many: a carrier that has reported a failure and delivers all the same. Its "delivered"
takes the retry back as long as that has not left; afterwards both copies may arrive. docs/decisions/0017-routes.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import psycopg

from hotline.core.phone import region_of
from hotline.core.services import Services
from hotline.providers import faults, pacing
from hotline.providers.carriers import NotConfigured, sms_provider, sms_providers
from hotline.providers.codes import REGION_CODES, RETRY_CODES
from hotline.providers.routing import RouteTable, load
from hotline.providers.text_tables import TextTables

MAX_REGION_SAMPLES = 200


@cache
def _schedule(tables: TextTables) -> str:
    return f"""
UPDATE {tables.texts} t
   SET retry_at = %(now)s + make_interval(secs => (%(waits)s::int[])[t.retries + 1]),
       avoid = CASE WHEN %(other_sender)s THEN a.provider || '/' || coalesce(a.sender, '') ELSE t.avoid END
  FROM {tables.attempts} a
 WHERE t.id = ANY(%(ids)s) AND t.state = 'failed' AND t.retries < cardinality(%(waits)s::int[])
   AND %(now)s + make_interval(secs => (%(waits)s::int[])[t.retries + 1]) < {tables.lasts_until}
   AND a.{tables.reference} = t.id AND a.number = t.attempts
RETURNING a.provider, a.sender
"""  # noqa: S608 - put together from constants, no value comes from outside


@cache
def _where_to(tables: TextTables) -> str:
    return f"""
SELECT DISTINCT ON (a.provider, left(t.phone, 5)) a.provider, t.phone, t.error_code
  FROM {tables.texts} t JOIN {tables.attempts} a ON a.{tables.reference} = t.id AND a.number = t.attempts
 WHERE t.id = ANY(%(ids)s) LIMIT %(most)s
"""  # noqa: S608 - put together from constants, no value comes from outside


def schedule(
    connection: psycopg.Connection[Any], now: datetime, failed: Iterable[tuple[int, str]], tables: TextTables
) -> set[tuple[str, str]]:
    """Set the time of the next try for texts that have just failed (id, code), in the caller's transaction.

    A try that would come after the text's end is not set. Returns the senders (provider, address) that sent faster than
    their carrier takes, for `slow_down` after the commit: a lane locks its sender before anything else, so that row must not
    be waited for here.
    """
    by_code: dict[str, list[int]] = defaultdict(list)
    for text_id, code in failed:
        if code in RETRY_CODES:
            by_code[code].append(text_id)
    crowded = set()
    for code in sorted(by_code):
        rule = RETRY_CODES[code]
        values = {
            "now": now,
            "ids": by_code[code],
            "waits": list(rule.waits_s),
            "other_sender": rule.other_sender,
        }
        senders = connection.execute(_schedule(tables), values).fetchall()
        if rule.slower:
            crowded |= {(provider, sender) for provider, sender in senders if sender}
    return crowded


def slow_down(services: Services, crowded: Iterable[tuple[str, str]]) -> None:
    """Halve the pace of senders for a while, in a transaction of its own."""
    senders = list(crowded)
    if senders:
        with services.db.connection() as connection:
            pacing.slow_down(connection, services.clock.now(), senders)


def note_regions_off(
    connection: psycopg.Connection[Any], now: datetime, failed: Iterable[tuple[int, str]], tables: TextTables
) -> None:
    """Write down the countries that a provider's account may not send to, from texts that have just failed (id, code)."""
    ids = [text_id for text_id, code in failed if code in REGION_CODES]
    if not ids:
        return
    rows = connection.execute(_where_to(tables), {"ids": ids, "most": MAX_REGION_SAMPLES}).fetchall()
    faults.note_regions_off(connection, now, {(provider, region_of(phone), code) for provider, phone, code in rows})


def routes_now(services: Services, connection: psycopg.Connection[Any]) -> RouteTable | None:
    """Return the ways that texts may take now; None when no provider is configured."""
    try:
        default, every = sms_provider(services), sms_providers(services)
    except NotConfigured:
        return None
    return load(connection, every, default.name, default.sender)


def has_way(table: RouteTable | None, phone: str, avoid: str | None, code: str | None) -> bool:
    """Whether a text that failed for this reason can be tried again: through another sender where one is asked for."""
    rule = RETRY_CODES.get(code or "")
    if rule is None or table is None:
        return False
    return not rule.other_sender or any(way.name != avoid for way in table.ways_for(phone))
