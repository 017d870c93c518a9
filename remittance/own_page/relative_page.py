"""`/r/{token}`: what a relative at home deposits, where, until when, and how it goes on.

The link is the authority; nobody signs in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.core.web import PUBLIC, permit
from hotline.missions import missions
from hotline.missions.models import Mission
from remittance.banks.models import BankAccount
from remittance.ledger.standing import standing
from remittance.ledger.states import DEPOSITS
from remittance.own_page import shown
from remittance.own_page.links import open_relative_link
from remittance.own_page.rendering import chosen_language, guarded, rendered
from remittance.quotes import qr
from remittance.quotes.standing import quote_of
from remittance.requests.models import Remittance
from remittance.requests.reference import shown as shown_reference
from remittance.requests.states import PARTIAL, QUOTED, READY, REFUND_PENDING

blueprint = Blueprint("relative_page", __name__, template_folder="templates")
HOME_ZONE = "Asia/Seoul"


@dataclass(frozen=True)
class Deposit:
    """What is still to be deposited; amounts in minor units of `currency`."""

    bank: str
    number: str
    holder: str
    currency: str
    due_minor: int
    held_minor: int
    until: datetime
    qr: str = ""
    """The same for a camera, as SVG; empty once a part has come, because the code says the whole amount."""

    @property
    def missing_minor(self) -> int:
        """What has not come yet."""
        return max(0, self.due_minor - self.held_minor)


@blueprint.get("/r/<token>")
@permit(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """Show the page."""
    return guarded(lambda services: _shown(services, token))


def _shown(services: Services, token: str) -> ResponseReturnValue:
    with services.db.transaction() as session:
        one = open_relative_link(session, services, token, request.remote_addr or "")
        language = chosen_language(one.payer_language)
        deposit = deposit_of(session, one, language, services.clock.now())
        mission = missions.get(session, one.mission_id)
        kept = standing(session, DEPOSITS, "remittance", one.id)
    return rendered(
        "own_money/relative.html", 200, language, HOME_ZONE, one=one, name=shown.initials(one.payee_name),
        words=shown.relative_words(one), steps=shown.steps_of(one), deposit=deposit,

        # What came stands on the page from the deposit to the end; while a part is awaited it stands beside what is missing.
        arrived=[(currency, -minor) for currency, minor in sorted(kept.items()) if minor < 0 and deposit is None],
        refund=one.state == REFUND_PENDING, late=one.state in (QUOTED, PARTIAL) and deposit is None,
        reference=shown_reference(one.reference), place=place_of(one, mission, language),
    )  # fmt: skip


def deposit_of(session: Session, one: Remittance, language: str, now: datetime) -> Deposit | None:
    """Return what the relative is asked for now; None where nothing is, or its time is over."""
    if one.state not in (QUOTED, PARTIAL):
        return None
    quote, until = quote_of(session, one.id), shown.until_of(session, one)
    if quote is None or until is None or until <= now:
        return None
    bank = session.get_one(BankAccount, quote.bank_account_id)
    held = -standing(session, DEPOSITS, "remittance", one.id).get(quote.due_currency, 0)
    name = bank.bank_ko if language == "ko" else bank.bank_en
    code = qr.svg(quote, bank, one.reference) if held <= 0 else ""
    return Deposit(name, bank.number, bank.holder, quote.due_currency, quote.due_minor, held, until, code)


def place_of(one: Remittance, mission: Mission, language: str) -> str:
    """Return where the cash is fetched, once it is ready; empty before."""
    if one.state != READY:
        return ""
    return mission.name_ko if language == "ko" else mission.name_en
