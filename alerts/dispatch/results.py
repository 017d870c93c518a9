"""Recording what came of a batch: one statement for messages and attempts, then the tallies, in one transaction.

A second statement follows only for results whose message somebody else has moved meanwhile.

A receipt may have arrived before the provider's answer was recorded, and a lost answer may have been cleared up by a look-up:
whoever comes second changes nothing. The result of attempt N moves a message only while it is `sending` or `in_doubt` and N
is still its last attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.orm import Session

from alerts import tallies
from alerts.states import CANCELLED, EXPIRED, FAILED, IN_DOUBT, LAPSED, QUEUED, SENT, SUPERSEDED, WITHDRAWN
from alerts.text_tables import MESSAGES
from hotline.core.clock import Clock
from hotline.people import reachability
from hotline.providers import parts, retrying
from hotline.providers.sms import Outcome, SmsResult

UNKNOWN = "unknown"
FIRST_LOOKUP_S = 1.0
"""A lost answer is looked up this soon; most texts are in the provider's record by then."""
BACK_OFF_FIRST_S, BACK_OFF_MAX_S = 1.0, 60.0
MAX_RETRIES_LATER = 500
"""With the back-off above that is more than eight hours of "try again later"; an alert's expiry usually comes first."""


class Settlement(NamedTuple):
    """Where one attempt leaves its message.

    `state` QUEUED means "back": it becomes withdrawn or lapsed where the alert has ended meanwhile. `wait_s` is the time
    until the next attempt (QUEUED) or look-up (IN_DOUBT). `outcome` None leaves the attempt open.
    """

    message_id: int
    attempt: int
    alert_id: int
    outcome: str | None
    state: str
    sid: str | None = None
    status: str | None = None
    code: str | None = None
    wait_s: float | None = None
    part_sids: tuple[str, ...] = ()


_LOCK_ALERTS = "SELECT id, state FROM alerts WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_RESULT = """
WITH result AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(numbers)s::smallint[], %(outcomes)s::text[], %(states)s::text[],
                         %(sids)s::text[], %(statuses)s::text[], %(codes)s::text[], %(again)s::timestamptz[])
        AS r(id, number, outcome, state, sid, status, code, again_at)
)"""
_SET = """
       SET state = r.state, provider_sid = r.sid, provider_status = r.status, error_code = r.code,
           not_before = CASE WHEN r.state = 'queued' THEN r.again_at END,
           lease_until = CASE WHEN r.state = 'in_doubt' THEN r.again_at END,
           sent_at = CASE WHEN r.state IN ('sent', 'delivered') THEN %(now)s ELSE m.sent_at END,
           settled_at = CASE WHEN r.state IN ('delivered', 'failed', 'withdrawn', 'lapsed') THEN %(now)s END"""
_CLOSE = """
    UPDATE attempts a
       SET outcome = r.outcome, finished_at = %(now)s, provider_sid = coalesce(r.sid, a.provider_sid),
           error_code = r.code"""
_MOVED = """
SELECT alert_id, country, before, after, reason, count(*)::int, array_agg(id),
       array_agg(phone) FILTER (WHERE after = 'failed'), provider
  FROM moved GROUP BY alert_id, country, before, after, reason, provider
"""
_REASON = "CASE WHEN m.state = 'failed' THEN coalesce(m.error_code, '') ELSE '' END AS reason"
_RECORD_SENDING = f"""{_RESULT}, moved AS (
    UPDATE messages m {_SET}
      FROM result r WHERE m.id = r.id AND m.state || '' = 'sending' AND m.attempts = r.number
    RETURNING m.id, m.alert_id, m.country, 'sending' AS before, m.state AS after, {_REASON}, m.phone, m.provider
), closed AS (
    {_CLOSE}
      FROM moved JOIN result r ON r.id = moved.id
     WHERE a.message_id = r.id AND a.number = r.number AND r.outcome IS NOT NULL
)
{_MOVED}"""
"""What nearly every result meets: its message is still `sending` on that attempt, which no other lane can hold.

