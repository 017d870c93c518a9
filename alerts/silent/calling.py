"""Making the calls: everything that was agreed is judged again, the attempt is committed, and only then the request leaves.

All claims of an installation stand in one line behind an advisory lock: the pace is then a matter of counting the calls that
began in the last moments (their rows are the truth, not a counter), and one telephone never rings for two reasons at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog

from alerts.approval import digest_of
from alerts.dispatch.severity import RANK
from alerts.silent.looking import CALL_JOB, CHAIN, LIVE
from alerts.silent.reports import TALK_MAX
from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_voice import TwilioVoice, voice_provider
from hotline.providers.voice import CallRequest, CallResult

log = structlog.get_logger(__name__)

JOB = CALL_JOB
RUN_S = 2.0
"""How long one job makes calls before it lets others have its worker."""
MAX_AT_ONCE = 50
BACK_OFF_S = 20.0
_CLAIM_LOCK = 0x48_4F_54_0F
PATH = "/webhooks/twilio/voice/outreach"

_FAULT = "SELECT retry_at FROM provider_faults WHERE provider = %s"
_BEGUN = "SELECT count(*) FROM call_attempts WHERE started_at > %(since)s AND started_at <= %(now)s"
FREE = """NOT EXISTS (SELECT 1 FROM outreach e WHERE e.phone = o.phone AND e.id <> o.id
              AND e.state IN ('queued', 'calling', 'in_doubt', 'ringing', 'talking')
              AND (e.state <> 'queued' OR (e.alert_id = o.alert_id AND e.step < o.step)))"""
"""SQL over outreach `o`: the telephone is not called for anything else, and no earlier step of the alert is open."""
_NEXT_ALERT = f"""
SELECT a.id FROM silent_plans s JOIN alerts a ON a.id = s.alert_id JOIN approvals p ON p.alert_id = a.id
 WHERE {LIVE} AND s.stopped_at IS NULL
   AND EXISTS (SELECT 1 FROM outreach o WHERE o.alert_id = a.id AND o.state = 'queued'
                  AND (o.not_before IS NULL OR o.not_before <= %(now)s) AND {FREE})
 ORDER BY {RANK.format(alert="a")}, a.approved_at, a.id LIMIT 1
"""  # noqa: S608 - put together from constants, no value comes from outside
_LOCK = f"""
SELECT p.areas, p.texts, p.digest, p.precisions, p.drill, a.status, a.msg_type, a.follows_id, coalesce(a.chain_id, a.id)
  FROM alerts a JOIN approvals p ON p.alert_id = a.id JOIN silent_plans s ON s.alert_id = a.id
 WHERE a.id = %(alert)s AND {LIVE} AND s.stopped_at IS NULL
   FOR NO KEY UPDATE OF a, s
