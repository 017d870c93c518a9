"""How far an alert has got, read from the running tallies: never by counting message rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import AudienceSnapshot, Tally
from alerts.reading import get_alert
from alerts.states import FAILED, IN_DOUBT, MESSAGE_STATES, QUEUED, SENDING


@dataclass(frozen=True)
class Progress:
    """Figures of one alert at one moment; `by_state` has every state of a message, zero where there is none."""

    alert_id: int
    state: str
    audience: int
    by_state: dict[str, int]
    failed_by_reason: dict[str, int]
    by_country: dict[str, dict[str, int]]
    excluded: dict[str, int]
    started_at: datetime | None
    finished_at: datetime | None
    settled: bool = field(default=False)
    """True when nothing waits to be handed over any more (receipts may still come)."""


def progress(session: Session, alert_id: int) -> Progress:
    """Return the figures of an alert; raises NotFound."""
    alert = get_alert(session, alert_id)
    snapshot = session.get(AudienceSnapshot, alert_id)
    by_state = dict.fromkeys(MESSAGE_STATES, 0)
    failed: dict[str, int] = defaultdict(int)
    by_country: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(MESSAGE_STATES, 0))
    for row in session.scalars(select(Tally).where(Tally.alert_id == alert_id)):
        by_state[row.state] += row.messages
        by_country[row.country][row.state] += row.messages
        if row.state == FAILED and row.messages:
            failed[row.reason or "unknown"] += row.messages
    return Progress(
        alert_id=alert.id,
        state=alert.state,
        audience=sum(by_state.values()),
        by_state=by_state,
        failed_by_reason=dict(sorted(failed.items(), key=lambda item: -item[1])),
        by_country=dict(sorted(by_country.items(), key=lambda item: -sum(item[1].values()))),
        excluded=dict(snapshot.excluded) if snapshot else {},
        started_at=alert.started_at,
        finished_at=alert.finished_at,
        settled=alert.started_at is not None and not any(by_state[state] for state in (QUEUED, SENDING, IN_DOUBT)),
    )
