"""Finding notices: by number, purpose and state, the newest first; every condition is answered by an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput, NotFound
from hotline.notices.models import Notice, NoticeAttempt
from hotline.notices.states import PURPOSES, STATES
from hotline.people.models import Traveller

MAX_PAGE = 200
HOME_CALLING_CODE = "82"
_NUMBER_SIGNS = re.compile(r"[\s().-]+")
_DIGITS = re.compile(r"\+?[0-9]{6,15}")


@dataclass(frozen=True)
class NoticePage:
    """One page; `next_cursor` continues, None ends."""

    notices: list[Notice]
    next_cursor: int | None


def search(
    session: Session,
    *,
    number: str = "",
    purpose: str = "",
    state: str = "",
    cursor: int | None = None,
    limit: int = 50,
) -> NoticePage:
    """Return notices, newest first, to one whole number, of one purpose, in one state; an unknown word finds nothing.

    A number is written with its country's code, or from 0 as at home. Raises InvalidInput for a page above MAX_PAGE.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = select(Notice).order_by(Notice.id.desc()).limit(limit + 1)
    if number.strip():
        statement = statement.where(Notice.phone == _as_kept(number))
    if purpose in PURPOSES:
        statement = statement.where(Notice.purpose == purpose)
    if state in STATES:
        statement = statement.where(Notice.state == state)
    if cursor is not None:
        statement = statement.where(Notice.id < cursor)
    rows = list(session.scalars(statement))
    return NoticePage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def get(session: Session, notice_id: int) -> tuple[Notice, Sequence[NoticeAttempt]]:
    """Return a notice with its attempts in their order; raises NotFound."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFound("notice", notice_id)
    attempts = session.scalars(
        select(NoticeAttempt).where(NoticeAttempt.notice_id == notice_id).order_by(NoticeAttempt.number)
    ).all()
    return notice, attempts


def of_traveller(session: Session, traveller_id: int, limit: int) -> Sequence[Notice]:
    """Return the latest notices to a traveller's number, newest first; none for somebody who is erased or unknown."""
    phone = session.scalar(select(Traveller.phone).where(Traveller.id == traveller_id, Traveller.erased_at.is_(None)))
    if not phone:
        return []
    return session.scalars(select(Notice).where(Notice.phone == phone).order_by(Notice.id.desc()).limit(limit)).all()


def _as_kept(number: str) -> str:
    digits = _NUMBER_SIGNS.sub("", number)
    if not _DIGITS.fullmatch(digits):
        return "none"  # no number is kept like this, so it finds nothing
    if digits.startswith("+"):
        return digits
    return f"+{HOME_CALLING_CODE}{digits[1:]}" if digits.startswith("0") else f"+{digits}"
