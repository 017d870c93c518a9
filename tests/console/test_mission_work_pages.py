"""The pages of a mission's hours, holidays, exceptions, lines, duty chain, bulletins, staff and of the list from a file."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.missions import duty, keeping, opening, staff, yearly
from hotline.missions.models import Mission, MissionStaff
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_mission, make_officer
from tests.missions.test_importing import file_of, row


@pytest.fixture
def mission(db: Database) -> int:
    with db.transaction() as session:
        return make_mission(session, country="CN", countries=["CN"], zone="Asia/Shanghai").id


WEEK = {
    f"{day}_{number}_{which}": time
    for day in ("Mo", "Tu", "We", "Th", "Fr")
    for number, which, time in ((1, "from", "09:00"), (1, "to", "12:00"), (2, "from", "13:30"), (2, "to", "17:30"))
}


def hours_of(db: Database, mission_id: int) -> tuple[str, str] | None:
    with db.transaction() as session:
        kept = keeping.hours_of(session, mission_id)
        return None if kept is None else (kept.hours, kept.holiday_hours)


def test_the_week_is_filled_in_previewed_and_saved(visitor: Visitor, boss: Officer, db: Database, mission: int) -> None:
    address = f"/missions/{mission}/hours"
    form = {"by": "week", "holiday_hours": "10:00-12:00", **WEEK}
    preview = visitor.post(address, {**form, "act": "preview"}).get_data(as_text=True)
    assert "Not saved yet." in preview and "13:30–17:30" in preview
    assert hours_of(db, mission) is None
    assert visitor.post(address, form).location == f"/missions/{mission}"
    assert hours_of(db, mission) == ("Mo-Fr 09:00-12:00,13:30-17:30", "10:00-12:00")
    assert 'value="13:30"' in visitor.get(address).get_data(as_text=True)
    assert "The next 14 days" in visitor.get(f"/missions/{mission}").get_data(as_text=True)


def test_a_text_too_rich_for_the_week_is_kept_and_says_so(
    visitor: Visitor, boss: Officer, db: Database, mission: int
) -> None:
    address = f"/missions/{mission}/hours"
    visitor.post(address, {"by": "text", "hours": "mo-fr 9:00-17:00; Dec 24 off", "holiday_hours": "off"})
    assert hours_of(db, mission) == ("Mo-Fr 09:00-17:00; Dec 24 off", "off")
    assert "say more than a week" in visitor.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"by": "week", "Mo_1_from": "09:00"}, "Monday: Give each spell a beginning and a later end"),
        (
            {"by": "week", "Su_2_from": "17:00", "Su_2_to": "09:00"},
            "Sunday: Give each spell a beginning and a later end",
        ),
        ({"by": "text", "hours": "Mon-Fri 9-17"}, "cannot be read as hours"),
        ({"by": "text", "hours": "Mo-Fr 09:00-17:00", "holiday_hours": "maybe"}, "Write off, or times"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept_in_the_form(
    visitor: Visitor, boss: Officer, db: Database, mission: int, form: dict[str, str], said: str
) -> None:
    answer = visitor.post(f"/missions/{mission}/hours", form)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert hours_of(db, mission) is None


def test_one_tap_and_its_undo(visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock, mission: int) -> None:
    refused = visitor.post(f"/missions/{mission}/tap", {"kind": "closed_now", "reason": "", "ends": "2"})
    assert refused.status_code == 422 and "Give the reason" in refused.get_data(as_text=True)
    visitor.post(f"/missions/{mission}/tap", {"kind": "open_now", "reason": "crisis desk", "ends": "day"})
    with db.transaction() as session:
        found = opening.at(session, mission, clock.now())
        assert (found.open, found.note) == (True, "crisis desk")
        assert found.until is not None and found.until.hour == 16  # midnight in Shanghai
    page = visitor.get(f"/missions/{mission}").get_data(as_text=True)
    assert "Follow the hours again" in page and "crisis desk" in page
    visitor.post(f"/missions/{mission}/untap")
    again = visitor.post(f"/missions/{mission}/untap")
    assert again.status_code == 409 and "follows its hours already" in again.get_data(as_text=True)


def test_holidays_are_ticked_and_one_of_its_own_is_added(
    visitor: Visitor, boss: Officer, db: Database, mission: int
) -> None:
    year = NOW.year + 1
    address = f"/missions/{mission}/holidays"
    page = visitor.get(f"{address}?year={year}").get_data(as_text=True)
    assert f"{year}-08-15 home" in page and "host" in page
    form = {
        "year": str(year),
        "chosen": f"{year}-08-15 home",
        "day": f"{year}-03-02",
        "name_ko": "창설일",
        "name_en": "Founding",
    }
    assert visitor.post(address, form).status_code == 302
    with db.transaction() as session:
        chosen = [one.day.isoformat() for one in yearly.of_year(session, mission, year) if one.chosen]
    assert chosen == [f"{year}-03-02", f"{year}-08-15"]
    assert visitor.post(address, {"year": str(year), "chosen": f"{year}-08-18 home"}).status_code == 422
    assert visitor.get(f"{address}?year=99999").status_code == 200


def test_an_exception_is_added_and_taken_back(visitor: Visitor, boss: Officer, db: Database, mission: int) -> None:
    day = (NOW + timedelta(days=5)).date().isoformat()
    visitor.post(f"/missions/{mission}/exceptions", {"day": day, "day_hours": "10:00-12:00", "note": "moving"})
    assert "moving" in visitor.get(f"/missions/{mission}").get_data(as_text=True)
    assert visitor.post(f"/missions/{mission}/exceptions", {"day": "x"}).status_code == 422
    visitor.post(f"/missions/{mission}/exceptions/{day}/remove")
    assert "moving" not in visitor.get(f"/missions/{mission}").get_data(as_text=True)


def test_days_in_a_row_are_added_shown_and_taken_back_as_one(
    visitor: Visitor, boss: Officer, db: Database, mission: int
) -> None:
    first, last = ((NOW + timedelta(days=days)).date().isoformat() for days in (5, 14))
    where = f"/missions/{mission}/exceptions"
    wrong = visitor.post(where, {"day": last, "last_day": first, "note": "moving"})
    assert wrong.status_code == 422 and f'value="{first}"' in wrong.text, "what was typed stands there still"
    assert visitor.post(where, {"day": first, "last_day": "soon"}).status_code == 422
    assert visitor.post(where, {"day": first, "last_day": last, "note": "moving"}).status_code == 302
    page = visitor.get(f"/missions/{mission}").get_data(as_text=True)
    assert page.count("moving") == 1 and f'name="last_day" value="{last}"' in page
    visitor.post(f"{where}/{first}/remove", {"last_day": last})
    assert "moving" not in visitor.get(f"/missions/{mission}").get_data(as_text=True)


def test_lines_and_the_chain_are_rows_of_a_form(visitor: Visitor, boss: Officer, db: Database, mission: int) -> None:
    rows = {
        "number": ["+86 10 5555 0101", ""], "pool_number": ["+82 2 5555 0101", ""], "return_number": ["", ""],
        "label": ["main", ""], "technique": ["number", "number"],
    }  # fmt: skip
    assert visitor.post(f"/missions/{mission}/lines", rows).status_code == 302
    chain = {"duty_name": ["당직", "부당직", ""], "duty_phone": ["+8613055550101", "+8613055550102", ""]}
    assert visitor.post(f"/missions/{mission}/duty", chain).status_code == 302
    with db.transaction() as session:
        assert [line.pool_number for line in duty.lines_of(session, mission)] == ["+82255550101"]
        assert [one.name for one in duty.duty_of(session, mission)] == ["당직", "부당직"]
    wrong = visitor.post(f"/missions/{mission}/duty", {"duty_name": ["a", "b"], "duty_phone": ["+8613055550101", "12"]})
    assert wrong.status_code == 422
    text = wrong.get_data(as_text=True)
    assert "Row 2:" in text and 'value="12"' in text


def test_bulletins_and_staff(visitor: Visitor, boss: Officer, db: Database, mission: int) -> None:
    visitor.post(
        f"/missions/{mission}/notices",
        {"text_ko": "여권 발급 중단", "text_en": "No passports today", "valid_until": ""},
    )
    assert "No passports today" in visitor.get(f"/missions/{mission}").get_data(as_text=True)
    with db.transaction() as session:
        notice = duty.notices_of(session, mission, NOW)[0].id
        officer = make_officer(session, name="marco", roles=("mission_officer",)).id
    visitor.post(f"/missions/{mission}/notices/{notice}/withdraw")
    visitor.post(f"/missions/{mission}/staff", {"name": "marco"})
    assert visitor.post(f"/missions/{mission}/staff", {"name": "nobody"}).status_code == 422
    with db.transaction() as session:
        assert duty.notices_of(session, mission, NOW) == []
        assert [one.id for one in staff.people_of(session, mission)] == [officer]
    visitor.post(f"/missions/{mission}/staff/{officer}/remove")
    with db.transaction() as session:
        assert staff.people_of(session, mission) == []


def make_staff(session: Session, mission_id: int) -> None:
    officer = make_officer(session, name="marco", roles=("mission_officer",))
    session.add(MissionStaff(officer_id=officer.id, mission_id=mission_id, since=NOW))


def test_an_officer_of_a_mission_works_on_it_and_sees_only_the_outside_of_another(
    visitor: Visitor, db: Database, mission: int
) -> None:
    with db.transaction() as session:
        make_staff(session, mission)
        other = make_mission(session, name_en="Elsewhere").id
        keeping_chain = [duty.Contact("secret deputy", "+8613055550109")]
        from hotline.core.actor import SYSTEM

        duty.set_duty(session, FrozenClock(NOW), SYSTEM, other, keeping_chain)
    visitor.sign_in("marco")
    assert "Close now" in visitor.get(f"/missions/{mission}").get_data(as_text=True)
    assert visitor.post(f"/missions/{mission}/hours", {"by": "week", **WEEK}).status_code == 302
    page = visitor.get(f"/missions/{other}").get_data(as_text=True)
    assert "secret deputy" not in page and "Close now" not in page
    for address in (f"/missions/{other}/hours", f"/missions/{other}/holidays"):
        assert visitor.get(address).status_code == 403
    assert visitor.post(f"/missions/{other}/tap", {"kind": "closed_now", "reason": "x", "ends": "1"}).status_code == 403
    assert visitor.post(f"/missions/{mission}/staff", {"name": "marco"}).status_code == 403


def test_the_list_shows_who_is_open_and_turns_pages(
    visitor: Visitor, boss: Officer, db: Database, mission: int
) -> None:
    with db.transaction() as session:
        for number in range(60):
            make_mission(session, code=f"more-{number}", name_en=f"More {number}")
    visitor.post(f"/missions/{mission}/tap", {"kind": "open_now", "reason": "desk", "ends": "2"})
    first = visitor.get("/missions").get_data(as_text=True)
    assert "61 missions" in first and "Page 1 of 2" in first and "hours not known yet" in first
    assert "Page 2 of 2" in visitor.get("/missions?page=99").get_data(as_text=True)
    only = visitor.get("/missions?state=open").get_data(as_text=True)
    assert "1 mission<" in only and "Asia/Shanghai" in only


def test_a_list_is_uploaded_whole_or_not_at_all(visitor: Visitor, boss: Officer, db: Database) -> None:
    def upload(data: bytes) -> tuple[int, str]:
        answer = visitor.post("/missions/import", {"list": (io.BytesIO(data), "missions.csv")})
        return answer.status_code, answer.get_data(as_text=True)

    status, text = upload(file_of(row(1), row(2, hours="9-17")))
    assert status == 422 and "Nothing was changed." in text and "say the times" in text
    status, text = upload(file_of(row(1), row(2)))
    assert status == 200 and "New missions" in text
    assert upload(b"x,y\n")[0] == 422
    assert visitor.post("/missions/import", {}).status_code == 422
    with db.transaction() as session:
        assert len(list(session.query(Mission))) == 2
