"""Recording what came of notices: one statement for notices and attempts, whatever came first.

A receipt may arrive before the provider's answer was recorded, and a lost answer may have been cleared up by a look-up:
whoever comes second changes nothing. The result of attempt N moves a notice only while it is `sending` or `in_doubt` and N is
still its last attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

import psycopg
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.notices.states import FAILED, IN_DOUBT, QUEUED, SENT
from hotline.providers.codes import BAD_NUMBER_CODES, OPTED_OUT_CODES
from hotline.providers.sms import Outcome, SmsResult

FIRST_LOOKUP_S = 1.0
BACK_OFF_FIRST_S, BACK_OFF_MAX_S = 1.0, 60.0
MAX_RETRIES_LATER = 100
"""With the back-off that is more than an hour and a half of "try again later"; most notices lapse long before."""
UNKNOWN = "unknown"
CARRIER = Actor(kind="webhook", id=None, name="message provider", via="webhook")


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
           body = CASE WHEN n.secret AND r.state IN ('sent', 'delivered', 'failed') THEN '' ELSE n.body END
      FROM held h JOIN result r ON r.id = h.id AND r.number = h.attempts
     WHERE n.id = h.id AND h.state IN ('sending', 'in_doubt')
    RETURNING n.id, n.phone, n.error_code
), closed AS (
    UPDATE notice_attempts a
       SET outcome = r.outcome, finished_at = %(now)s, provider_sid = coalesce(r.sid, a.provider_sid), error_code = r.code
      FROM result r
     WHERE a.notice_id = r.id AND a.number = r.number AND r.outcome IS NOT NULL
       AND (a.outcome IS NULL OR a.outcome = 'unanswered' OR (a.outcome = 'found' AND r.outcome = 'accepted'))
)
SELECT id, phone, error_code FROM moved WHERE error_code = ANY(%(telling)s::text[])
"""
_MARK = {
    "travellers.number_bad": """
UPDATE travellers SET number_bad_at = %(at)s, updated_at = %(at)s WHERE id IN (
    SELECT id FROM travellers WHERE phone = ANY(%(phones)s) AND number_bad_at IS NULL AND erased_at IS NULL
     ORDER BY id FOR NO KEY UPDATE) RETURNING id""",
    "travellers.opted_out": """
UPDATE travellers SET opted_out_at = %(at)s, updated_at = %(at)s WHERE id IN (
    SELECT id FROM travellers WHERE phone = ANY(%(phones)s) AND opted_out_at IS NULL AND erased_at IS NULL
     ORDER BY id FOR NO KEY UPDATE) RETURNING id""",
}


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
            return to(SENT)
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
    told = connection.execute(
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
            "telling": sorted(BAD_NUMBER_CODES | OPTED_OUT_CODES),
        },
    ).fetchall()
    mark_people(session, clock, [(notice_id, phone, code) for notice_id, phone, code in told])


def mark_people(session: Session, clock: Clock, told: Iterable[tuple[int, str, str]]) -> None:
    """Remember on the travellers what a failure (notice, number, code) says about their number; audited, so called last.

    Marks go to everybody who has the number: it is the handset that cannot be reached or has said stop.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    for action, codes in (("travellers.number_bad", BAD_NUMBER_CODES), ("travellers.opted_out", OPTED_OUT_CODES)):
        phones = sorted({phone for _, phone, code in told if code in codes})
        if not phones:
            continue
        marked = connection.execute(_MARK[action], {"at": clock.now(), "phones": phones}).fetchall()
        if marked:
            first = min(notice_id for notice_id, _, code in told if code in codes)
            travellers = sorted(row[0] for row in marked)
            audit.record(session, clock, CARRIER, action, "notice", first, after={"travellers": travellers})
