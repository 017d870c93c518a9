"""The pages of the silent with every channel: policies, an alert's steps, its people, a traveller, and a handset's mail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from alerts.silent.plan import USUAL
from hotline.core.clock import FrozenClock, SystemClock
from hotline.core.smtp_address import read_sender, read_smtp_url
from hotline.providers.mail import MailRequest
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import SmtpMail
from tests.alerts.silent.conftest import PracticeVoice, Stage
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.sandbox.conftest import RunningSandbox

pytestmark = pytest.mark.browser
NUMBER, ADDRESS = "+821099990001", "minjun@practice.example"
_TRIED = """
INSERT INTO outreach (alert_id, step, channel, whom, traveller_id, phone, variant, language, created_at, state, reason,
                      attempts, settled_at)
VALUES (%(alert)s, %(step)s, %(channel)s, %(whom)s, %(person)s, %(phone)s, 'alert', 'ko', %(at)s, %(state)s, %(reason)s,
        1, %(at)s)
"""


@pytest.fixture
def stage(site: Site, clock: FrozenClock) -> Stage:
    """An Extreme alert whose two people were tried over every channel."""
    made = Stage(site.services, clock, PracticeVoice(clock))
    made.alert()
    steps = {(step.channel, step.whom): number for number, step in enumerate(USUAL["Extreme"])}
    for name, channels in {
        "김민준": [("sms", "not_delivered", "failed", "30003"), ("voice", "not_delivered", "failed", "no-answer"),
                 ("mail", "not_delivered", "sent", None)],
        "이서연": [("sms", "not_delivered", "delivered", None), ("voice", "not_answered", "heard", None),
                 ("mail", "not_answered", "failed", "lost")],
    }.items():  # fmt: skip
        person = made.person(name, "sent", email=ADDRESS if name == "김민준" else None)
        for channel, whom, state, reason in channels:
            made.execute(
                _TRIED, alert=made.alert_id, step=steps[channel, whom], channel=channel, whom=whom, person=person,
                phone=made.people[name][1], at=clock.now(), state=state, reason=reason,
            )  # fmt: skip
    made.sweep()
    return made


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_says_which_channel_reached_whom(
    stage: Stage, open_desk: Callable[..., Desk], language: str
) -> None:
    with stage.services.db.transaction() as session:
        chief = make_officer(session, roles=("administrator", "agent", "author"), language=language)
    person = stage.people["김민준"][0]
    for size in (DESK, PHONE):
        opened = open_desk(language=language, size=size)
        opened.sign_in(chief)
        for address, name in (
            ("/silent", "silent"), (f"/alerts/{stage.alert_id}/calls", "silent-alert"),
            (f"/alerts/{stage.alert_id}/calls/people?step=5&state=sent", "silent-people"),
            (f"/alerts/{stage.alert_id}/board/people?state=silent", "silent-board"),
            (f"/travellers/{person}", "silent-traveller"), (f"/travellers/{person}/edit", "silent-traveller-form"),
            ("/register", "silent-register"),
        ):  # fmt: skip
            opened.go(address)
            for fold in opened.page.locator(".silent-policy details.fold summary").all():
                fold.click()
            opened.check(f"{name}-{language}")
        opened.go(f"/alerts/{stage.alert_id}/board/people?state=silent")
        listed = opened.page.locator("table").inner_text()
        for words in {"ko": ("두 번째 문자", "음성 전화", "이메일"), "en": ("Second text", "Voice call", "E-mail")}[
            language
        ]:
            assert listed.count(words) == 2


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A practice carrier with its mail server."""
    running = RunningSandbox(tmp_path / "carrier", "--mail-port", "0")
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_mail_lies_on_the_handset_of_its_owner_also_after_a_restart(
    carrier: RunningSandbox, real_browser: Browser, language: str
) -> None:
    carrier.control.add_handsets([{"number": NUMBER, "name": "김민준", "country": "KR", "email": ADDRESS}])
    assert carrier.process.stdout is not None
    port = carrier.process.stdout.readline().split(":")[-1].strip()
    door = SmtpMail(
        read_smtp_url(f"smtp://127.0.0.1:{port}?tls=none"), read_sender("영사콜센터 <alerts@practice.example>"),
        SystemClock(), timeout_s=30.0,
    )  # fmt: skip
    words = "마닐라 홍수. 고지대로 대피하세요.\n\n본인 전용 페이지: http://127.0.0.1:8000/p/x\n"
    request = MailRequest(1, 1, ADDRESS, "[외교부] 긴급 안전 안내", words, "ko", "outreach.1@practice.example")
    (result,) = door.send([request], lambda _: True)
    assert result.outcome is Outcome.ACCEPTED
    carrier.kill()
    carrier.start()
    carrier.control.add_handsets([{"number": NUMBER, "name": "김민준", "country": "KR", "email": ADDRESS}])
    context = real_browser.new_context(viewport={"width": 1280, "height": 720}, locale=f"{language}-KR")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.goto(f"{carrier.url}/?lang={language}#/handsets/{NUMBER}")
    expect(page.locator(".bubble.mail")).to_contain_text("마닐라 홍수")
    expect(page.locator(".row .preview").first).to_contain_text("✉ [외교부] 긴급 안전 안내")
    if folder := os.environ.get("HOTLINE_TEST_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/handset-mail-{language}.png")
    context.close()
    assert complaints == []
