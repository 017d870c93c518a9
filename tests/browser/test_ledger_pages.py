"""The books in a browser: read on a telephone and at a desk in both languages; an entry and a month's closing by two officers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from remittance.ledger import demo
from remittance.ledger.balances import balances
from remittance.ledger.models import LedgerAccount
from remittance.ledger.states import BANK, MISSION_CASH
from remittance.tills.models import TillCount
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_mission, make_officer

pytestmark = pytest.mark.browser
WORDS = {
    "ko": {
        "agree": "승인하고 기표", "posted": "기표했습니다", "ask": "마감 요청", "close": "2026-10 마감 확정",
        "done": "월 마감을 마쳤습니다", "entry": "두 번째 담당자에게 확인 요청",
    },
    "en": {
        "agree": "Agree and post", "posted": "Posted.", "ask": "Ask for the closing", "close": "Close 2026-10 for good",
        "done": "The month is closed", "entry": "Ask a second officer",
    },
}  # fmt: skip


def practise(services: Services, language: str) -> tuple[Officer, Officer]:
    """Load the demo's books; the finance officer who asked for the entry, and another."""
    with services.db.transaction() as session:
        make_mission(session, code="hong-kong", name_en="Consulate General in Hong Kong", name_ko="주홍콩 총영사관")
        make_mission(session, code="bangkok", name_en="Embassy in Thailand", name_ko="주태국 대사관")
        first = make_officer(
            session, roles=("finance_officer",), name=demo.ASKS, display_name="Grace Han", language=language
        )
        second = make_officer(session, roles=("finance_officer",), display_name="표지안", language=language)
    demo.load(services, SYSTEM)
    return first, second


def an_account(services: Services) -> str:
    """Return the address of the bank's account."""
    with services.db.transaction() as session:
        found = session.scalar(select(LedgerAccount.id).where(LedgerAccount.kind == BANK))
    return f"/ledger/accounts/{found}"


def count_tills(services: Services, first: Officer, second: Officer) -> None:
    """Have every till counted, as much as the books say: no month closes before."""
    with services.db.transaction() as session:
        tills = session.scalars(select(LedgerAccount).where(LedgerAccount.kind == MISSION_CASH)).all()
        held, now = balances(session, [till.id for till in tills]), services.clock.now()
        session.add_all(
            TillCount(
                mission_id=till.mission_id, currency=till.currency, kind="closing", state="witnessed", key=f"count-{till.id}",
                counted_minor=held[till.id], book_minor=held[till.id], difference_minor=0, counted_by_id=first.id,
                counted_at=now, decided_by_id=second.id, decided_at=now,
            )
            for till in tills
        )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "size"),
    [("ko", PHONE), ("ko", DESK), ("en", DESK), ("en", PHONE)],
    ids=["ko-360", "ko-1280", "en-1280", "en-360"],
)
def test_the_books_are_read_anywhere(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    first, _ = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(first)
    pages = {
        "accounts": "/ledger", "account": an_account(site.services), "journals": "/ledger/journals",
        "journal": "/ledger/journals/3", "trial": "/ledger/trial-balance?period=2026-10", "months": "/ledger/months",
        "entries": "/ledger/entries", "entry": "/ledger/entries/1", "entry-form": "/ledger/entries/new",
    }  # fmt: skip
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"ledger-{name}-{language}")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_two_officers_post_an_entry_and_close_a_month(
    site: Site, open_desk: Callable[..., Desk], language: str
) -> None:
    words = WORDS[language]
    first, second = practise(site.services, language)
    one, two = open_desk(language=language, size=DESK), open_desk(language=language, size=DESK)
    one.sign_in(first)
    two.sign_in(second)
    two.go("/ledger/entries/1")
    two.page.get_by_role("button", name=words["agree"]).click()
    expect(two.page.locator(".notice-good")).to_contain_text(words["posted"])
    two.check(f"ledger-entry-posted-{language}")
    one.go("/ledger/entries/new")
    one.page.fill("[name=memo]", "Float")
    one.page.fill("[name=reason]", "x")
    one.page.select_option("[name=account-0]", index=1)
    one.page.fill("[name=debit-0]", "1,5")
    one.expected_statuses = {422}
    one.page.get_by_role("button", name=words["entry"]).click()
    expect(one.page.locator("#lines-error")).to_be_visible()
    one.check(f"ledger-entry-refused-{language}")
    count_tills(site.services, first, second)
    one.go("/ledger/months")
    one.page.get_by_role("button", name=words["ask"]).click()
    expect(one.page.locator(".notice-good")).to_be_visible()
    two.go("/ledger/months")
    two.check(f"ledger-months-asked-{language}")
    two.page.get_by_role("button", name=words["close"]).click()
    two.page.locator("dialog[open] [data-confirm-yes]").click()
    expect(two.page.locator(".notice-good")).to_contain_text(words["done"])
    two.check(f"ledger-months-closed-{language}")
    for desk in (one, two):
        desk.assert_clean()
