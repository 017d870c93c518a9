"""Clearing up doubt: notices whose answer was lost, or whose worker died, are looked up at the provider before anything else.

A text that is found is recorded under its name there. One that is not found counts as absent only when the provider's record
was read to its end, after the last moment at which it could have been accepted plus the time the record may lag behind; only
then may it be sent again. The number of absences is bounded, and so is the time a doubt may stand.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.notices.results import UNKNOWN, Settlement, back_off_s, record
from hotline.notices.states import FAILED, IN_DOUBT, QUEUED
from hotline.notices.terms import Terms
from hotline.notices.text_tables import NOTICES
from hotline.providers.carriers import NotConfigured, sms_providers
from hotline.providers.lookups import names_of_earlier_attempts
from hotline.providers.ranks import word
from hotline.providers.recordless import Verdict, judge
from hotline.providers.sms import FoundMessage, LookedUp, SmsQuery

log = structlog.get_logger(__name__)

JOB = "notices.doubt"
BATCH = 100
RUN_S = 15.0
CLOCK_SKEW_S = 300.0
"""How far the provider's clock may stand behind ours."""
LOOK_AGAIN_S = 3.0
GIVE_UP_AFTER_S = 24 * 3600.0
ATTEMPTS_USED_UP, NEVER_CLEARED = "attempts", "lost"
_ASSIGN_LOCK = 0x48_4F_54_07
"""Key of the advisory lock under which texts found at the provider are given to notices, each to one."""

_LEASES_OVER = """
WITH over AS MATERIALIZED (
    SELECT id FROM notices WHERE state = 'sending' AND lease_until < %(now)s
     ORDER BY lease_until LIMIT 2000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notices n SET state = 'in_doubt', lease_until = %(now)s WHERE n.id = ANY (ARRAY(SELECT id FROM over))
"""
_PICK = """
WITH due AS MATERIALIZED (
    SELECT id FROM notices WHERE state = 'in_doubt' AND lease_until <= %(now)s
     ORDER BY lease_until LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), held AS (
    UPDATE notices n SET lease_until = %(held_until)s WHERE n.id = ANY (ARRAY(SELECT id FROM due))
    RETURNING n.id, n.phone, n.body, n.attempts
)
SELECT h.id, h.phone, h.body, h.attempts, tried.first_at, tried.absent, last.started_at, last.finished_at, last.provider,
       last.left_at
  FROM held h
  JOIN notice_attempts last ON last.notice_id = h.id AND last.number = h.attempts
  CROSS JOIN LATERAL (SELECT min(a.started_at) AS first_at, count(*) FILTER (WHERE a.outcome = 'absent') AS absent
                        FROM notice_attempts a WHERE a.notice_id = h.id) tried
 ORDER BY h.id
"""
_TAKEN = "SELECT provider_sid, id FROM notices WHERE provider_sid = ANY(%s)"
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM notices WHERE state = 'in_doubt' AND lease_until <= %(now)s)"


class Doubt(NamedTuple):
    """One notice in doubt; `absent` is how often it has been looked up in vain to the end. Times are aware UTC."""

    id: int
    phone: str
    body: str
    attempt: int
    first_at: datetime
    absent: int
    started_at: datetime
    finished_at: datetime | None
    provider: str = ""
    left_at: datetime | None = None

    def absent_from(self, terms: Terms) -> datetime:
        """Return the moment from which on a text that is not in the record was never accepted."""
        last_possible = self.finished_at or self.started_at + timedelta(seconds=terms.lease_s)
        return last_possible + timedelta(seconds=terms.settle_s)

    def query(self) -> SmsQuery:
        """Return the question to the provider: any attempt of this notice, for clocks that differ."""
        return SmsQuery(self.id, self.phone, self.body, self.first_at - timedelta(seconds=CLOCK_SKEW_S))


