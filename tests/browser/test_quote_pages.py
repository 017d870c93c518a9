"""Quotes, rates and bank accounts in a browser: read on a telephone and at a desk in both languages; a quote by its button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core.services import Services
from remittance.banks import accounts
from remittance.money.amounts import Money
from remittance.quotes import quoting, rates
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.quotes.making import fill_till, make_quotable
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong

pytestmark = pytest.mark.browser
WORDS = {
    "ko": {
        "quote": "금액 안내하기",
        "again": "금액 다시 안내",
        "done": "가족에게 금액, 계좌, 입금 번호를 안내하십시오",
    },
    "en": {"quote": "Quote it", "again": "Quote it again", "done": "Tell the relative the amount"},
}


def practise(services: Services, language: str) -> tuple[Officer, dict[str, str]]:
    """Make a quoted remittance, one to be quoted, one without cash, and what waits for a second officer."""
    clock = services.clock
    with services.db.transaction() as session:
        officer = make_officer(
            session, roles=("finance_officer", "duty_chief"), name="both", display_name="서정은", language=language
        )
        mission = make_hong_kong(session)
        quoted = make_quotable(session, clock, mission=mission)
        for _ in range(2):
            quoting.quote(session, clock, actor_of(officer, "console"), quoted.id)
        fill_till(session, clock, mission, Money(100_000, "USD"))
        short = make_approved(session, clock, mission=mission, wanted=Money(200_000, "USD"), payee_name="PARK JISUNG")
        fresh = make_approved(session, clock, mission=mission, payee_name="LEE YOUNGHEE")
        typist = make_actor(session, clock, "finance_officer")
        at = clock.now() - timedelta(minutes=5)
        rates.type_in(
            session, clock, typist, rates.Typed(base="USD", quoted="KRW", value="1451.2", source="hana-bank", at=at)
        )
        accounts.enter(
            session, clock, typist,
            accounts.Wish(
                code="euro", bank_en="Practice Bank", bank_ko="연습은행", holder="외교부", number="9-1", opened=Money(0, "EUR"),
            ),
        )  # fmt: skip
    return officer, {
        "quoted": f"/remittances/{quoted.id}", "short": f"/remittances/{short.id}", "fresh": f"/remittances/{fresh.id}",
        "policy": "/remittances/policy", "rates": "/rates", "banks": "/bank-accounts", "bank-form": "/bank-accounts/new",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_quotes_rates_and_accounts_are_read_anywhere(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    officer, pages = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"quote-{name}-{language}")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_quote_is_one_button(site: Site, open_desk: Callable[..., Desk], language: str) -> None:
    officer, pages = practise(site.services, language)
    desk = open_desk(language=language)
    desk.sign_in(officer)
    desk.go(pages["fresh"])
    desk.page.get_by_role("button", name=WORDS[language]["quote"], exact=True).click()
    expect(desk.page.get_by_text(WORDS[language]["done"])).to_be_visible()
    expect(desk.page.get_by_role("button", name=WORDS[language]["again"], exact=True)).to_be_visible()
    desk.page.locator(".fold > summary").first.click()
    expect(desk.page.locator("svg.qr")).to_be_visible()
    desk.check(f"quote-open-{language}")
    desk.assert_clean()


@pytest.mark.parametrize(("language", "size"), [("ko", PHONE), ("en", DESK)], ids=["ko-360", "en-1280"])
def test_a_policy_is_kept_after_a_question(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        boss = make_officer(session, roles=("administrator",), display_name="서정은", language=language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    desk.go("/remittances/policy")
    desk.check(f"policy-form-{language}")
    desk.page.fill("#field-limit", "2,000")
    desk.page.locator("form.form button[type=submit]").click()
    desk.page.locator("#confirm").get_by_role("button", name={"ko": "저장", "en": "Keep it"}[language]).click()
    expect(desk.page.locator("tbody tr")).to_have_count(2)
    desk.check(f"policy-kept-{language}")
    desk.assert_clean()
