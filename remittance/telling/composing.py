"""Filling a sentence with what the remittance, its quote and the books say at this moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hotline.core.phone import readable
from hotline.core.services import Services
from hotline.missions import missions
from remittance.banks.models import BankAccount
from remittance.ledger.standing import standing
from remittance.ledger.states import DEPOSITS
from remittance.money.amounts import Money
from remittance.money.wording import format_money
from remittance.own_page.links import relative_link, traveller_link
from remittance.own_page.shown import initials, until_of
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests.models import Remittance
from remittance.requests.reference import shown
from remittance.telling.sentences import RELATIVE, TEXTS, TRAVELLER

HOME_ZONE = "Asia/Seoul"
_WITH_QUOTE = frozenset({"quoted", "returned", "mistaken", "quote_ends", "partial"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def compose(session: Session, services: Services, one: Remittance, who: str, sentence: str) -> str | None:
    """Return the text for one reader in their language; None where the quote it speaks of is not there, or is over."""
    language = one.payee_language if who == TRAVELLER else one.payer_language
    quote, until = quote_of(session, one.id), until_of(session, one)
    if sentence in _WITH_QUOTE and (quote is None or until is None or until <= services.clock.now()):
        return None
    mission = missions.get(session, one.mission_id)
    zone = HOME_ZONE if who == RELATIVE else mission.zone
    words = {
        "number": one.number, "name": initials(one.payee_name), "reference": shown(one.reference),
        "mission": mission.name_ko if language == "ko" else mission.name_en,
        "phone": readable(services.settings.hotline_number),
        "until": written(until, zone, language) if until is not None else "",
    }  # fmt: skip
    text = TEXTS[who][sentence][language]
    if "{url}" in text:
        words["url"] = _link(session, services, one, who)
    if quote is not None:
        words |= _amounts(session, one, quote, language)
    return text.format(**words)


def written(at: datetime, zone: str, language: str) -> str:
    """Return a moment on the reader's wall clock, short and with the zone said: `11월 28일 15:00(Asia/Seoul)`."""
    local = at.astimezone(ZoneInfo(zone))
    if language == "ko":
        place = "한국" if zone == HOME_ZONE else "현지"
        return f"{local.month}월 {local.day}일 {local:%H:%M}({place} 시간)"
    place = "Seoul time" if zone == HOME_ZONE else "local time"
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M} ({place})"


def _link(session: Session, services: Services, one: Remittance, who: str) -> str:
    if who == RELATIVE:
        return relative_link(session, services.settings, one)
    return traveller_link(session, services.clock, services.settings, one)


def _amounts(session: Session, one: Remittance, quote: Quote, language: str) -> dict[str, str]:
    bank = session.get_one(BankAccount, quote.bank_account_id)
    held = -standing(session, DEPOSITS, "remittance", one.id).get(quote.due_currency, 0)
    return {
        "due": format_money(Money(quote.due_minor, quote.due_currency), language),
        "held": format_money(Money(held, quote.due_currency), language),
        "missing": format_money(Money(max(0, quote.due_minor - held), quote.due_currency), language),
        "bank": bank.bank_ko if language == "ko" else bank.bank_en, "account": bank.number, "holder": bank.holder,
        # One Hangul letter turns an English text into one of twice as many parts; the page names the holder in any letters.
        "of_holder": f" ({bank.holder})" if bank.holder.isascii() else "",
    }  # fmt: skip
