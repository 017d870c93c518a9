"""Whether something stands against a remittance."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from remittance.screening.models import ScreeningFinding
from remittance.screening.states import CLEARED, HOLD


def blocked(session: Session, remittance_id: int) -> bool:
    """Say whether a finding of severity `hold` is open or confirmed: then no money moves on."""
    found = select(ScreeningFinding.id).where(
        ScreeningFinding.remittance_id == remittance_id,
        ScreeningFinding.severity == HOLD,
        ScreeningFinding.state != CLEARED,
    )
    return session.scalar(found.limit(1)) is not None
