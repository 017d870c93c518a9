"""The roster in a browser: the planner's week, a shift, one's own shifts on a telephone, and a volunteer's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.services import Services
from overflow.shifts import demo, missing
from overflow.shifts.models import Shift
from overflow.volunteers.links import link_for
from overflow.volunteers.models import Volunteer
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.overflow.shifts.making import make_volunteer
from tests.queues.making import make_agent

pytestmark = pytest.mark.browser
NAMES = ("한지우", "배준혁", "임소라", "서도현", "문가영", "오세린")


def practise(services: Services, language: str) -> tuple[Officer, Officer, Volunteer]:
    """Make the demo's two weeks; a planner, an agent and a volunteer read this language."""
    with services.db.transaction() as session:
        chief = make_officer(
            session, roles=("duty_chief",), name=demo.PLANNER, display_name="강민서", language=language
        )
        officers = [
            make_officer(session, roles=("agent",), display_name=name, language=language, zone="Asia/Seoul")
            for name in NAMES
        ]
        for nth, officer in enumerate(officers):
            make_agent(session, officer=officer, state="offline", languages=["ko", "en"] if nth % 3 == 0 else ["ko"])
        volunteer = make_volunteer(session, speaks=language, name="윤하은")
    demo.load(services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    return chief, officers[1], volunteer


@pytest.mark.parametrize(
    ("language", "size"), [("ko", DESK), ("en", DESK), ("ko", PHONE), ("en", PHONE)],
    ids=["ko-1280", "en-1280", "ko-360", "en-360"],
)  # fmt: skip
def test_the_planners_week_is_clean_and_works(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    chief, _, _ = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    name = f"{language}-{size['width']}"
    desk.go("/shifts?week=2026-11-23")
    desk.check(f"shifts-week-{name}")
    desk.page.locator("form[action='/shifts'] input[name=person]").last.check()
    desk.page.locator("form[action='/shifts'] input[name=day]").fill("2026-11-29")
    desk.page.locator("form[action='/shifts'] button[type=submit]").click()
    expect(desk.page.locator(".notice-good, #left-title").first).to_be_visible()
    with site.services.db.transaction() as session:
        shift_id = session.scalars(select(Shift.id).where(Shift.state == "published").order_by(Shift.id)).first()
    for page, path in {
        "shift": f"/shifts/{shift_id}", "needs": "/shifts/needs", "patterns": "/shifts/patterns",
        "drafts": "/shifts?week=2026-11-30",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"shifts-{page}-{name}")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_ones_own_shifts_on_a_telephone(site: Site, open_desk: Callable[..., Desk], language: str) -> None:
    _, officer, volunteer = practise(site.services, language)
    desk = open_desk(language=language, size=PHONE)
    desk.go(link_for(site.services, volunteer.id).removeprefix(site.services.settings.public_url))
    desk.check(f"shifts-volunteer-{language}-360")
    desk.sign_in(officer)
    desk.go("/shifts/mine")
    desk.check(f"shifts-mine-{language}-360")
    desk.page.locator(".own-acts summary").first.click()
    desk.check(f"shifts-cannot-come-{language}-360")
    desk.page.locator(".own-acts details[open] input[name=reason]").fill("감기")
    desk.page.locator(".own-acts details[open] button[type=submit]").click()
    expect(desk.page.locator(".notice-good")).to_be_visible()
    desk.assert_clean()


def test_the_overview_shows_who_did_not_come(site: Site, open_desk: Callable[..., Desk]) -> None:
    chief, officer, _ = practise(site.services, "ko")
    with site.services.db.transaction() as session:
        agent = session.scalars(select(Agent).where(Agent.officer_id == officer.id)).one()
        shift = session.scalars(select(Shift).where(Shift.agent_id == agent.id).order_by(Shift.starts_at)).first()
        assert shift is not None
        shift.missed_at = site.services.clock.now()
        assert [each.shift.id for each in missing.absent(session, site.services.clock.now())] == [shift.id]
    desk = open_desk(language="ko", size=DESK)
    desk.sign_in(chief)
    desk.go("/")
    desk.check("shifts-overview-ko-1280")
    desk.assert_clean()
