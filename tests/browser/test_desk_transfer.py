"""A call changes hands in two real browsers: what the first agent typed stands on the colleague's desk, and they see it all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.officers import actor_of
from hotline.cases import working
from hotline.cases.contacts import open_case
from hotline.core.live import notify_desk
from hotline.queues import callbacks
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.calls.staging import CALLER, Stage, make_stage
from tests.cases.test_contacts import finish, make_contact
from tests.factories import make_officer, make_traveller
from tests.queues.making import make_agent

pytestmark = pytest.mark.browser
WORDS = {
    "ko": {"over": "인계하고 나가기", "before": "이전 상담 내용과 메모", "promise": "예정된 회신 전화"},
    "en": {"over": "Hand over and leave", "before": "Said and noted before", "promise": "Callbacks that are open"},
}


@pytest.fixture
def stage(site: Site) -> Stage:
    """A house with an agent, and a traveller with an open case and a promise whose owner has gone home."""
    clock = site.services.clock
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent",), display_name="한지우")
    made = make_stage(site.services, officer)
    with site.services.db.transaction() as session:
        owner = make_officer(session, roles=("agent",), display_name="임소라")
        who = actor_of(owner, "console")
        make_traveller(session, name="김민준", phone=CALLER, lat=10.3, lon=123.9)
        earlier = make_contact(session, clock, phone=CALLER, ref="call:900")
        case = open_case(session, clock, who, earlier.id, summary="세부에서 여권과 지갑 도난, 숙소 없음", country="PH")
        finish(session, clock, earlier, who, note="울면서 전화함. 친구 집에 있다고 함", mood="worried", risk={"minor"})
        working.note(session, clock, who, case.id, body="현지 경찰 신고서 번호 2026-1123")
        callbacks.promise(session, clock, case.id, clock.now() + timedelta(hours=2), owner.id, CALLER)
    return made


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", DESK), ("ko", PHONE)], ids=["ko", "en", "ko-360"])
def test_the_colleague_reads_what_was_typed_and_what_was_promised(
    stage: Stage, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    words, services = WORDS[language], stage.services
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("agent",), display_name="정하늘")
        colleague_id = make_agent(session, officer=officer, phone="+82215552000").id
    first, second = open_desk(language=language), open_desk(language=language, size=size)
    for desk, who in ((first, stage.officer), (second, officer)):
        desk.sign_in(who)
        desk.speak(language)
        desk.go("/desk")
    call_id = stage.talk()
    notify_desk(services.redis, stage.agent_id)
    expect(first.page.get_by_role("heading", name=words["before"])).to_be_visible()
    first.page.fill("#write-note", "아이가 열이 높음, 병원 안내함")
    first.page.evaluate(
        "([call, agent]) => fetch(`/desk/${call}/colleague`, {method: 'POST', headers: {'X-Fragment': '1'},"
        " body: new URLSearchParams({agent, csrf_token: document.querySelector('[name=csrf_token]').value})})",
        [call_id, str(colleague_id)],
    )
    expect(second.page.locator("[data-call]")).to_have_count(1)
    stage.join(call_id, "colleague")
    notify_desk(services.redis, stage.agent_id)
    first.page.get_by_role("button", name=words["over"]).click()
    told = second.page.locator(".call-told")
    expect(told.filter(has_text=words["before"])).to_contain_text("아이가 열이 높음, 병원 안내함")
    expect(told.filter(has_text=words["before"])).to_contain_text("현지 경찰 신고서 번호 2026-1123")
    expect(told.filter(has_text=words["promise"])).to_contain_text("임소라")
    expect(second.page.locator(".call-known")).to_contain_text("임소라")
    second.check(f"desk-taken-over-{language}-{size['width']}")
    first.assert_clean()
    second.assert_clean()
