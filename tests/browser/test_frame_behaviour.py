"""How the frame behaves in a real browser: keyboard, dialogs, clock, languages, colours, live parts, and its policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.auth.officers import set_password
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.live import notify
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import NOW, make_officer

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def boss(site: Site) -> Officer:
    with site.services.db.transaction() as session:
        return make_officer(session, roles=("administrator",), display_name="Chief")


@pytest.fixture
def at_work(desk: Desk, boss: Officer) -> Desk:
    """Return a window in which the administrator is signed in."""
    desk.sign_in(boss)
    return desk


def test_g_and_a_letter_go_to_a_page(at_work: Desk) -> None:
    at_work.page.keyboard.press("g")
    at_work.page.keyboard.press("o")
    at_work.page.wait_for_url("**/officers")


def test_letters_typed_into_a_field_are_only_letters(at_work: Desk) -> None:
    at_work.go("/audit")
    at_work.page.keyboard.press("/")
    expect(at_work.page.locator("[name=actor]")).to_be_focused()
    at_work.page.keyboard.type("go?")
    expect(at_work.page.locator("[name=actor]")).to_have_value("go?")
    expect(at_work.page.locator("#help")).to_be_hidden()
    assert at_work.page.url.endswith("/audit")


def test_question_mark_opens_the_list_of_shortcuts_and_escape_closes_it(at_work: Desk) -> None:
    at_work.page.keyboard.press("?")
    expect(at_work.page.locator("#help")).to_be_visible()
    at_work.check("help-dialog-en")
    at_work.page.keyboard.press("Escape")
    expect(at_work.page.locator("#help")).to_be_hidden()


def test_shortcuts_can_be_switched_off(at_work: Desk) -> None:
    at_work.page.keyboard.press("?")
    at_work.page.locator("[data-keys-on]").uncheck()
    at_work.page.keyboard.press("Escape")
    at_work.page.keyboard.press("?")
    expect(at_work.page.locator("#help")).to_be_hidden()
    at_work.page.reload()
    at_work.page.keyboard.press("?")
    expect(at_work.page.locator("#help")).to_be_hidden()


def test_first_tab_stop_skips_to_the_content(at_work: Desk) -> None:
    at_work.page.keyboard.press("Tab")
    skip = at_work.page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    at_work.page.keyboard.press("Enter")
    expect(at_work.page.locator("#main")).to_be_focused()


def test_language_switch_keeps_the_page_and_its_search(at_work: Desk) -> None:
    at_work.go("/audit?actor=Chief")
    at_work.speak("ko")
    assert at_work.page.url.endswith("/audit?actor=Chief")
    expect(at_work.page.locator("h1")).to_have_text("감사 기록")
    at_work.speak("en")
    expect(at_work.page.locator("h1")).to_have_text("Audit trail")


def test_colours_follow_the_system_until_the_officer_chooses(open_desk: Callable[..., Desk], boss: Officer) -> None:
    desk = open_desk(color_scheme="dark")
    desk.sign_in(boss)
    background = "getComputedStyle(document.body).backgroundColor"
    dark = desk.page.evaluate(background)
    desk.go("/profile")
    desk.page.get_by_role("button", name="Day", exact=True).click()
    desk.page.wait_for_selector("html[data-theme=light]")
    assert desk.page.evaluate(background) != dark
    desk.page.get_by_role("button", name="Night", exact=True).click()
    desk.page.wait_for_selector("html[data-theme=dark]")
    assert desk.page.evaluate(background) == dark
    for name, path in {"overview-dark": "/", "audit-dark": "/audit", "profile-dark": "/profile"}.items():
        desk.go(path)
        desk.check(name)


def test_clock_shows_the_servers_time_in_the_officers_zone_and_in_utc(at_work: Desk) -> None:
    shown = at_work.page.locator(".clock").inner_text().split()
    assert NOW.hour == 3
    assert shown[0].startswith("12:0"), shown
    assert "KST" in shown
    assert "03:0" in " ".join(shown)


def test_grave_act_asks_first_and_does_nothing_when_the_officer_goes_back(
    at_work: Desk, site: Site, boss: Officer
) -> None:
    with site.services.db.transaction() as session:
        other = make_officer(session, display_name="Kim")
    at_work.go(f"/officers/{other.id}")
    at_work.page.get_by_role("button", name="Close the account").click()
    dialog = at_work.page.locator("#confirm")
    expect(dialog).to_contain_text("Close the account of Kim?")
    at_work.check("confirm-dialog-en")
    dialog.get_by_role("button", name="Go back").click()
    expect(dialog).to_be_hidden()
    expect(at_work.page.locator(".flashes")).to_have_count(0)
    at_work.page.get_by_role("button", name="Close the account").click()
    dialog.get_by_role("button", name="Close the account").click()
    expect(at_work.page.locator(".flashes")).to_contain_text("The account is closed.")


def test_overview_shows_what_somebody_else_just_did_without_a_reload(at_work: Desk, site: Site) -> None:
    expect(at_work.page.locator(".live")).to_have_attribute("data-live-state", "open")
    with site.services.db.transaction() as session:
        make_officer(session, display_name="Newcomer")
        set_password(session, FrozenClock(NOW), SYSTEM, make_officer(session), "another good password")
    notify(site.services.redis, "system")
    expect(at_work.page.locator(".feed")).to_contain_text("password changed")


def test_page_looks_by_itself_when_live_events_are_away(at_work: Desk, site: Site) -> None:
    expect(at_work.page.locator(".live")).to_have_attribute("data-live-state", "open")
    site.live.shutdown()
    site.live.server_close()
    at_work.page.on("console", lambda _message: None)
    at_work.page.reload()
    expect(at_work.page.locator(".live")).to_have_attribute("data-live-state", "polling")
    with site.services.db.transaction() as session:
        set_password(session, FrozenClock(NOW), SYSTEM, make_officer(session), "another good password")
    expect(at_work.page.locator(".feed")).to_contain_text("password changed", timeout=15_000)
    at_work.faults[:] = [fault for fault in at_work.faults if "ERR_CONNECTION" not in fault]


def test_page_says_so_when_the_session_has_ended(at_work: Desk, site: Site) -> None:
    expect(at_work.page.locator(".live")).to_have_attribute("data-live-state", "open")
    at_work.expected_statuses |= {401, 403}
    with site.services.db.transaction() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE officer_sessions SET ended_at = now()"))
    notify(site.services.redis, "system")
    expect(at_work.page.locator(".live")).to_have_attribute("data-live-state", "out")


def test_inline_script_and_style_do_not_run(at_work: Desk) -> None:
    policy = at_work.go("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    at_work.page.evaluate(
        """() => { const script = document.createElement("script"); script.textContent = "window.ran = true";
        document.body.append(script); }"""
    )
    assert at_work.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in fault for fault in at_work.faults)
    at_work.faults.clear()


def test_unknown_page_is_a_page_of_ours_in_the_readers_language(at_work: Desk) -> None:
    at_work.expected_statuses.add(404)
    for language, heading in {
        "ko": "페이지 또는 자료를 찾을 수 없습니다",
        "en": "There is no such page or entry",
    }.items():
        at_work.go("/")
        at_work.speak(language)
        at_work.go("/no-such-page")
        expect(at_work.page.locator("h1")).to_have_text(heading)
        expect(at_work.page.locator(".menu a").first).to_be_visible()
        at_work.check(f"error-404-{language}")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_work_without_scripts(open_desk: Callable[..., Desk], boss: Officer, size: dict[str, int]) -> None:
    desk = open_desk(java_script_enabled=False, size=size)
    desk.sign_in(boss)
    expect(desk.page.locator("h1")).to_have_text("Overview")
    expect(desk.page.locator(".feed li").first).to_be_visible()
    desk.page.locator(".officer summary").click()
    desk.page.get_by_role("button", name="Sign out").click()
    desk.page.wait_for_url("**/sign-in")


def test_demo_installation_is_marked_on_every_page_in_both_languages(site: Site, desk: Desk) -> None:
    site.services.settings = site.services.settings.model_copy(update={"demo": True})
    desk.go("/sign-in")
    expect(desk.page.locator(".strip-demo")).to_contain_text("DEMO")
    desk.check("demo-en")
    desk.speak("ko")
    expect(desk.page.locator(".strip-demo")).to_contain_text("시연용")
    desk.check("demo-ko")
