"""What pages show of feeds: reports behind an alert with what has changed since, and what came in lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerts.feeds.models import FeedHazard, FeedSighting, FeedSource
from alerts.models import Alert
from alerts.states import DRAFT

SHOWN_REPORTS = 20
COMPARED = ("magnitude", "level", "severity")
"""What a second source may see otherwise; the place is called differently by every one of them."""
COMPARED_OF_FIRST = (*COMPARED, "place")


@dataclass(frozen=True)
class Report:
    """What one source says now of the event behind an alert, and (field, drafted, now) where that differs from the draft."""

    source: str
    row: FeedSighting
    changes: tuple[tuple[str, str, str], ...]


def reports_of(session: Session, alert: Alert) -> list[Report]:
    """Return the reports behind an alert that a feed drafted, the first source first; none for other alerts."""
    if alert.source != "feed":
        return []
    hazard = session.scalar(select(FeedHazard).where(FeedHazard.alert_id == alert.id))
    belongs = FeedSighting.alert_id == alert.id
    if hazard is not None:
        belongs = or_(belongs, FeedSighting.hazard_id == hazard.id)
    rows = session.execute(
        select(FeedSighting, FeedSource.name)
        .join(FeedSource, FeedSource.id == FeedSighting.source_id)
        .where(belongs)
        .order_by(FeedSighting.id)
        .limit(SHOWN_REPORTS)
    ).tuples()
    drafted = hazard.drafted if hazard is not None else None
    return [
        Report(name, row, _changes(row, drafted, COMPARED if number else COMPARED_OF_FIRST))
        for number, (row, name) in enumerate(rows)
    ]


def _changes(
    row: FeedSighting, drafted: dict[str, Any] | None, names: tuple[str, ...]
) -> tuple[tuple[str, str, str], ...]:
    if drafted is None:
        return ()
    pairs = ((name, drafted.get(name), getattr(row, name)) for name in names)
    return tuple(
        (name, _shown(before), _shown(now)) for name, before, now in pairs if now not in (None, "") and before != now
    )


def _shown(value: Any) -> str:
    return "–" if value in (None, "") else str(value)


def recent(session: Session, *, limit: int = SHOWN_REPORTS) -> Sequence[tuple[FeedSighting, str, int | None]]:
    """Return the latest reports with the name of their source and the alert that was drafted of them."""
    rows = session.execute(
        select(FeedSighting, FeedSource.name, FeedHazard.alert_id)
        .join(FeedSource, FeedSource.id == FeedSighting.source_id)
        .outerjoin(FeedHazard, FeedHazard.id == FeedSighting.hazard_id)
        .order_by(FeedSighting.seen_at.desc(), FeedSighting.id.desc())
        .limit(limit)
    ).tuples()
    return [(row, name, row.alert_id or alert_id) for row, name, alert_id in rows]


def open_drafts(session: Session, *, limit: int) -> Sequence[Alert]:
    """Return drafts of feeds that nobody has decided about, the newest first."""
    return session.scalars(
        select(Alert).where(Alert.state == DRAFT, Alert.source == "feed").order_by(Alert.id.desc()).limit(limit)
    ).all()
