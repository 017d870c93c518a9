"""The sweep: finds in SQL who is due for which step, and writes one row each; then has calls made and doubts looked up.

Messages come due in the order in which they were sent, so each step keeps a cursor (moment, id) and looks at everybody once,
page by page. Looking once is enough: whoever is on the handset at that moment stays there, and what changes until the call
is made is judged again then (see `calling`). Few rows wait at a time: what cannot be called yet is looked at later, fresher.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts import gather
from alerts.models import Alert, Approval
from alerts.silent import policies
from alerts.silent.models import SilentPlan
from alerts.silent.plan import NOT_ANSWERED, NOT_DELIVERED, OPTED_OUT, Step, policy_for, read_steps
from hotline.core import jobs, live
from hotline.core.db import psycopg_of
from hotline.core.services import Services
from hotline.geo.area import Area

log = structlog.get_logger(__name__)

JOB = "silent.sweep"
CALL_JOB, DOUBT_JOB = "silent.call", "silent.doubt"
PAGE, MAX_PAGES = 5_000, 10
MAX_WAITING = 5_000
"""Rows of one alert that wait to be called; at one call a second that is more than an hour's work."""
MAX_ALERTS = 200
_SWEEP_LOCK = 0x48_4F_54_0E
NEVER_CALL = ("21211", "21217", "30005")
"""The number itself is none or belongs to nobody: a call would not reach it either."""

LIVE = """a.state IN ('dispatching', 'finished') AND a.superseded_by_id IS NULL AND a.msg_type <> 'Cancel'
  AND a.source <> 'correction' AND least(a.expires, p.expires) > %(now)s"""
