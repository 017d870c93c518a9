"""From crossings to texts: new ones become arrivals, arrivals whose time has come are decided, greetings become notices.

One process decides at a time, so that two arrivals of one number never miss each other. Everything of a batch is read and
written in a few statements; the decision itself is pure (`rules`).
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog

from alerts.arrivals import rules, wording
from alerts.arrivals.rules import Known, Policy
from hotline.core.services import Services
from hotline.notices import store
from hotline.notices.store import NewNotice

log = structlog.get_logger(__name__)

JOB, FORGET_JOB = "arrivals.sweep", "arrivals.forget_old"
TAKE_AT_ONCE, DECIDE_AT_ONCE = 5_000, 1_000
MAX_ROUNDS = 20
_DECIDE_LOCK = 0x48_4F_54_0A
"""Key of the advisory lock that lets one process decide at a time."""

_TAKE = """
WITH fresh AS MATERIALIZED (
    SELECT id, traveller_id, country, at FROM crossings WHERE NOT considered
     ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE crossings SET considered = true WHERE id = ANY (ARRAY(SELECT id FROM fresh))
), added AS (
    INSERT INTO arrivals (traveller_id, phone, country, arrived_at, due_at)
    SELECT DISTINCT ON (t.phone, f.country, f.at) t.id, t.phone, f.country, f.at,
           f.at + make_interval(mins => coalesce(p.settle_minutes, %(settle)s))
      FROM fresh f JOIN travellers t ON t.id = f.traveller_id AND t.erased_at IS NULL
      LEFT JOIN arrival_policies p ON p.country = f.country
     ORDER BY t.phone, f.country, f.at, t.id
        ON CONFLICT (phone, country, arrived_at) DO NOTHING
)
SELECT count(*) FROM fresh
"""
_DUE = """
SELECT a.id, a.traveller_id, a.phone, a.country, a.arrived_at, t.language
  FROM arrivals a LEFT JOIN travellers t ON t.id = a.traveller_id AND t.phone = a.phone AND t.erased_at IS NULL
 WHERE a.state = 'waiting' AND a.due_at <= %(now)s ORDER BY a.due_at, a.id LIMIT %(most)s FOR UPDATE OF a
"""
_GREETED = """
SELECT phone, country, arrived_at FROM arrivals
 WHERE phone = ANY(%(phones)s) AND state = 'greeted' AND arrived_at > %(since)s
"""
_HOMES = """
SELECT DISTINCT t.phone, c.at FROM travellers t JOIN crossings c ON c.traveller_id = t.id
 WHERE t.phone = ANY(%(phones)s) AND t.erased_at IS NULL AND c.home AND c.at > %(since)s ORDER BY c.at
"""
_LAST = """
SELECT DISTINCT ON (t.phone) t.phone, c.country FROM travellers t JOIN crossings c ON c.traveller_id = t.id
 WHERE t.phone = ANY(%(phones)s) AND t.erased_at IS NULL ORDER BY t.phone, c.seen_until DESC, c.at DESC, c.country
"""
_POLICIES = "SELECT country, greets, settle_minutes, quiet_days FROM arrival_policies"
_WRITE = """
UPDATE arrivals a SET state = d.state, reason = d.reason, decided_at = %(now)s, text_id = d.text_id
  FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(texts)s::bigint[]) AS d(id, state, reason, text_id)
 WHERE a.id = d.id
"""
_FORGET = """
DELETE FROM arrivals WHERE id IN (
    SELECT id FROM arrivals WHERE decided_at < %s ORDER BY decided_at LIMIT %s)
