"""Tills and settlements in a browser, on a telephone and at a desk; a count goes from the hand to its witness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.services import Services
from remittance.ledger.months import BOOKS_ZONE
from remittance.settlement import settling
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.remittance.tills.making import Counter

pytestmark = pytest.mark.browser


def practise(services: Services) -> tuple[Counter, dict[str, str]]:
    """Make two missions: one whose till differs and has old payouts, and one whose payouts are settled."""
    counter, other = Counter(services), Counter(services, code="macau")
    now = services.clock.now()
    for each in (counter, other):
        each.fill(500_000)
        each.fill(1_200_000, "HKD")
        each.remittance(60_000)
        for days in (1, 40, 75, 120):
            each.remittance(20_000 + days * 100, state="paid", paid_at=now - timedelta(days=days))
    counter.witnessed({10_000: 30})
    counter.explain(counter.open_differences()[0].id)
    counter.witnessed({10_000: 29, 5_000: 1})
    counter.count({10_000: 29, 5_000: 1, 2_000: 2}, kind="opening")
    counter.prepare(80_000)
    today = now.astimezone(BOOKS_ZONE).date()
    done = other.do(settling.prepare, other.one, other.mission, "USD", today - timedelta(days=30))
    other.do(settling.confirm, other.two, done.id, done.digest)
    waits = counter.do(settling.prepare, counter.one, counter.mission, "USD", today)
    book = f"/tills/{counter.mission}"
    return counter, {
        "list": "/tills", "book": f"{book}?currency=USD", "other": f"/tills/{other.mission}?currency=HKD",
        "move": f"{book}/move?currency=USD", "settlements": "/settlements", "settlement": f"/settlements/{waits.id}",
        "settled": f"/settlements/{done.id}", "reckoned": f"/settlements/new?mission={other.mission}&currency=USD",
        "overview": "/",
    }  # fmt: skip


def name_of(services: Services, actor: Actor, language: str) -> Officer:
    """Return an actor's officer, who reads this language."""
    with services.db.transaction() as session:
        officer = session.get_one(Officer, actor.id)
        officer.language = language
        return officer


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_of_tills_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    counter, pages = practise(site.services)
    desk = open_desk(language=language, size=size)
    desk.sign_in(name_of(site.services, counter.two, language))
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"till-{name}-{language}")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_cashier_counts_on_a_telephone_and_another_person_witnesses(
    site: Site, open_desk: Callable[..., Desk], language: str
) -> None:
    counter = Counter(site.services)
    counter.fill(120_000)
    desk = open_desk(language=language, size=PHONE)
    desk.sign_in(name_of(site.services, counter.cashier, language))
    desk.go(f"/tills/{counter.mission}/count?currency=USD")
    desk.check(f"till-count-{language}")
    desk.page.fill("#piece-10000", "12")
    desk.page.locator("form.form button[type=submit]").click()
    expect(desk.page.locator(".flashes")).to_be_visible()
    desk.check(f"till-counted-{language}")
    witness = open_desk(language=language, size=PHONE)
    witness.sign_in(name_of(site.services, counter.officer, language))
    witness.go(f"/tills/{counter.mission}")
    witness.check(f"till-to-witness-{language}")
    witness.page.locator("form[action$='/witness'] button").click()
    expect(witness.page.locator("form[action$='/witness']")).to_have_count(0)
    witness.check(f"till-witnessed-{language}")
    assert not counter.open_differences()