The state is compared as an expression so that the rows are found by their ids: the planner would otherwise read the whole
index of unsettled messages, of all lanes, and compare each with each result.
"""
_RECORD_ANY = f"""{_RESULT}, held AS MATERIALIZED (
    SELECT m.id, m.state, m.attempts FROM messages m WHERE m.id = ANY(%(ids)s::bigint[])
     ORDER BY m.id FOR NO KEY UPDATE
), moved AS (
    UPDATE messages m {_SET}
      FROM held h JOIN result r ON r.id = h.id AND r.number = h.attempts
     WHERE m.id = h.id AND h.state IN ('sending', 'in_doubt')
    RETURNING m.id, m.alert_id, m.country, h.state AS before, m.state AS after, {_REASON}, m.phone, m.provider
), closed AS (
    {_CLOSE}
      FROM result r
     WHERE a.message_id = r.id AND a.number = r.number AND r.outcome IS NOT NULL
       AND (a.outcome IS NULL OR a.outcome = 'unanswered' OR (a.outcome = 'found' AND r.outcome = 'accepted'))
)
{_MOVED}"""  # noqa: S608 - put together from constants, no value comes from outside
"""The rest: looked up, in doubt meanwhile, or overtaken by a receipt. The rows are locked in the order of their ids."""


def settle(alert_id: int, result: SmsResult) -> Settlement:
    """Say where a provider's result leaves its message; pure."""

    def to(state: str, wait_s: float | None = None) -> Settlement:
        return Settlement(
            result.message_id,
            result.attempt,
            alert_id,
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
            # Our own fault or line: the message waits for us, not for a time of its own.
            return to(QUEUED)


def back_off_s(attempt: int, message_id: int) -> float:
    """Return the wait before the next attempt: 1 s doubling to a minute, spread by half so that not all come back at once."""
    whole = min(BACK_OFF_MAX_S, BACK_OFF_FIRST_S * 2.0 ** min(attempt - 1, 10))
    return whole * (0.5 + (message_id * 2654435761 % 1024) / 1024)


def record(session: Session, clock: Clock, settlements: Sequence[Settlement]) -> None:
    """Write a batch in the caller's transaction; at most one settlement per message."""
    if not settlements:
        return
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    now = clock.now()
    settlements = _to_ended_alerts(connection, sorted(settlements))
    moved = connection.execute(_RECORD_SENDING, _columns(settlements, now)).fetchall()
    done = {message_id for row in moved for message_id in row[6]}
    if rest := [each for each in settlements if each.message_id not in done]:
        moved += connection.execute(_RECORD_ANY, _columns(rest, now)).fetchall()
    names = [parts.Names(each.message_id, each.attempt, each.part_sids) for each in settlements if each.part_sids]
    parts.keep(connection, names, MESSAGES)
    deltas: Counter[tallies.TallyKey] = Counter()
    failed = [(message_id, row[4]) for row in moved if row[3] == FAILED for message_id in row[6]]
    if failed:
        retrying.schedule(connection, now, failed, MESSAGES)
        retrying.note_regions_off(connection, now, failed, MESSAGES)
    for alert_id, country, before, after, reason, count, _, _, provider in moved:
        deltas[tallies.key_of(alert_id, country, before, "", provider)] -= count
        deltas[tallies.key_of(alert_id, country, after, reason, provider)] += count
    marks = _mark_people(connection, now, moved)
    tallies.add(connection, deltas)
    reachability.record(session, clock, "alert", marks)


def _columns(settlements: Sequence[Settlement], now: datetime) -> dict[str, Any]:
    return {
        "ids": [each.message_id for each in settlements],
        "numbers": [each.attempt for each in settlements],
        "outcomes": [each.outcome for each in settlements],
        "states": [each.state for each in settlements],
        "sids": [each.sid for each in settlements],
        "statuses": [each.status for each in settlements],
        "codes": [each.code for each in settlements],
        "again": [None if each.wait_s is None else now + timedelta(seconds=each.wait_s) for each in settlements],
        "now": now,
    }


def _to_ended_alerts(connection: psycopg.Connection[Any], settlements: list[Settlement]) -> list[Settlement]:
    """Give messages that go back to an alert which has ended their final state instead.

    The alerts are locked first, so that a cancel either is seen here or sees these messages queued.
    """
    back = sorted({each.alert_id for each in settlements if each.state == QUEUED})
    if not back:
        return settlements
    ended = {
        alert_id: {CANCELLED: WITHDRAWN, SUPERSEDED: WITHDRAWN, EXPIRED: LAPSED}.get(state, QUEUED)
        for alert_id, state in connection.execute(_LOCK_ALERTS, (back,)).fetchall()
    }
    return [
        each._replace(state=ended.get(each.alert_id, QUEUED)) if each.state == QUEUED else each for each in settlements
    ]


def _mark_people(connection: psycopg.Connection[Any], now: datetime, moved: Iterable[Any]) -> list[reachability.Mark]:
    """Remember on the travellers what a refusal says about their number (bad for good, opted out)."""
    outcomes = [
        reachability.Outcome(alert_id, phone, "", reason, after)
        for alert_id, _, _, after, reason, _, _, phones, _ in moved
        for phone in phones or ()
    ]
    return reachability.mark(connection, now, outcomes) if outcomes else []
