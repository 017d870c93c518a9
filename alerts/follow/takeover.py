"""A later alert of a chain takes the place of the earlier ones, in the transaction in which its own messages are written.

From then on nothing of an earlier one goes out: its waiting messages are withdrawn, an approval that was not acted on yet is
void, and drafts of it are closed. What is with the carrier already stays there and counts as got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.follow import chain
from alerts.models import Alert
from alerts.states import ALERT, OPEN_ALERT_STATES, QUEUED, WITHDRAWN
from alerts.tallies import TallyKey
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.ids import reference

LOCK_TIMEOUT_S = 10
"""Longest wait for a lane's claim or an officer's stop, both of which take milliseconds; the sweeper tries again."""
REPLACED = "superseded"
_CHAIN_LOCK = 0x48_4F_54_06 << 32
"""Added to the chain's id: the key of the advisory lock under which one alert at a time takes over."""
WITHDRAW = """
WITH moved AS (
    UPDATE messages SET state = 'withdrawn', error_code = %(code)s, settled_at = %(now)s, not_before = NULL
     WHERE state = 'queued' AND alert_id = ANY(%(alerts)s)
    RETURNING alert_id, country
)
SELECT alert_id, country, count(*)::int FROM moved GROUP BY 1, 2
"""


class Overtaken(Exception):
    """A newer alert of the chain has begun to be sent: this one is out of date."""


def take_over(
    session: Session, connection: psycopg.Connection[Any], clock: Clock, alert: Alert
) -> tuple[list[int], Counter[TallyKey]]:
    """Put an alert in the place of all earlier ones of its chain; the ids of the others, and changes for the tallies.

    The caller adds those changes at the end of its transaction. The rows of the chain stay locked until then, so that no
    lane claims another message of an earlier alert. Raises Overtaken.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK + chain.root_of(alert)})
    session.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_S * 1000}"))
    others = [each.id for each in chain.members(session, chain.root_of(alert)) if each.id != alert.id]
    earlier = []
    for member in _locked(session, others):
        if not chain.is_newer(member, alert):
            earlier.append(member)
        elif member.started_at is not None:
            raise Overtaken
    for member in earlier:
        replace(session, clock, member, alert)
    session.flush()
    return others, _withdraw(connection, clock, [each.id for each in earlier])


def replace(session: Session, clock: Clock, member: Alert, by: Alert) -> None:
    """Close one alert because a later one stands in its place."""
    if member.superseded_by_id is None or member.superseded_by_id < by.id:
        member.superseded_by_id = by.id
    if member.state not in OPEN_ALERT_STATES:
        return
    before, member.state = member.state, ALERT.next_state(member.state, "supersede", SYSTEM)
    member.finished_at = member.updated_at = clock.now()
    audit.record(
        session, clock, SYSTEM, "alert.superseded", "alert", member.id, before={"state": before},
        after={"state": member.state, "by": by.id, "reason": reference("AL", by.id)},
    )  # fmt: skip


def _locked(session: Session, ids: Sequence[int]) -> list[Alert]:
    statement = select(Alert).where(Alert.id.in_(ids)).order_by(Alert.id)
    return list(
        session.scalars(statement.with_for_update(of=Alert, key_share=True).execution_options(populate_existing=True))
    )


def _withdraw(connection: psycopg.Connection[Any], clock: Clock, alerts: list[int]) -> Counter[TallyKey]:
    deltas: Counter[TallyKey] = Counter()
    rows = connection.execute(WITHDRAW, {"alerts": alerts, "now": clock.now(), "code": REPLACED}).fetchall()
    for alert_id, country, count in rows:
        deltas[alert_id, country, QUEUED, "", ""] -= count
        deltas[alert_id, country, WITHDRAWN, "", ""] += count
    return deltas
