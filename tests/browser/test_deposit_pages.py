"""Deposits in a browser: suspense, one entry, refunds, statements, a file looked at first, and a remittance's part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.writing import camt

pytestmark = pytest.mark.browser


def practise(bank: Bank, language: str) -> tuple[Officer, dict[str, str]]:
    """Send a statement with something of everything, and make an officer who reads this language."""
    over, part = bank.quoted(), bank.quoted(payee_name="LEE YOUNGHEE")
    bank.send(
        bank.entry(DUE + 5_000, reference=over.reference), bank.entry(700_000, reference=part.reference),
        bank.entry(DUE, payer="WANG FEI", details="송금 wire from abroad 2026/11/21"),
        bank.entry(-1_100, payer="우리은행", details="수수료"),
    )  # fmt: skip
    with bank.services.db.transaction() as session:
        officer = make_officer(session, roles=("finance_officer",), display_name="한지우", language=language)
    waits = bank.entries(state="suspense")[0]
    return officer, {
        "suspense": "/remittances/suspense", "entry": f"/remittances/suspense/{waits.id}", "refunds": "/remittances/refunds",
        "statements": "/remittances/statements", "statement": f"/remittances/statements/{waits.statement_id}",
        "import": "/remittances/statements/import", "remittance": f"/remittances/{over.id}",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_of_deposits_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    officer, pages = practise(Bank(site.services), language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"deposits-{name}-{language}")


def test_a_file_is_looked_at_and_taken_over(site: Site, open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    bank = Bank(site.services)
    officer, _ = practise(bank, "en")
    desk = open_desk(language="en", size=PHONE)
    desk.sign_in(officer)
    desk.go("/remittances/statements/import")
    lost, given = bank.statement(bank.entry(3)), bank.statement(bank.entry(DUE, payer="김영자"), bank.entry(12))
    file = tmp_path / "bank.xml"
    file.write_bytes(camt([given]))
    desk.expected_statuses = {422}
    desk.page.set_input_files("#field-file", file)
    desk.page.get_by_role("button", name="Look first").click()
    expect(desk.page.locator(".notice-warn")).to_contain_text("missing")
    desk.check("deposits-import-refused-en")
    file.write_bytes(camt([lost, given]))
    desk.page.set_input_files("#field-file", file)
    desk.page.get_by_role("button", name="Look first").click()
    expect(desk.page.get_by_text("Nothing is changed yet")).to_be_visible()
    desk.check("deposits-import-preview-en")
    desk.page.get_by_role("button", name="Take it over").click()
    expect(desk.page.locator(".notice-good")).to_contain_text("3 new entries")