"""SQL over alerts `a` and approvals `p`: whether anything may be done for the alert's silent."""
_WITHOUT_PLAN = f"""
SELECT a.id FROM alerts a JOIN approvals p ON p.alert_id = a.id
 WHERE {LIVE} AND NOT EXISTS (SELECT 1 FROM silent_plans s WHERE s.alert_id = a.id) ORDER BY a.id LIMIT %(most)s
"""  # noqa: S608 - put together from constants, no value comes from outside
_PLANNED = f"""
SELECT a.id FROM silent_plans s JOIN alerts a ON a.id = s.alert_id JOIN approvals p ON p.alert_id = a.id
 WHERE {LIVE} AND s.stopped_at IS NULL AND s.steps <> '[]' ORDER BY a.id LIMIT %(most)s
"""  # noqa: S608 - put together from constants, no value comes from outside
CHAIN = "ARRAY(SELECT c.id FROM alerts c WHERE c.id = %(root)s OR c.chain_id = %(root)s)"
"""SQL: all alerts of a chain; who answered one of them is not silent about the others."""
_WHOM = {
    NOT_DELIVERED: "s.state NOT IN ('delivered', 'withdrawn', 'lapsed') AND coalesce(s.error_code, '') <> ALL(%(never)s)",
    NOT_ANSWERED: "s.state NOT IN ('failed', 'withdrawn', 'lapsed')",
}
LOOK = """
WITH seen AS MATERIALIZED (
    SELECT m.id, m.traveller_id, m.phone, m.variant, m.language, m.state, m.error_code,
           coalesce(m.sent_at, m.settled_at) AS moment
      FROM messages m
     WHERE m.alert_id = %(alert)s AND coalesce(m.sent_at, m.settled_at) IS NOT NULL
       AND (coalesce(m.sent_at, m.settled_at), m.id) > (%(at)s::timestamptz, %(id)s::bigint)
       AND coalesce(m.sent_at, m.settled_at) <= %(until)s
     ORDER BY coalesce(m.sent_at, m.settled_at), m.id LIMIT %(page)s
), chain AS MATERIALIZED (SELECT {chain} AS ids), written AS (
    INSERT INTO outreach (alert_id, step, whom, message_id, traveller_id, phone, variant, language, created_at)
    SELECT %(alert)s, %(step)s, %(whom)s, s.id, s.traveller_id, s.phone, s.variant, s.language, %(now)s
      FROM seen s JOIN travellers t ON t.id = s.traveller_id
     WHERE {whom} AND t.phone = s.phone AND t.drill = %(drill)s AND t.erased_at IS NULL AND t.opted_out_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM standings w
                        WHERE w.traveller_id = t.id AND w.alert_id = ANY ((SELECT ids FROM chain)::bigint[]))
     ORDER BY s.moment, s.id
    ON CONFLICT (alert_id, phone, step) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM written), l.moment, l.id
  FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT moment, id FROM seen ORDER BY moment DESC, id DESC LIMIT 1) l ON true
"""
_OPTED_OUT_LANGUAGES = "SELECT DISTINCT language FROM audience WHERE excluded = 'opted_out'"
_OPTED_OUT = f"""
INSERT INTO outreach (alert_id, step, whom, traveller_id, phone, variant, language, created_at)
SELECT %(alert)s, %(step)s, %(whom)s, a.traveller_id, a.phone, choice.variant, choice.language, %(now)s
  FROM audience a
  JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = a.language AND choice.wanted = CASE a.precision WHEN 'country' THEN 'country' ELSE 'alert' END
 WHERE a.excluded = 'opted_out'
ON CONFLICT (alert_id, phone, step) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
_WAITING = "SELECT count(*) FROM (SELECT 1 FROM outreach WHERE alert_id = %s AND state = 'queued' LIMIT %s) queued"
END = f"""
WITH waiting AS MATERIALIZED (SELECT DISTINCT alert_id FROM outreach WHERE state = 'queued'), over AS MATERIALIZED (
    SELECT o.id FROM outreach o
     WHERE o.state = 'queued' AND o.alert_id IN (
           SELECT w.alert_id FROM waiting w JOIN alerts a ON a.id = w.alert_id
             LEFT JOIN approvals p ON p.alert_id = a.id LEFT JOIN silent_plans s ON s.alert_id = a.id
            WHERE ({LIVE} AND s.stopped_at IS NULL) IS NOT TRUE)
     ORDER BY o.id LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE outreach SET state = 'skipped', settled_at = %(now)s, not_before = NULL,
       reason = CASE WHEN EXISTS (SELECT 1 FROM silent_plans s WHERE s.alert_id = outreach.alert_id
                                     AND s.stopped_at IS NOT NULL) THEN 'stopped' ELSE 'ended' END
 WHERE id = ANY (ARRAY(SELECT id FROM over))
"""  # noqa: S608 - put together from constants, no value comes from outside
_LEASES_OVER = """
WITH over AS MATERIALIZED (
    SELECT id FROM outreach WHERE state IN ('calling', 'ringing', 'talking') AND lease_until < %(now)s
     ORDER BY lease_until LIMIT 2000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE outreach SET state = 'in_doubt', lease_until = %(now)s WHERE id = ANY (ARRAY(SELECT id FROM over))
"""
_DUE = """
SELECT EXISTS (SELECT 1 FROM outreach WHERE state = 'queued' AND (not_before IS NULL OR not_before <= %(now)s)),
       EXISTS (SELECT 1 FROM outreach WHERE state = 'in_doubt' AND lease_until <= %(now)s)
"""


class Looked(NamedTuple):
    """What one look at one page of one step found; the cursor is where the next look goes on."""

    seen: int
    written: int
    cursor: list[Any] | None


def sweep(services: Services) -> int:
    """Write down who is due, end what is over, and queue calls and look-ups; the job `silent.sweep`. How many were due."""
    now = services.clock.now()
    make_plans(services)
    with services.db.connection() as connection:
        planned = [row[0] for row in connection.execute(_PLANNED, {"now": now, "most": MAX_ALERTS}).fetchall()]
    found = 0
    for alert_id in planned:
        written = look(services, alert_id)
        found += written
        if written:
            live.notify(services.redis, f"alert:{alert_id}")
    with services.db.connection() as connection:
        connection.execute(END, {"now": now})
        connection.execute(_LEASES_OVER, {"now": now})
        calls, doubts = connection.execute(_DUE, {"now": now}).fetchone() or (False, False)
    if calls:
        jobs.enqueue(services, CALL_JOB)
    if doubts:
        jobs.enqueue(services, DOUBT_JOB)
    return found


def make_plans(services: Services) -> int:
    """Write down the plan of each live alert that has none yet, as it stood at the alert's approval."""
    now = services.clock.now()
    with services.db.transaction() as session:
        rows = psycopg_of(session).execute(_WITHOUT_PLAN, {"now": now, "most": MAX_ALERTS}).fetchall()
        if not rows or not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SWEEP_LOCK}):
            return 0
        for alert in session.scalars(select(Alert).where(Alert.id.in_([row[0] for row in rows]))):
            if session.get(SilentPlan, alert.id) is not None:
                continue
            version, steps = policies.plan_of(session, alert, now)
            session.add(
                SilentPlan(
                    alert_id=alert.id, severity=policy_for(alert.severity), version=version, made_at=now,
                    steps=[step.to_json() for step in steps], looked=[None] * len(steps),
                )
            )  # fmt: skip
    return len(rows)


