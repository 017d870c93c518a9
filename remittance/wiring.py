"""What remittance brings, room by room."""

from __future__ import annotations

from hotline.core.registry import Registry
from remittance.banks import wiring as banks
from remittance.deposits import wiring as deposits
from remittance.figures import wiring as figures
from remittance.ledger import wiring as ledger
from remittance.money import words as money_words
from remittance.own_page import wiring as own_page
from remittance.payouts import wiring as payouts
from remittance.quotes import wiring as quotes
from remittance.requests import wiring as requests
from remittance.screening import wiring as screening
from remittance.settlement import wiring as settlement
from remittance.telling import wiring as telling
from remittance.tills import wiring as tills


def register(registry: Registry) -> None:
    """Add what each room of remittance brings."""
    registry.explanations |= money_words.EXPLANATIONS
    ledger.register(registry)
    banks.register(registry)
    requests.register(registry)
    quotes.register(registry)
    deposits.register(registry)
    tills.register(registry)
    settlement.register(registry)
    payouts.register(registry)
    own_page.register(registry)
    figures.register(registry)
    telling.register(registry)
    screening.register(registry)
