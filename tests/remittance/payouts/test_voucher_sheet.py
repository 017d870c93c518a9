"""The voucher's page: what is long takes more lines and never runs into what stands beside it."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from pyhanko.pdf_utils.reader import PdfFileReader

from remittance.money.amounts import Money
from remittance.payouts.voucher_sheet import Facts, draw


def lines_of(payee: str) -> int:
    """Draw a voucher for somebody; return how many pieces of text its one page has."""
    at = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    facts = Facts(
        remittance_id=42, number="R-2026-000042", mission=("주홍콩 총영사관", "Consulate General in Hong Kong"), payee=payee,
        document=("여권", "Passport"), document_last="678", paid=Money(300_000, "USD"), due=Money(4_173_000, "KRW"),
        fee=Money(5_000, "KRW"), rate="1,385.43", notes=[(10_000, 30)], paid_at="2026-11-21 11:00 UTC+8", cashier="이보라",
        witness="박서준", outside_hours=False, verify_url="https://hotline.example/vouchers/abcDEF123456", issued_at=at,
    )  # fmt: skip
    pages = PdfFileReader(io.BytesIO(draw(facts))).root["/Pages"]["/Kids"]
    page = pages[0]  # by its number: unpacked, it is a reference
    return int(page["/Contents"].data.count(b"Tj"))


def test_a_name_wider_than_its_line_of_signature_takes_two() -> None:
    # The row above holds this name on one line; the third of a page for a signature does not.
    assert lines_of("KIM-VAN DER MEER MINSU ALEXANDRA") == lines_of("KIM MINSU") + 1