def look(services: Services, alert_id: int) -> int:
    """Look at everybody who has come due for an alert's steps since the last look; how many rows were written."""
    written = 0
    with services.db.transaction() as session:
        plan = session.scalar(
            select(SilentPlan).where(SilentPlan.alert_id == alert_id).with_for_update(skip_locked=True)
        )
        alert = session.get(Alert, alert_id)
        if plan is None or plan.stopped_at is not None or alert is None or alert.approval is None:
            return 0
        connection, now = psycopg_of(session), services.clock.now()
        cursors = list(plan.looked)
        for number, step in enumerate(read_steps(plan.steps)):
            if step.whom == OPTED_OUT:
                if cursors[number] is None and _begun(alert, step, now):
                    written += _look_for_opted_out(connection, alert, alert.approval, number, now)
                    cursors[number] = [now.isoformat(), 0]
            else:
                cursors[number], more = _look_at_pages(session, alert, step, number, cursors[number], now)
                written += more
        plan.looked = cursors
    return written


def _begun(alert: Alert, step: Step, now: datetime) -> bool:
    return alert.started_at is not None and alert.started_at + timedelta(minutes=step.after_minutes) <= now


def _look_at_pages(
    session: Session, alert: Alert, step: Step, number: int, cursor: list[Any] | None, now: datetime
) -> tuple[list[Any] | None, int]:
    """Look page by page until all that are due were seen, enough wait, or the share of this sweep is used."""
    connection, written = psycopg_of(session), 0
    row = connection.execute(_WAITING, (alert.id, MAX_WAITING)).fetchone()
    waiting = int(row[0]) if row else 0
    for _ in range(MAX_PAGES):
        if waiting + written >= MAX_WAITING:
            break
        looked = look_at_page(connection, alert, step, number, cursor, now)
        written, cursor = written + looked.written, looked.cursor
        if looked.seen < PAGE:
            break
    return cursor, written


def look_at_page(
    connection: psycopg.Connection[Any], alert: Alert, step: Step, number: int, cursor: list[Any] | None, now: datetime
) -> Looked:
    """Look at one page of messages behind the cursor and write rows for those the step is for."""
    values = {
        "alert": alert.id, "root": alert.chain_id or alert.id, "step": number, "whom": step.whom, "now": now,
        "drill": alert.drill, "until": now - timedelta(minutes=step.after_minutes), "page": PAGE,
        "at": cursor[0] if cursor else "-infinity", "id": cursor[1] if cursor else 0, "never": list(NEVER_CALL),
    }  # fmt: skip
    row = connection.execute(LOOK.format(whom=_WHOM[step.whom], chain=CHAIN), values).fetchone()
    assert row is not None
    seen, written, moment, message_id = row
    return Looked(seen, written, [moment.isoformat(), message_id] if seen else cursor)


def _look_for_opted_out(
    connection: psycopg.Connection[Any], alert: Alert, approval: Approval, number: int, now: datetime
) -> int:
    """Write rows for everybody inside who wants no texts: they were sent none, and only a call can reach them."""
    area = Area.from_json(approval.areas, "areas")
    gather.people_inside(connection, area, now, drill=approval.drill, precisions=approval.precisions)
    languages = [row[0] for row in connection.execute(_OPTED_OUT_LANGUAGES).fetchall()]
    columns = gather.columns(gather.choose_texts(approval.texts, languages))
    values = {"alert": alert.id, "step": number, "whom": OPTED_OUT, "now": now, **columns}
    return connection.execute(_OPTED_OUT, values).rowcount
