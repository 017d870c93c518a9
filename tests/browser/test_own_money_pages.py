"""Own pages of emergency money on a telephone, and the figures: accessible, whole at 360 pixels, usable without an account."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.cases.person_links import link_for_person
from hotline.links.tokens import Claims, LinkMaker
from remittance.own_page.links import relative_link
from remittance.requests import effects
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer, make_traveller
from tests.remittance.requests.making import make_approved, make_hong_kong, make_remittance
from tests.remittance.telling.making import go, make_deposit, make_quote

pytestmark = pytest.mark.browser


@pytest.fixture
def pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return pages of somebody who is asked for a deposit, of one whose cash is ready, and of one who asks."""
    monkeypatch.setattr(effects, "apply", lambda *_: None)
    services = site.services
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        quoted, ready = (make_approved(session, services.clock, mission=mission) for _ in range(2))
        for one in (quoted, ready):
            make_quote(session, services.clock, one)
        traveller = make_traveller(session, name="김민수")
        own = link_for_person(session, services.clock, services.settings, ready.person_id, ready.case_id)
        token = LinkMaker.of(services.settings).token(Claims(traveller.id, None, services.clock.now()))
        links = [relative_link(session, services.settings, one).rpartition("/")[2] for one in (quoted, ready)]
    go(services, quoted.id, "quote")
    with services.db.transaction() as session:
        make_deposit(session, services.clock, ready, 1_450_000)
    go(services, ready.id, "quote", "deposit", "release")
    return {
        "deposit": f"/r/{links[0]}", "relative-ready": f"/r/{links[1]}", "none": "/r/x",
        "ready": f"/p/{own.rpartition('/')[2]}/money", "ask": f"/p/{token}/money",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_own_pages_are_accessible_and_whole(
    open_desk: Callable[..., Desk], pages: dict[str, str], language: str, size: dict[str, int]
) -> None:
    desk = open_desk(language=language, size=size)
    desk.expected_statuses = {404}
    for name, path in pages.items():
        desk.go(f"{path}?lang={language}")
        desk.check(f"own-money-{name}-{language}")
        assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert desk.page.context.cookies() == []


HANGUL_HERE = """() => new FontFace("Probe", 'local("Noto Sans CJK KR"), local("Malgun Gothic")').load()
    .then(() => true, () => false)"""
LETTERS_CAME = (
    "() => document.fonts.status === 'loaded' && [...document.fonts].some((face) => face.status === 'loaded')"
)


def test_korean_is_drawn_on_a_device_without_korean_letters(
    open_desk: Callable[..., Desk], pages: dict[str, str]
) -> None:
    desk = open_desk(language="ko", size=PHONE)
    desk.go(f"{pages['deposit']}?lang=ko")
    if desk.page.evaluate(HANGUL_HERE):
        pytest.skip("this machine brings Korean letters along")
    desk.page.wait_for_function(LETTERS_CAME)
    tools = desk.context.new_cdp_session(desk.page)
    for domain in ("DOM", "CSS"):
        tools.send(f"{domain}.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("h1", "h2", "dt", "dd small", "li"):
        node = tools.send("DOM.querySelector", {"nodeId": root, "selector": f"main {selector}"})["nodeId"]
        fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        sent = sum(int(each["glyphCount"]) for each in fonts if each["isCustomFont"])
        letters = re.findall("[가-힣]", desk.page.locator(f"main {selector}").first.inner_text())
        assert sent >= len(letters) > 0, f"{selector}: the device has no letters for {letters}"
    slices = desk.page.evaluate("() => [...document.fonts].filter((face) => face.status === 'loaded').length")
    assert slices < 40, "only those with the page's own letters"


def test_what_was_written_stays_beside_what_is_wrong(open_desk: Callable[..., Desk], pages: dict[str, str]) -> None:
    desk = open_desk(language="en", size=PHONE)
    desk.expected_statuses = {422}
    desk.go(f"{pages['ask']}?lang=en")
    page = desk.page
    page.fill("#amount", "1.200,00")
    page.select_option("#mission_id", index=1)
    page.fill("#payee_name", "KIM MINSU")
    page.fill("#payer_phone", "010-2000-0011")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("#amount-wrong")).to_be_visible()
    expect(page.locator("#payee_name")).to_have_value("KIM MINSU")
    desk.check("own-money-wrong-en")
    page.fill("#amount", "1,200")
    page.check("input[name=consent]")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("being looked into").first).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_figures_are_accessible(
    site: Site, open_desk: Callable[..., Desk], pages: dict[str, str], size: dict[str, int], language: str
) -> None:
    with site.services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",), language=language)
        one = make_remittance(session, site.services.clock)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    desk.go("/remittances/figures")
    desk.check(f"remittance-figures-{language}")
    desk.go(f"/cases/{one.case_id}")
    desk.check(f"remittance-of-case-{language}")
