"""Claiming a batch of notices: what may not go out any more is set aside, the rest moves to `sending` with its attempt.

All of it is one transaction that is committed before anything is sent. Rows are updated by an array of ids and not by a
join, because a prepared statement's general plan takes a batch for a tenth of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from hotline.notices.terms import Terms
from hotline.providers.routing import Way

OPTED_OUT, NUMBER_BAD = "opted_out", "bad_number"
"""Reasons of our own for a failure, beside the provider's codes."""

_LAPSE = """
WITH over AS MATERIALIZED (
    SELECT id FROM notices WHERE state = 'queued' AND expires_at <= %(now)s
     ORDER BY id LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notices n SET state = 'lapsed', settled_at = %(now)s, not_before = NULL,
       body = CASE WHEN n.secret THEN '' ELSE n.body END
 WHERE n.id = ANY (ARRAY(SELECT id FROM over))
"""
_DUE = """
    SELECT n.id FROM notices n
     WHERE n.state = 'queued' AND n.priority <= %(lowest)s AND n.expires_at > %(now)s
       AND (n.not_before IS NULL OR n.not_before <= %(now)s)
     ORDER BY n.priority, n.id LIMIT %(most)s FOR NO KEY UPDATE OF n SKIP LOCKED
"""
_LOOK = f"""
WITH due AS MATERIALIZED ({_DUE}), judged AS MATERIALIZED (
    SELECT n.id, n.phone, n.body, n.expires_at, n.attempts + 1 AS attempt, n.avoid, n.priority,
           CASE WHEN n.asked_for THEN NULL ELSE (
               SELECT CASE WHEN bool_or(t.opted_out_at IS NOT NULL) THEN '{OPTED_OUT}'
                           WHEN bool_or(t.number_bad_at IS NOT NULL) THEN '{NUMBER_BAD}' END
                 FROM travellers t WHERE t.phone = n.phone AND t.erased_at IS NULL) END AS reason
      FROM notices n WHERE n.id = ANY (ARRAY(SELECT id FROM due))
), withheld AS (
    UPDATE notices n SET state = 'failed', error_code = j.reason, settled_at = %(now)s, not_before = NULL
      FROM judged j WHERE n.id = j.id AND j.reason IS NOT NULL
)
SELECT id, phone, body, expires_at, attempt, avoid, reason FROM judged ORDER BY priority, id
"""  # noqa: S608 - put together from constants, no value comes from outside
_MARK = """
WITH claimed AS (
    UPDATE notices n SET state = 'sending', attempts = n.attempts + 1, lease_until = %(lease_until)s, not_before = NULL,
           provider_sid = NULL, provider_status = NULL, error_code = NULL
     WHERE n.id = ANY (%(ids)s) RETURNING n.id, n.attempts
)
INSERT INTO notice_attempts (notice_id, number, provider, sender, started_at)
SELECT c.id, claimed.attempts, c.provider, c.sender, %(now)s
  FROM unnest(%(ids)s::bigint[], %(providers)s::text[], %(senders)s::text[]) AS c(id, provider, sender)
  JOIN claimed ON claimed.id = c.id
"""
"""A notice that is tried again leaves the name and the words of its last attempt behind; they stay with that attempt."""
_FORGET_SECRETS = """
UPDATE notices n SET body = '' WHERE n.id IN (
    SELECT id FROM notices WHERE secret AND body <> '' AND expires_at <= %(now)s AND state NOT IN ('sending', 'in_doubt')
     ORDER BY expires_at LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED)
"""
"""What is under way keeps its words, because a lost answer is looked up by them; it is settled soon."""


class Claimed(NamedTuple):
    """One claimed notice; `attempt` is the number of the attempt that is now on record."""

    id: int
    phone: str
    body: str
    expires_at: datetime
    attempt: int
    avoid: str | None = None
    """The sender through which it was filtered, where it was."""


class Taken(NamedTuple):
    """A claimed notice with the way it takes; it may leave `leaves_s` seconds after the claim."""

    notice: Claimed
    way: Way
    leaves_s: float = 0.0


class Batch(NamedTuple):
    """What one claim found: notices to send, how many were set aside, and how many wait for room at their sender."""

    taken: list[Taken]
    withheld: int
    without_room: int


def lapse(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Let notices lapse whose time is over (how many), and forget the words of secret ones that mean nothing any more."""
    lapsed = connection.execute(_LAPSE, {"now": now}).rowcount
    connection.execute(_FORGET_SECRETS, {"now": now})
    return lapsed


def claim(
    connection: psycopg.Connection[Any],
    now: datetime,
    terms: Terms,
    choose: Callable[[Claimed], Taken | None],
    *,
    lowest: int,
    most: int,
) -> Batch:
    """Claim up to `most` due notices in the caller's transaction, the most urgent first, down to the priority `lowest`.

    `choose` names the way of each, or None to leave it where it is. Somebody who wants no texts, or whose number is known to
    be bad, gets only what they asked for; that is judged here, at the moment of sending, and not when the notice was written.
    """
    rows = connection.execute(_LOOK, {"now": now, "lowest": lowest, "most": most}).fetchall()
    fit = [Claimed(*row[:-1]) for row in rows if row[-1] is None]
    taken = [way for notice in fit if (way := choose(notice)) is not None]
    if taken:
        connection.execute(
            _MARK,
            {
                "now": now,
                "lease_until": now + timedelta(seconds=terms.lease_s),
                "ids": [each.notice.id for each in taken],
                "providers": [each.way.provider for each in taken],
                "senders": [each.way.address for each in taken],
            },
        )
    return Batch(taken, len(rows) - len(fit), len(fit) - len(taken))
