"""Remittances in a browser: the list, the form that is the telephone script, one under review and one on hold, a case's panel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.core.clock import Clock
from hotline.core.services import Services
from remittance.requests import reviewing
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_hong_kong, make_remittance

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> tuple[Officer, dict[str, str]]:
    """Make a few remittances and a chief who reads this language."""
    clock: Clock = services.clock
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        chief = make_officer(
            session, roles=("duty_chief", "agent"), name="chief", display_name="서정은", language=language
        )
        asked = make_remittance(
            session,
            clock,
            mission=mission,
            words="Hotel safe was emptied." if language == "en" else "호텔 금고가 털렸음.",
        )
        reviewer = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, reviewer, asked.id)
        held = make_approved(session, clock, mission=mission, payee_name="PARK JISUNG")
        reviewing.decide(
            session, clock, make_actor(session, clock, "finance_officer"), held.id, "hold", reason="같은 입금자 여러 건"
        )
        fresh = make_remittance(session, clock, mission=mission, payee_name="LEE YOUNGHEE")
        case = make_case(session, clock, name="노은채")
    return chief, {
        "list": "/remittances", "review": f"/remittances/{asked.id}", "held": f"/remittances/{held.id}",
        "asked": f"/remittances/{fresh.id}", "new": f"/remittances/new?case={case.id}", "case": f"/cases/{asked.case_id}",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_of_remittances_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    chief, pages = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"remittance-{name}-{language}")


def test_what_was_written_stays_beside_what_is_wrong(site: Site, open_desk: Callable[..., Desk]) -> None:
    chief, pages = practise(site.services, "en")
    desk = open_desk(language="en", size=PHONE)
    desk.sign_in(chief)
    desk.go(pages["new"])
    desk.expected_statuses = {422}
    desk.page.fill("#field-payee_name", "ROH EUNCHAE")
    desk.page.select_option("#field-reason", "lost")
    desk.page.fill("#field-amount", "12.345,00")
    desk.page.select_option("#field-mission_id", index=1)
    desk.page.fill("#field-payer_phone", "010-2000-0011")
    desk.page.get_by_role("button", name="Write the request down").click()
    expect(desk.page.locator(".has-error")).to_have_count(1)
    expect(desk.page.locator("#field-payee_name")).to_have_value("ROH EUNCHAE")
    desk.page.fill("#field-amount", "1,200")
    desk.page.get_by_role("button", name="Write the request down").click()
    expect(desk.page.locator(".has-error")).to_have_count(1)  # the relative's number without consent
    desk.check("remittance-new-wrong-en")
    desk.page.check("input[name=consent]")
    desk.page.get_by_role("button", name="Write the request down").click()
    expect(desk.page.locator(".notice-good")).to_be_visible()
    expect(desk.page.locator("h2").first).to_have_text("USD 1,200.00")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_what_to_say_is_beside_the_fields_and_folds_away(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    chief, pages = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    desk.go(pages["new"])
    for section, korean, english in (
        ("who", "여권을 가지고 계십니까?", "Do you have your passport?"),
        ("what", "현금이 얼마나", "How much cash do you need"),
        ("payer", "안내해도 되겠습니까?", "May we call and text this person"),
        ("alone", "협박하고 있습니까?", "or threaten you?"),
    ):
        panel = desk.page.locator(f'[aria-labelledby="{section}-title"]')
        for words in (korean, english):
            expect(panel.get_by_text(words)).to_be_visible()
        panel.locator("summary").click()
        for words in (korean, english):
            expect(panel.get_by_text(words)).to_be_hidden()
    desk.check(f"remittance-new-folded-{language}")
    assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
