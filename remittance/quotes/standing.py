"""The quote that holds for a remittance, and what of a mission's cash is spoken for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from remittance.quotes.models import Quote
from remittance.requests.models import Remittance
from remittance.requests.states import ON_HOLD, RESERVING

MAX_QUOTES = 200
"""How often one remittance can be quoted; more is somebody waiting for a better rate."""


def quote_of(session: Session, remittance_id: int) -> Quote | None:
    """Return the quote that holds, the latest one; None before the first."""
    return session.scalar(select(Quote).where(Quote.remittance_id == remittance_id).order_by(Quote.nth.desc()).limit(1))


def reserved(session: Session, mission_id: int, currency: str, *, but: int | None = None) -> int:
    """Return the minor units of a mission's cash that quotes hold for travellers; `but` leaves one remittance out.

    Whoever decides by it holds the till's account (`ledger.balances.hold`) first.
    """
    latest = (
        select(Quote.paid_minor, Quote.currency)
        .where(Quote.remittance_id == Remittance.id)
        .order_by(Quote.nth.desc())
        .limit(1)
        .lateral()
    )
    total = session.scalar(
        select(func.coalesce(func.sum(latest.c.paid_minor), 0))
        .select_from(Remittance)
        .join(latest, true())
        .where(
            Remittance.mission_id == mission_id,
            # By its states an index finds the open ones; what was paid or ended, however much there is, is not looked at.
            Remittance.state.in_((*RESERVING, ON_HOLD)),
            func.coalesce(Remittance.held_state, Remittance.state).in_(RESERVING),
            Remittance.id != (but or 0),
            latest.c.currency == currency,
        )
    )
    return int(total or 0)


def quotes_of(session: Session, remittance_id: int) -> Sequence[Quote]:
    """Return every quote of a remittance, the one that holds first."""
    return session.scalars(
        select(Quote).where(Quote.remittance_id == remittance_id).order_by(Quote.nth.desc()).limit(MAX_QUOTES)
    ).all()


def latest_quotes(session: Session, remittance_ids: Collection[int]) -> dict[int, Quote]:
    """Return the quote that holds for each of these remittances, where there is one."""
    if not remittance_ids:
        return {}
    latest: Sequence[Quote] = session.scalars(
        select(Quote)
        .where(Quote.remittance_id.in_(set(remittance_ids)))
        .distinct(Quote.remittance_id)
        .order_by(Quote.remittance_id, Quote.nth.desc())
    ).all()
    return {quote.remittance_id: quote for quote in latest}
