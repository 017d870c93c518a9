"""Made-up exchange rates: typed by one finance officer of the demo and agreed to by the other, as on a Sunday."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from remittance.quotes import rates
from remittance.quotes.models import ExchangeRate

TYPES, AGREES = "finance-officer", "finance-officer-2"
SOURCE = "practice-bank"
WON = {"USD": "1450.50", "EUR": "1566.10", "GBP": "1834.70", "JPY": "9.64", "CNY": "203.40", "HKD": "186.40"}
"""What one unit of each costs in won; made up, and near what it was in 2026."""


def load(services: Services, author: Actor) -> None:
    """Add the rates, and at a later load those of that day."""
    at = (services.clock.now() - timedelta(minutes=30)).replace(minute=0, second=0, microsecond=0)
    with services.db.transaction() as session:
        one, two = find_by_name(session, TYPES), find_by_name(session, AGREES)
        there = session.scalar(select(ExchangeRate.id).where(ExchangeRate.source == SOURCE, ExchangeRate.at == at))
        if one is None or two is None or there is not None:
            return
        for currency, value in WON.items():
            typed = rates.Typed(base=currency, quoted="KRW", value=value, source=SOURCE, at=at)
            rate = rates.type_in(session, services.clock, actor_of(one, "cli"), typed)
            rates.agree(session, services.clock, actor_of(two, "cli"), rate.id)