"""  # noqa: S608 - put together from constants, no value comes from outside
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT o.id FROM outreach o
     WHERE o.alert_id = %(alert)s AND o.state = 'queued' AND (o.not_before IS NULL OR o.not_before <= %(now)s)
       AND {free}
     ORDER BY o.alert_id, o.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT o.id, CASE
           WHEN EXISTS (SELECT 1 FROM standings w
                         WHERE w.traveller_id = o.traveller_id AND w.alert_id = ANY ({chain})) THEN 'answered'
           WHEN t.id IS NULL OR t.erased_at IS NOT NULL OR t.phone <> o.phone OR t.drill <> %(drill)s THEN 'gone'
           WHEN o.whom <> 'opted_out' AND t.opted_out_at IS NOT NULL THEN 'opted_out'
           WHEN o.whom = 'not_delivered' AND m.state = 'delivered' THEN 'delivered' END AS reason
      FROM outreach o
      LEFT JOIN travellers t ON t.id = o.traveller_id
      LEFT JOIN messages m ON m.id = o.message_id
     WHERE o.id = ANY (ARRAY(SELECT id FROM due))
), skipped AS (
    UPDATE outreach o SET state = 'skipped', reason = j.reason, settled_at = %(now)s, not_before = NULL
      FROM judged j WHERE o.id = j.id AND j.reason IS NOT NULL
), claimed AS (
    UPDATE outreach o SET state = 'calling', attempts = o.attempts + 1, lease_until = %(lease_until)s, not_before = NULL
     WHERE o.id = ANY (ARRAY(SELECT id FROM judged WHERE reason IS NULL))
    RETURNING o.id, o.attempts, o.phone
), recorded AS (
    INSERT INTO call_attempts (outreach_id, number, provider, started_at)
    SELECT id, attempts, %(provider)s, %(now)s FROM claimed
)
SELECT (SELECT count(*) FROM due), c.id, c.attempts, c.phone
  FROM (SELECT 1) one LEFT JOIN claimed c ON true ORDER BY c.id
"""
_RECORD = """
WITH r AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(numbers)s::int[], %(outcomes)s::text[], %(states)s::text[], %(sids)s::text[],
                         %(codes)s::text[], %(waits)s::float8[])
        AS r(id, number, outcome, state, sid, code, wait_s)
), tried AS (
    UPDATE call_attempts a
       SET finished_at = coalesce(a.finished_at, CASE WHEN r.outcome IS NOT NULL THEN %(now)s END),
           outcome = coalesce(r.outcome, a.outcome),
           provider_sid = coalesce(a.provider_sid, r.sid), error_code = coalesce(a.error_code, r.code)
      FROM r WHERE a.outreach_id = r.id AND a.number = r.number
)
UPDATE outreach o
   SET state = r.state, provider_sid = coalesce(r.sid, o.provider_sid), reason = CASE WHEN r.state = 'failed' THEN r.code END,
       lease_until = CASE WHEN r.state IN ('ringing', 'in_doubt') THEN %(now)s + make_interval(secs => r.wait_s) END,
       not_before = CASE WHEN r.state = 'queued' THEN %(now)s + make_interval(secs => r.wait_s) END,
       settled_at = CASE WHEN r.state = 'failed' THEN %(now)s END
  FROM r WHERE o.id = r.id AND o.attempts = r.number AND o.state IN ('calling', 'in_doubt')
RETURNING o.alert_id
"""
"""A row that a report has moved meanwhile is left alone: the report knew more."""


class Claimed(NamedTuple):
    """One call to make now; its attempt is on record."""

    id: int
    attempt: int
    phone: str


class Settlement(NamedTuple):
    """What is known of one attempt, and the state that follows; `wait_s` until it is tried or looked at again."""

    id: int
    attempt: int
    outcome: str | None
    state: str
    sid: str | None = None
    code: str | None = None
    wait_s: float = 0.0


def call(services: Services) -> int:
    """Make the calls that are due, at the configured pace, for a bounded time; the job `silent.call`. How many were made."""
    try:
        provider = voice_provider(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(
                connection, services.clock.now(), TwilioVoice.name, faults.NOT_CONFIGURED, str(fault)
            )  # fmt: skip
        return 0
    made, stop_at = 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        batch, seen, wait_s = claim(services, provider)
        if batch:
            _place(services, provider, batch)
            made += len(batch)
        elif not seen and not wait_s:
            return made
        elif wait_s:
            time.sleep(min(wait_s, max(0.0, stop_at - time.monotonic())))
    jobs.enqueue(services, JOB)
    return made


def claim(services: Services, provider: TwilioVoice) -> tuple[list[Claimed], int, float]:
    """Claim what the pace allows now: the calls, how many rows were looked at, and seconds until there is room again."""
    now = services.clock.now()
    with services.db.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CLAIM_LOCK,))
        fault = connection.execute(_FAULT, (provider.name,)).fetchone()
        if fault is not None and fault[0] > now:
            return [], 0, 0.0
        room = min(_room(connection, services.settings.voice_calls_per_s, now), provider.breaker.room(MAX_AT_ONCE))
        row = connection.execute(_NEXT_ALERT, {"now": now}).fetchone()
        if row is None:
            return [], 0, 0.0
        if room <= 0:
            return [], 0, 1.0 / max(1.0, services.settings.voice_calls_per_s)
        batch, seen = claim_of(services, connection, row[0], now, provider.name, most=1 if fault else room)
    return batch, seen, 0.0


def _room(connection: psycopg.Connection[Any], per_s: float, now: datetime) -> int:
    """Return how many calls may begin now, from those that began in the window just past."""
    window_s = max(1.0, 1.0 / per_s)
    row = connection.execute(_BEGUN, {"since": now - timedelta(seconds=window_s), "now": now}).fetchone()
    return int(per_s * window_s + 1e-9) - (int(row[0]) if row else 0)


