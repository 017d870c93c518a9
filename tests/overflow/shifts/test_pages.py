"""Planners' pages, one's own page in the console and by link, the calendar, tables and the API."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from overflow.shifts import calendars, coverage, sending, swapping
from overflow.shifts.models import CoverageNeed, Shift, ShiftPattern
from overflow.shifts.needed import Need
from overflow.volunteers.links import link_for
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor, visitor  # noqa: F401 - a fixture by its name
from tests.factories import make_officer, make_token
from tests.overflow.shifts.making import MONDAY, PLANNER, make_person, make_shift, make_volunteer
from tests.overflow.shifts.test_swapping import SELF
from tests.queues.making import make_agent

WEEK = MONDAY.isoformat()


@pytest.fixture
def chief(services: Services, visitor: Visitor) -> Visitor:  # noqa: F811
    """Return a duty chief who is signed in."""
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
    visitor.sign_in(name)
    return visitor


def shifts(services: Services) -> list[Shift]:
    """Return all shifts."""
    with services.db.transaction() as session:
        return list(session.scalars(select(Shift).order_by(Shift.starts_at, Shift.id)))


def test_a_week_from_plan_to_publication(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        people = [make_person(session).id for _ in range(2)]
        coverage.keep(session, services.clock, PLANNER, [Need(9, 18, 3, weekday=0)])
    page = chief.get(f"/shifts?week={WEEK}")
    assert "09–18: 3 missing" in page.text
    answer = chief.post(
        "/shifts", {"week": WEEK, "day": WEEK, "start": "09:00", "end": "18:00", "zone": "", "person": people}
    )
    assert answer.status_code == 302
    assert "09–18: 1 missing" in chief.get(f"/shifts?week={WEEK}").text
    assert "Publish 2 drafts" in chief.get(f"/shifts?week={WEEK}").text
    chief.post("/shifts/publish", {"week": WEEK})
    assert {each.state for each in shifts(services)} == {"published"}
    assert sending.send(services) == 2
    shown = chief.get(f"/shifts/{shifts(services)[0].id}").text
    assert "text handed over" in shown


def test_what_cannot_be_planned_is_named_and_the_rest_is_made(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        busy, free = make_person(session), make_person(session)
        make_shift(session, services.clock, busy, 0)
    form = {"week": WEEK, "day": WEEK, "start": "10:00", "end": "19:00", "person": [busy.id, free.id]}
    answer = chief.post("/shifts", form)
    assert answer.status_code == 422
    assert "has another shift at that time" in answer.text
    assert len(shifts(services)) == 2
    assert "Choose at least one person" in chief.post("/shifts", form | {"person": []}).text
    assert chief.post("/shifts", form | {"start": "25:00"}).status_code == 422


def test_copying_and_patterns(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        agent, other = make_person(session), make_person(session, zone="Europe/Paris")
        make_shift(session, services.clock, agent, 0)
        make_shift(session, services.clock, agent, 2, "22:00-06:00")
    chief.post("/shifts/copy", {"week": WEEK, "target": (MONDAY + timedelta(days=7)).isoformat()})
    assert [each.day for each in shifts(services)] == [MONDAY + timedelta(days=day) for day in (0, 2, 7, 9)]
    assert chief.post("/shifts/copy", {"week": WEEK, "target": WEEK}).status_code == 422
    lines = "mon 09:00-17:00\n2 tue 22:00-06:00"
    chief.post("/shifts/patterns", {"name": "Alternating", "lines": lines, "zone": ""})
    assert "write mon 09:00-18:00" not in chief.get("/shifts/patterns").text
    bad = chief.post("/shifts/patterns", {"name": "Bad", "lines": "someday", "zone": ""})
    assert bad.status_code == 422
    assert chief.post("/shifts/patterns", {"name": "Alternating", "lines": lines}).status_code == 409
    with services.db.transaction() as session:
        pattern_id = session.scalars(select(ShiftPattern.id)).one()
    first = (MONDAY + timedelta(days=14)).isoformat()
    chief.post(
        "/shifts/repeat", {"pattern": pattern_id, "first": first, "weeks": "4", "person": [other.id], "week": WEEK}
    )
    made = [each for each in shifts(services) if each.agent_id == other.id]
    assert [(each.day - MONDAY).days for each in made] == [14, 22, 28, 36]
    assert {each.zone for each in made} == {"Europe/Paris"}
    chief.post(f"/shifts/patterns/{pattern_id}/remove")
    assert len([each for each in shifts(services) if each.agent_id == other.id]) == 4


def test_need_is_kept_by_weekday_and_day(services: Services, chief: Visitor) -> None:
    form = {"weekday": ["0", "1"], "hour_from": "9", "hour_to": "18", "needed": "3", "mark": "lang:en"}
    chief.post("/shifts/needs", form)
    chief.post("/shifts/needs", {"day": WEEK, "hour_from": "0", "hour_to": "24", "needed": "9"})
    assert "speaks en" in chief.get("/shifts/needs").text
    for wrong in ({"mark": "Visa!"}, {"hour_to": "9"}, {"weekday": []}, {"needed": "-1"}, {"hour_from": "x"}):
        assert chief.post("/shifts/needs", form | wrong).status_code == 422
    with services.db.transaction() as session:
        ids = list(session.scalars(select(CoverageNeed.id)))
    assert len(ids) == 3
    chief.post(f"/shifts/needs/{ids[0]}/remove")
    assert chief.post(f"/shifts/needs/{ids[0]}/remove").status_code == 404


def test_changing_and_cancelling_on_the_page(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        shift = make_shift(session, services.clock, make_person(session), 0)
    form = {
        "version": "1",
        "person": shift.agent_id,
        "day": WEEK,
        "start": "10:00",
        "end": "19:00",
        "zone": "Asia/Seoul",
    }
    assert "Say why" in chief.post(f"/shifts/{shift.id}/change", form).text
    assert chief.post(f"/shifts/{shift.id}/change", form | {"reason": "storm"}).status_code == 302
    assert chief.post(f"/shifts/{shift.id}/change", form | {"reason": "storm"}).status_code == 409
    assert chief.post(f"/shifts/{shift.id}/cancel", {"reason": ""}).status_code == 422
    assert chief.post(f"/shifts/{shift.id}/cancel", {"reason": "over"}).status_code == 302
    assert shifts(services)[0].state == "cancelled"
    assert chief.get("/shifts/999999").status_code == 404


def test_a_table_goes_out_and_comes_in_with_its_faults_by_row(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        agent = make_person(session)
        name = session.get_one(Officer, agent.officer_id).name
    rows = [
        "person,day,start,end,zone", f"{name},2026-11-23,09:00,18:00,", f"{name},2026-11-23,12:00,20:00,",
        "nobody,2026-11-24,09:00,18:00,", f"{agent.id},2026-11-25,22:00,06:00,Europe/Paris", f"{name},2026-02-30,09:00,18:00,",
        f"{name},2026-11-27,09:00,18:00,Mars/Base",
    ]  # fmt: skip
    answer = chief.post("/shifts/table", {"week": WEEK, "file": (io.BytesIO("\n".join(rows).encode()), "roster.csv")})
    assert answer.status_code == 422
    assert [number for number in range(2, 9) if f"Row {number}:" in answer.text] == [3, 4, 6, 7]
    assert len(shifts(services)) == 2
    table = chief.get(f"/shifts/table.csv?week={WEEK}")
    assert table.text.startswith("\ufeffid,person,name,day,start,end,zone")
    assert f"{name}" in table.text
    for content in (b"", b"a,b\n1,2", b"\xff\xfe\x00\x00\x81", b'person,day,start,end\n"x'):
        bad = chief.post("/shifts/table", {"week": WEEK, "file": (io.BytesIO(content), "x.csv")})
        assert bad.status_code == 422, content
    large = b"person,day,start,end\n" + b"x,2026-11-23,09:00,18:00\n" * 3_000
    assert chief.post("/shifts/table", {"week": WEEK, "file": (io.BytesIO(large), "x.csv")}).status_code == 422
    assert chief.post("/shifts/table", {"week": WEEK}).status_code == 422


def test_an_agents_own_page(services: Services, visitor: Visitor) -> None:  # noqa: F811
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("agent",))
        agent = make_agent(session, officer=officer, state="offline")
        giver = make_person(session)
        own, offered = make_shift(session, services.clock, agent, 0), make_shift(session, services.clock, giver, 2)
        swapping.offer(session, services.clock, SELF, giver.id, offered.id, "wedding")
    visitor.sign_in(officer.name)
    page = visitor.get("/shifts/mine").text
    assert "Mon 23 Nov 09:00–18:00" in page
    assert "wedding" in page
    visitor.post(f"/shifts/mine/{own.id}/offer")
    assert "offered to others" in visitor.get("/shifts/mine").text
    visitor.post(f"/shifts/mine/{own.id}/withdraw")
    assert visitor.post(f"/shifts/mine/{offered.id}/decline", {"reason": "x"}).status_code == 403
    visitor.post(f"/shifts/mine/{offered.id}/take")
    assert visitor.post(f"/shifts/mine/{own.id}/decline", {"reason": ""}).status_code == 422
    visitor.post(f"/shifts/mine/{own.id}/decline", {"reason": "flu"})
    found = {each.id: each for each in shifts(services)}
    assert (found[own.id].state, found[offered.id].agent_id) == ("declined", agent.id)
    address = re.search(r"http://127.0.0.1:5000(/shifts/calendar/\S+?\.ics)", visitor.get("/shifts/mine").text)
    assert address is not None
    ics = visitor.get(address[1])
    assert ics.mimetype == "text/calendar"
    assert "DTSTART:20261125T000000Z\r\nDTEND:20261125T090000Z" in ics.text
    visitor.post("/shifts/mine/calendar")
    assert visitor.get(address[1]).status_code == 404


def test_who_only_reads_sees_the_plan_and_changes_nothing(services: Services, visitor: Visitor) -> None:  # noqa: F811
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("auditor",))
        shift = make_shift(session, services.clock, make_person(session), 0)
    visitor.sign_in(officer.name)
    assert "Plan a shift" not in visitor.get(f"/shifts?week={WEEK}").text
    assert "Change it" not in visitor.get(f"/shifts/{shift.id}").text
    for path in ("/shifts", "/shifts/publish", "/shifts/copy", f"/shifts/{shift.id}/cancel", "/shifts/needs"):
        assert visitor.post(path, {"week": WEEK}).status_code == 403
    assert visitor.get("/shifts/mine").status_code == 403


def test_who_may_answer_calls_but_is_no_agent_yet_is_told_so(services: Services, visitor: Visitor) -> None:  # noqa: F811
    with services.db.transaction() as session:
        name = make_officer(session, roles=("senior_agent",)).name
    visitor.sign_in(name)
    assert "No shifts are planned for you" in visitor.get("/shifts/mine").text


def test_a_volunteers_own_page(services: Services, visitor: Visitor) -> None:  # noqa: F811
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, speaks="ko")
        agent = session.get_one(Agent, volunteer.agent_id)
        shift = make_shift(session, services.clock, agent, 0, "09:00-13:00")
        other = make_volunteer(session)
        theirs = make_shift(session, services.clock, session.get_one(Agent, other.agent_id), 2, "09:00-13:00")
        swapping.offer(session, services.clock, SELF, other.agent_id or 0, theirs.id)
    path = link_for(services, volunteer.id).removeprefix("http://127.0.0.1:5000")
    page = visitor.get(path).text
    assert "11월 23일(월) 09:00~13:00" in page
    assert visitor.post(f"{path}/shifts/{theirs.id}/take").status_code == 302
    assert visitor.post(f"{path}/shifts/{shift.id}/offer").status_code == 302
    visitor.post(f"{path}/shifts/{shift.id}/decline", {"reason": "감기"})
    found = {each.id: each for each in shifts(services)}
    assert (found[theirs.id].agent_id, found[shift.id].state, found[shift.id].reason) == (agent.id, "declined", "감기")
    assert (
        "사유를 300자 이내로"
        in visitor.post(f"{path}/shifts/{theirs.id}/decline", {"reason": ""}, follow_redirects=True).text
    )
    with services.db.transaction() as session:
        names = set(session.scalars(select(AuditEntry.actor_name).where(AuditEntry.actor_kind == "person")))
    assert names == {f"volunteer {volunteer.id}"}, "the trail names nobody who may want to be erased"
    assert visitor.post(f"/v/{'x' * 40}/shifts/{shift.id}/decline", {"reason": "x"}).status_code == 404


def test_calendars_open_by_their_own_address_only(services: Services, visitor: Visitor) -> None:  # noqa: F811
    for token in ("x", "WzEsMF0.AAAA", "a" * 5_000):
        assert visitor.get(f"/shifts/calendar/{token}.ics").status_code == 404
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        address = calendars.address(session, services, volunteer.agent_id or 0)
    path = address.removeprefix("http://127.0.0.1:5000")
    assert visitor.get(path).status_code == 200
    with services.db.transaction() as session:
        session.get_one(Volunteer, volunteer.id).state = "left"
    assert visitor.get(path).status_code == 404, "an address ends with its person's place on the roster"
    with services.db.transaction() as session:
        agent = make_person(session, language="ko")
        shift = make_shift(session, services.clock, agent, 0)
        text = calendars.written([shift], "영사콜센터 근무, 공휴일; " + "가" * 60, services.clock.now())
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "영사콜센터 근무\\, 공휴일\\; " in text.replace("\r\n ", "")


def test_the_panel_for_the_duty_chief(services: Services, clock: FrozenClock, chief: Visitor) -> None:
    with services.db.transaction() as session:
        agent = make_person(session)
        shift = make_shift(session, clock, agent, 0)
        swapping.decline(session, clock, SELF, agent.id, shift.id, "flu")
    page = chief.get("/shifts/panel").text
    assert "cannot come" in page
    assert "flu" in page
    assert "Shifts" in chief.get("/").text


def test_the_api(services: Services, client: Any) -> None:
    with services.db.transaction() as session:
        agent = make_person(session)
        token = make_token(session, make_officer(session, roles=("duty_chief",)))
        reader = make_token(session, make_officer(session, roles=("auditor",)))
    auth = {"Authorization": f"Bearer {token}"}
    given = {"agent_id": agent.id, "day": WEEK, "start": "22:00", "end": "06:00"}
    made = client.post("/api/v1/shifts", json=given, headers=auth)
    assert made.status_code == 201
    assert made.json["starts_at"] == "2026-11-23T13:00:00+00:00"
    assert (made.json["ends_at"], made.json["part"], made.json["state"]) == (
        "2026-11-23T21:00:00+00:00",
        "night",
        "draft",
    )
    again = client.post("/api/v1/shifts", json=given, headers=auth)
    assert (again.status_code, again.json["code"]) == (409, "shift-overlap")
    faults = client.post("/api/v1/shifts", json=given | {"day": "x", "start": "y"}, headers=auth)
    assert [fault["field"] for fault in faults.json["errors"]] == ["day", "start"]
    path = f"/api/v1/shifts/{made.json['id']}"
    assert client.patch(path, json={"version": 1, "start": "21:00"}, headers=auth).json["start"] == "21:00"
    assert client.patch(path, json={"version": 1, "start": "20:00"}, headers=auth).status_code == 409
    period = {"since": "2026-11-23T00:00:00+00:00", "until": "2026-11-30T00:00:00+00:00"}
    done = client.post("/api/v1/shifts/publish", json=period, headers=auth)
    assert done.json == {"published": [made.json["id"]], "left": []}
    client.post("/api/v1/shifts", json=given | {"day": "2026-11-25"}, headers=auth)
    first = client.get("/api/v1/shifts", query_string=period | {"limit": "1"}, headers=auth).json
    second = client.get(
        "/api/v1/shifts", query_string=period | {"limit": "1", "after": first["next_after"]}, headers=auth
    ).json
    assert [each["day"] for each in first["shifts"] + second["shifts"]] == [WEEK, "2026-11-25"]
    assert second["next_after"] is None
    assert client.get("/api/v1/shifts?since=yesterday", headers=auth).status_code == 422
    hours = client.get(f"/api/v1/shifts/coverage?day={WEEK}", headers=auth).json["hours"]
    assert [hour["there"][""] for hour in hours] == [0] * 21 + [1] * 3
    assert client.delete(path, headers=auth).status_code == 422
    assert client.delete(path + "?reason=storm", headers=auth).json["state"] == "cancelled"
    assert client.get("/api/v1/shifts", headers={"Authorization": f"Bearer {reader}"}).status_code == 200
    assert client.post("/api/v1/shifts", json=given, headers={"Authorization": f"Bearer {reader}"}).status_code == 403
