"""E-mails to the silent: claimed at the pace of the mail server, written in each person's language, and recorded.

A mail server keeps no record that could be asked. So what is about to leave is written down first, one mail at a time; what
may have left and was not answered for has failed as *lost*: it may have arrived, and it is never sent again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from alerts.replies.bodies import personal
from alerts.silent.claiming import BACK_OFF_S, Claimed, Pace, Settlement, claim_paced, record
from alerts.silent.looking import MAIL_JOB
from alerts.silent.mail_text import Around, letter
from alerts.silent.plan import MAIL
from hotline.core import audit, jobs
from hotline.core.actor import Actor
from hotline.core.db import psycopg_of
from hotline.core.phone import readable
from hotline.core.services import Services
from hotline.links.tokens import Claims, LinkMaker, to_minute
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured
from hotline.providers.mail import MailRequest, MailResult
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import SmtpMail, mail_door

log = structlog.get_logger(__name__)

JOB = MAIL_JOB
RUN_S = 10.0
MAX_AT_ONCE = 10
"""Mails of one connection. A slow server may outlast their claim: what has not begun to leave then stays here."""
MAX_ATTEMPTS = 30
SERVER = Actor(kind="webhook", id=None, name="mail server", via="webhook")

_LETTERS = """
SELECT o.id, o.alert_id, o.traveller_id, o.language, p.texts -> o.variant ->> o.language, p.drill, p.at, t.email,
       CASE WHEN o.language LIKE 'ko%%' THEN n.name_ko ELSE n.name_en END, n.emergency_phone
  FROM outreach o JOIN approvals p ON p.alert_id = o.alert_id JOIN alerts a ON a.id = o.alert_id
  JOIN travellers t ON t.id = o.traveller_id LEFT JOIN missions n ON n.id = a.mission_id
 WHERE o.id = ANY (%s)
"""
_LEAVE = """
UPDATE call_attempts SET left_at = %(now)s WHERE outreach_id = %(id)s AND number = %(number)s AND outcome IS NULL
"""
_BAD_ADDRESS = """
UPDATE travellers t SET email_bad_at = %(now)s, updated_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(addresses)s::text[]) AS b(outreach_id, address) JOIN outreach o ON o.id = b.outreach_id
 WHERE t.id = o.traveller_id AND t.email = b.address AND t.email_bad_at IS NULL RETURNING t.id
