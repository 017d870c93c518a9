"""Incidents in a browser: list, page, plan, disaster mode by two people, report; both languages, at a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from hotline.core.services import Services
from hotline.demo import incidents as demo
from hotline.incidents import carrying, log, plans, switching, team
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_mission, make_officer
from tests.incidents.making import chief, make_incident
from tests.queues.making import make_queue

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> tuple[Any, int, int]:
    """Make the demo's plan, a drill with its mode on, and a real incident for which it is asked; one chief who reads it all."""
    clock = services.clock
    with services.db.transaction() as session:
        for code in ("incident", "general", "passport"):
            make_queue(session, code=code, name_ko=f"{code} 대기열", name_en=f"Queue {code}")
        make_mission(
            session, country="JP", countries=["JP"], code="tokyo", name_en="Embassy in Tokyo", name_ko="주일본 대사관"
        )
        boss = make_officer(session, roles=("duty_chief",), name=demo.CHIEF, display_name="서정은", language=language)
        make_officer(session, roles=("duty_chief",), name=demo.OTHER_CHIEF, display_name="Ellen Yu")
    demo.load(services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    with services.db.transaction() as session:
        first, second = chief(session)[1], chief(session)[1]
        drill, real = make_incident(session, services, first, drill=True), make_incident(session, services, first)
        (plan,) = plans.listed(session)
        assert len(plans.version_of(session, plan.id, 1).steps) == len(demo.STEPS), (
            "every step of the demo can be done here"
        )
        run = switching.ask(session, clock, first, drill.id, plan.id)
        switching.agree(session, clock, second, drill.id, run.digest)
        switching.ask(session, clock, first, real.id, plan.id)
        if first.id is not None:
            team.add(session, clock, first, real.id, first.id, "lead")
        log.note(session, clock, first, real.id, "주센다이총영사관과 연락됨. 교민회 대피소 3곳 확인.")
    carrying.carry_out(services)
    return boss, drill.id, real.id


@pytest.mark.parametrize(
    ("language", "size"), [("ko", DESK), ("en", DESK), ("ko", PHONE), ("en", PHONE)],
    ids=["ko-1280", "en-1280", "ko-360", "en-360"],
)  # fmt: skip
def test_incidents_are_accessible_clean_and_switched_by_a_second_person(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    boss, drill, real = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    name = f"{language}-{size['width']}"
    for page, path in {
        "list": "/incidents", "drill": f"/incidents/{drill}", "real": f"/incidents/{real}", "new": "/incidents/new",
        "plans": "/disaster-plans", "plan": "/disaster-plans/1", "report": f"/incidents/{drill}/report",
        "wallboard": "/wallboard",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"incident-{page}-{name}")
    desk.go(f"/incidents/{real}")
    desk.page.get_by_role("button", name="동의: 발동" if language == "ko" else "Agree: switch it on").click()
    desk.page.locator("#confirm [value=yes]").click()
    expect(desk.page.locator(".notice-good")).to_contain_text("동의하였습니다" if language == "ko" else "Agreed")
    carrying.carry_out(site.services)
    desk.go(f"/incidents/{real}")
    expect(desk.page.locator(".mode-steps .state-done")).to_have_count(len(demo.STEPS))
    desk.check(f"incident-on-{name}")
    desk.assert_clean()


def test_plan_is_kept_with_what_may_stay_empty_and_a_step_just_added_is_removed_again(
    site: Site, open_desk: Callable[..., Desk]
) -> None:
    boss, _drill, _real = practise(site.services, "ko")
    desk = open_desk(language="ko")
    desk.sign_in(boss)
    desk.go("/disaster-plans/1")
    expect(desk.page.get_by_label("재외공관(코드)").first).to_have_value("")
    steps = desk.page.locator("section[id^=step-]")
    count = steps.count()
    desk.page.get_by_label("추가할 조치").select_option("wallboard")
    desk.page.get_by_role("button", name="조치 추가").click()
    expect(steps).to_have_count(count + 1)
    desk.page.get_by_role("button", name=f"{count + 1}번 조치 삭제").click()
    expect(steps).to_have_count(count)
    desk.page.get_by_label("태풍·폭풍").check()
    desk.page.get_by_role("button", name="저장").click()
    expect(desk.page.get_by_role("link", name="제2판")).to_be_visible()
    desk.assert_clean()
