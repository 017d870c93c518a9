"""Claiming a batch: rows move to `sending`, their attempts are on record, all in one statement of one transaction.

Nothing is sent before that transaction is committed. The index `ix_messages_waiting` holds only queued rows in the order of
their ids; a lane goes on from the last id it saw, because the entries of rows that are queued no more stay in the index
until the next vacuum and would otherwise be walked over again and again.

The condition is written as a range over (alert_id, id) with that very order, although one alert is meant: no other index
can deliver it. With `alert_id = …` the planner may take the primary key instead while its statistics say that most rows are
queued, and would then read every row that was sent long ago. For the same reason rows are updated by an array of ids and
not by a join: a prepared statement's general plan takes a batch for a tenth of the table and reads all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog

from alerts import tallies
from alerts.dispatch.terms import Terms
from alerts.states import QUEUED, SENDING, WITHDRAWN
from hotline.providers.routing import Way

log = structlog.get_logger(__name__)

NOT_A_DRILL_PERSON = "not_drill"
_DRILL_ONLY = "AND EXISTS (SELECT 1 FROM travellers t WHERE t.id = m.traveller_id AND t.drill)"
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT m.id FROM messages m
     WHERE m.state = 'queued' AND (m.alert_id, m.id) > (%(alert_id)s, %(after_id)s) AND m.alert_id <= %(alert_id)s
       AND (m.not_before IS NULL OR m.not_before <= %(now)s) {drill_only}
     ORDER BY m.alert_id, m.id LIMIT %(most)s FOR UPDATE OF m SKIP LOCKED
), claimed AS (
    UPDATE messages m {mark}
     WHERE m.id = ANY (ARRAY(SELECT id FROM due))
    RETURNING m.id, m.phone, m.country, m.language, m.attempts, m.variant
), recorded AS (
    INSERT INTO attempts (message_id, number, provider, sender, started_at)
    SELECT id, attempts, %(provider)s, %(sender)s, %(now)s FROM claimed
)
SELECT id, phone, country, language, attempts, variant FROM claimed ORDER BY id
"""
_MARK = """SET state = 'sending', attempts = m.attempts + 1, lease_until = %(lease_until)s, not_before = NULL,
           provider_sid = NULL, provider_status = NULL, error_code = NULL, provider = %(provider)s"""
"""A message that is tried again leaves the name and the words of its last attempt behind; they stay with that attempt."""
CLAIM_ANY = _CLAIM.format(drill_only="", mark=_MARK)
CLAIM_DRILL = _CLAIM.format(drill_only=_DRILL_ONLY, mark=_MARK)
_LOOK = """
SELECT m.id, m.phone, m.country, m.language, m.attempts + 1, m.variant, m.parts, m.avoid FROM messages m
 WHERE m.state = 'queued' AND (m.alert_id, m.id) > (%(alert_id)s, %(after_id)s) AND m.alert_id <= %(alert_id)s
   AND (m.not_before IS NULL OR m.not_before <= %(now)s) {drill_only}
 ORDER BY m.alert_id, m.id LIMIT %(most)s FOR UPDATE OF m SKIP LOCKED
"""
LOOK_ANY = _LOOK.format(drill_only="")
LOOK_DRILL = _LOOK.format(drill_only=_DRILL_ONLY)
MARK_CHOSEN = f"""
WITH claimed AS (
    UPDATE messages m {_MARK}
     WHERE m.id = ANY (%(ids)s) RETURNING m.id, m.attempts
)
INSERT INTO attempts (message_id, number, provider, sender, started_at)
SELECT c.id, claimed.attempts, %(provider)s, c.sender, %(now)s
  FROM unnest(%(ids)s::bigint[], %(senders)s::text[]) AS c(id, sender)
  JOIN claimed ON claimed.id = c.id
"""  # noqa: S608 - put together from constants, no value comes from outside
_WITHDRAW_PUBLIC = """
WITH unfit AS MATERIALIZED (
    SELECT m.id FROM messages m
     WHERE m.alert_id = %(alert_id)s AND m.state = 'queued'
       AND NOT EXISTS (SELECT 1 FROM travellers t WHERE t.id = m.traveller_id AND t.drill)
     ORDER BY m.id LIMIT %(most)s FOR UPDATE OF m SKIP LOCKED
)
UPDATE messages m SET state = 'withdrawn', error_code = %(code)s, settled_at = %(now)s, not_before = NULL
 WHERE m.id = ANY (ARRAY(SELECT id FROM unfit))
RETURNING m.country
"""


