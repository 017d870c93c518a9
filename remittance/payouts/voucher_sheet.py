"""The voucher as a page: one A4 in Korean and English, figures and words, notes, names, lines to sign, and a code to check it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno

from hotline.core.sheet import LINE, QUIET, Sheet
from remittance.money.amounts import Money
from remittance.money.wording import format_money
from remittance.payouts.spelling import in_words

TITLE = ("긴급 송금 지급 확인서", "Emergency remittance: payout voucher")
CODE_MM = 30.0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a voucher says; `paid_at` is in the mission's zone, `rate` what one unit of the paid currency cost."""

    remittance_id: int
    number: str
    mission: tuple[str, str]
    payee: str
    document: tuple[str, str]
    document_last: str
    paid: Money
    due: Money
    fee: Money
    rate: str
    notes: Sequence[tuple[int, int]]
    paid_at: str
    cashier: str
    witness: str
    outside_hours: bool
    verify_url: str
    issued_at: datetime


def draw(facts: Facts) -> bytes:
    """Return the page as a PDF without a signature; only the letters that are used are embedded."""
    page = Sheet(f"{facts.number} {TITLE[1]}", facts.number)
    page.set_creation_date(facts.issued_at)
    page.set_lang("ko")
    page.add_page()
    _head(page, facts)
    for korean, english, value in _rows(facts):
        _row(page, korean, english, value)
    _notes(page, facts)
    _code(page, facts)
    _signatures(page, facts)
    return bytes(page.output())


def _head(page: Sheet, facts: Facts) -> None:
    page.face(18, bold=True)
    page.words(9, TITLE[0])
    page.face(12, QUIET)
    page.words(6, TITLE[1])
    page.ln(3)


def _rows(facts: Facts) -> list[tuple[str, str, str]]:
    last = f" · ···{facts.document_last}" if facts.document_last else ""
    rows = [
        ("송금 번호", "Remittance", facts.number),
        ("지급 공관", "Mission", f"{facts.mission[0]} · {facts.mission[1]}"),
        ("수취인", "Payee", facts.payee),
        ("신분 확인", "Identity", f"{facts.document[0]} · {facts.document[1]}{last}"),
        ("지급 금액", "Paid in cash", f"{format_money(facts.paid, 'en')}"),
        ("", "", f"{in_words(facts.paid, 'ko')} · {in_words(facts.paid, 'en')}"),
        ("입금 금액", "Deposited", f"{format_money(facts.due, 'ko')} · {format_money(facts.due, 'en')}"),
        ("수수료", "Fee", f"{format_money(facts.fee, 'ko')} · {format_money(facts.fee, 'en')}"),
        ("환율", "Rate", f"1 {facts.paid.currency} = {facts.rate} {facts.due.currency}"),
        ("지급 일시", "Paid at", facts.paid_at),
        ("지급자", "Cashier", facts.cashier),
        ("입회자", "Witness", facts.witness),
    ]
    if facts.outside_hours:
        rows.append(("근무시간 외", "Outside hours", "허용됨 · allowed, with the reason on record"))
    return rows


def _row(page: Sheet, korean: str, english: str, value: str) -> None:
    top = page.get_y()
    page.face(9, QUIET)
    page.cell(24, 6, korean)
    page.cell(26, 6, english)
    page.face(10)
    page.set_xy(page.l_margin + 50, top)
    page.paragraph(6, value)
    page.set_draw_color(*LINE)
    page.set_line_width(0.2)
    page.line(page.l_margin, page.get_y(), page.w - page.r_margin, page.get_y())


def _notes(page: Sheet, facts: Facts) -> None:
    page.section("권종 · Notes and coins")
    rows = [
        (
            format_money(Money(value, facts.paid.currency), "en"), str(count),
            format_money(Money(value * count, facts.paid.currency), "en"),
        )
        for value, count in facts.notes
    ]  # fmt: skip
    heads = ("권종 Value", "수량 Count", "합계 Together")
    page.table_of(heads, rows, (2, 1, 2), align=("RIGHT", "RIGHT", "RIGHT"), width=110)


def _code(page: Sheet, facts: Facts) -> None:
    """Draw the square code of the address that says whether the voucher is genuine, as rectangles: sharp at any size."""
    page.ln(5)
    if page.get_y() > page.h - 85:
        page.add_page()
    matrix = [list(row) for row in segno.make(facts.verify_url, error="m", boost_error=False).matrix]
    size, left, top = CODE_MM / len(matrix), page.l_margin, page.get_y()
    page.set_fill_color(0, 0, 0)
    for nth, row in enumerate(matrix):
        for column, dark in enumerate(row):
            if dark:
                page.rect(left + column * size, top + nth * size, size * 1.02, size * 1.02, style="F")
    page.set_xy(left + CODE_MM + 5, top)
    page.face(8.5, QUIET)
    page.set_left_margin(left + CODE_MM + 5)
    page.paragraph(4.5, "이 확인서의 진위는 QR 코드나 아래 주소에서 확인할 수 있습니다.")
    page.paragraph(4.5, "Whether this voucher is genuine is told at this address:")
    page.face(7.5)
    page.paragraph(4, facts.verify_url)
    page.set_left_margin(left)
    page.set_y(top + CODE_MM + 4)


def _signatures(page: Sheet, facts: Facts) -> None:
    page.face(9)
    page.paragraph(4.5, "위 금액을 현금으로 정히 영수하였습니다. · I have received the above amount in cash.")
    page.ln(12)
    top, width = page.get_y(), page.epw / 3
    for nth, (korean, english, name) in enumerate(
        (("수취인", "Payee", facts.payee), ("지급자", "Cashier", facts.cashier), ("입회자", "Witness", facts.witness))
    ):
        left = page.l_margin + nth * width
        page.line(left, top, left + width - 6, top)
        page.set_xy(left, top + 1)
        page.face(8, QUIET)
        page.cell(width - 6, 4, f"{korean} {english}")
        page.set_xy(left, top + 5)
        page.face(9)
        page.multi_cell(width - 6, 4.5, name, align="L")  # a name has up to 120 letters; none runs into the next one
