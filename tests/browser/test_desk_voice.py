"""Answering in the browser: the real SDK under the desk's policy, and the desk's own part of it against a stand-in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect
from pydantic import SecretStr

from hotline.agents.models import Agent
from hotline.core.config import Settings
from tests.browser.conftest import Desk, Site
from tests.calls.staging import Stage, make_stage
from tests.factories import make_officer

pytestmark = pytest.mark.browser
STAND_IN = """
window.Twilio = { Device: class {
  constructor(token, options) {
    window.device = this; this.tokens = [token]; this.options = options; this.heard = {}; this.state = "unregistered";
  }
  on(name, act) { this.heard[name] = act; }
  async register() { this.state = "registered"; this.heard.registered(); }
  updateToken(token) { this.tokens.push(token); }
  destroy() {}
  ring() {
    const heard = {};
    window.call = { on: (name, act) => { heard[name] = act; }, accept: () => heard.accept(), muted: false,
      isMuted() { return this.muted; }, mute(on) { this.muted = on; heard.mute(on); }, end: () => heard.disconnect() };
    this.heard.incoming(window.call);
  }
} };
"""
"""What the desk uses of the SDK, moved by hand."""


@pytest.fixture
def site_settings(settings: Settings) -> Settings:
    """A service that has a key for browsers; nothing of it is ever sent anywhere."""
    more = {
        "twilio_account_sid": "AC" + "1" * 32, "twilio_api_key_sid": "SK" + "2" * 32,
        "twilio_api_key_secret": SecretStr("s" * 32),
    }  # fmt: skip
    return settings.model_copy(update=more)


@pytest.fixture
def stage(site: Site) -> Stage:
    """An agent whose telephone is the browser."""
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("agent",))
    made = make_stage(site.services, officer)
    with site.services.db.transaction() as session:
        session.get_one(Agent, made.agent_id).via = "browser"
    return made


def test_the_desk_answers_mutes_and_renews_its_token(stage: Stage, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    page = desk.page
    page.route("**/vendor/twilio-voice/*", lambda route: route.fulfill(body=STAND_IN, content_type="text/javascript"))
    desk.sign_in(stage.officer)
    desk.go("/desk")
    expect(page.locator("#voice-state")).to_have_text("This browser is your telephone.")
    desk.check("desk-voice")
    assert page.evaluate("Object.values(device.options.sounds).every((url) => url.startsWith('/static/'))")
    page.evaluate("device.ring()")
    expect(page.locator("#voice-state")).to_have_text("A call rings here.")
    page.keyboard.press("a")
    expect(page.locator("#voice-state")).to_have_text("You are heard.")
    page.keyboard.press("m")
    expect(page.locator("#voice-state")).to_have_text("You are not heard.")
    page.evaluate("call.end()")
    expect(page.locator("#voice-state")).to_have_text("This browser is your telephone.")
    page.evaluate("device.heard.tokenWillExpire()")
    page.wait_for_function("device.tokens.length === 2")
    assert page.evaluate("device.tokens.every((token) => token.split('.').length === 3)")


def test_the_real_sdk_runs_under_the_policy_and_asks_only_the_provider(
    stage: Stage, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk()
    asked: list[str] = []

    def listen(socket: WebSocketRoute) -> None:
        asked.append(socket.url)

    def taken(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=200, headers={"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"})

    desk.page.route_web_socket(re.compile("^wss:"), listen)
    desk.page.route(re.compile("^https:"), taken)
    desk.sign_in(stage.officer)
    desk.go("/desk")
    desk.page.wait_for_function("window.Twilio && Twilio.Device.isSupported")
    desk.page.wait_for_timeout(1_500)
    assert any(url.startswith("wss://voice-js.roaming.twilio.com/") for url in asked), asked
    assert all(url.split("/")[2] in ("voice-js.roaming.twilio.com", "eventgw.twilio.com") for url in asked), asked


def test_the_policy_is_wider_only_there_and_only_where_browsers_answer(
    stage: Stage, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk()
    desk.page.route("**/vendor/twilio-voice/*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    desk.sign_in(stage.officer)
    policy = desk.go("/desk").headers["content-security-policy"]
    assert "wss://voice-js.roaming.twilio.com" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    assert "microphone=(self)" in desk.go("/desk").headers["permissions-policy"]
    for path in ("/calls", "/desk/call"):
        answer = desk.go(path)
        assert "twilio" not in answer.headers["content-security-policy"]
        assert "microphone=()" in answer.headers["permissions-policy"]
    with stage.services.db.transaction() as session:
        session.get_one(Agent, stage.agent_id).via = "phone"
    assert "twilio" not in desk.go("/desk").headers["content-security-policy"]
    expect(desk.page.locator("#desk-voice")).to_have_count(0)
