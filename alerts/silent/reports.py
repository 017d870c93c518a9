"""What the provider says about a call, applied to its row: ranks decide, so that late, doubled and early words do no harm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.silent.models import CallAttempt, Outreach
from alerts.silent.states import FAILED, FINAL_STATES, HEARD, MAY_MOVE, QUEUED, RINGING, TALKING
from hotline.providers.voice import (
    DONE_WORD,
    NOT_PICKED_UP_WORDS,
    RINGING_WORDS,
    STATUS_RANK,
    TALKING_WORD,
)

MAX_RINGS = 3
"""A busy or unanswered telephone is called at most twice more."""
WAIT_AFTER = {"busy": timedelta(minutes=2), "no-answer": timedelta(minutes=5)}
TALK_MAX = timedelta(minutes=10)
"""After so long without a further word somebody looks what became of the call."""


class Report(NamedTuple):
    """One word of the provider about one attempt; `to` is the number it names, if any."""

    outreach_id: int
    attempt: int
    provider_sid: str
    status: str
    to: str | None = None
    error_code: str | None = None


def apply(session: Session, now: datetime, report: Report) -> int | None:
    """Apply a report in the caller's transaction; the alert's id when something changed.

    A word about another call, number or attempt than the row's own changes nothing but that attempt's record.
    """
    row = session.get(Outreach, report.outreach_id, with_for_update=True, populate_existing=True)
    if row is None or report.status not in STATUS_RANK or (report.to is not None and report.to != row.phone):
        return None
    attempt = find_attempt(session, report.outreach_id, report.attempt)
    if attempt is None or attempt.provider_sid not in (None, report.provider_sid):
        return None
    attempt.provider_sid = report.provider_sid
    if STATUS_RANK[report.status] <= STATUS_RANK.get(attempt.status or "", 0):
        return None
    attempt.status = report.status
    attempt.error_code = report.error_code or attempt.error_code
    if attempt.number != row.attempts:
        return None
    row.provider_sid = report.provider_sid
    return row.alert_id if move(row, now, report.status, report.error_code) else None


def find_attempt(session: Session, outreach_id: int, number: int) -> CallAttempt | None:
    """Return one attempt, locked."""
    return session.scalar(
        select(CallAttempt)
        .where(CallAttempt.outreach_id == outreach_id, CallAttempt.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def move(row: Outreach, now: datetime, status: str, code: str | None = None) -> bool:
    """Move a row by the provider's word about its present attempt; False where the table does not allow it."""
    again = status in NOT_PICKED_UP_WORDS and row.rung + 1 < MAX_RINGS
    target = _target(status, again)
    if row.state not in MAY_MOVE[target]:
        return False
    row.state, row.lease_until = target, now + TALK_MAX if target in (RINGING, TALKING) else None
    if status in NOT_PICKED_UP_WORDS:
        row.rung += 1
        row.not_before = now + WAIT_AFTER[status] if again else None
    if target == FAILED:
        row.reason = status if status in NOT_PICKED_UP_WORDS else (code or status)[:20]
    if target in FINAL_STATES:
        row.settled_at = now
    return True


def _target(status: str, again: bool) -> str:
    if status in RINGING_WORDS:
        return RINGING
    if status == TALKING_WORD:
        return TALKING
    if status == DONE_WORD:
        return HEARD
    return QUEUED if again else FAILED
