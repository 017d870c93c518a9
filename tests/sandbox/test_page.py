"""What a person sees, in a real browser: texts arriving, an answer going out, both languages, no CSP error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until
from tests.sandbox.service import Service

TO, NAME = "+821012345678", "김민준"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser that set-up found; the reason is said where there is none."""
    executable = os.environ.get("HOTLINE_TEST_BROWSER") or shutil.which("chromium")
    if not executable:
        pytest.skip(os.environ.get("HOTLINE_TEST_BROWSER_WHY_NOT") or "no chromium on this machine")
    browser = playwright.chromium.launch(
        executable_path=executable,
        args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
    )
    yield browser
    browser.close()


class Watched:
    """A page that remembers what its console complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda line: self._note(line.type, line.text))
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture(params=["ko", "en"])
def watched(request: pytest.FixtureRequest, chromium: Browser, sandbox: RunningSandbox) -> Iterator[Watched]:
    """A page in each language; a test that leaves a complaint in the console has failed."""
    sandbox.control.add_handsets([{"number": TO, "name": NAME, "country": "KR", "language": "ko", "place": "오사카"}])
    locale = "ko-KR" if request.param == "ko" else "en-GB"
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale=locale)
    found = Watched(context)
    found.page.goto(sandbox.url)
    yield found
    context.close()
    assert found.complaints == []


def in_korean(watched: Watched) -> bool:
    return watched.page.locator("html").get_attribute("lang") == "ko"


def test_a_text_arrives_live_and_can_be_answered(watched: Watched, sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control.behave(inbound_url=receiver.url + "/webhooks/twilio/sms/inbound")
    page = watched.page
    page.fill("#query", NAME)
    page.locator(".row", has_text=TO).click()
    expect(page.locator(".phone")).to_be_visible()
    sandbox.sdk().messages.create(to=TO, from_=SENDER, body="지진 발생 <b>대피</b>\nhttps://hotline.example/p/x1")
    expect(page.locator(".bubble")).to_contain_text("지진 발생 <b>대피</b>")
    expect(page.locator(".bubble a")).to_have_attribute("href", "https://hotline.example/p/x1")
    expect(page.locator(".text .facts")).to_contain_text("도착" if in_korean(watched) else "Delivered")
    page.fill(".composer input", "안전합니다")
    page.press(".composer input", "Enter")
    expect(page.locator(".mine .bubble")).to_have_text("안전합니다")
    expect(page.locator(".device .notice")).to_contain_text("받았습니다" if in_korean(watched) else "has taken")
    assert receiver.received[0].fields["Body"] == "안전합니다"


def test_an_answer_that_fails_is_shown_plainly(watched: Watched, sandbox: RunningSandbox) -> None:
    page = watched.page
    page.goto(f"{sandbox.url}/#/handsets/{TO}")
    page.fill(".composer input", "안전합니다")
    page.press(".composer input", "Enter")
    expect(page.locator(".device .notice.bad")).to_contain_text("주소" if in_korean(watched) else "Not delivered")


def test_switching_a_handset_off_darkens_its_screen(watched: Watched, sandbox: RunningSandbox) -> None:
    page = watched.page
    page.goto(f"{sandbox.url}/#/handsets/{TO}")
    page.locator(".toggle", has_text="전원" if in_korean(watched) else "Power").locator("input").uncheck()
    expect(page.locator(".off-words")).to_be_visible()


def test_the_wall_lights_up_when_a_text_arrives(watched: Watched, sandbox: RunningSandbox) -> None:
    page = watched.page
    page.locator("[data-tab=wall]").click()
    for n in range(8):
        sandbox.sdk().messages.create(to=f"+8210{n:08d}", from_=SENDER, body="여진에 대비하십시오")
    expect(page.locator(".wall-phone .bubble")).to_have_count(8)
    sandbox.sdk().messages.create(to=TO, from_=SENDER, body="새 경보")
    expect(page.locator(".wall-phone.lit", has_text="새 경보")).to_be_visible()


def test_a_fault_is_switched_on_and_off_by_the_panel(watched: Watched, sandbox: RunningSandbox) -> None:
    page = watched.page
    page.locator("[data-tab=carrier]").click()
    page.select_option("select[name=kind]", "http_429")
    page.locator(".fault-form .go").click()
    expect(page.locator(".rule")).to_have_count(1)
    answer = requests.post(
        sandbox.messages_url,
        data={"To": TO, "From": SENDER, "Body": "x"},
        auth=(sandbox.account_sid, sandbox.auth_token),
        timeout=5,
    )
    assert answer.status_code == 429
    page.locator(".rule button").click()
    expect(page.locator(".healthy")).to_be_visible()
    assert sandbox.control.faults() == []


def test_a_call_is_placed_heard_answered_by_keys_and_talked_on(
    watched: Watched, sandbox: RunningSandbox, service: Service
) -> None:
    page, ko = watched.page, in_korean(watched)
    service.pages["/voice"] = (
        "<Response><Gather numDigits='1' timeout='60' action='/key'><Say language='ko-KR'>한국어는 1번</Say></Gather></Response>"
    )
    service.pages["/key"] = "<Response><Dial><Conference>desk</Conference></Dial></Response>"
    sandbox.control.set_numbers({"number": "+81300000001", "name": "도쿄 대사관", "forwards_to": SENDER})
    page.goto(f"{sandbox.url}/#/handsets/{TO}")
    page.locator(".dial-open").click()
    if folder := os.environ.get("HOTLINE_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/dial-{ko}.png")
    page.locator("[data-dial='+81300000001']").click()
    expect(page.locator(".call-say[lang=ko-KR]")).to_have_text("한국어는 1번")
    expect(page.locator(".call-state")).to_contain_text("번호를 기다립니다" if ko else "Waiting for a key")
    page.locator("[data-key='1']").click()
    expect(page.locator(".call-play")).to_contain_text("대기 음악" if ko else "Hold music")
    sandbox.control.set_habit("+821099990001", "answer")
    sandbox.sdk().calls.create(to="+821099990001", from_=SENDER, url=service.url + "/key")
    expect(page.locator(".call-state")).to_contain_text("+821099990001")
    page.fill(".talk input", "여권을 잃어버렸습니다")
    page.press(".talk input", "Enter")
    wait_until(lambda: "여권을 잃어버렸습니다" in sandbox.control.calls("+821099990001")[-1]["lines"][-1])
    sandbox.control.use_handset("+821099990001", "talk", "어디에 계십니까?")
    expect(page.locator(".call-talk").last).to_contain_text("어디에 계십니까?")
    if folder := os.environ.get("HOTLINE_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/call-{ko}.png")
        page.set_viewport_size({"width": 360, "height": 740})
        page.screenshot(path=f"{folder}/call-{ko}-360.png")
    page.locator(".call-decline").click()
    expect(page.locator(".last-call summary")).to_contain_text("통화 종료" if ko else "ended")
    page.wait_for_function(
        "performance.getEntriesByType('resource').every((each) => each.name.startsWith(location.origin))"
    )


def test_language_switches_on_the_page_and_it_always_says_practice(watched: Watched) -> None:
    page = watched.page
    page.locator("[data-language=en]").click()
    expect(page.locator(".practice")).to_contain_text("nothing leaves this machine")
    page.locator("[data-language=ko]").click()
    expect(page.locator(".practice")).to_contain_text("연습용 통신망")
    expect(page.locator("h1")).to_have_text("연습용 통신망")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view_is_accessible_and_fits(chromium: Browser, sandbox: RunningSandbox, scheme: str, width: int) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed in node_modules")
    sandbox.sdk().messages.create(to=TO, from_=SENDER, body="가" * 300)
    sandbox.control.set_fault("callback_lost", TO)
    sandbox.control.set_numbers({"number": SENDER, "name": "영사 콜센터", "voice_url": "http://127.0.0.1:9/voice"})
    calling = "+821012345670"
    twiml = "<Response><Gather timeout='60'><Say>여권을 잃어버리셨으면 1번을 누르십시오.</Say></Gather></Response>"
    sandbox.control.set_habit(calling, "answer")
    sandbox.sdk().calls.create(to=calling, from_=SENDER, twiml=twiml)
    # Axe is put into the page by the test, which the page's own policy rightly forbids.
    context = chromium.new_context(
        viewport={"width": width, "height": 740}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True
    )
    page = context.new_page()
    for view, shown in (
        ("handsets", ".row"),
        (f"handsets/{TO}", ".bubble"),
        (f"handsets/{calling}", ".call-screen .call-say"),
        ("wall", ".wall-phone"),
        ("carrier", ".rule"),
    ):
        page.goto(f"{sandbox.url}/?{view}#/{view}")
        page.locator(shown).first.wait_for()
        page.wait_for_function("document.getAnimations().every((each) => each.playState !== 'running')")
        page.evaluate(AXE.read_text("utf-8"))
        violations = page.evaluate("axe.run().then((found) => found.violations.map((each) => each.id))")
        assert violations == [], view
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    context.close()


def test_page_and_files_carry_a_strict_policy(sandbox: RunningSandbox) -> None:
    for path in ("/", "/static/page.js", "/static/page.css"):
        answer = requests.get(sandbox.url + path, timeout=5)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/..%2Fserver.py", "/static/../server.py", "/static/none.js"])
def test_files_outside_the_folder_are_not_served(sandbox: RunningSandbox, path: str) -> None:
    session = requests.Session()
    request = requests.Request("GET", sandbox.url + path).prepare()
    request.url = sandbox.url + path
    assert session.send(request, timeout=5).status_code == 404


def test_another_host_name_gets_no_page_and_so_no_token(sandbox: RunningSandbox) -> None:
    answer = requests.get(sandbox.url, headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 421
    assert "sandbox-token" not in answer.text


def test_a_missions_forwarding_is_switched_off_led_elsewhere_and_shown_by_the_panel(
    watched: Watched, sandbox: RunningSandbox, service: Service
) -> None:
    page, ko, mission, other = watched.page, in_korean(watched), "+81300000001", "+82233330109"
    sandbox.control.set_numbers(
        {"number": mission, "name": "도쿄 대사관", "forwards_to": SENDER},
        {"number": other, "name": "상하이", "voice_url": service.url + "/other"},
    )
    page.goto(f"{sandbox.url}/#/carrier")
    row = page.locator(f"[data-line='{mission}']")
    expect(row).to_contain_text("전환 켜짐" if ko else "Forwarded")
    row.get_by_role("switch").uncheck()
    expect(row).to_contain_text("전환 꺼짐" if ko else "Not forwarded")
    page.locator(".card.forwarding").scroll_into_view_if_needed()
    if folder := os.environ.get("HOTLINE_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/forwarding-{ko}.png")
    row.locator("[name=forwards_to]").select_option(other)
    row.locator("[name=shows]").select_option("line")
    row.get_by_role("switch").check()
    expect(row).to_contain_text("전환 켜짐" if ko else "Forwarded")
    sandbox.control.use_handset(TO, "dial", mission)
    wait_until(lambda: service.of("/other"))
    asked = service.of("/other")[0].fields
    assert (asked["From"], asked["ForwardedFrom"]) == (mission, mission)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.card.forwarding').then((result) => result.violations.map((each) => each.id))")
    assert found == []
