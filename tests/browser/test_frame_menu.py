"""The menu in the bar: groups that open by mouse and keyboard, one at a time, and fit on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize(("size", "language"), [(DESK, "ko"), (DESK, "en"), (PHONE, "ko"), (PHONE, "en")])
def test_groups_open_one_at_a_time_and_lead_everywhere(
    open_desk: Callable[..., Desk], site: Site, size: dict[str, int], language: str
) -> None:
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent", "administrator"))
    desk = open_desk(size=size, language=language)
    desk.sign_in(officer)
    desk.speak(language)
    menu = desk.page.get_by_role("navigation").first
    groups = menu.locator("details.menu-group")
    expect(groups).to_have_count(6)
    for nth in (0, 1):
        groups.nth(nth).locator("summary").click()
        expect(menu.locator("details[open]")).to_have_count(1)
        expect(groups.nth(nth).get_by_role("link").last).to_be_visible()
    desk.check(f"menu-open-{language}")
    desk.page.keyboard.press("Escape")
    expect(menu.locator("details[open]")).to_have_count(0)
    groups.nth(5).locator("summary").focus()
    desk.page.keyboard.press("Enter")
    groups.nth(5).get_by_role("link").last.click()
    expect(groups.nth(5).locator("summary[data-current]")).to_be_visible()
    groups.nth(5).locator("summary").click()
    desk.check(f"menu-current-{language}")
    assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "nothing stands beside the page"
    )
