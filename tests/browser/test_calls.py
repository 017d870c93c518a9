"""Somebody silent is called over the practice carrier, hears the alert, presses 2, and a case exists; and the pages of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr
from sqlalchemy import select

from alerts.silent import calling
from alerts.silent.models import Outreach
from alerts.silent.plan import USUAL
from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from tests.alerts.silent.conftest import CALLS_ONLY, PracticeVoice, Stage
from tests.browser.conftest import Site
from tests.sandbox.conftest import RunningSandbox, wait_until

pytestmark = pytest.mark.browser
PERSON = "+821099990001"


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A practice carrier of this test's own."""
    running = RunningSandbox(tmp_path / "carrier", "--sent-ms", "5")
    running.control.behave(char_ms=2_000)
    yield running
    running.stop()


@pytest.fixture
def site_settings(settings: Settings, carrier: RunningSandbox) -> Settings:
    """The service calls through the practice carrier."""
    return settings.model_copy(
        update={
            "twilio_api_base_url": carrier.url, "twilio_account_sid": carrier.account_sid,
            "twilio_auth_token": SecretStr(carrier.auth_token), "voice_calls_per_s": 50.0,
        }
    )  # fmt: skip


@pytest.fixture
def stage(site: Site, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An Extreme alert, sent six minutes ago to somebody who was not reached; their telephone rings."""
    monkeypatch.setitem(USUAL, "Extreme", CALLS_ONLY)  # type: ignore[arg-type]  # a mapping to everybody but tests
    site.services.rooms.pop("voice_provider", None)
    made = Stage(site.services, clock, PracticeVoice(clock))
    made.alert()
    made.person("김민준", phone=PERSON, language="ko")
    made.later(6)
    made.sweep()
    assert calling.call(site.services) == 1
    return made


def state_of(stage: Stage) -> str:
    return stage.rows()[0].state


def test_a_silent_person_is_called_presses_two_and_a_case_exists(stage: Stage, carrier: RunningSandbox) -> None:
    wait_until(lambda: carrier.control.calls(PERSON)[-1]["status"] == "ringing")
    carrier.control.use_handset(PERSON, "answer")
    wait_until(lambda: any("마닐라 홍수" in line for line in carrier.control.calls(PERSON)[-1]["lines"]))
    wait_until(lambda: state_of(stage) == "talking")
    carrier.control.behave(char_ms=0)
    carrier.control.use_handset(PERSON, "press", "2")
    wait_until(lambda: carrier.control.calls(PERSON)[-1]["status"] == "completed")
    assert "도움 요청이 접수되었습니다" in " ".join(carrier.control.calls(PERSON)[-1]["lines"])
    with stage.services.db.transaction() as session:
        case = session.scalars(select(Case)).one()
        row = session.scalars(select(Outreach)).one()
    assert (case.traveller_id, row.state, row.answer) == (stage.people["김민준"][0], "answered", "help")
    stage.later(30)
    assert stage.sweep() == 0
    assert len(carrier.control.calls(PERSON)) == 1


def test_a_lost_answer_is_cleared_up_against_the_carrier_and_rings_once(stage: Stage, carrier: RunningSandbox) -> None:
    other = "+821099990002"
    for fault in ("answer_lost_after", "callback_lost"):
        carrier.control.set_fault(fault, other)
    stage.person("이서연", phone=other, language="ko")
    stage.later(6)
    stage.sweep()
    calling.call(stage.services)
    assert stage.rows()[-1].state == "in_doubt"
    stage.execute("UPDATE call_attempts SET started_at = now() - interval '5 s' WHERE finished_at IS NOT NULL")
    stage.clear_doubt()
    assert (stage.rows()[-1].state, len(carrier.control.calls(other))) == ("ringing", 1)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_handset_rings_in_its_page(
    stage: Stage, carrier: RunningSandbox, real_browser: Browser, language: str
) -> None:
    context = real_browser.new_context(viewport={"width": 1280, "height": 720}, locale=f"{language}-KR")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.goto(f"{carrier.url}/?lang={language}#/handsets/{PERSON}")
    page.get_by_role("button", name={"ko": "받기", "en": "Answer"}[language], exact=True).click()
    expect(page.locator(".call-screen .call-lines")).to_contain_text("마닐라 홍수")
    photograph(page, f"handset-call-{language}")
    page.locator('.keypad [data-key="2"]').click()
    expect(page.locator(".call-screen .call-lines")).to_contain_text("도움 요청이 접수되었습니다")
    page.locator(".call-screen .call-decline").click()  # Speaking takes its time; nobody has to hear it to the end.
    expect(page.locator(".call-screen")).to_have_count(0)
    expect(page.locator(".last-call")).to_contain_text("도움 요청이 접수되었습니다")
    photograph(page, f"handset-after-{language}")
    assert state_of(stage) == "answered"
    context.close()
    assert complaints == []


def photograph(page: Page, name: str) -> None:
    """Keep a picture where pictures are wanted."""
    folder = os.environ.get("HOTLINE_TEST_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")
