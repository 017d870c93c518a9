"""Which of our numbers is shown to whom we call: a table of rules by prefix, the longest decides."""

from __future__ import annotations

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from hotline.calls.models import CallerIdRule
from hotline.core.config import Settings


def shown_to(session: Session, settings: Settings, number: str) -> str:
    """Return our number for a call to `number` (E.164): the rule with the longest fitting prefix, else the usual number."""
    found = session.scalar(
        select(CallerIdRule.caller_id)
        .where(func.starts_with(literal(number), CallerIdRule.prefix))
        .order_by(func.length(CallerIdRule.prefix).desc())
        .limit(1)
    )
    return found or settings.twilio_voice_from or settings.twilio_from
