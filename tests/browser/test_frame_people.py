"""Pages of travellers and missions in a real browser: both languages, two sizes, and the work done on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.missions import duty, keeping
from hotline.missions.duty import Contact, Line
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import NOW, make_mission, make_officer, make_traveller

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])
LIST = """\
reference,name,phone,language,lat,lon
A-1,김하늘,+821012345671,ko,14.6,121.0
A-2,John Park,12,en,14.6,121.0
A-3,이바다,+821012345673,ko,95,121.0
"""


def fill(site: Site) -> dict[str, int]:
    """Add people in every condition and two missions; return the ids the pages are opened with."""
    with site.services.db.transaction() as session:
        usual = make_traveller(session, name="김서연", lat=14.55, lon=121.02, reference="TR-2026-0117")
        make_traveller(
            session, name="Alexandra Kim-Hernández", phone="+34612345678", language="en", precision="city", country="ES"
        )
        make_traveller(session, name="박도윤", lat=None, lon=None, number_bad_at=NOW)
        out = make_traveller(session, name="이서준", opted_out_at=NOW, country="ZZ", precision="country")
        drill = make_traveller(session, name="훈련대상 1", drill=True)
        manila = make_mission(session, code="manila", countries=["PH", "PW", "MH", "FM"])
        make_mission(
            session, code="tokyo", name_en="Embassy in Japan", name_ko="주일본 대사관", country="JP", countries=["JP"],
            city="Tokyo", zone="Asia/Tokyo", phone="+81334527611", emergency_phone="+817021530454",
        )  # fmt: skip
        fill_mission(session, site, manila.id)
        return {"usual": usual.id, "out": out.id, "drill": drill.id, "manila": manila.id}


def fill_mission(session: Session, site: Site, mission_id: int) -> None:
    """Give a mission everything that its pages show."""
    clock = site.services.clock
    keeping.set_hours(session, clock, SYSTEM, mission_id, "Mo-Fr 09:00-12:00,13:30-17:30")
    day = clock.now().date() + timedelta(days=2)
    keeping.set_exceptions(
        session, clock, SYSTEM, mission_id, day, day + timedelta(days=2), "10:00-12:00", "태풍으로 오전만"
    )
    duty.set_lines(
        session, clock, SYSTEM, mission_id, [Line("+63285550101", "+82233330101", "+63285550109", "대표 전화")]
    )
    chain = [Contact("당직 영사", "+639175550111"), Contact("사건사고 영사", "+639175550112")]
    duty.set_duty(session, clock, SYSTEM, mission_id, chain)
    duty.add_notice(
        session, clock, SYSTEM, mission_id, "여권은 예약한 분만 받습니다.", "Passports by appointment only.", None
    )


@LANGUAGES
@SIZES
def test_pages_of_people_and_missions_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    ids = fill(site)
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("administrator", "author"), display_name="한지우", language=language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    for name, path in {
        "travellers": "/travellers",
        "travellers-none": "/travellers?q=nobody",
        "traveller": f"/travellers/{ids['usual']}",
        "traveller-out": f"/travellers/{ids['out']}",
        "traveller-drill": f"/travellers/{ids['drill']}",
        "traveller-new": "/travellers/new",
        "traveller-edit": f"/travellers/{ids['usual']}/edit",
        "import": "/travellers/import",
        "missions": "/missions",
        "mission": f"/missions/{ids['manila']}",
        "mission-edit": f"/missions/{ids['manila']}/edit",
        "mission-hours": f"/missions/{ids['manila']}/hours",
        "mission-holidays": f"/missions/{ids['manila']}/holidays",
        "missions-import": "/missions/import",
    }.items():
        desk.go(path)
        if desk.page.locator(".map").count():
            desk.page.wait_for_selector(".map[data-drawn=yes]")
        desk.check(f"{name}-{language}")


@LANGUAGES
def test_refused_rows_of_a_list_are_named_and_the_good_ones_are_in(
    site: Site, open_desk: Callable[..., Desk], tmp_path: Path, language: str
) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",), language=language)
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    desk = open_desk(language=language)
    desk.sign_in(author)
    desk.go("/travellers/import")
    desk.page.set_input_files("input[type=file]", file)
    desk.page.click("main form button[type=submit]")
    rows = desk.page.locator("main table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("phone")
    expect(rows.nth(1)).to_contain_text("lat")
    desk.check(f"import-report-{language}")
    desk.go("/travellers?q=김하늘")
    expect(desk.page.locator("main table tbody tr")).to_have_count(1)


def test_faults_of_a_form_are_said_beside_their_fields(site: Site, desk: Desk) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",))
    desk.sign_in(author)
    desk.expected_statuses.add(422)
    desk.go("/travellers/new")
    desk.page.fill("[name=name]", "Kim")
    desk.page.fill("[name=phone]", "12")
    desk.page.fill("[name=lat]", "north")
    desk.page.fill("[name=lon]", "121")
    desk.page.click("main form button[type=submit]")
    expect(desk.page.locator("#field-lat-error")).to_be_visible()
    expect(desk.page.locator("[name=lat]")).to_have_attribute("aria-invalid", "true")
    desk.check("traveller-fault-en")
    desk.page.fill("[name=lat]", "14.5")
    desk.page.click("main form button[type=submit]")
    expect(desk.page.locator("#field-phone-error")).to_contain_text("cannot be dialled")
