"""Payouts in a browser: the counter's list, the form, the witness's page, the panel and the public check, on a telephone too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.core.services import Services
from remittance.payouts import vouchers
from remittance.requests import moving
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.payouts.making import Counter

pytestmark = pytest.mark.browser
BUTTONS = {
    "ko": ("코드 확인", "입회자에게 넘기기", "확인하고 지급"),
    "en": ("Check the code", "Give it to the witness", "Confirm and pay out"),
}


def speaking(services: Services, officer_id: int | None, language: str) -> Officer:
    """Return an officer who reads this language."""
    with services.db.transaction() as session:
        officer = session.get_one(Officer, officer_id)
        officer.language = language
    return officer


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_a_payout_from_the_code_to_the_voucher(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    services, (find, give, confirm) = site.services, BUTTONS[language]
    counter = Counter(services)
    counter.ready()
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        number = moving.get(session, remittance_id).number
        chief = make_officer(session, roles=("duty_chief", "finance_officer"), language=language)
    cashier = open_desk(language=language, size=size)
    cashier.sign_in(speaking(services, counter.cashier.id, language))
    cashier.go("/remittances/payouts")
    cashier.check(f"payouts-list-{language}")
    cashier.page.fill("#field-number", number)
    cashier.page.fill("#field-code", counter.code(remittance_id))
    cashier.page.get_by_role("button", name=find).click()
    expect(cashier.page.locator("#field-document_name")).to_be_visible()
    cashier.expected_statuses = {422}
    cashier.page.fill("#field-document_name", "LEE JISU")
    cashier.page.fill("#field-document_number", "M12345678")
    cashier.page.get_by_role("button", name=give).click()
    expect(cashier.page.locator(".has-error")).to_have_count(1)
    cashier.check(f"payouts-form-{language}")
    cashier.page.fill("#field-document_name", "KIM MINSU")
    cashier.page.get_by_role("button", name=give).click()
    expect(cashier.page.locator("#payout-title")).to_be_visible()
    cashier.check(f"payouts-prepared-{language}")
    place = cashier.page.url.removeprefix(site.url)
    witness = open_desk(language=language, size=size)
    witness.sign_in(speaking(services, counter.officer.id, language))
    witness.go(place)
    witness.check(f"payouts-witness-{language}")
    witness.page.get_by_role("button", name=confirm).click()
    witness.page.locator("dialog[open]").get_by_role("button", name=confirm).click()
    expect(witness.page.locator(".state-done").first).to_be_visible()
    witness.check(f"payouts-paid-{language}")
    with monkeypatch.context() as patch:
        patch.setattr(vouchers.ids, "new_token", lambda: "t" * 43)
        vouchers.issue_missing(services)
    witness.go(f"/verify/{'t' * 43}")
    witness.check(f"payouts-verify-{language}")
    office = open_desk(language=language, size=size)
    office.sign_in(chief)
    for name, shown in (("paid", remittance_id), ("ready", remittance_id - 1)):
        office.go(f"/remittances/{shown}")
        office.page.locator("main details").evaluate_all("all => all.forEach(each => { each.open = true })")
        office.check(f"payouts-panel-{name}-{language}")
