"""Files of a case: few types, told by their first bytes and not by their name, of bounded size and number."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.cases.escalation_models import Escalation, EscalationStep
from hotline.cases.models import Attachment, CaseEntry
from hotline.cases.states import ANSWER, WORK
from hotline.cases.working import get_case
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, TooLarge

MAX_BYTES = 3 * 1024 * 1024
MAX_FILES = 50
_STARTS = ((b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def media_type_of(content: bytes) -> str | None:
    """Return the type of a file by its content: PDF, JPEG, PNG or plain text in UTF-8; None for every other."""
    for start, media_type in _STARTS:
        if content.startswith(start):
            return media_type
    try:
        words = content.decode()
    except UnicodeDecodeError:
        return None
    return "text/plain" if not re.search(r"[\x00-\x08\x0e-\x1f]", words) else None


def attach_file(session: Session, clock: Clock, actor: Actor, case_id: int, *, name: str, content: bytes) -> Attachment:
    """Keep a file with a case; the same file again gives the one there is. Raises InvalidInput, TooLarge.

    Officials who were asked about the case may add what belongs to their answer. Raises Forbidden for everybody else.
    """
    if actor.id is None or not (actor.may(WORK) or was_asked(session, actor, case_id)):
        raise Forbidden(f"Adding files needs the permission {WORK}, or that you were asked about the case.")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.", code="bad-file")
    media_type = media_type_of(content) if content else None
    if media_type is None:
        raise InvalidInput("file", name, "use a PDF, JPEG, PNG or plain text file", code="bad-file")
    case = get_case(session, case_id, lock=True)
    digest = hashlib.sha256(content).hexdigest()
    own = select(Attachment).where(Attachment.case_id == case.id, Attachment.content.is_not(None))
    known = session.scalar(own.where(Attachment.sha256 == digest))
    if known is not None:
        return known
    if (session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MAX_FILES:
        raise InvalidInput("file", name, f"a case holds at most {MAX_FILES} files")
    shown = re.sub(r"[\x00-\x1f\x7f/\\\"]", "_", name).strip()[-120:] or "file"
    now = clock.now()
    row = Attachment(
        case_id=case.id, officer_id=actor.id, at=now, name=shown, media_type=media_type, size_bytes=len(content),
        sha256=digest, content=content,
    )  # fmt: skip
    session.add(row)
    case.updated_at = now
    session.flush()
    session.add(
        CaseEntry(
            case_id=case.id, at=now, kind="attached", officer_id=actor.id, body=shown, details={"attachment": row.id}
        )
    )
    audit.record(
        session, clock, actor, "attachment.added", "case", case.id, after={"attachment": row.id, "bytes": len(content)}
    )
    return row


def was_asked(session: Session, actor: Actor, case_id: int) -> bool:
    """Say whether an official was asked about a case, at any level and at any time."""
    asked = (
        select(EscalationStep.id)
        .join(Escalation, Escalation.id == EscalationStep.escalation_id)
        .where(Escalation.case_id == case_id, EscalationStep.official_id == actor.id)
    )
    return actor.may(ANSWER) and session.scalar(asked.limit(1)) is not None


def files_of(session: Session, case_id: int) -> list[Attachment]:
    """Return the files of a case without their content, the latest first."""
    return list(session.scalars(select(Attachment).where(Attachment.case_id == case_id).order_by(Attachment.id.desc())))


def get_file(session: Session, case_id: int, attachment_id: int) -> tuple[Attachment, bytes]:
    """Return a file of a case with its content; raises NotFound, also for one that was erased."""
    row = session.get(Attachment, attachment_id)
    if row is None or row.case_id != case_id or row.content is None:
        raise NotFound("file", attachment_id)
    return row, row.content
