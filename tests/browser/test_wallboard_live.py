"""The wallboard in a real browser: what happens is seen without a reload, and nothing runs over its edges, however large."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from hotline.agents.models import Agent
from hotline.calls import hands as hands_module
from hotline.calls import queueing
from hotline.calls.hands import hands
from hotline.core.actor import SYSTEM
from hotline.queues import callbacks, demo
from hotline.queues.models import Queue
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.queues.making import call_in, make_agent

pytestmark = pytest.mark.browser
WALL = {"width": 1920, "height": 1080}
READY = {"ko": "통화 대기 시작", "en": "Ready for calls"}
STATES = {"ko": "통화 가능", "en": "ready for calls"}
OVER_THE_EDGE = """() => {
  const aside = each => each && (getComputedStyle(each).clipPath !== 'none' || aside(each.parentElement));
  return [...document.querySelectorAll('main *')].filter(each => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    if (box.width === 0 || style.display === 'inline' || aside(each)) return false;
    return box.right > innerWidth + 1 || box.left < -1 || each.scrollWidth > each.clientWidth + 1;
  }).map(each => `${each.tagName}.${each.className} ${each.textContent.trim().slice(0, 40)}`);
}"""
"""Finds what is wider than its own box, or outside the window; what only a screen reader meets is left out."""


class Carrier:
    """Signs and posts, as the provider does, to the site that the browser looks at."""

    def __init__(self, site: Site, client: FlaskClient) -> None:
        self._site, self._client, self._sid = site, client, "CA" + "7" * 32

    def post(self, page: str, **fields: str) -> str:
        """Post to one of our webhooks; the document that came."""
        path = page.removeprefix(self._site.url)
        given = {
            "CallSid": self._sid,
            "From": "+821055501234",
            "To": "+82232100404",
            "CallStatus": "in-progress",
            **fields,
        }
        token = self._site.services.settings.twilio_auth_token.get_secret_value()
        signature = RequestValidator(token).compute_signature(self._site.url + path, given)
        answer = self._client.post(path, data=given, headers={"X-Twilio-Signature": signature})
        hands(self._site.services).settle()
        return answer.get_data(as_text=True)


def figure(page: Page, queue_id: int, nth: int) -> str:
    """Return the selector of one figure of a queue's part of the board."""
    return f"section[aria-labelledby='queue-{queue_id}'] .board-figures div:nth-child({nth}) dd"


def action_of(document: str) -> str:
    from xml.etree.ElementTree import fromstring

    gather = fromstring(document).find("Gather")  # noqa: S314 - our own answer
    assert gather is not None
    return gather.get("action") or ""


@pytest.mark.parametrize(
    ("language", "size"), [("ko", WALL), ("en", WALL), ("ko", DESK)], ids=["ko-1920", "en-1920", "ko-1280"]
)
def test_a_call_that_waits_and_an_agent_who_goes_ready_are_seen_without_a_reload(
    site: Site, client: FlaskClient, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, language: str,
    size: dict[str, int],
) -> None:  # fmt: skip
    monkeypatch.setattr(hands_module, "DEADLINE_S", 60.0)
    monkeypatch.setattr(queueing, "RECENT_S", 0.0)
    demo.load(site.services, SYSTEM)
    with site.services.db.transaction() as session:
        boss = make_officer(session, roles=("senior_agent",), name="boss", language=language)
        worker = make_officer(session, roles=("agent",), name="worker", language=language)
        agent_id = make_agent(session, officer=worker, state="offline", languages=["ko", "en"], phone="+82215551000").id
        general = session.scalars(select(Queue.id).where(Queue.code == "general")).one()
    wall = open_desk(language=language, size=size)
    wall.sign_in(boss)
    wall.go("/wallboard?big=1" if size is WALL else "/wallboard")
    page = wall.page
    page.evaluate("document.body.dataset.loaded = 'once'")
    expect(page.locator(figure(page, general, 1))).to_have_text("0")
    ready = page.locator(".states > div").filter(has_text=STATES[language]).first.locator("dd")
    ready_before = ready.inner_text()

    carrier = Carrier(site, client)
    chosen = carrier.post("/webhooks/twilio/voice/inbound", CallStatus="ringing", Direction="inbound")
    carrier.post(action_of(carrier.post(action_of(chosen), Digits="1")), Digits="0")
    expect(page.locator(figure(page, general, 1))).to_have_text("1")

    phone = open_desk(language=language)
    phone.sign_in(worker)
    phone.go("/presence")
    phone.page.get_by_role("button", name=READY[language]).click()
    with site.services.db.transaction() as session:
        assert session.get_one(Agent, agent_id).state in ("ready", "reserved")
    expect(ready).not_to_have_text(ready_before)
    assert page.evaluate("document.body.dataset.loaded") == "once", "the page was never loaded anew"
    wall.assert_clean()
    phone.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(
    ("size", "path"), [(WALL, "/wallboard?big=1"), (WALL, "/wallboard"), (DESK, "/wallboard"), (PHONE, "/wallboard")]
)
def test_nothing_runs_over_its_edges_on_a_bad_day(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int], path: str
) -> None:
    services = site.services
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        boss = make_officer(session, roles=("senior_agent",), name="boss", language=language)
        now = services.clock.now()
        for number in range(240):
            call_in(
                session, services.clock, ref=f"call:{number}", language=("ko", "en", "vi", "mn")[number % 4],
                queue=("general", "incident", "passport")[number % 3], enqueued_at=now - timedelta(minutes=number),
            )  # fmt: skip
        call_in(session, services.clock, ref="call:drill", queue="general", drill=True)
        callbacks.promise(session, services.clock, None, now + timedelta(minutes=5), boss.id, "+821012345678")
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    desk.go(path)
    desk.check(f"wall-{'big-' if 'big' in path else ''}{language}")
    assert desk.page.evaluate(OVER_THE_EDGE) == []
    if "big" in path:
        assert desk.page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (
            "a wall has nobody who scrolls"
        )
