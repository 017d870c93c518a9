"""The call menu, its editor, lines, announcements, phone book and the list of calls in a real browser, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.officers import actor_of
from hotline.calls import book
from hotline.calls.models import CallRecording
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.calls.staging import Stage, make_stage
from tests.factories import make_mission, make_officer

pytestmark = pytest.mark.browser


@pytest.fixture
def stage(site: Site) -> Stage:
    """A house with a line, an announcement, a phone book, two rules of caller ids, and a call that is on."""
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent", "administrator"), display_name="한지우")
        make_mission(session, code="MNL")
        who = actor_of(officer, "console")
        clock = site.services.clock
        greeting = {
            "greeting_ko": "주필리핀 대사관 당직실입니다.",
            "greeting_en": "Duty room of the embassy in Manila.",
        }
        book.save_line(session, clock, who, {"number": "+63 2 8856 9210", "mission": "MNL", **greeting})
        book.save_line(session, clock, who, {"number": "+82 2 3210 0405", "drill": "1"})
        book.announce(session, clock, who, {
            "ko": "마닐라 지진으로 전화가 몰리고 있습니다. 안전하신 분은 문자로 알려 주세요.",
            "en": "Many people are calling because of the earthquake in Manila. If you are safe, send us a text.",
            "hours": "12", "country": "PH",
        })  # fmt: skip
        book.save_rule(session, clock, who, {"country": "JP", "caller_id": "+81 3 4567 0000"})
        book.save_rule(session, clock, who, {"prefix": "+1", "caller_id": "+1 202 555 0100"})
    made = make_stage(site.services, officer)
    for number in range(30):
        made.in_book(
            "interpreter",
            f"+8490123{number:04}",
            name_ko=f"베트남어 통역 {number + 1}",
            name_en=f"Vietnamese {number + 1:02}",
        )
    made.in_book(
        "partner",
        "+82232100404",
        name_ko="경찰청 국제공조담당관",
        name_en="Police, international desk",
        languages=[],
        note="24 h",
    )
    call_id = made.talk(keys=("1", "9"), called="+63288569210")
    with site.services.db.transaction() as session:
        session.add(
            CallRecording(
                call_id=call_id, kind="conversation", recording_sid="RE" + "1" * 32, duration_s=75,
                created_at=clock.now(), delete_after=clock.now() + timedelta(days=90),
            )
        )  # fmt: skip
    made.ring(phone="+639171234567", keys=("2",))
    return made


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", DESK), ("en", PHONE)], ids=["ko", "en", "en-360"])
def test_pages_of_calls_are_accessible_and_clean(
    stage: Stage, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    desk = open_desk(language=language, size=size)
    desk.sign_in(stage.officer)
    desk.speak(language)
    for name, path in {
        "menus": "/menus", "menu-edit": "/menus/draft", "menu-try": "/menus/try", "phone-book": "/phone-book",
        "phone-book-search": "/phone-book?q=police", "calls": "/calls", "call": "/calls/1",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"{name}-{language}")
    desk.assert_clean()


def test_a_menu_is_changed_looked_at_tried_and_published(stage: Stage, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.sign_in(stage.officer)
    page = desk.page
    desk.go("/menus/draft")
    page.fill("[name=say-1-en]", "For an earthquake, press 5. For a person, press 0.")
    page.select_option("[name=target-1-5]", "queue:incident")
    page.fill("[name=priority-1-5]", "x")
    desk.expected_statuses.add(422)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("alert").first).to_contain_text("The priority is 0 to 9.")
    expect(page.locator("[name=say-1-en]")).to_have_value("For an earthquake, press 5. For a person, press 0.")
    desk.check("menu-fault")
    page.fill("[name=priority-1-5]", "6")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator(".preview")).to_contain_text("For an earthquake, press 5.")
    desk.check("menu-preview")
    page.get_by_role("button", name="Keep the draft").click()
    page.get_by_role("link", name="Recordings").click()
    page.set_input_files("[name=file]", {"name": "main.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3" + bytes(2_000)})
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("link", name="main.mp3")).to_be_visible()
    desk.check("menu-sounds")
    page.get_by_role("link", name="To the kept draft").click()
    desk.check("menu-version")
    page.get_by_role("link", name="Try it as a caller").click()
    for key in "25":
        page.get_by_role("link", name=key, exact=True).click()
    expect(page.locator(".try-gone")).to_contain_text("The caller waits in the queue Incidents.")
    desk.check("menu-tried")
    page.get_by_role("link", name="version 1").click()
    page.get_by_role("button", name="Publish").click()
    page.locator("#confirm [data-confirm-yes]").click()
    expect(page.get_by_text("New callers hear this menu now.")).to_be_visible()
    assert stage.value("SELECT state FROM call_menus") == "published"
