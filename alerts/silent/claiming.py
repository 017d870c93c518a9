"""What every channel does before anything leaves: everything that was agreed is judged again, and the attempt is committed.

Claims of one channel stand in one line behind an advisory lock: the pace is then a matter of counting the attempts that
began in the last moments (their rows are the truth, not a counter), and one telephone never rings for two reasons at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog

from alerts.approval import digest_of
from alerts.dispatch.severity import RANK
from alerts.silent.looking import CHAIN, LIVE, SECOND_ARRIVED
from hotline.core import live
from hotline.core.services import Services
from hotline.providers.breaker import CircuitBreaker

log = structlog.get_logger(__name__)

BACK_OFF_S = 20.0
_CLAIM_LOCKS = {"voice": 0x48_4F_54_0F, "mail": 0x48_4F_54_11}

_FAULT = "SELECT retry_at FROM provider_faults WHERE provider = %s"
_BEGUN = """
SELECT count(*) FROM call_attempts WHERE started_at > %(since)s AND started_at <= %(now)s AND provider = %(provider)s
"""
FREE = """NOT EXISTS (SELECT 1 FROM outreach e WHERE e.phone = o.phone AND e.channel = o.channel AND e.id <> o.id
              AND e.state IN ('queued', 'calling', 'in_doubt', 'ringing', 'talking')
              AND (e.state <> 'queued' OR (e.alert_id = o.alert_id AND e.step < o.step)))"""
"""SQL over outreach `o`: its channel does nothing else for this telephone, and no earlier step of the alert is open.

Other channels do not count: a call must not wait for a second text whose provider is away."""
DUE = f"""o.state = 'queued' AND o.channel = %(channel)s AND (o.not_before IS NULL OR o.not_before <= %(now)s) AND {FREE}"""
"""SQL over outreach `o`: whether it may begin now."""
NEXT_ALERT = f"""
SELECT a.id FROM silent_plans s JOIN alerts a ON a.id = s.alert_id JOIN approvals p ON p.alert_id = a.id
 WHERE {LIVE} AND s.stopped_at IS NULL
   AND EXISTS (SELECT 1 FROM outreach o WHERE o.alert_id = a.id AND {DUE})
 ORDER BY {RANK.format(alert="a")}, a.approved_at, a.id LIMIT 1
"""  # noqa: S608 - put together from constants, no value comes from outside
_LOCK = f"""
SELECT p.areas, p.texts, p.digest, p.precisions, p.drill, a.status, a.msg_type, a.follows_id, coalesce(a.chain_id, a.id),
       p.at, least(a.expires, p.expires)
  FROM alerts a JOIN approvals p ON p.alert_id = a.id JOIN silent_plans s ON s.alert_id = a.id
 WHERE a.id = %(alert)s AND {LIVE} AND s.stopped_at IS NULL
   FOR NO KEY UPDATE OF a, s
"""  # noqa: S608 - put together from constants, no value comes from outside
REASON = f"""CASE
           WHEN EXISTS (SELECT 1 FROM standings w
                         WHERE w.traveller_id = o.traveller_id AND w.alert_id = ANY ({CHAIN})) THEN 'answered'
           WHEN t.id IS NULL OR t.erased_at IS NOT NULL OR t.drill <> %(drill)s THEN 'gone'
           WHEN o.channel <> 'mail' AND t.phone <> o.phone THEN 'gone'
           WHEN o.whom <> 'opted_out' AND t.opted_out_at IS NOT NULL THEN 'opted_out'
           WHEN o.whom = 'not_delivered' AND (m.state = 'delivered' OR {SECOND_ARRIVED.format(row="o")}) THEN 'delivered'
           WHEN o.channel = 'sms' AND t.number_bad_at IS NOT NULL THEN 'number_bad'
           WHEN o.channel = 'mail' AND EXISTS (
                SELECT 1 FROM outreach x WHERE x.alert_id = o.alert_id AND x.phone = o.phone AND x.channel = 'mail'
                   AND x.id <> o.id AND (x.state = 'sent' OR x.reason = 'lost')) THEN 'mailed'
           WHEN o.channel = 'mail' AND (t.email IS NULL OR t.email_bad_at IS NOT NULL) THEN 'no_address' END"""  # noqa: S608 - constants
"""SQL over outreach `o`, traveller `t` and message `m`: why a step is not done after all; null when it is."""
CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT o.id FROM outreach o
     WHERE o.alert_id = %(alert)s AND {DUE}
     ORDER BY o.alert_id, o.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT o.id, {REASON} AS reason
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
"""  # noqa: S608 - put together from constants, no value comes from outside
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
       settled_at = CASE WHEN r.state IN ('failed', 'sent', 'delivered') THEN %(now)s END
  FROM r WHERE o.id = r.id AND o.attempts = r.number AND o.state IN ('calling', 'in_doubt')
