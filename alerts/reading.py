"""Reading alerts: one, or a page of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.states import ALERT
from hotline.core.errors import InvalidInput, NotFound

MAX_PAGE = 200


def get_alert(session: Session, alert_id: int, *, lock: bool = False) -> Alert:
    """Return an alert, with its row locked when it is about to change; raises NotFound."""
    # No key ever changes, and the weaker lock lets message rows be written meanwhile: a stop must not wait for a million.
    alert = session.get(Alert, alert_id, with_for_update={"of": Alert, "key_share": True} if lock else None)
    if alert is None:
        raise NotFound("alert", alert_id)
    return alert


def list_alerts(
    session: Session,
    *,
    states: Sequence[str] = (),
    severities: Sequence[str] = (),
    search: str = "",
    before_id: int | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Return alerts, newest first; `before_id` continues after the last one of the page before.

    Raises InvalidInput for an unknown state or a page larger than MAX_PAGE.
    """
    unknown = set(states) - ALERT.states
    if unknown:
        raise InvalidInput("state", sorted(unknown), f"use {', '.join(sorted(ALERT.states))}")
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = select(Alert).order_by(Alert.id.desc()).limit(limit)
    if states:
        statement = statement.where(Alert.state.in_(states))
    if severities:
        statement = statement.where(Alert.severity.in_(severities))
    if search.strip():
        pattern = f"%{_escape(search.strip()[:100])}%"
        statement = statement.where(
            or_(Alert.headline.ilike(pattern), Alert.place.ilike(pattern), Alert.cap_identifier.ilike(pattern))
        )
    if before_id is not None:
        statement = statement.where(Alert.id < before_id)
    return list(session.scalars(statement))


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many alerts are in each state."""
    return {
        state: count
        for state, count in session.execute(select(Alert.state, func.count()).group_by(Alert.state)).tuples()
    }


def _escape(fragment: str) -> str:
    return fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
