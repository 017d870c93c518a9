"""The part of a case's page that says where the money is: amounts, what arrived, and who has to act next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.i18n import gettext_noop
from remittance.ledger.standing import standing
from remittance.ledger.states import DEPOSITS
from remittance.money.amounts import Money
from remittance.quotes.standing import quote_of
from remittance.requests import reading
from remittance.requests.models import Remittance
from remittance.requests.reading import Wanted

SHOWN_AT_MOST = 10
_FINANCE_DECIDES = gettext_noop("Next: finance decides about the deposit.")
NEXT = {
    "requested": gettext_noop("Next: a reviewer looks into it."),
    "under_review": gettext_noop("Next: the private interview, then a yes or no by somebody who did not ask for it."),
    "approved": gettext_noop("Next: the quote, of which the relative is told."),
    "quoted": gettext_noop("Next: the relative deposits."),
    "partial": gettext_noop("Next: the relative deposits the rest, or finance decides."),
    "overpaid": _FINANCE_DECIDES,
    "wrong_depositor": _FINANCE_DECIDES,
    "deposited": gettext_noop("Next: the money is released to the mission."),
    "ready": gettext_noop("Next: the traveller fetches it at the mission."),
    "paid": gettext_noop("Next: headquarters settles with the mission."),
    "on_hold": gettext_noop("Next: an officer who had no part in it decides about the hold."),
    "refund_pending": gettext_noop("Next: finance sends the deposit back."),
    "disputed": gettext_noop("Next: whoever settles answers the dispute."),
}
"""Who has to act, by state; nobody where it is over."""


@dataclass(frozen=True)
class OfCase:
    """One remittance of a case.

    `cash` is what the traveller gets: as asked for, and once it is quoted what the newest quote hands out. What is due and held
    is in minor units of `due_currency`, which is empty before the quote.
    """

    one: Remittance
    mission: str
    next: str
    cash: Money
    due_currency: str
    due_minor: int
    held_minor: int


def of_case(session: Session, actor: Actor, case_id: int, language: str) -> Sequence[OfCase]:
    """Return what the actor sees of a case's remittances, the latest first."""
    found = reading.listed(session, actor, Wanted(case_id=case_id), limit=SHOWN_AT_MOST)
    missions = reading.missions_of(session, found)
    lines = []
    for one in found:
        quote, mission = quote_of(session, one.id), missions[one.mission_id]
        held = -standing(session, DEPOSITS, "remittance", one.id).get(quote.due_currency, 0) if quote is not None else 0
        name = mission.name_ko if language == "ko" else mission.name_en
        currency, due = (quote.due_currency, quote.due_minor) if quote is not None else ("", 0)
        cash = Money(quote.paid_minor, quote.currency) if quote is not None else Money(one.wanted_minor, one.currency)
        lines.append(OfCase(one, name, NEXT.get(one.state, ""), cash, currency, due, held))
    return lines
