"""Recording what came of notices: one statement for notices and attempts, whatever came first.

A receipt may arrive before the provider's answer was recorded, and a lost answer may have been cleared up by a look-up:
whoever comes second changes nothing. The result of attempt N moves a notice only while it is `sending` or `in_doubt` and N is
still its last attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.notices.states import FAILED, IN_DOUBT, QUEUED, SENT
from hotline.notices.text_tables import NOTICES
from hotline.people import reachability
from hotline.providers import parts, retrying
from hotline.providers.sms import Outcome, SmsResult

FIRST_LOOKUP_S = 1.0
BACK_OFF_FIRST_S, BACK_OFF_MAX_S = 1.0, 60.0
MAX_RETRIES_LATER = 100
"""With the back-off that is more than an hour and a half of "try again later"; most notices lapse long before."""
UNKNOWN = "unknown"


class Settlement(NamedTuple):
    """Where one attempt leaves its notice.

    `wait_s` is the time until the next attempt (QUEUED) or look-up (IN_DOUBT). `outcome` None leaves the attempt open.
    """

    notice_id: int
    attempt: int
    outcome: str | None
    state: str
    sid: str | None = None
    status: str | None = None
    code: str | None = None
    wait_s: float | None = None
    part_sids: tuple[str, ...] = ()


_RECORD = """
WITH result AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(numbers)s::smallint[], %(outcomes)s::text[], %(states)s::text[],
                         %(sids)s::text[], %(statuses)s::text[], %(codes)s::text[], %(again)s::timestamptz[])
        AS r(id, number, outcome, state, sid, status, code, again_at)
), held AS MATERIALIZED (
    SELECT n.id, n.state, n.attempts FROM notices n WHERE n.id = ANY(%(ids)s::bigint[])
     ORDER BY n.id FOR NO KEY UPDATE
), moved AS (
    UPDATE notices n
       SET state = r.state, provider_sid = r.sid, provider_status = r.status, error_code = r.code,
           not_before = CASE WHEN r.state = 'queued' THEN r.again_at END,
           lease_until = CASE WHEN r.state = 'in_doubt' THEN r.again_at END,
           sent_at = CASE WHEN r.state IN ('sent', 'delivered') THEN %(now)s ELSE n.sent_at END,
           settled_at = CASE WHEN r.state IN ('delivered', 'failed') THEN %(now)s END,
           body = CASE WHEN n.secret AND r.state = 'delivered' THEN '' ELSE n.body END
      FROM held h JOIN result r ON r.id = h.id AND r.number = h.attempts
     WHERE n.id = h.id AND h.state IN ('sending', 'in_doubt')
    RETURNING n.id, n.phone, n.state, n.error_code
), closed AS (
    UPDATE notice_attempts a
       SET outcome = r.outcome, finished_at = %(now)s, provider_sid = coalesce(r.sid, a.provider_sid), error_code = r.code
      FROM result r
     WHERE a.notice_id = r.id AND a.number = r.number AND r.outcome IS NOT NULL
       AND (a.outcome IS NULL OR a.outcome = 'unanswered' OR (a.outcome = 'found' AND r.outcome = 'accepted'))
)
SELECT id, phone, coalesce(error_code, '') FROM moved WHERE state = 'failed'
"""
_FORGET_SECRETS = """
UPDATE notices SET body = '' WHERE id = ANY(%s) AND secret AND state = 'failed' AND retry_at IS NULL AND body <> ''
"""


def settle(result: SmsResult) -> Settlement:
    """Say where a provider's result leaves its notice; pure."""

    def to(state: str, wait_s: float | None = None) -> Settlement:
        return Settlement(
            result.message_id,
            result.attempt,
            str(result.outcome),
            state,
            result.provider_sid,
            result.provider_status,
            result.error_code,
            wait_s,
        )

    match result.outcome:
        case Outcome.ACCEPTED:
            return to(SENT)._replace(part_sids=result.part_sids)
        case Outcome.REFUSED:
            return to(FAILED)
        case Outcome.UNANSWERED:
            return to(IN_DOUBT, FIRST_LOOKUP_S)
        case Outcome.RETRY_LATER:
            if result.attempt >= MAX_RETRIES_LATER:
                return to(FAILED)
            return to(QUEUED, max(result.retry_after_s or 0.0, back_off_s(result.attempt, result.message_id)))
        case Outcome.BLOCKED | Outcome.UNSENT:
            # Our own fault or line: it waits for us, and a second keeps an idle lane from turning on the spot.
            return to(QUEUED, BACK_OFF_FIRST_S)


def back_off_s(attempt: int, notice_id: int) -> float:
    """Return the wait before the next attempt: 1 s doubling to a minute, spread by half so that not all come back at once."""
    whole = min(BACK_OFF_MAX_S, BACK_OFF_FIRST_S * 2.0 ** min(attempt - 1, 10))
    return whole * (0.5 + (notice_id * 2654435761 % 1024) / 1024)


def record(session: Session, clock: Clock, settlements: Sequence[Settlement]) -> None:
    """Write a batch in the caller's transaction; at most one settlement per notice."""
    if not settlements:
        return
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    now = clock.now()
    settlements = sorted(settlements)
    failed = connection.execute(
        _RECORD,
        {
            "ids": [each.notice_id for each in settlements],
            "numbers": [each.attempt for each in settlements],
            "outcomes": [each.outcome for each in settlements],
            "states": [each.state for each in settlements],
            "sids": [each.sid for each in settlements],
            "statuses": [each.status for each in settlements],
            "codes": [each.code for each in settlements],
            "again": [None if each.wait_s is None else now + timedelta(seconds=each.wait_s) for each in settlements],
            "now": now,
        },
    ).fetchall()
    names = [parts.Names(each.notice_id, each.attempt, each.part_sids) for each in settlements if each.part_sids]
    parts.keep(connection, names, NOTICES)
    follow_failures(connection, now, [(notice_id, code) for notice_id, _, code in failed])
    outcomes = [reachability.Outcome(notice_id, phone, "", code, FAILED) for notice_id, phone, code in failed]
    reachability.record(session, clock, "notice", reachability.mark(connection, now, outcomes))


def follow_failures(
    connection: psycopg.Connection[Any], now: datetime, failed: Sequence[tuple[int, str]]
) -> set[tuple[str, str]]:
    """Do what the reasons of notices that have just failed (id, code) ask for, in the caller's transaction.

    Returns the senders that are to be slowed down after the commit. A secret text that is not tried again loses its words.
    """
    if not failed:
        return set()
    crowded = retrying.schedule(connection, now, failed, NOTICES)
    retrying.note_regions_off(connection, now, failed, NOTICES)
    connection.execute(_FORGET_SECRETS, ([notice_id for notice_id, _ in failed],))
    return crowded
