"""What is printed on a voucher: every kind of note in a row of its own, a code that leads to its check, and embedded letters."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.reader import PdfFileReader

from hotline.core.services import Services
from remittance.payouts import paying, vouchers
from tests import square_codes
from tests.remittance.payouts.making import Counter
from tests.remittance.payouts.test_vouchers import text_of

RECTANGLE = re.compile(rb"([0-9.]+) ([0-9.]+) ([0-9.]+) (-?[0-9.]+) re f\b")


@pytest.fixture
def content(counter: Counter, services: Services) -> bytes:
    """Return the voucher of 1,000 US dollars in nine notes of a hundred and five of twenty."""
    _, payout = counter.paid()
    return vouchers.of_payout(services, payout.id).content


def pages_of(content: bytes) -> list[Any]:
    pages = PdfFileReader(io.BytesIO(content)).root["/Pages"]["/Kids"]
    return [pages[nth] for nth in range(len(pages))]


def code_of(content: bytes) -> str:
    """Read the square code of a voucher's page."""
    found = [
        tuple(float(each) for each in numbers)
        for page in pages_of(content)
        for numbers in RECTANGLE.findall(page["/Contents"].data)
    ]
    squares = [(x, y, width, height) for x, y, width, height in found if width == min(each[2] for each in found)]
    return square_codes.read(square_codes.of_rectangles(squares))


def test_the_square_code_leads_to_the_page_that_says_it_is_genuine(
    services: Services, app: Any, content: bytes
) -> None:
    address = code_of(content)
    assert address.startswith(f"{services.settings.public_url}/verify/")
    token = address.rpartition("/")[2]
    assert address in text_of(content).replace("\n", ""), "the same stands beside it in letters"
    answer = app.test_client().get(f"/verify/{token}?lang=en")
    assert answer.status_code == 200 and "USD 1,000.00" in answer.get_data(as_text=True)
    with services.db.transaction() as session:
        found = vouchers.verify(session, token)
    assert found is not None and found.state == "paid"


def test_each_kind_of_note_has_its_row_and_the_rows_make_the_amount(content: bytes) -> None:
    lines = text_of(content).splitlines()
    start = next(nth for nth, line in enumerate(lines) if "권종 Value" in line)
    assert lines[start : start + 9] == [
        "권종 Value", "수량 Count", "합계 Together", "USD 100.00", "9", "USD 900.00", "USD 20.00", "5", "USD 100.00",
    ]  # fmt: skip


def test_other_notes_have_other_rows(counter: Counter, services: Services) -> None:
    prepared = counter.prepared(counter.ready(), notes=((10_000, 8), (5_000, 3), (1_000, 5)))
    with services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.witness, prepared.id)
    lines = text_of(vouchers.of_payout(services, prepared.id).content).splitlines()
    start = lines.index("합계 Together") + 1
    assert lines[start : start + 9] == [
        "USD 100.00", "8", "USD 800.00", "USD 50.00", "3", "USD 150.00", "USD 10.00", "5", "USD 50.00",
    ]  # fmt: skip


def test_the_letters_of_both_languages_are_in_the_file(content: bytes) -> None:
    """A reader without Korean letters shows the voucher as it was issued: every font is embedded with its outlines."""
    hangul = set[str]()
    held_fonts = [page["/Resources"]["/Font"] for page in pages_of(content)]
    fonts = [each[name] for each in held_fonts for name in each]
    assert len(fonts) == 2, "regular and bold"
    for font in fonts:
        inner = font["/DescendantFonts"][0]
        descriptor, glyphs = inner["/FontDescriptor"], inner["/CIDToGIDMap"].data
        held = [name for name in ("/FontFile2", "/FontFile3") if name in descriptor]
        assert held, f"{font['/BaseFont']} is only named"
        assert re.match(r"/[A-Z]{6}\+", str(font["/BaseFont"])), "cut down to the letters that are used"
        outlines = TTFont(io.BytesIO(descriptor[held[0]].data))
        assert "glyf" in outlines
        for glyph, letter in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]{4})>", font["/ToUnicode"].data):
            character = bytes.fromhex(letter.decode()).decode("utf-16-be")
            if re.match("[가-힣]", character):
                hangul.add(character)
                at = 2 * int(glyph, 16)
                name = outlines.getGlyphOrder()[int.from_bytes(glyphs[at : at + 2])]
                assert outlines["glyf"][name].numberOfContours != 0, f"{character} has no outline"
    assert set("긴급송금지급확인서") <= hangul
