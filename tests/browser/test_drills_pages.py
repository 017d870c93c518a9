"""Test calls and training calls in a browser: lists, one mission's part, a round's report, a score sheet that is filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.missions.models import MissionLine, MissionStaff
from overflow.drills import demo, planning
from overflow.drills.models import LineTest, LineTestRound, TrainingCall
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_mission, make_officer
from tests.queues.making import make_agent

pytestmark = pytest.mark.browser
PILOTS = {
    "beijing": ("Embassy in China", "주중국 대사관", "CN", "Asia/Shanghai", "+861085320404"),
    "shanghai": ("Consulate General in Shanghai", "주상하이 총영사관", "CN", "Asia/Shanghai", "+862162955000"),
    "hongkong": ("Consulate General in Hong Kong", "주홍콩 총영사관", "HK", "Asia/Hong_Kong", "+85225294141"),
}


def practise(services: Services, language: str) -> tuple[Officer, Officer, dict[str, int]]:
    """Make the demo's round and trainings for three missions, with a trainer and a trainee who read this language."""
    now = services.clock.now()
    with services.db.transaction() as session:
        made = {}
        for code, (english, korean, country, zone, number) in PILOTS.items():
            mission = make_mission(
                session, code=code, name_en=english, name_ko=korean, country=country, countries=[country], zone=zone
            )
            made[code] = mission.id
            session.add(
                MissionLine(
                    mission_id=mission.id, number=number, pool_number=f"+8223333010{len(made)}",
                    label="대표전화" if language == "ko" else "main", technique="webhook", created_at=now,
                )
            )  # fmt: skip
        trainer = make_officer(
            session,
            roles=("administrator", "senior_agent"),
            name=demo.TRAINER,
            display_name="배준혁",
            language=language,
        )
        make_agent(session, officer=trainer, phone="+82215550009", state="ready")
        trainee = make_officer(
            session, roles=("mission_officer",), name=demo.TRAINEE, display_name="한지우", language=language
        )
        session.add(MissionStaff(officer_id=trainee.id, mission_id=made["beijing"], since=now))
    demo.load(services, SYSTEM)
    for _ in range(8):
        if planning.plan(services):
            break
        services.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]  # the tests' clock
    return trainer, trainee, made


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_of_test_calls_and_trainings_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    trainer, _, made = practise(site.services, language)
    with site.services.db.transaction() as session:
        round_id = session.scalars(select(LineTestRound.id).order_by(LineTestRound.id)).first()
        held = session.scalars(select(TrainingCall.id).where(TrainingCall.state == "held")).one()
        coming = session.scalars(select(TrainingCall.id).where(TrainingCall.state == "scheduled")).one()
    desk = open_desk(language=language, size=size)
    desk.sign_in(trainer)
    for name, path in {
        "lines": "/line-tests",
        "round": f"/line-tests/rounds/{round_id}",
        "mission": f"/mission/{made['hongkong']}",
        "trainings": "/training",
        "training-held": f"/training/{held}",
        "training-coming": f"/training/{coming}",
        "scenarios": "/training/scenarios",
        "overview": "/",
    }.items():
        desk.go(path)
        desk.check(f"drills-{name}-{language}")


def test_a_line_is_tested_by_a_press_on_the_missions_page_and_the_page_stays(
    site: Site, open_desk: Callable[..., Desk]
) -> None:
    _, trainee, made = practise(site.services, "ko")
    desk = open_desk(language="ko", size=PHONE)
    desk.sign_in(trainee)
    desk.go(f"/mission/{made['beijing']}")
    desk.page.get_by_role("button", name="지금 시험 전화").first.click()
    expect(desk.page.locator(".notice-good")).to_be_visible()
    assert desk.page.url.endswith(f"/mission/{made['beijing']}")
    desk.check("drills-mission-tested-ko")
    with site.services.db.transaction() as session:
        by_hand = session.scalars(select(LineTest).where(LineTest.started_by_id == trainee.id)).one()
    assert by_hand.round_id is None


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", PHONE)], ids=["ko-1280", "en-360"])
def test_a_trainer_fills_in_a_sheet_sees_what_is_missing_and_the_trainee_reads_it(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    trainer, trainee, _ = practise(site.services, language)
    with site.services.db.transaction() as session:
        coming = session.scalars(select(TrainingCall.id).where(TrainingCall.state == "scheduled")).one()
    desk = open_desk(language=language, size=size)
    desk.expected_statuses.add(422)
    desk.sign_in(trainer)
    desk.go(f"/training/{coming}")
    sheet = desk.page.locator("form[action$='/sheet']")
    for area in ("reachability", "greeting", "attitude", "competence"):
        sheet.locator(f"[name={area}]").select_option("4")
    sheet.locator("[name=greeting_note]").fill("성명을 밝히지 않음")
    # The browser itself holds an empty choice back; what the page says when one comes all the same is looked at here.
    sheet.evaluate("form => { form.noValidate = true }")
    sheet.locator("button[type=submit]").click()
    expect(desk.page.locator("[name=closing][aria-invalid=true]")).to_be_visible()
    expect(desk.page.locator("[name=greeting]")).to_have_value("4")
    desk.check(f"drills-sheet-faults-{language}")
    sheet.locator("[name=closing]").select_option("5")
    sheet.locator("button[type=submit]").click()
    expect(desk.page.locator(".notice-good")).to_be_visible()
    expect(desk.page.locator("main")).to_contain_text("21")
    desk.check(f"drills-sheet-held-{language}")
    reader = open_desk(language=language, size=size)
    reader.sign_in(trainee)
    reader.go(f"/training/{coming}")
    expect(reader.page.locator("main")).to_contain_text("성명을 밝히지 않음")
    reader.check(f"drills-sheet-read-{language}")
