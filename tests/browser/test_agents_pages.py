"""The list of agents in pages, seen in a browser at a desk and on a telephone, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotline.agents.pages import PAGE_ROWS
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.queues.making import make_agent

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", PHONE)], ids=["ko-1280", "en-360"])
def test_the_next_page_of_agents_is_reached_and_left_again(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        senior = make_officer(session, roles=("senior_agent",), language=language, display_name="정하윤")
        for _ in range(PAGE_ROWS + 3):
            make_agent(session, state="offline")
    desk = open_desk(language=language, size=size)
    desk.sign_in(senior)
    desk.go("/agents")
    desk.page.locator("nav.paging a[rel=next]").click()
    desk.page.wait_for_url("**/agents?page=2")
    assert desk.page.locator("details[id^='state-of-']").count() == 3
    desk.check(f"agents-second-page-{language}-{size['width']}")
    desk.page.locator("nav.paging a[rel=prev]").click()
    desk.page.wait_for_url("**/agents?page=1")
    assert desk.page.locator("details[id^='state-of-']").count() == PAGE_ROWS