def end_leases(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Put notices whose claim ran out without a result in doubt; how many there were."""
    over = connection.execute(_LEASES_OVER, {"now": now}).rowcount
    if over:
        log.warning("notices.leases_over", notices=over)
    return over


def clear_doubt(services: Services) -> int:
    """Look up what is in doubt and due, batch by batch, for a bounded time; how many notices left their doubt."""
    try:
        providers = sms_providers(services)
    except NotConfigured:
        return 0  # the lane has raised the fault; nothing can be looked up before it is mended
    terms, cleared, stop_at = Terms.of(services.settings), 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        held_until = services.clock.now() + timedelta(seconds=RUN_S + 4 * terms.timeout_s)
        with services.db.connection() as connection:
            rows = connection.execute(
                _PICK, {"now": services.clock.now(), "most": BATCH, "held_until": held_until}
            ).fetchall()
        if not rows:
            break
        doubts = [Doubt(*row) for row in rows]
        # A provider that is not configured any more is not asked; its doubts stay until a receipt or their time ends them.
        answers = [
            answer
            for name, provider in providers.items()
            if provider.keeps_record and (own := [doubt.query() for doubt in doubts if doubt.provider == name])
            for answer in provider.lookup(own)
        ]
        recordless = frozenset(name for name, each in providers.items() if not each.keeps_record)
        with services.db.transaction() as session:
            settlements = _decide_all(services, session, terms, doubts, answers, recordless)
            record(session, services.clock, settlements)
        cleared += sum(each.state != IN_DOUBT for each in settlements)
    return cleared


def _decide_all(
    services: Services,
    session: Session,
    terms: Terms,
    doubts: list[Doubt],
    answers: list[LookedUp],
    recordless: frozenset[str],
) -> list[Settlement]:
    """Give each found text to one notice only: two notices with the same words may go to one handset."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ASSIGN_LOCK,))
    by_id = {answer.query.message_id: answer for answer in answers}
    sids = [found.provider_sid for answer in answers for found in answer.found]
    taken: dict[str, int] = dict(connection.execute(_TAKEN, (sids,)).fetchall()) if sids else {}
    earlier = names_of_earlier_attempts(connection, [doubt.id for doubt in doubts], NOTICES)
    settlements = []
    for doubt in doubts:
        if doubt.provider in recordless:
            settlements.append(decide_without_record(doubt, terms, services.clock.now()))
            continue
        answer = by_id.get(doubt.id)
        found = [each for each in answer.found if taken.get(each.provider_sid, doubt.id) == doubt.id] if answer else []
        found = [each for each in found if each.provider_sid not in earlier]
        if found:
            taken[found[0].provider_sid] = doubt.id
        complete = answer is not None and answer.complete
        settlements.append(decide(doubt, found[0] if found else None, complete, terms, services.clock.now()))
    return settlements


def decide_without_record(doubt: Doubt, terms: Terms, now: datetime) -> Settlement:
    """Say what becomes of a doubt at a provider that cannot be asked; pure. See `hotline.providers.recordless`."""
    match judge(started_at=doubt.started_at, left_at=doubt.left_at, lease_s=terms.lease_s, now=now):
        case Verdict.NEVER_LEFT:
            return Settlement(doubt.id, doubt.attempt, "absent", QUEUED, wait_s=0.0)
        case Verdict.LOST:
            return Settlement(doubt.id, doubt.attempt, "lost", FAILED, code=NEVER_CLEARED)
        case Verdict.WAIT:
            return Settlement(doubt.id, doubt.attempt, None, IN_DOUBT, wait_s=LOOK_AGAIN_S)


def decide(doubt: Doubt, found: FoundMessage | None, complete: bool, terms: Terms, now: datetime) -> Settlement:
    """Say what becomes of one doubt; pure. `complete` is whether the provider's record was read to its end."""
    if found is not None:
        known = word(found.provider_status, found.error_code)
        code = (found.error_code or UNKNOWN) if known.state == FAILED else None
        return Settlement(
            doubt.id, doubt.attempt, "found", known.state, found.provider_sid, found.provider_status, code
        )
    if complete and now >= doubt.absent_from(terms):
        if doubt.absent + 1 >= terms.max_attempts:
            return Settlement(doubt.id, doubt.attempt, "absent", FAILED, code=ATTEMPTS_USED_UP)
        return Settlement(doubt.id, doubt.attempt, "absent", QUEUED, wait_s=back_off_s(doubt.absent + 1, doubt.id))
    if now - doubt.started_at > timedelta(seconds=GIVE_UP_AFTER_S):
        return Settlement(doubt.id, doubt.attempt, "lost", FAILED, code=NEVER_CLEARED)
    wait_s = LOOK_AGAIN_S
    if complete:
        wait_s = min(wait_s, max(0.1, (doubt.absent_from(terms) - now).total_seconds()))
    return Settlement(doubt.id, doubt.attempt, None, IN_DOUBT, wait_s=wait_s)
