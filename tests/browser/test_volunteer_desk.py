"""A volunteer at the desk in a browser: a code from the telephone opens it, and calls ring in it through the provider's SDK."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect
from pydantic import SecretStr
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.notices.models import Notice
from overflow.volunteers.links import token_for
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.browser.test_desk_voice import STAND_IN
from tests.calls.telephones import Telephones
from tests.overflow.surge.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def site_settings(settings: Settings) -> Settings:
    """A service that has a key for browsers; nothing of it is ever sent anywhere."""
    more = {
        "twilio_account_sid": "AC" + "1" * 32, "twilio_api_key_sid": "SK" + "2" * 32,
        "twilio_api_key_secret": SecretStr("s" * 32),
    }  # fmt: skip
    return settings.model_copy(update=more)


@pytest.mark.parametrize(("language", "size"), [("ko", PHONE), ("en", DESK)], ids=["ko-360", "en-1280"])
def test_a_code_opens_the_desk_and_calls_ring_in_the_browser(
    site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    telephones = Telephones(clock)
    site.services.rooms["voice_provider"] = site.services.rooms["call_control"] = telephones
    world = World(site.services, clock, telephones)
    world.people(3, speaks=language, name="한지우")
    world.start(1)
    person = world.asked()[0]
    world.says(person.id, "now")
    world.passes(person.id)
    world.look()
    desk = open_desk(language=language, size=size)
    page = desk.page
    page.route("**/vendor/twilio-voice/*", _sdk)
    desk.go("/volunteer/desk")
    desk.check(f"volunteer-desk-number-{language}")
    desk.go(f"/v/{token_for(site.services, person.volunteer_id)}")
    desk.check(f"own-with-desk-{language}")
    page.locator("form[action$='/desk'] button").click()
    desk.check(f"volunteer-desk-code-{language}")
    with site.services.db.transaction() as session:
        body = session.scalars(select(Notice.body).where(Notice.purpose == "code")).one()
    found = re.search(r"\d{6}", body)
    assert found is not None
    page.fill("[name=code]", found[0])
    page.click("main form button[type=submit]")
    page.wait_for_url("**/desk")
    page.click("#act-telephone")
    expect(page.locator("#voice-badge")).to_have_class(re.compile("state-done"))
    desk.check(f"volunteer-desk-{language}")
    page.evaluate("device.ring()")
    page.click("#voice-answer")
    expect(page.locator("#voice-mute")).to_be_visible()
    page.evaluate("call.end()")
    expect(page.locator("#voice-badge")).to_have_class(re.compile("state-done"))
    desk.assert_clean()


def _sdk(route: Route) -> None:
    route.fulfill(content_type="text/javascript", body=STAND_IN)
