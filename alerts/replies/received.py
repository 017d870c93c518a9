"""What a number was sent by alerts, for the screen of whoever answers its call and for a case's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import Alert, Message
from alerts.states import CANCELLED, EXPIRED, SUPERSEDED
from hotline.core.registry import Received

MAX_SHOWN = 50
_ARRIVED = ("sent", "delivered")


def received(session: Session, phones: Sequence[str], limit: int, now: datetime) -> list[Received]:
    """Return the alerts that reached these numbers (E.164), the latest first, and whether they hold at `now` (aware).

    Found by the index on the number.
    """
    rows = session.execute(
        select(
            Alert.id,
            Alert.headline,
            Alert.severity,
            Alert.state,
            Alert.expires,
            Alert.superseded_by_id,
            Message.sent_at,
        )
        .join(Message, Message.alert_id == Alert.id)
        .where(Message.phone.in_(list(phones)), Message.state.in_(_ARRIVED), Message.sent_at.is_not(None))
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(min(limit, MAX_SHOWN))
    )
    return [
        Received(
            at=row.sent_at, kind="alert", number=row.id, words=row.headline, severity=row.severity,
            holds=row.state not in (CANCELLED, EXPIRED, SUPERSEDED) and row.superseded_by_id is None and row.expires > now,
            endpoint="alerts.show", arguments={"alert_id": row.id},
        )
        for row in rows
    ]  # fmt: skip
