"""The sweep: finds in SQL who is due for which step, and writes one row each; then has the channels work them off.

Messages come due in the order in which they were sent, so each step keeps a cursor (moment, id) and looks at everybody once,
page by page. Looking once is enough: whoever is on the handset at that moment stays there, and what changes until the
step is done is judged again then (see `claiming`). Few rows wait at a time: what cannot go yet is looked at later, fresher.
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
from alerts.silent.plan import (
    MAIL,
    NOT_ANSWERED,
    NOT_DELIVERED,
    NUMBER_BAD,
    OPTED_OUT,
    SMS,
    VOICE,
    Step,
    policy_for,
    read_steps,
)
from hotline.core import jobs, live
from hotline.core.db import psycopg_of
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.providers.codes import BAD_NUMBER_CODES, OPTED_OUT_CODES

log = structlog.get_logger(__name__)

JOB = "silent.sweep"
CALL_JOB, TEXT_JOB, MAIL_JOB = "silent.call", "silent.text", "silent.mail"
DOUBT_JOB, TEXT_DOUBT_JOB = "silent.doubt", "silent.text_doubt"
JOBS = {VOICE: (CALL_JOB, DOUBT_JOB), SMS: (TEXT_JOB, TEXT_DOUBT_JOB), MAIL: (MAIL_JOB, None)}
"""What works off the rows of a channel, and what clears its doubts; there is nobody to ask about a mail."""
PAGE, MAX_PAGES = 5_000, 10
UNTEXTED = (OPTED_OUT, NUMBER_BAD)
"""People who were sent no text at all; they come due by the alert's own beginning."""
MAX_WAITING = 5_000
"""Rows of one alert and channel that wait; at one call a second that is more than an hour's work."""
MAX_ALERTS = 200
_SWEEP_LOCK = 0x48_4F_54_0E
NEVER = {
    VOICE: ("21211", "21217", "30005"), SMS: tuple(sorted(BAD_NUMBER_CODES | OPTED_OUT_CODES)), MAIL: (),
}  # fmt: skip
"""Reasons of a failed text that the channel would meet too: a call reaches no number that is none or belongs to nobody, a
second text none that takes no texts."""

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
SECOND_ARRIVED = """EXISTS (SELECT 1 FROM outreach x WHERE x.alert_id = %(alert)s AND x.phone = {row}.phone
                          AND x.channel = 'sms' AND x.state = 'delivered')"""
"""SQL: whether a second text is known to be on the handset."""
SECOND_UNDER_WAY = """EXISTS (SELECT 1 FROM outreach x WHERE x.alert_id = %(alert)s AND x.phone = {row}.phone
                          AND x.channel = 'sms' AND x.state NOT IN ('failed', 'skipped'))"""
"""SQL: whether a second text may come to be, or is, on the handset."""
_WHOM = {
    NOT_DELIVERED: f"""s.state NOT IN ('delivered', 'withdrawn', 'lapsed') AND coalesce(s.error_code, '') <> ALL(%(never)s)
       AND NOT {SECOND_ARRIVED.format(row="s")}""",
    NOT_ANSWERED: f"""s.state NOT IN ('withdrawn', 'lapsed')
       AND (s.state <> 'failed' OR {SECOND_UNDER_WAY.format(row="s")})""",
}
HAS_ADDRESS = "(%(channel)s::text <> 'mail' OR t.email IS NOT NULL AND t.email_bad_at IS NULL)"
"""SQL over travellers `t`: whether there is anywhere for the channel to go."""
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
    INSERT INTO outreach (alert_id, step, channel, whom, message_id, traveller_id, phone, variant, language, created_at)
    SELECT %(alert)s, %(step)s, %(channel)s::text, %(whom)s::text, s.id, s.traveller_id, s.phone, s.variant, s.language, %(now)s
      FROM seen s JOIN travellers t ON t.id = s.traveller_id
     WHERE {whom} AND t.phone = s.phone AND t.drill = %(drill)s AND t.erased_at IS NULL AND t.opted_out_at IS NULL
       AND {address}
       AND NOT EXISTS (SELECT 1 FROM standings w
                        WHERE w.traveller_id = t.id AND w.alert_id = ANY ((SELECT ids FROM chain)::bigint[]))
     ORDER BY s.moment, s.id
    ON CONFLICT (alert_id, phone, step) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM written), l.moment, l.id
  FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT moment, id FROM seen ORDER BY moment DESC, id DESC LIMIT 1) l ON true
"""
_UNTEXTED_LANGUAGES = "SELECT DISTINCT language FROM audience WHERE excluded = %s"
_UNTEXTED = f"""
INSERT INTO outreach (alert_id, step, channel, whom, traveller_id, phone, variant, language, created_at)
SELECT %(alert)s, %(step)s, %(channel)s::text, %(whom)s::text, a.traveller_id, a.phone, choice.variant, choice.language, %(now)s
  FROM audience a
  JOIN travellers t ON t.id = a.traveller_id
  JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = a.language AND choice.wanted = CASE a.precision WHEN 'country' THEN 'country' ELSE 'alert' END
 WHERE a.excluded = %(whom)s::text AND {HAS_ADDRESS}
