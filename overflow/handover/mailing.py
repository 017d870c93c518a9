"""Mails of hand-overs: planned with the fact, claimed, sent outside any transaction, and recorded; never sent blind twice.

A mail server keeps no record that could be asked. So each mail is written down as leaving before its content goes; a worker that
dies before that leaves a mail that goes again, and one that dies after it leaves one that is *lost*: it may have arrived. The
page has everything in any case, and a hand-over that nobody acknowledges climbs whatever became of its mail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import live
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured
from hotline.providers.mail import MailRequest, MailResult
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import SmtpMail, mail_door
from overflow.handover import signing
from overflow.handover.mail_text import Around, Letter, letter, reminder
from overflow.handover.models import Handover, HandoverItem, HandoverMail, HandoverSummary
from overflow.handover.states import WAITING

log = structlog.get_logger(__name__)

JOB = "handover.mail"
SUMMARY, REMINDER = "summary", "reminder"
M_WAITING, M_LEAVING, M_SENT, M_FAILED, M_LOST = "waiting", "leaving", "sent", "failed", "lost"
BATCH = 20
MAX_BATCHES = 20
CLAIM = timedelta(minutes=15)
MAX_ATTEMPTS = 40
BACK_OFF_S = 30
MAX_WAIT_S = 900
MAX_BLOCK_CHARS = 36_000
"""A longer envelope is on the page only: the whole mail stays under the port's 64 KiB."""
LANGUAGE = "ko"


def plan(session: Session, now: datetime, handover: Handover, purpose: str) -> None:
    """Write down a mail to the mission, once for each revision and purpose; none where no address is on record."""
    address = session.scalars(select(Mission.email).where(Mission.id == handover.mission_id)).one()
    if not address:
        return
    row = insert(HandoverMail).values(
        handover_id=handover.id,
        revision=handover.revision,
        purpose=purpose,
        address=address,
        state=M_WAITING,
        due_at=now,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["handover_id", "revision", "purpose"]))


def send(services: Services) -> int:
    """Send the mails that are due, for a bounded number of batches; the job `handover.mail`. How many were tried."""
    give_up_claims(services)
    tried = 0
    for _ in range(MAX_BATCHES):
        claimed = _claim(services)
        if not claimed:
            break
        tried += len(claimed)
        if not _hand_over(services, claimed):
            break
    return tried


def give_up_claims(services: Services) -> None:
    """Settle what a dead worker left behind: unsent mails go again, those that had begun to leave are lost."""
    now = services.clock.now()
    with services.db.transaction() as session:
        stale = update(HandoverMail).where(HandoverMail.state == M_LEAVING, HandoverMail.due_at <= now)
        session.execute(stale.where(HandoverMail.left_at.is_not(None)).values(state=M_LOST, settled_at=now))
        session.execute(stale.where(HandoverMail.left_at.is_(None)).values(state=M_WAITING))


