"""Ring the duty officer: a text to the duty numbers for every new draft of a feed, in the transaction that made it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import Alert
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.ids import reference
from hotline.notices.store import publish

RINGS_FOR = timedelta(hours=1)
"""A call to look at a draft means nothing an hour later: by then it has been seen, or the next one rings."""
MAX_HEADLINE_CHARS = 60


def ring(session: Session, clock: Clock, settings: Settings, alert_ids: Sequence[int]) -> None:
    """Text every duty number once for each of these drafts."""
    if not alert_ids or not settings.duty_phones:
        return
    for alert in session.scalars(select(Alert).where(Alert.id.in_(alert_ids)).order_by(Alert.id)):
        number = reference("AL", alert.id)
        headline = alert.headline[:MAX_HEADLINE_CHARS]
        # The centre's own language: its officers read this at night.
        body = f"[당직] {number} {headline} - 피드 초안을 확인하세요. {settings.public_url}/alerts/{alert.id}"
        for phone in settings.duty_phones:
            publish(
                session, clock, phone=phone, body=body, purpose="duty", dedupe_key=f"feed:{alert.id}:{phone}",
                expires_at=clock.now() + RINGS_FOR,
            )  # fmt: skip
