"""The agent's desk in a real browser, in both languages: a call from the first ring to the write-up, without a reload."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.officers import actor_of
from hotline.calls.models import Call, CallLine
from hotline.cases import persons
from hotline.cases.contacts import open_case
from hotline.core.actor import SYSTEM
from hotline.core.live import notify_desk
from hotline.missions.models import Mission, MissionDuty, MissionHours, MissionNotice
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.calls.staging import CALLER, Stage, make_stage
from tests.cases.test_contacts import finish, make_contact
from tests.factories import make_mission, make_officer

pytestmark = pytest.mark.browser
WIDE = {"width": 1440, "height": 900}


@pytest.fixture
def stage(site: Site) -> Stage:
    """A house with an agent who is ready, a person who was in touch before, and a phone book."""
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent",), display_name="한지우")
        make_mission(session, code="MNL")
    made = make_stage(site.services, officer)
    clock = site.services.clock
    with site.services.db.transaction() as session:
        agent = actor_of(make_officer(session, roles=("agent",), display_name="임소라"), "console")
        earlier = make_contact(session, clock, phone=CALLER, ref="call:900")
        case = open_case(
            session, clock, agent, earlier.id, summary="세부에서 여권과 지갑 도난, 숙소 없음", country="PH"
        )
        persons.change_person(session, clock, agent, case.person_id, name="김민준")
        finish(
            session, clock, earlier, agent, note="울면서 전화함", mood="worried", risk={"minor"}, disposition="crime"
        )
    made.in_book()
    made.in_book(
        "partner", "+82232100404", name_ko="경찰청 국제공조", name_en="Police, international desk", languages=[]
    )
    return made


def texts(language: str) -> dict[str, str]:
    return {
        "ko": {
            "mine": "내 통화",
            "hold": "보류",
            "back": "보류 해제",
            "done": "작성 완료: 다음 통화",
            "this": "이 사건에 대한 통화",
        },
        "en": {
            "mine": "Your call",
            "hold": "Hold",
            "back": "Take off hold",
            "done": "Done: next call",
            "this": "It is about this",
        },
    }[language]


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", WIDE), ("en", PHONE)], ids=["ko", "en", "en-360"])
def test_a_call_from_the_first_ring_to_the_write_up(
    stage: Stage, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    desk, words = open_desk(language=language, size=size), texts(language)
    desk.sign_in(stage.officer)
    desk.speak(language)
    page = desk.page
    desk.go("/desk")
    desk.check(f"desk-empty-{language}")

    stage.ring()
    leg = stage.offer()
    notify_desk(stage.services.redis, stage.agent_id)
    expect(page.locator(".call-name")).to_have_text("김민준")
    desk.check(f"desk-rings-{language}")
    stage.accept(leg)
    notify_desk(stage.services.redis, stage.agent_id)
    expect(page.get_by_role("button", name=words["hold"])).to_be_visible()
    page.fill("#write-note", "여권 재발급 안내")
    page.get_by_role("button", name=words["this"]).click()
    expect(page.locator(".case-of-call")).to_be_visible()
    page.locator("h2#call-title").click()
    page.keyboard.press("h")
    expect(page.get_by_role("button", name=words["back"])).to_be_visible()
    expect(page.locator("#write-note")).to_have_value("여권 재발급 안내")
    desk.check(f"desk-talks-{language}")
    page.keyboard.press("i")
    page.fill("#invite-filter", "베트남" if language == "ko" else "vietnam")
    expect(page.locator("#invite-list .pick:visible")).to_have_count(1)
    desk.check(f"desk-invite-{language}")
    page.keyboard.press("Escape")
    desk.go("/calls")
    desk.go("/desk")
    expect(page.locator("#write-note")).to_have_value("여권 재발급 안내")

    stage.hang_up(int(page.locator("[data-call]").get_attribute("data-call") or 0))
    notify_desk(stage.services.redis, stage.agent_id)
    expect(page.locator(".desk-state")).to_contain_text("통화 후 정리" if language == "ko" else "wrapping up")
    page.select_option("#write-disposition", "passport")
    page.locator(".chip", has=page.locator("[value=calm]")).click()
    desk.check(f"desk-wraps-up-{language}")
    page.get_by_role("button", name=words["done"]).click()
    expect(page.locator("[data-call]")).to_have_count(0)
    expect(page.locator("#write-note")).to_have_value("")
    assert stage.agent().state == "ready"
    assert stage.value("SELECT mood || ' ' || note FROM contacts WHERE ref = 'call:1'") == "calm 여권 재발급 안내"
    desk.assert_clean()


def test_a_refusal_is_said_and_nothing_typed_is_lost(stage: Stage, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(language="ko")
    desk.sign_in(stage.officer)
    desk.speak("ko")
    page = desk.page
    call_id = stage.talk(keys=("1", "9"))
    with stage.services.db.transaction() as session:
        persons.add_person(session, stage.services.clock, SYSTEM, name="김서연", phone=CALLER)
    desk.go("/desk")
    expect(page.locator(".call-now.is-danger")).to_be_visible()
    desk.check("desk-danger-ko")
    page.fill("#write-note", "욕설을 계속함")
    page.locator("h2#call-title").click()
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="폭언: 1차 경고")).to_be_visible()
    page.keyboard.press("Shift+X")
    expect(page.get_by_role("button", name="폭언: 마지막 경고")).to_be_visible()
    page.keyboard.press("Shift+X")
    page.get_by_role("button", name="폭언: 통화 종료").click()
    desk.check("desk-abuse-asks-ko")
    with stage.services.db.transaction() as session:
        session.get_one(Call, call_id).language = "en"
    notify_desk(stage.services.redis, stage.agent_id)
    page.wait_for_timeout(1_200)  # longer than the page waits between two looks: the form that asks must still be there
    page.locator("#confirm [data-confirm-yes]").click()
    expect(page.locator("#desk-call")).to_contain_text("힘든 통화였습니다")
    assert stage.value("SELECT note FROM abuse_incidents") == "욕설을 계속함"
    expect(page.locator("#write-note")).to_have_value("욕설을 계속함")
    desk.check("desk-abuse-ko")
    desk.expected_statuses.add(409)
    page.fill("#out-phone", "+81 3 1234 5678")
    page.get_by_role("button", name="걸기").click()
    expect(page.locator("#desk-error")).to_contain_text("지금 전화를 받을 수 없습니다")
    expect(page.locator("#out-phone")).to_have_value("+81 3 1234 5678")
    assert stage.call(call_id).end_reason == "abuse"


def test_the_desk_works_without_javascript_and_at_night(stage: Stage, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(java_script_enabled=False)
    desk.sign_in(stage.officer)
    stage.talk()
    desk.go("/desk")
    desk.page.get_by_role("button", name="Hold").click()
    expect(desk.page.get_by_role("button", name="Take off hold")).to_be_visible()
    night = open_desk(color_scheme="dark", size=WIDE)
    night.sign_in(stage.officer)
    night.go("/desk")
    night.check("desk-night")


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", WIDE), ("ko", PHONE)], ids=["ko", "en", "ko-360"])
def test_a_mission_is_seen_and_its_duty_rung_by_one_key(
    stage: Stage, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    clock = stage.services.clock
    with stage.services.db.transaction() as session:
        mission = session.query(Mission).one()
        mission.services_en, mission.languages = "Passports, certificates, visas; emergencies at any hour", ["ko", "en"]
        mission.services_ko = "여권, 영사확인, 사증; 긴급 사건은 언제나"
        session.add(MissionHours(mission_id=mission.id, hours="Mo-Fr 09:00-12:00,13:30-17:30", updated_at=clock.now()))
        session.add(
            MissionNotice(
                mission_id=mission.id, text_ko="태풍으로 민원실은 내일까지 쉽니다.", valid_from=clock.now(),
                text_en="The public counter is closed until tomorrow because of the typhoon.",
            )
        )  # fmt: skip
        session.add(MissionDuty(mission_id=mission.id, position=1, name="당직 사건사고 담당", phone="+639170000001"))
        session.add(CallLine(number="+82232100404", mission_id=mission.id, greeting={}, drill=False))
    desk = open_desk(language=language, size=size)
    desk.sign_in(stage.officer)
    desk.speak(language)
    desk.go("/desk")
    stage.ring()
    leg = stage.offer()
    stage.accept(leg)
    notify_desk(stage.services.redis, stage.agent_id)
    page = desk.page
    expect(page.locator(".call-mission")).to_contain_text("Mo-Fr 09:00-12:00")
    expect(page.locator(".call-mission")).to_contain_text("태풍" if language == "ko" else "typhoon")
    expect(page.locator("#act-duty")).to_be_visible()
    page.locator("h2#call-title").click()
    page.keyboard.press("d")
    expect(page.locator(".call-legs")).to_contain_text("당직 사건사고 담당")
    desk.check(f"desk-mission-{language}")
    desk.assert_clean()
