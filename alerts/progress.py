"""How far an alert has got, read from the running tallies: never by counting message rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Alert, AudienceSnapshot, Tally
from alerts.reading import get_alert
from alerts.states import FAILED, IN_DOUBT, MESSAGE_STATES, QUEUED, SENDING
from hotline.core.registry import Alerted


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


MAX_ALERTED = 2_000


def people_since(session: Session, since: datetime, drill: bool) -> list[Alerted]:
    """Return the people of alerts that began after a moment (UTC), by alert and country; for who must answer their calls.

    Updates and all-clears are left out: they go to people who were told before, and bring few calls of their own.
    """
    rows = session.execute(
        select(Tally.country, Alert.started_at, func.sum(Tally.messages))
        .join(Alert, Alert.id == Tally.alert_id)
        .where(
            Alert.started_at > since,
            Alert.follows_id.is_(None),
            Alert.status != "Actual" if drill else Alert.status == "Actual",
        )
        .group_by(Tally.alert_id, Tally.country, Alert.started_at)
        .order_by(Alert.started_at.desc())
        .limit(MAX_ALERTED)
    ).tuples()
    return [Alerted(country, at, int(people)) for country, at, people in rows if at is not None and people]