"""


class Facts(NamedTuple):
    """What one mail is made of, as the rows say it now."""

    id: int
    alert_id: int
    traveller_id: int
    language: str
    text: str | None
    drill: bool
    approved_at: datetime
    email: str | None
    mission: str | None
    mission_phone: str | None


def send(services: Services) -> int:
    """Send the mails that are due, at the configured pace, for a bounded time; the job `silent.mail`. How many were tried."""
    try:
        door = mail_door(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), SmtpMail.name, faults.NOT_CONFIGURED, str(fault))
        return 0
    tried, stop_at = 0, time.monotonic() + RUN_S
    pace = Pace(MAIL, door.name, services.settings.mails_per_s, door.breaker, MAX_AT_ONCE)
    while time.monotonic() < stop_at:
        batch, seen, wait_s = claim_paced(services, pace)
        if batch:
            hand_over(services, door, batch)
            tried += len(batch)
        elif not seen and not wait_s:
            return tried
        elif wait_s:
            time.sleep(min(wait_s, max(0.0, stop_at - time.monotonic())))
    jobs.enqueue(services, JOB)
    return tried


def hand_over(services: Services, door: SmtpMail, batch: Sequence[Claimed]) -> None:
    """Write and hand over a claimed batch, and record what came of each."""
    with services.db.connection() as connection:
        rows = connection.execute(_LETTERS, ([each.id for each in batch],)).fetchall()
    facts = {each.id: each for each in (Facts(*row) for row in rows)}
    requests = [
        _request(services, door, each, facts[each.id])
        for each in batch
        if each.id in facts and facts[each.id].email and facts[each.id].text
    ]
    results = door.send(requests, lambda request: _leaving(services, request))
    record(services, [settle(each) for each in results] + _without(batch, requests))
    _mark_addresses(services, requests, results)
    _tell_faults(services, door, results)


def _without(batch: Sequence[Claimed], requests: Sequence[MailRequest]) -> list[Settlement]:
    """Settle what has lost its address between the claim and now: the person has just been erased."""
    written = {each.message_id for each in requests}
    return [
        Settlement(each.id, each.attempt, "unsent", "failed", code="no_address") for each in batch if each.id not in written
    ]  # fmt: skip


def _request(services: Services, door: SmtpMail, claimed: Claimed, facts: Facts) -> MailRequest:
    settings = services.settings
    assert facts.text is not None and facts.email is not None
    text = personal(settings, facts.text, facts.traveller_id, facts.alert_id, facts.approved_at)
    claims = Claims(facts.traveller_id, facts.alert_id, to_minute(facts.approved_at))
    around = Around(
        LinkMaker.of(settings).url(claims), readable(settings.hotline_number), facts.mission or "",
        readable(facts.mission_phone) if facts.mission_phone else "",
    )  # fmt: skip
    written = letter(text, facts.language, around, drill=facts.drill)
    name = f"outreach.{claimed.id}@{door.sender.domain}"
    return MailRequest(
        claimed.id, claimed.attempt, facts.email, written.subject, written.body, facts.language, name
    )  # fmt: skip


def _leaving(services: Services, request: MailRequest) -> bool:
    """Write down that a mail is about to leave; False when its claim has ended meanwhile."""
    values = {"now": services.clock.now(), "id": request.message_id, "number": request.attempt}
    with services.db.connection() as connection:
        return connection.execute(_LEAVE, values).rowcount == 1


def settle(result: MailResult) -> Settlement:
    """Say what follows from one answer; pure."""
    outcome, code = result.outcome, result.error_code
    if outcome is Outcome.ACCEPTED:
        return Settlement(result.message_id, result.attempt, outcome, "sent", result.name)
    if outcome is Outcome.UNANSWERED:
        return Settlement(result.message_id, result.attempt, outcome, "failed", code="lost")
    if outcome is Outcome.REFUSED or (outcome is Outcome.RETRY_LATER and result.attempt >= MAX_ATTEMPTS):
        return Settlement(result.message_id, result.attempt, outcome, "failed", code=code or "refused")
    wait_s = BACK_OFF_S * min(result.attempt, 15)
    return Settlement(result.message_id, result.attempt, outcome, "queued", code=code, wait_s=wait_s)


def _mark_addresses(services: Services, requests: Sequence[MailRequest], results: Sequence[MailResult]) -> None:
    """Keep on the travellers which mailboxes do not exist; an address that was changed meanwhile keeps its good name."""
    addresses = {each.message_id: each.to for each in requests}
    bad = [each.message_id for each in results if each.bad_address]
    if not bad:
        return
    with services.db.transaction() as session:
        values: dict[str, Any] = {
            "now": services.clock.now(), "ids": bad, "addresses": [addresses[each] for each in bad],
        }  # fmt: skip
        marked = sorted(row[0] for row in psycopg_of(session).execute(_BAD_ADDRESS, values).fetchall())
        if marked:
            audit.record(
                session, services.clock, SERVER, "travellers.email_bad", "outreach", bad[0], after={"travellers": marked}
            )  # fmt: skip


def _tell_faults(services: Services, door: SmtpMail, results: Sequence[MailResult]) -> None:
    blocked = next((each for each in results if each.outcome is Outcome.BLOCKED), None)
    with services.db.connection() as connection:
        if blocked is not None:
            code = blocked.error_code or "unknown"
            detail = f"The mail server refuses us (code {code}): mend the settings; mails go on by themselves."
            log.error("silent.mail_fault", code=code)
            faults.raise_fault(connection, services.clock.now(), door.name, code, detail)
        elif any(each.outcome is Outcome.ACCEPTED for each in results):
            faults.clear(connection, door.name)
