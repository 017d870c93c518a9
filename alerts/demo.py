"""One warning to practise with: a typhoon that reaches Manila while the service starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from alerts.drafting import draft_from_cap
from alerts.models import Alert
from alerts.states import FINAL_ALERT_STATES
from hotline.core.actor import Actor
from hotline.core.services import Services

FILE = Path(__file__).parent / "data" / "practice-typhoon.xml"
IDENTIFIER = "practice-typhoon-manila"
ONSET_AFTER = timedelta(hours=1)
EXPIRES_AFTER = timedelta(hours=12)


def add_practice_warning(services: Services, actor: Actor) -> None:
    """Draft the practice warning with times that fit today, unless one that still holds is on its way."""
    now = services.clock.now().replace(microsecond=0)
    with services.db.transaction() as session:
        open_one = select(Alert.id).where(
            Alert.cap_identifier == IDENTIFIER, Alert.state.not_in(FINAL_ALERT_STATES), Alert.expires > now
        )
        if session.scalar(open_one.limit(1)) is not None:
            return
        document = FILE.read_text(encoding="utf-8")
        for word, at in (("SENT", now), ("ONSET", now + ONSET_AFTER), ("EXPIRES", now + EXPIRES_AFTER)):
            document = document.replace(word, at.isoformat())
        draft_from_cap(session, services.clock, actor, document.encode(), source="cap")
