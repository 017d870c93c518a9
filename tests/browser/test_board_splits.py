"""The board by country and provider: chosen by keyboard, in both languages and themes, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from alerts.board.sampling import sample
from hotline.core.clock import FrozenClock
from tests.alerts.replies.people import Warned, make_warned, warn
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import NOW, make_officer, make_traveller

pytestmark = pytest.mark.browser


def people(site: Site, clock: FrozenClock) -> list[Warned]:
    """Warn people in three countries over two providers, who answer one after the other."""
    services = site.services
    first = make_warned(
        services, alert={"started_at": NOW, "headline": "Flood warning for Manila Bay"}, message={"provider": "smpp-kt"},
        name="김민수",
    )  # fmt: skip
    made = [first]
    with services.db.transaction() as session:
        for nth in range(1, 24):
            person = make_traveller(session, name=f"여행자 {nth}", phone=f"+8210300000{nth:02d}")
            state = "failed" if nth % 7 == 0 else "queued" if nth % 11 == 0 else "sent" if nth % 5 == 0 else "delivered"
            warn(
                session, first.alert_id, person, state=state, country=("PH", "JP", "US")[nth % 3],
                provider=("smpp-kt", "twilio")[nth % 2],
            )  # fmt: skip
            made.append(Warned(services, person.id, first.alert_id, person.phone))
    for nth, each in enumerate(made[:12]):
        sample(services)
        clock.advance(timedelta(minutes=1))
        each.say("help" if nth % 4 == 0 else "safe", lat=14.0 + nth / 5, lon=120.5 + nth / 7, accuracy_m=20)
    sample(services)
    return made


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", DESK, "light"), ("ko", DESK, "dark"), ("ko", PHONE, "light"), ("en", PHONE, "dark")],
)
def test_a_part_is_chosen_by_keyboard_and_leads_to_its_people(
    site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str, size: dict[str, int], scheme: str
) -> None:
    made = people(site, clock)
    with site.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",), language=language)
    desk = open_desk(language=language, size=size, color_scheme=scheme)
    desk.sign_in(agent)
    page = desk.page
    desk.go(f"/alerts/{made[0].alert_id}/board")
    page.wait_for_selector("html[data-board=ready]")
    expect(page.locator("[data-board=help]")).to_have_attribute("data-value", "3")
    desk.check(f"board-whole-{language}-{scheme}", exclude=(".leaflet-control-container",))
    page.focus("#field-country")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**country=*")
    page.wait_for_selector("html[data-board=ready]")
    expect(page.locator("#board-curve canvas")).to_be_visible()
    chosen = page.locator("#field-country").input_value()
    assert chosen and page.locator("#field-provider").input_value() == "twilio"
    expect(page.locator(".board-countries").first.locator("tbody tr")).to_have_count(1)
    desk.check(f"board-part-{language}-{scheme}", exclude=(".leaflet-control-container",))
    page.locator(".board-countries a[href*='state=silent'], .board-countries a[href*='state=safe']").first.click()
    page.wait_for_url("**/board/people?**")
    assert page.locator("#field-country").input_value() == chosen
    expect(page.locator("tbody tr").first).to_be_visible()
    desk.check(f"board-part-people-{language}-{scheme}")