ON CONFLICT (alert_id, phone, step) DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside
_WAITING = """
SELECT count(*) FROM (SELECT 1 FROM outreach WHERE alert_id = %s AND state = 'queued' AND channel = %s LIMIT %s) queued
"""
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
    SELECT id FROM outreach WHERE state IN ('calling', 'ringing', 'talking') AND lease_until < %(now)s AND channel <> 'mail'
     ORDER BY lease_until LIMIT 2000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE outreach SET state = 'in_doubt', lease_until = %(now)s WHERE id = ANY (ARRAY(SELECT id FROM over))
"""
_MAILS_LOST = """
WITH over AS MATERIALIZED (
    SELECT o.id, o.attempts, a.left_at FROM outreach o
      JOIN call_attempts a ON a.outreach_id = o.id AND a.number = o.attempts
     WHERE o.state = 'calling' AND o.channel = 'mail' AND o.lease_until < %(now)s
     ORDER BY o.lease_until LIMIT 2000 FOR NO KEY UPDATE OF o, a SKIP LOCKED
), closed AS (
    UPDATE call_attempts a SET finished_at = %(now)s, outcome = CASE WHEN over.left_at IS NULL THEN 'absent' ELSE 'lost' END
      FROM over WHERE a.outreach_id = over.id AND a.number = over.attempts AND a.outcome IS NULL
)
UPDATE outreach o
   SET state = CASE WHEN over.left_at IS NULL THEN 'queued' ELSE 'failed' END, lease_until = NULL,
       reason = CASE WHEN over.left_at IS NOT NULL THEN 'lost' END,
       settled_at = CASE WHEN over.left_at IS NOT NULL THEN %(now)s END
  FROM over WHERE o.id = over.id
"""
"""A worker died over these mails. What had not begun to leave never will: the attempt is closed, and leaving takes open ones
only. The rest may have arrived, there is nobody to ask, and nothing is sent again."""
_DUE = """
SELECT (SELECT array_agg(DISTINCT channel) FROM outreach
         WHERE state = 'queued' AND (not_before IS NULL OR not_before <= %(now)s)),
       (SELECT array_agg(DISTINCT channel) FROM outreach WHERE state = 'in_doubt' AND lease_until <= %(now)s)
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
        connection.execute(_MAILS_LOST, {"now": now})
        due, doubtful = connection.execute(_DUE, {"now": now}).fetchone() or (None, None)
    for channel, (job, doubt_job) in JOBS.items():
        if channel in (due or ()):
            jobs.enqueue(services, job)
        if doubt_job is not None and channel in (doubtful or ()):
            jobs.enqueue(services, doubt_job)
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
        untexted: list[tuple[int, Step]] = []
        for number, step in enumerate(read_steps(plan.steps)):
            if step.whom not in UNTEXTED:
                cursors[number], more = _look_at_pages(session, alert, step, number, cursors[number], now)
                written += more
            elif cursors[number] is None and _begun(alert, step, now):
                untexted.append((number, step))
                cursors[number] = [now.isoformat(), 0]
        if untexted:
            written += _look_for_untexted(connection, alert, alert.approval, untexted, now)
        plan.looked = cursors
    return written


def _begun(alert: Alert, step: Step, now: datetime) -> bool:
    return alert.started_at is not None and alert.started_at + timedelta(minutes=step.after_minutes) <= now


def _look_at_pages(
    session: Session, alert: Alert, step: Step, number: int, cursor: list[Any] | None, now: datetime
) -> tuple[list[Any] | None, int]:
    """Look page by page until all that are due were seen, enough wait, or the share of this sweep is used."""
    connection, written = psycopg_of(session), 0
    row = connection.execute(_WAITING, (alert.id, step.channel, MAX_WAITING)).fetchone()
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
        "at": cursor[0] if cursor else "-infinity", "id": cursor[1] if cursor else 0, "never": list(NEVER[step.channel]),
        "channel": step.channel,
    }  # fmt: skip
    row = connection.execute(LOOK.format(whom=_WHOM[step.whom], chain=CHAIN, address=HAS_ADDRESS), values).fetchone()
    assert row is not None
    seen, written, moment, message_id = row
    return Looked(seen, written, [moment.isoformat(), message_id] if seen else cursor)


def _look_for_untexted(
    connection: psycopg.Connection[Any], alert: Alert, approval: Approval, steps: list[tuple[int, Step]], now: datetime
) -> int:
    """Write rows for everybody inside who was sent no text, by the reasons that the steps are for (`gather` names them so)."""
    area = Area.from_json(approval.areas, "areas")
    gather.people_inside(connection, area, now, drill=approval.drill, precisions=approval.precisions)
    written = 0
    for number, step in steps:
        languages = [row[0] for row in connection.execute(_UNTEXTED_LANGUAGES, (step.whom,)).fetchall()]
        columns = gather.columns(gather.choose_texts(approval.texts, languages))
        values = {"alert": alert.id, "step": number, "channel": step.channel, "whom": step.whom, "now": now} | columns
        written += connection.execute(_UNTEXTED, values).rowcount
    return written
