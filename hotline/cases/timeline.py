"""A case as one story: its entries, the alerts that reached its person and the texts that went to them, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.models import Case, CaseEntry
from hotline.cases.reading import MAX_HISTORY
from hotline.core.registry import Received
from hotline.notices.models import Notice

BEFORE = timedelta(days=30)
"""How long before a case was opened an alert or a text still belongs to its story."""
MAX_TEXTS = 30
TOLD = ("arrival", "payment", "remittance", "information")
"""Purposes of texts that people of a case get. A link to the case stands there by its own entry; codes are nobody's history."""
ALERT, TEXT = "alert", "text"


@dataclass(frozen=True)
class Line:
    """One line of the story: exactly one of an entry of the case, an alert that was received, and a text that was sent."""

    at: datetime
    kind: str
    entry: CaseEntry | None = None
    alert: Received | None = None
    text: Notice | None = None


def story(
    session: Session, case: Case, entries: Iterable[CaseEntry], alerts: Iterable[Received], phones: Sequence[str]
) -> list[Line]:
    """Return the lines of a case, the latest first; `phones` are the numbers (E.164) of its person."""
    lines = [Line(each.at, each.kind, entry=each) for each in entries]
    lines += [Line(each.at, ALERT, alert=each) for each in alerts if _belongs(case, each.at)]
    lines += [Line(each.sent_at or each.created_at, TEXT, text=each) for each in _texts(session, case, phones)]
    # Entries come the latest first; those of one moment keep that order.
    return sorted(lines, key=lambda line: line.at, reverse=True)[:MAX_HISTORY]


def _belongs(case: Case, at: datetime) -> bool:
    return case.opened_at - BEFORE <= at and (case.closed_at is None or at <= case.closed_at)


def _texts(session: Session, case: Case, phones: Sequence[str]) -> list[Notice]:
    if not phones:
        return []
    found = session.scalars(
        select(Notice)
        .where(Notice.phone.in_(phones), Notice.purpose.in_(TOLD), Notice.created_at >= case.opened_at - BEFORE)
        .order_by(Notice.id.desc())
        .limit(MAX_TEXTS)
    )
    return [each for each in found if _belongs(case, each.sent_at or each.created_at)]
