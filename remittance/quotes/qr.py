"""A QR code of where to deposit how much with which reference, for a camera: what is never typed is never typed wrong."""

from __future__ import annotations

import segno

from remittance.banks.models import BankAccount
from remittance.money.amounts import Money
from remittance.quotes.models import Quote
from remittance.requests.reference import shown


def words(quote: Quote, account: BankAccount, reference: str) -> str:
    """Return what the code says, line by line: bank, number, holder, amount, reference. Korea has no standard for it."""
    due = Money(quote.due_minor, quote.due_currency)
    bank = account.bank_ko if account.bank_ko == account.bank_en else f"{account.bank_ko} ({account.bank_en})"
    return f"{bank}\n{account.number}\n{account.holder}\n{due}\n{shown(reference)}"


def svg(quote: Quote, account: BankAccount, reference: str, title: str = "") -> str:
    """Return the code as SVG to stand in a page, without style or script; `title` is for those who cannot see it."""
    made = segno.make(words(quote, account, reference), error="m", micro=False)
    return str(made.svg_inline(border=2, omitsize=True, svgclass="qr", title=title or None))
