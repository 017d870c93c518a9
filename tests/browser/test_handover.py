"""Hand-overs in a browser: the mission's page on a telephone and at a desk, in both languages; acknowledged by a press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from overflow.handover import demo, looking
from overflow.handover.models import Handover
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.overflow.handover.making import make_shanghai
from tests.queues.making import make_queue

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> tuple[Officer, Officer]:
    """Make the demo's two nights, with an officer of the mission and one who watches, both reading this language."""
    with services.db.transaction() as session:
        mission = make_shanghai(session, code=demo.MISSION, email="shanghai@mission.example")
        other = make_shanghai(
            session, code="shenyang", name_en="Consulate General in Shenyang", name_ko="주선양 총영사관"
        )
        make_queue(session)
        officer = make_officer(
            session, roles=("mission_officer",), name=demo.STAFF, display_name="한지우", language=language
        )
        make_officer(session, roles=("agent",), name=demo.AGENT, display_name="임소라", language=language)
        boss = make_officer(session, roles=("senior_agent",), display_name="배준혁", language=language)
        for each in (mission, other):
            session.add(MissionStaff(officer_id=officer.id, mission_id=each.id, since=services.clock.now()))
    demo.load(services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    return officer, boss


@pytest.mark.parametrize(
    ("language", "size"), [("ko", PHONE), ("en", DESK), ("en", PHONE)], ids=["ko-360", "en-1280", "en-360"]
)
def test_the_missions_page_is_accessible_clean_and_works_by_a_press(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    officer, _ = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    name = f"{language}-{size['width']}"
    desk.go("/mission")
    desk.check(f"mission-{name}")
    desk.page.locator(".give-back > summary").first.click()
    desk.check(f"mission-giving-back-{name}")
    with site.services.db.transaction() as session:
        waiting = session.scalars(select(Handover.id).where(Handover.state == "sent")).one()
    desk.page.get_by_role("button", name="인수 확인" if language == "ko" else "We have it", exact=True).first.click()
    expect(desk.page.locator(".notice-good")).to_contain_text("확인했습니다" if language == "ko" else "Acknowledged")
    expect(desk.page.locator("[href^='tel:']").first).to_be_visible()
    for page, path in {
        "handover": f"/handovers/{waiting}",
        "list": "/handovers",
        "verify": "/handovers/verify",
    }.items():
        desk.go(path)
        desk.check(f"{page}-{name}")
    desk.assert_clean()


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", PHONE)], ids=["ko-1280", "en-360"])
def test_the_duty_officer_sees_what_climbed_and_acts(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    _, boss = practise(site.services, language)
    services = site.services
    with services.db.transaction() as session:
        handover = session.scalars(select(Handover).where(Handover.state == "sent")).one()
        handover.due_at = services.clock.now() - timedelta(minutes=1)
    looking.run(services)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    name = f"{language}-{size['width']}"
    desk.go("/")
    desk.check(f"overview-handovers-{name}")
    desk.go("/handovers?state=escalated")
    desk.check(f"escalated-{name}")
    desk.page.locator("th a").first.click()
    desk.page.get_by_role("button", name="내가 처리" if language == "ko" else "I act on it").click()
    expect(desk.page.locator(".handover-head")).to_contain_text("배준혁")
    desk.check(f"escalated-one-{name}")
    desk.assert_clean()