def claim_of(
    services: Services, connection: psycopg.Connection[Any], alert_id: int, now: datetime, provider: str, *, most: int
) -> tuple[list[Claimed], int]:
    """Lock an alert, compare it with what was agreed, and claim up to `most` of its calls in the caller's transaction."""
    row = connection.execute(_LOCK, {"alert": alert_id, "now": now}).fetchone()
    if row is None:
        return [], 0
    areas, texts, digest, precisions, drill, status, msg_type, follows_id, root = row
    follows = None if follows_id is None else (msg_type, follows_id)
    if digest_of(areas, texts, drill, follows, precisions=precisions) != digest or drill != (status != "Actual"):
        log.error("silent.tampered", alert=alert_id)
        connection.execute("UPDATE silent_plans SET stopped_at = %s WHERE alert_id = %s", (now, alert_id))
        return [], 0
    lease_s = max(services.settings.dispatch_lease_s, 3 * services.settings.dispatch_timeout_s)
    rows = connection.execute(
        CLAIM.format(chain=CHAIN, free=FREE),
        {"alert": alert_id, "root": root, "now": now, "drill": drill, "most": most, "provider": provider,
         "lease_until": now + timedelta(seconds=lease_s)},
    ).fetchall()  # fmt: skip
    return [Claimed(*each[1:]) for each in rows if each[1] is not None], rows[0][0]


def _place(services: Services, provider: TwilioVoice, batch: Sequence[Claimed]) -> None:
    results = provider.place([_request(services, provider, each) for each in batch])
    record(services, [settle(result) for result in results])
    blocked = next((each for each in results if each.outcome is Outcome.BLOCKED), None)
    with services.db.connection() as connection:
        if blocked is not None:
            code = blocked.error_code or "unknown"
            detail = f"The provider refuses calls of our account (code {code}): mend the settings; calling goes on by itself."
            log.error("silent.provider_fault", code=code)
            faults.raise_fault(connection, services.clock.now(), provider.name, code, detail)
        elif any(each.outcome is Outcome.ACCEPTED for each in results):
            faults.clear(connection, provider.name)


def _request(services: Services, provider: TwilioVoice, claimed: Claimed) -> CallRequest:
    base, query = services.settings.public_url + PATH, f"outreach={claimed.id}&attempt={claimed.attempt}"
    return CallRequest(
        claimed.id, claimed.attempt, claimed.phone, provider.sender, f"{base}/say?{query}", f"{base}/status?{query}",
        services.settings.voice_ring_s,
    )  # fmt: skip


def settle(result: CallResult) -> Settlement:
    """Say what follows from one answer; pure."""
    outcome, code = result.outcome, result.error_code
    if outcome is Outcome.ACCEPTED:
        wait_s = TALK_MAX.total_seconds()
        return Settlement(result.message_id, result.attempt, outcome, "ringing", result.provider_sid, wait_s=wait_s)
    if outcome is Outcome.REFUSED:
        return Settlement(result.message_id, result.attempt, outcome, "failed", code=(code or "refused")[:10])
    if outcome is Outcome.UNANSWERED:
        return Settlement(result.message_id, result.attempt, outcome, "in_doubt")
    wait_s = max(BACK_OFF_S, min(result.retry_after_s or 0.0, 600.0))
    return Settlement(result.message_id, result.attempt, outcome, "queued", code=code, wait_s=wait_s)


def record(services: Services, settlements: Sequence[Settlement]) -> int:
    """Record what is known of attempts in one statement; how many rows moved."""
    values = {
        "now": services.clock.now(),
        "ids": [each.id for each in settlements], "numbers": [each.attempt for each in settlements],
        "outcomes": [each.outcome for each in settlements], "states": [each.state for each in settlements],
        "sids": [each.sid for each in settlements], "codes": [each.code for each in settlements],
        "waits": [each.wait_s for each in settlements],
    }  # fmt: skip
    with services.db.connection() as connection:
        moved = [row[0] for row in connection.execute(_RECORD, values).fetchall()]
    for alert_id in sorted(set(moved)):
        live.notify(services.redis, f"alert:{alert_id}")
    return len(moved)