class Taken(NamedTuple):
    """A claimed message with the way it takes; it may leave `leaves_s` seconds after the claim."""

    message: Claimed
    way: Way
    leaves_s: float = 0.0


class Looked(NamedTuple):
    """What a look at the waiting rows brought: how many there were, the last one's id, and those that were claimed."""

    rows: int
    last_id: int
    taken: list[Taken]


class Claimed(NamedTuple):
    """One claimed message; `attempt` is the number of the attempt that is now on record."""

    id: int
    phone: str
    country: str
    language: str
    attempt: int
    variant: str


def claim(  # noqa: PLR0913 - each is one value of the statement
    connection: psycopg.Connection[Any],
    now: datetime,
    terms: Terms,
    provider: str,
    alert_id: int,
    *,
    drill: bool,
    after_id: int,
    most: int,
    sender: str | None = None,
) -> list[Claimed]:
    """Claim up to `most` due messages with ids above `after_id` in the caller's transaction, in the order of their ids."""
    deltas: Counter[tallies.TallyKey] = Counter()
    if drill:
        _withdraw_public(connection, now, alert_id, deltas)
    rows = connection.execute(
        CLAIM_DRILL if drill else CLAIM_ANY,
        {
            "alert_id": alert_id,
            "after_id": after_id,
            "now": now,
            "most": most,
            "lease_until": now + timedelta(seconds=terms.lease_s),
            "provider": provider,
            "sender": sender,
        },
    ).fetchall()
    claimed = [Claimed(*row) for row in rows]
    _count(alert_id, [(each, provider) for each in claimed], deltas)
    tallies.add(connection, deltas)
    return claimed


def claim_by_route(
    connection: psycopg.Connection[Any],
    now: datetime,
    terms: Terms,
    choose: Callable[[Claimed, int, str | None], Taken | None],
    alert_id: int,
    *,
    drill: bool,
    after_id: int,
    most: int,
) -> Looked:
    """Look at up to `most` due messages and claim those for which `choose(message, parts, avoid)` names a way.

    The rest is left as it was: its sender has no room now, or its provider is away.
    """
    deltas: Counter[tallies.TallyKey] = Counter()
    if drill:
        _withdraw_public(connection, now, alert_id, deltas)
    values = {"alert_id": alert_id, "after_id": after_id, "now": now, "most": most}
    rows = connection.execute(LOOK_DRILL if drill else LOOK_ANY, values).fetchall()
    choices = [choose(Claimed(*row[:-2]), row[-2], row[-1]) for row in rows]
    taken = [each for each in choices if each is not None]
    for provider in sorted({each.way.provider for each in taken}):
        own = [each for each in taken if each.way.provider == provider]
        connection.execute(
            MARK_CHOSEN,
            {
                "ids": [each.message.id for each in own],
                "provider": provider,
                "senders": [each.way.address for each in own],
                "now": now,
                "lease_until": now + timedelta(seconds=terms.lease_s),
            },
        )
    _count(alert_id, [(each.message, each.way.provider) for each in taken], deltas)
    tallies.add(connection, deltas)
    return Looked(len(rows), rows[-1][0] if rows else after_id, taken)


def _count(alert_id: int, claimed: list[tuple[Claimed, str]], deltas: Counter[tallies.TallyKey]) -> None:
    for (country, provider), count in Counter((each.country, provider) for each, provider in claimed).items():
        deltas[alert_id, country, QUEUED, "", ""] -= count
        deltas[alert_id, country, SENDING, "", provider] += count


def _withdraw_public(
    connection: psycopg.Connection[Any], now: datetime, alert_id: int, deltas: Counter[tallies.TallyKey]
) -> None:
    """Take back what a drill must never send: messages of people who are not drill people.

    The audience of a drill holds none; this is the technical stop in case a row got there some other way.
    """
    rows = connection.execute(
        _WITHDRAW_PUBLIC, {"alert_id": alert_id, "now": now, "most": 10_000, "code": NOT_A_DRILL_PERSON}
    ).fetchall()
    if not rows:
        return
    log.error("dispatch.drill_message_for_the_public", alert=alert_id, messages=len(rows))
    by_country: Mapping[str, int] = Counter(country for (country,) in rows)
    for country, count in by_country.items():
        deltas[alert_id, country, QUEUED, "", ""] -= count
        deltas[alert_id, country, WITHDRAWN, "", ""] += count
