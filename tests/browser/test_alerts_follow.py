"""What follows an alert, in a browser: the update's texts side by side, the correction in two clicks, on a phone at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from alerts.materialise import materialise
from alerts.models import Alert
from hotline.auth.models import Officer
from tests.alerts.senders import make_approved
from tests.browser.alerts_site import make_staff, wait_for_editor
from tests.browser.conftest import Desk, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
AREA = [{"description": "Manila Bay", "polygons": [[[14.2, 120.5], [14.2, 121.3], [14.9, 121.3], [14.9, 120.5], [14.2, 120.5]]],
         "circles": []}]  # fmt: skip
TEXTS = {
    "alert": {
        "ko": "[외교부] 마닐라 홍수 11월 21일 12:00. 고지대로 대피하세요.",
        "en": "Flood in Manila 21 Nov 12:00. Go to high ground.",
    },
    "correction": {
        "ko": "[외교부] 정정: 마닐라 홍수 문자(11월 21일 12:00)는 잘못된 것입니다.",
        "en": "CORRECTION: our message about a flood in Manila, 21 Nov 12:00, was sent in error.",
    },
}


@pytest.fixture
def staff(site: Site) -> tuple[Officer, Officer]:
    return make_staff(site)


def sent(site: Site) -> int:
    """Send an alert to the people around Manila."""
    with site.services.db.transaction() as session:
        mission: Any = session.execute(select(Alert.mission_id)).first()
        assert mission is None
        alert = make_approved(session, areas=AREA, variants=TEXTS, place="Manila", event="Flood")
        alert_id = alert.id
    assert materialise(site.services, alert_id) == "dispatching"
    with site.services.db.connection() as connection:
        connection.execute("UPDATE messages SET state = 'delivered', attempts = 1 WHERE alert_id = %s", (alert_id,))
        connection.execute("UPDATE tallies SET state = 'delivered' WHERE alert_id = %s", (alert_id,))
    return alert_id


@pytest.mark.parametrize("language", ["en", "ko"])
def test_an_update_is_drafted_with_every_text_beside_the_others(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer], language: str
) -> None:
    alert_id = sent(site)
    desk = open_desk(language=language)
    desk.sign_in(staff[0])
    desk.speak(language)
    desk.go(f"/alerts/{alert_id}")
    desk.check(f"follow-sent-{language}")
    desk.page.locator("form.inline-form button").first.click()
    wait_for_editor(desk.page)
    for variant in ("alert", "update", "left", "correction"):
        expect(desk.page.locator(f"[data-variant={variant}] .text-box")).to_have_count(2)
    desk.page.locator("#variant-left").scroll_into_view_if_needed()
    desk.check(f"follow-editor-{language}")
    desk.page.fill("#text-update\\:en", "UPDATE: the flood in {place} rises, {time}. Call {hotline}")
    expect(desk.page.locator('[data-language="update:en"] [data-part=bubble]')).to_contain_text("rises")
    desk.page.click('[data-act="save"]')
    expect(desk.page.locator("[data-save-state]")).to_have_attribute("data-kind", "saved")
    desk.page.click('[data-act="submit"]')
    desk.page.click('#submit-dialog [data-act="submit-now"]')
    desk.page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    expect(desk.page.locator(".handset")).to_have_count(8)
    desk.check(f"follow-waiting-{language}")


def test_one_officer_stops_and_corrects_from_a_phone(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer]
) -> None:
    alert_id = sent(site)
    desk = open_desk(size=PHONE, color_scheme="dark")
    desk.sign_in(staff[1])
    desk.go(f"/alerts/{alert_id}")
    desk.check("correct-phone")
    desk.page.click("[data-opens=correct-dialog]")
    desk.check("correct-dialog-phone")
    desk.page.click("#correct-dialog button[type=submit]")
    expect(desk.page.locator("body")).to_contain_text("CORRECTION: our message about a flood")
    expect(desk.page.locator("#chain-title")).to_be_visible()
    desk.check("corrected-phone")
    with site.services.db.transaction() as session:
        assert session.scalars(select(Alert.state).where(Alert.follows_id == alert_id)).all() == ["approved"]
        assert session.get_one(Alert, alert_id).state == "cancelled"
