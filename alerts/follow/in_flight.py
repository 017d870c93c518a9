"""Messages that wait for an earlier one of their chain which was in flight when they were written.

An update is written while the alert's own text is with the carrier and nobody knows yet whether it will arrive. If it
does, "what changed" is the right text; if it does not, the person has had nothing and needs the whole alert, and somebody
who is outside, or whom a cancel concerns, needs nothing at all. So such a message waits until the earlier one has settled,
but not for long: after `HOLD_S` it goes out as it is, because every text can be understood by itself.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import structlog

from alerts import gather, tallies
from alerts.follow import reaches
from alerts.models import Approval
from alerts.states import QUEUED, WITHDRAWN
from alerts.variants import UPDATE
from hotline.core import jobs, live
from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB = "alerts.follow_in_flight"
HOLD_S = 120.0
"""A look-up that clears a doubt takes seconds; longer than this nobody is kept waiting."""
BATCH = 5_000
MAX_BATCHES = 200
_LANE = "alerts.dispatch"

WAITING_ALERTS = """
SELECT DISTINCT m.alert_id FROM messages m JOIN alerts a ON a.id = m.alert_id
 WHERE m.waits_for IS NOT NULL AND m.state = 'queued' AND a.state = 'dispatching' ORDER BY 1 LIMIT 500
"""
_LOCK_ALERT = "SELECT state, started_at FROM alerts WHERE id = %s FOR NO KEY UPDATE"
SETTLED = """
SELECT m.id, m.country, m.variant, t.language,
       earlier.state IN ('sent', 'delivered', 'sending', 'in_doubt', 'queued') AS got,
       t.number_bad_at IS NULL AND t.opted_out_at IS NULL AND t.erased_at IS NULL AS reachable,
       p.lat, p.lon, CASE p.precision WHEN 'country' THEN p.country ELSE '' END
  FROM messages m
  JOIN messages earlier ON earlier.id = m.waits_for
  JOIN travellers t ON t.id = m.traveller_id
  LEFT JOIN positions p ON p.traveller_id = m.traveller_id AND p.lat IS NOT NULL
                       AND (p.valid_until IS NULL OR p.valid_until > %(now)s) AND p.precision = ANY(%(precisions)s)
 WHERE m.waits_for IS NOT NULL AND m.state = 'queued' AND m.alert_id = %(alert_id)s
   AND (earlier.state NOT IN ('sending', 'in_doubt', 'queued') OR %(held_long_enough)s)
 ORDER BY m.id LIMIT %(most)s FOR NO KEY UPDATE OF m
"""
_RELEASE = "UPDATE messages SET waits_for = NULL, not_before = NULL WHERE id = ANY(%s)"
_TURN = f"""
UPDATE messages m SET waits_for = NULL, not_before = NULL, variant = choice.variant, language = choice.language,
       parts = choice.parts
  FROM unnest(%(ids)s::bigint[], %(owns)s::text[]) AS turned(id, own)
  JOIN {gather.CHOICES} AS choice(wanted, own, variant, language, parts)
    ON choice.own = turned.own AND choice.wanted = 'alert'
 WHERE m.id = turned.id
"""  # noqa: S608 - put together from constants, no value comes from outside
_WITHDRAW = """
UPDATE messages SET state = 'withdrawn', waits_for = NULL, not_before = NULL, settled_at = %s, error_code = 'not_needed'
 WHERE id = ANY(%s)
"""


def settle(services: Services) -> int:
    """Let every message go, or turn it, whose earlier one has settled; the job `alerts.follow_in_flight`. How many."""
    with services.db.connection() as connection:
        waiting = [row[0] for row in connection.execute(WAITING_ALERTS)]
    total = 0
    for alert_id in waiting:
        settled = _settle_alert(services, alert_id)
        if settled:
            jobs.enqueue(services, _LANE, alert_id)
            live.notify(services.redis, f"alert:{alert_id}")
        total += settled
    return total


def _settle_alert(services: Services, alert_id: int) -> int:
    total = 0
    for _ in range(MAX_BATCHES):
        done = _settle_batch(services, alert_id)
        total += done
        if done < BATCH:
            break
    return total


def _settle_batch(services: Services, alert_id: int) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        connection = session.connection().connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        row = connection.execute(_LOCK_ALERT, (alert_id,)).fetchone()
        approval = session.get(Approval, alert_id)
        if row is None or row[0] != "dispatching" or approval is None:
            return 0
        held_long_enough = row[1] + timedelta(seconds=HOLD_S) <= now
        values = {"alert_id": alert_id, "now": now, "held_long_enough": held_long_enough, "most": BATCH,
                  "precisions": approval.precisions}  # fmt: skip
        rows = connection.execute(SETTLED, values).fetchall()
        _apply(connection, alert_id, approval, rows, now)
    return len(rows)


def _apply(
    connection: psycopg.Connection[Any], alert_id: int, approval: Approval, rows: list[tuple[Any, ...]], now: datetime
) -> None:
    """Send as it is what the earlier text arrived for; else the whole alert to those inside, and nothing to the others."""
    go, turn, drop = [], [], []
    deltas: Counter[tallies.TallyKey] = Counter()
    inside = _inside(approval, rows)
    for message_id, country, variant, language, got, reachable, *_ in rows:
        if got:
            go.append(message_id)
        elif variant == UPDATE and message_id in inside and reachable:
            turn.append((message_id, language))
        else:
            drop.append(message_id)
            deltas[alert_id, country, QUEUED, "", ""] -= 1
            deltas[alert_id, country, WITHDRAWN, "", ""] += 1
    connection.execute(_RELEASE, (go,))
    if turn:
        choices = gather.choose_texts(approval.texts, {language for _, language in turn})
        values = {"ids": [each for each, _ in turn], "owns": [own for _, own in turn], **gather.columns(choices)}
        connection.execute(_TURN, values)
    connection.execute(_WITHDRAW, (now, drop))
    tallies.add(connection, deltas)
    log.info("follow.in_flight_settled", alert=alert_id, sent_as_is=len(go), turned=len(turn), dropped=len(drop))


def _inside(approval: Approval, rows: list[tuple[Any, ...]]) -> set[int]:
    """Return the messages whose person is inside the area now: they may have left since the message was written."""
    unsure = [row for row in rows if not row[4] and row[2] == UPDATE and row[6] is not None]
    if not unsure:
        return set()
    reach = reaches.reach_of(approval.alert_id, approval.digest, approval.areas, approval.precisions)
    lats, lons = (np.array([row[column] for row in unsure], np.float64) for column in (6, 7))
    mask = reach.inside(lats, lons, np.array([row[8] for row in unsure]))
    return {row[0] for row, is_inside in zip(unsure, mask, strict=True) if is_inside}