RETURNING o.alert_id
"""
"""A row that a report has moved meanwhile is left alone: the report knew more."""


class Claimed(NamedTuple):
    """One call or mail to begin now; its attempt is on record."""

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


class Agreed(NamedTuple):
    """What two officers agreed to, read under the alert's lock; `root` is the first alert of its chain, times are aware UTC."""

    texts: dict[str, dict[str, str]]
    drill: bool
    root: int
    approved_at: datetime
    expires: datetime


@dataclass(frozen=True)
class Pace:
    """One channel's provider and how many attempts may begin in a second, over all workers."""

    channel: str
    provider: str
    per_s: float
    breaker: CircuitBreaker
    most: int


def claim_paced(services: Services, pace: Pace) -> tuple[list[Claimed], int, float]:
    """Claim what the pace allows now: the attempts, how many rows were looked at, and seconds until there is room again."""
    now = services.clock.now()
    with services.db.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CLAIM_LOCKS[pace.channel],))
        fault = connection.execute(_FAULT, (pace.provider,)).fetchone()
        if fault is not None and fault[0] > now:
            return [], 0, 0.0
        room = min(_room(connection, pace, now), pace.breaker.room(pace.most))
        row = connection.execute(NEXT_ALERT, {"now": now, "channel": pace.channel}).fetchone()
        if row is None:
            return [], 0, 0.0
        if room <= 0:
            return [], 0, 1.0 / max(1.0, pace.per_s)
        batch, seen = _claim_of(services, connection, row[0], now, pace, most=1 if fault else room)
    return batch, seen, 0.0


def _room(connection: psycopg.Connection[Any], pace: Pace, now: datetime) -> int:
    """Return how many attempts may begin now, from those that began in the window just past."""
    window_s = max(1.0, 1.0 / pace.per_s)
    values = {"since": now - timedelta(seconds=window_s), "now": now, "provider": pace.provider}
    row = connection.execute(_BEGUN, values).fetchone()
    return int(pace.per_s * window_s + 1e-9) - (int(row[0]) if row else 0)


def _claim_of(
    services: Services, connection: psycopg.Connection[Any], alert_id: int, now: datetime, pace: Pace, *, most: int
) -> tuple[list[Claimed], int]:
    """Lock an alert, compare it with what was agreed, and claim up to `most` of its rows in the caller's transaction."""
    agreed = lock_agreed(connection, alert_id, now)
    if agreed is None:
        return [], 0
    rows = connection.execute(
        CLAIM,
        {"alert": alert_id, "root": agreed.root, "now": now, "drill": agreed.drill, "most": most,
         "provider": pace.provider, "channel": pace.channel, "lease_until": now + timedelta(seconds=lease_s(services))},
    ).fetchall()  # fmt: skip
    return [Claimed(*each[1:]) for each in rows if each[1] is not None], rows[0][0]


def lease_s(services: Services) -> float:
    """Return how long a claim stands without a result."""
    return max(services.settings.dispatch_lease_s, 3 * services.settings.dispatch_timeout_s)


def lock_agreed(connection: psycopg.Connection[Any], alert_id: int, now: datetime) -> Agreed | None:
    """Lock an alert that still lasts and return what was agreed; None when nothing may be done for it any more.

    Where area, texts or kind differ from what was approved everything for its silent is stopped.
    """
    row = connection.execute(_LOCK, {"alert": alert_id, "now": now}).fetchone()
    if row is None:
        return None
    areas, texts, digest, precisions, drill, status, msg_type, follows_id, root, approved_at, expires = row
    follows = None if follows_id is None else (msg_type, follows_id)
    if digest_of(areas, texts, drill, follows, precisions=precisions) != digest or drill != (status != "Actual"):
        log.error("silent.tampered", alert=alert_id)
        connection.execute("UPDATE silent_plans SET stopped_at = %s WHERE alert_id = %s", (now, alert_id))
        return None
    return Agreed(texts, drill, root, approved_at, expires)


def record(services: Services, settlements: Sequence[Settlement]) -> int:
    """Record what is known of attempts in one statement; how many rows moved."""
    if not settlements:
        return 0
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
