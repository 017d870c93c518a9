"""Which alert goes first: extreme before severe before the rest, real ones before drills."""

from __future__ import annotations

RANK = """(CASE WHEN {alert}.status <> 'Actual' THEN 9
     WHEN {alert}.severity = 'Extreme' THEN 0 WHEN {alert}.severity = 'Severe' THEN 1
     WHEN {alert}.severity = 'Moderate' THEN 2 WHEN {alert}.severity = 'Minor' THEN 3 ELSE 4 END)"""
"""SQL: the smaller goes first (CAP 1.2, severity). A drill never holds up a real alert."""

WAITING = """((SELECT m.id FROM messages m WHERE m.state = 'queued' AND m.alert_id BETWEEN {alert} AND {alert}
     ORDER BY m.alert_id, m.id LIMIT 1) IS NOT NULL)"""
"""SQL: whether the alert has a message that waits.

Range and order leave only `ix_messages_waiting` (see `claims`); from an EXISTS the planner would drop the order, and with old
statistics it reads the whole table in the hope of an early hit.
"""

DUE = """((SELECT m.id FROM messages m WHERE m.state = 'queued' AND m.alert_id BETWEEN {alert}.id AND {alert}.id
         AND (m.not_before IS NULL OR m.not_before <= %(now)s) ORDER BY m.alert_id, m.id LIMIT 1) IS NOT NULL)"""
"""SQL: whether the alert has a message that could be sent now."""

OTHERS_WAITING = f"""
SELECT coalesce(bool_or({RANK.format(alert="other")} < {RANK.format(alert="mine")}), false),
       coalesce(bool_or({RANK.format(alert="other")} = {RANK.format(alert="mine")}), false)
  FROM alerts mine JOIN alerts other ON other.state = 'dispatching' AND other.id <> mine.id
 WHERE mine.id = %(alert_id)s AND {RANK.format(alert="other")} <= {RANK.format(alert="mine")}
   AND {DUE.format(alert="other")}
"""  # noqa: S608 - put together from the constants above, no value comes from outside
"""SQL: whether a more severe alert, and whether another one as severe, has a message that could be sent now."""