def _claim(services: Services) -> list[HandoverMail]:
    now = services.clock.now()
    with services.db.transaction() as session:
        due = list(
            session.scalars(
                select(HandoverMail)
                .where(HandoverMail.state == M_WAITING, HandoverMail.due_at <= now)
                .order_by(HandoverMail.due_at, HandoverMail.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
        )
        for mail in due:
            mail.state, mail.attempts, mail.due_at, mail.left_at = M_LEAVING, mail.attempts + 1, now + CLAIM, None
    return due


def _hand_over(services: Services, claimed: Sequence[HandoverMail]) -> bool:
    """Write, hand over and record a batch; False when the server cannot be used now."""
    try:
        door = mail_door(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), SmtpMail.name, faults.NOT_CONFIGURED, str(fault))
        _record(services, [MailResult(each.id, each.attempts, Outcome.UNSENT) for each in claimed])
        return False
    with services.db.transaction() as session:
        requests = [_request(session, services, door, each) for each in claimed]
    results = door.send(requests, lambda request: _leaving(services, request))
    _record(services, results)
    _tell_faults(services, door, results)
    return any(each.outcome is Outcome.ACCEPTED for each in results)


def _request(session: Session, services: Services, door: SmtpMail, mail: HandoverMail) -> MailRequest:
    written = write(session, services, mail)
    name = f"handover.{mail.id}@{door.sender.domain}"
    return MailRequest(mail.id, mail.attempts, mail.address, written.subject, written.body, LANGUAGE, name)


def write(session: Session, services: Services, mail: HandoverMail) -> Letter:
    """Return what a mail says."""
    kept, mission = (
        session.execute(
            select(HandoverSummary, Mission)
            .join(Handover, Handover.id == HandoverSummary.handover_id)
            .join(Mission, Mission.id == Handover.mission_id)
            .where(HandoverSummary.handover_id == mail.handover_id, HandoverSummary.revision == mail.revision)
        )
        .tuples()
        .one()
    )
    base = services.settings.public_url
    around = Around(
        {"ko": mission.name_ko, "en": mission.name_en}, f"{base}/handovers/{mail.handover_id}", f"{base}/handovers/verify",
        kept.sha256,
    )  # fmt: skip
    content = json.loads(kept.content)
    if mail.purpose == REMINDER:
        return reminder(content, around, waiting_of(session, mail.handover_id))
    return letter(content, around, block_of(kept))


def block_of(kept: HandoverSummary) -> str:
    """Return the signed envelope as lines for a mail; empty without a signature, or where it would be too long."""
    if not kept.signature:
        return ""
    made = signing.block(envelope_of(kept))
    return made if len(made) <= MAX_BLOCK_CHARS else ""


def envelope_of(kept: HandoverSummary) -> str:
    """Return a kept summary with its signature, as missions keep and verify it."""
    signature = signing.Signature(kept.algorithm, kept.signature, kept.certificate, kept.fingerprint)
    return signing.envelope(kept.content, signature)


def waiting_of(session: Session, handover_id: int) -> int:
    """Return how many things of a hand-over wait for an acknowledgement."""
    counted = select(func.count()).where(HandoverItem.handover_id == handover_id, HandoverItem.state == WAITING)
    return session.scalars(counted).one()


def _leaving(services: Services, request: MailRequest) -> bool:
    """Write down that a mail is about to leave; False when its claim has ended meanwhile."""
    now = services.clock.now()
    with services.db.transaction() as session:
        done = session.execute(
            update(HandoverMail)
            .where(
                HandoverMail.id == request.message_id, HandoverMail.attempts == request.attempt,
                HandoverMail.state == M_LEAVING, HandoverMail.due_at > now,
            )
            .values(left_at=now)
            .returning(HandoverMail.id)
        )  # fmt: skip
        return done.first() is not None


def _record(services: Services, results: Sequence[MailResult]) -> None:
    """Keep what came of each; the answer of an attempt that is not the present one changes nothing."""
    now = services.clock.now()
    with services.db.transaction() as session:
        for result in results:
            mail = session.get_one(HandoverMail, result.message_id, with_for_update=True)
            if mail.state == M_LEAVING and mail.attempts == result.attempt:
                _settle(mail, result, now)
    live.notify(services.redis, "handovers")


def _settle(mail: HandoverMail, result: MailResult, now: datetime) -> None:
    mail.error_code = result.error_code or ""
    if result.outcome is Outcome.ACCEPTED:
        mail.state, mail.settled_at = M_SENT, now
    elif result.outcome is Outcome.UNANSWERED:
        mail.state, mail.settled_at = M_LOST, now
    elif result.outcome is Outcome.REFUSED or mail.attempts >= MAX_ATTEMPTS:
        mail.state, mail.settled_at = M_FAILED, now
    else:
        wait_s = min(BACK_OFF_S * 2 ** min(mail.attempts - 1, 10), MAX_WAIT_S)
        mail.state, mail.due_at, mail.left_at = M_WAITING, now + timedelta(seconds=wait_s), None


def _tell_faults(services: Services, door: SmtpMail, results: Sequence[MailResult]) -> None:
    blocked = next((each for each in results if each.outcome is Outcome.BLOCKED), None)
    with services.db.connection() as connection:
        if blocked is not None:
            code = blocked.error_code or "unknown"
            detail = f"The mail server refuses us (code {code}): mend the settings; mails go on by themselves."
            log.error("handover.mail_fault", code=code)
            faults.raise_fault(connection, services.clock.now(), door.name, code, detail)
        elif any(each.outcome is Outcome.ACCEPTED for each in results):
            faults.clear(connection, door.name)
