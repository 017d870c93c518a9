"""Second texts whose answer was lost: looked up at their own provider, and never sent blind.

The first text had the same words and number. It went by another provider, or at least by another sender, and whatever name it
has there is known; a name that belongs to it, or to another row, is not taken for this one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.replies.bodies import personal
from alerts.silent import text_reports
from alerts.silent.claiming import BACK_OFF_S, Settlement, record
from alerts.silent.doubt import CLOCK_SKEW_S, GIVE_UP_AFTER, LOOK_AGAIN_S, MAX_ABSENT
from alerts.silent.looking import TEXT_DOUBT_JOB
from alerts.silent.reports import Report
from alerts.silent.states import IN_DOUBT
from hotline.core.services import Services
from hotline.people import reachability
from hotline.providers.carriers import NotConfigured, sms_providers
from hotline.providers.recordless import GIVE_UP_AFTER_S as GIVE_UP_UNRECORDED_S
from hotline.providers.sms import LookedUp, SmsProvider, SmsQuery

JOB = TEXT_DOUBT_JOB
BATCH, RUN_S = 50, 10.0
_ASSIGN_LOCK = 0x48_4F_54_12
_PICK = """
WITH due AS MATERIALIZED (
    SELECT id FROM outreach WHERE state = 'in_doubt' AND channel = 'sms' AND lease_until <= %(now)s
     ORDER BY lease_until LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), held AS (
    UPDATE outreach o SET lease_until = %(held_until)s WHERE o.id = ANY (ARRAY(SELECT id FROM due))
    RETURNING o.id, o.alert_id, o.phone, o.traveller_id, o.attempts, o.variant, o.language
)
SELECT h.id, h.alert_id, h.phone, h.traveller_id, h.attempts, p.texts -> h.variant ->> h.language, p.at, a.provider,
       a.started_at, a.finished_at, a.provider_sid,
       (SELECT count(*) FROM call_attempts b WHERE b.outreach_id = h.id AND b.outcome = 'absent')
  FROM held h JOIN call_attempts a ON a.outreach_id = h.id AND a.number = h.attempts
  JOIN approvals p ON p.alert_id = h.alert_id ORDER BY h.id
"""
_TAKEN = text("""
SELECT provider_sid FROM attempts WHERE message_id IN (SELECT message_id FROM outreach WHERE id = ANY (:ids))
   AND provider_sid = ANY (:sids)
 UNION ALL
SELECT provider_sid FROM call_attempts WHERE provider_sid = ANY (:sids)
""")


_CLOSE = text("""
UPDATE call_attempts SET outcome = 'absent', finished_at = :now
 WHERE outreach_id = :id AND number = :number AND left_at IS NULL AND outcome IS NULL RETURNING 1
""")
"""Closes an attempt that has not begun to leave. Leaving takes open attempts only, so it never will."""


class Doubt(NamedTuple):
    """One second text in doubt with its present attempt; `absent` earlier ones were proved never to have been accepted."""

    id: int
    alert_id: int
    phone: str
    traveller_id: int
    attempt: int
    template: str | None
    approved_at: datetime
    provider: str
    started_at: datetime
    finished_at: datetime | None
    sid: str | None
    absent: int


def clear_doubt(services: Services) -> int:
    """Look up what is in doubt and due; the job `silent.text_doubt`. How many left their doubt."""
    try:
        providers = sms_providers(services)
    except NotConfigured:
        return 0  # nothing can be looked up before the settings are mended; the lanes say so
    cleared, stop_at = 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        now = services.clock.now()
        held_until = now + timedelta(seconds=RUN_S + 4 * services.settings.dispatch_timeout_s)
        with services.db.connection() as connection:
            rows = connection.execute(_PICK, {"now": now, "most": BATCH, "held_until": held_until}).fetchall()
        if not rows:
            break
        doubts = [Doubt(*row) for row in rows]
        answers = {each.query.message_id: each for each in _look_up(services, providers, doubts)}
        cleared += _settle_all(services, providers, doubts, answers)
    return cleared


def _look_up(services: Services, providers: Mapping[str, SmsProvider], doubts: Sequence[Doubt]) -> list[LookedUp]:
    answers: list[LookedUp] = []
    for name, provider in providers.items():
        queries = [
            SmsQuery(
                each.id, each.phone,
                personal(services.settings, each.template, each.traveller_id, each.alert_id, each.approved_at),
                each.started_at - timedelta(seconds=CLOCK_SKEW_S),
            )
            for each in doubts if each.provider == name and each.template
        ]  # fmt: skip
        if queries and provider.keeps_record:
            answers += provider.lookup(queries)
    return answers


def _settle_all(
    services: Services, providers: Mapping[str, SmsProvider], doubts: Sequence[Doubt], answers: Mapping[int, LookedUp]
) -> int:
    now, cleared, settlements = services.clock.now(), 0, list[Settlement]()
    with services.db.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ASSIGN_LOCK})
        for doubt in doubts:
            answer = answers.get(doubt.id)
            if answer is not None and _found(services, session, doubt, answer):
                cleared += 1
                continue
            provider = providers.get(doubt.provider)
            recordless = provider is not None and not provider.keeps_record
            complete = answer is not None and answer.complete
            values = {"id": doubt.id, "number": doubt.attempt, "now": now}
            never_left = recordless and session.scalar(_CLOSE, values) is not None
            settlements.append(
                decide(services, doubt, now, complete=complete, recordless=recordless, never_left=never_left)
            )
    record(services, settlements)
    return cleared + sum(each.state != IN_DOUBT for each in settlements)


def _found(services: Services, session: Session, doubt: Doubt, answer: LookedUp) -> bool:
    """Take over the first found text that is nobody else's; False when there is none."""
    sids = [each.provider_sid for each in answer.found]
    taken = set(session.scalars(_TAKEN, {"ids": [doubt.id], "sids": sids})) - {doubt.sid} if sids else set()
    own = next((each for each in answer.found if each.provider_sid not in taken), None)
    if own is None:
        return False
    said = Report(doubt.id, doubt.attempt, own.provider_sid, own.provider_status, None, own.error_code)
    moved = text_reports.apply(session, services.clock, said)
    if moved is not None:
        reachability.record(session, services.clock, "alert", moved.marks)
    return True


def decide(
    services: Services, doubt: Doubt, now: datetime, *, complete: bool, recordless: bool, never_left: bool
) -> Settlement:
    """Say what becomes of a text that was not found.

    `complete`: the provider's record was read to its end; `recordless`: the provider keeps none; `never_left`: its attempt was
    closed before it could begin to leave. What may have left without a record is given up and never sent again.
    """
    settings = services.settings
    last_possible = doubt.finished_at or doubt.started_at + timedelta(seconds=settings.dispatch_lease_s)
    proved = complete and doubt.sid is None and now >= last_possible + timedelta(seconds=settings.dispatch_settle_s)
    if never_left or proved:
        if doubt.absent + 1 >= MAX_ABSENT:
            return Settlement(doubt.id, doubt.attempt, "absent", "failed", code="attempts")
        return Settlement(doubt.id, doubt.attempt, "absent", "queued", wait_s=BACK_OFF_S)
    patience = timedelta(seconds=GIVE_UP_UNRECORDED_S) if recordless else GIVE_UP_AFTER
    if now - doubt.started_at > patience:
        return Settlement(doubt.id, doubt.attempt, "lost", "failed", code="lost")
    return Settlement(doubt.id, doubt.attempt, None, IN_DOUBT, wait_s=LOOK_AGAIN_S)
