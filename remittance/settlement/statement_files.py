"""A settlement as a table for spreadsheets and as a page to print, for the mission's own files, in the reader's language."""

from __future__ import annotations

from datetime import datetime

from flask_babel import get_locale

from hotline.core.i18n import gettext
from hotline.core.sheet import QUIET, Sheet
from hotline.core.tables import as_csv
from remittance.ledger.months import BOOKS_ZONE
from remittance.money.amounts import Money
from remittance.money.wording import format_money
from remittance.settlement import words
from remittance.settlement.reading import Whole


def title_of(whole: Whole) -> str:
    """Return the title."""
    name = whole.mission.name_ko if str(get_locale()) == "ko" else whole.mission.name_en
    return gettext("Settlement %(number)s · %(mission)s", number=whole.one.id, mission=name)


def csv_of(whole: Whole) -> str:
    """Return the settlement as CSV: a row for each payout in major units, and the total."""
    one = whole.one
    rows: list[list[object]] = [
        [number, item.paid_at.isoformat(timespec="seconds"), f"{Money(item.minor, one.currency).decimal():f}", one.currency]
        for item, number in whole.items
    ]  # fmt: skip
    total = [gettext("Total"), "", f"{Money(one.total_minor, one.currency).decimal():f}", one.currency]
    return as_csv([_heads("UTC"), *rows, total])


def pdf_of(whole: Whole, made_at: datetime) -> bytes:
    """Return the settlement as pages of A4; days and times are the ministry's."""
    one = whole.one
    page = Sheet(title_of(whole), gettext("%(title)s, printed %(when)s", title=title_of(whole), when=_at(made_at)))
    page.add_page()
    page.face(16, bold=True)
    page.paragraph(8, title_of(whole))
    page.face(10, QUIET)
    page.words(6, gettext(words.STATES[one.state]))
    page.face(10)
    for line in _facts(whole):
        page.words(6, line)
    page.section(gettext("Payouts"))
    rows = [[number, _at(item.paid_at), _money(item.minor, one.currency)] for item, number in whole.items]
    rows.append([gettext("Total"), "", _money(one.total_minor, one.currency)])
    page.table_of(_heads(BOOKS_ZONE.key)[:3], rows, (2, 2, 2), align=("LEFT", "LEFT", "RIGHT"))
    return bytes(page.output())


def _facts(whole: Whole) -> list[str]:
    one = whole.one
    total = _money(one.total_minor, one.currency)
    lines = [
        gettext("%(count)s payouts up to %(day)s: %(total)s", count=one.remittances, day=one.last_day, total=total),
        gettext(words.WAYS[one.way]),
        gettext("Prepared %(when)s", when=_at(one.prepared_at)),
    ]
    if one.state == "confirmed" and one.decided_at is not None:
        lines.append(gettext("Confirmed %(when)s", when=_at(one.decided_at)))
        if one.paid_at is not None:
            lines.append(gettext("Transferred, found on the bank's statement %(when)s", when=_at(one.paid_at)))
        lines.append(gettext("Journal %(number)s", number=one.journal_id))
    return lines


def _heads(zone: str) -> list[str]:
    return [gettext("Remittance"), f"{gettext('Paid out')} ({zone})", gettext("Amount"), gettext("Currency")]


def _money(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency), str(get_locale() or "ko"))


def _at(moment: datetime) -> str:
    return moment.astimezone(BOOKS_ZONE).strftime("%Y-%m-%d %H:%M")