"""


class Due(NamedTuple):
    """An arrival whose time has come; `language` None when its person is erased or has another number now."""

    id: int
    traveller_id: int
    phone: str
    country: str
    arrived_at: datetime
    language: str | None


class Decision(NamedTuple):
    """What became of one arrival; `reason` is empty for a greeting."""

    due: Due
    reason: str


@dataclass
class SweepReport:
    """What a run did: crossings taken, arrivals decided, greetings among them."""

    taken: int = 0
    decided: int = 0
    greeted: int = 0


def sweep(services: Services) -> SweepReport:
    """Take new crossings, then decide what is due, in bounded rounds; the job `arrivals.sweep`."""
    report = SweepReport()
    for _ in range(MAX_ROUNDS):
        with services.db.connection() as connection:
            taken = take(connection)
        report.taken += taken
        if taken < TAKE_AT_ONCE:
            break
    for _ in range(MAX_ROUNDS):
        with services.db.connection() as connection:
            decisions = decide_due(services, connection)
        report.decided += len(decisions)
        report.greeted += sum(not each.reason for each in decisions)
        if len(decisions) < DECIDE_AT_ONCE:
            break
    if report.decided:
        log.info("arrivals.decided", decided=report.decided, greeted=report.greeted)
    return report


def take(connection: psycopg.Connection[Any]) -> int:
    """Turn new crossings into arrivals that wait until their telephones have settled; how many crossings there were."""
    settle_minutes = int(rules.USUAL.settle.total_seconds() // 60)
    row = connection.execute(_TAKE, {"most": TAKE_AT_ONCE, "settle": settle_minutes}).fetchone()
    return int(row[0]) if row is not None else 0


def decide_due(services: Services, connection: psycopg.Connection[Any]) -> list[Decision]:
    """Decide a batch of arrivals in the caller's transaction; an arrival and its notice are written together."""
    now = services.clock.now()
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_DECIDE_LOCK,)).fetchone()
    if row is None or not row[0]:
        return []
    due = [Due(*each) for each in connection.execute(_DUE, {"now": now, "most": DECIDE_AT_ONCE}).fetchall()]
    if not due:
        return []
    decisions = _decide_all(connection, due, now)
    words = wording.load(connection, services.settings.hotline_number)
    notices, texts = [], dict[int, int]()
    for place, decision in enumerate(decisions):
        if decision.reason:
            continue
        greeting = words.for_person(decision.due.country, decision.due.language or "")
        if greeting is None:
            decisions[place] = decision._replace(reason="no_text")
            continue
        texts[decision.due.id] = greeting.text_id
        notices.append(
            NewNotice(
                decision.due.phone,
                greeting.body,
                f"arrival:{decision.due.id}",
                now + rules.FRESH,
                decision.due.traveller_id,
            )
        )
    store.publish_many(connection, now, "arrival", notices)
    connection.execute(
        _WRITE,
        {
            "now": now,
            "ids": [each.due.id for each in decisions],
            "states": ["passed" if each.reason else "greeted" for each in decisions],
            "reasons": [each.reason for each in decisions],
            "texts": [texts.get(each.due.id) for each in decisions],
        },
    )
    return decisions


def _decide_all(connection: psycopg.Connection[Any], due: list[Due], now: datetime) -> list[Decision]:
    """Decide in the order in which they fell due; a greeting of this batch counts for the ones after it."""
    values = {"phones": sorted({each.phone for each in due}), "since": now - rules.LOOK_BACK}
    greeted: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for phone, country, at in connection.execute(_GREETED, values).fetchall():
        greeted[phone, country].append(at)
    homes: dict[str, list[datetime]] = defaultdict(list)
    for phone, at in connection.execute(_HOMES, values).fetchall():
        insort(homes[phone], at)
    last: dict[str, str] = dict(connection.execute(_LAST, values).fetchall())
    policies = {
        country: Policy(greets, timedelta(minutes=settle), timedelta(days=quiet))
        for country, greets, settle, quiet in connection.execute(_POLICIES).fetchall()
    }
    decisions = []
    for each in due:
        known = Known(greeted[each.phone, each.country], homes[each.phone], last.get(each.phone, ""))
        policy = policies.get(each.country, rules.USUAL)
        reason = rules.pass_over(each.country, each.arrived_at, now, policy, known)
        if each.language is None:
            reason = "gone"
        if not reason:
            greeted[each.phone, each.country].append(each.arrived_at)
        decisions.append(Decision(each, reason))
    return decisions


def forget_old(services: Services) -> int:
    """Remove arrivals that no rule looks at any more; the job `arrivals.forget_old`. How many."""
    total, before = 0, services.clock.now() - rules.LOOK_BACK
    for _ in range(MAX_ROUNDS):
        with services.db.connection() as connection:
            deleted = connection.execute(_FORGET, (before, TAKE_AT_ONCE)).rowcount
        total += deleted
        if deleted < TAKE_AT_ONCE:
            break
    return total


def forget_person(services: Services, payload: Any) -> None:
    """Handle `TravellerErased`: their arrivals go too; idempotent."""
    with services.db.connection() as connection:
        connection.execute("DELETE FROM arrivals WHERE traveller_id = %s", (int(payload["traveller_id"]),))
