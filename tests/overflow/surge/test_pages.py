"""The duty chief's pages, the volunteer's own page, the report, and the API of call-outs."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.agents.states import OFFLINE, READY
from hotline.auth.models import Officer
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.incidents.models import Incident
from overflow.briefing.models import BriefingVersion
from overflow.surge import for_staffing, forecast, mode_step
from overflow.surge.models import Callout
from overflow.volunteers.links import token_for
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.overflow.surge.world import World


@pytest.fixture
def chief(world: World, visitor: Visitor) -> Visitor:
    """Return the duty chief's browser."""
    with world.services.db.transaction() as session:
        name = session.get_one(Officer, world.chief_id).name
    visitor.sign_in(name)
    return visitor


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[:300])
    found: str = answer.get_data(as_text=True)
    return found


def form(world: World, **more: str) -> dict[str, str]:
    at = world.clock.now() + timedelta(hours=9)  # the officer's clock is Seoul's
    given = {
        "incident_id": str(world.incident_id), "needed": "3", "by_at": f"{at + timedelta(minutes=30):%Y-%m-%dT%H:%M}",
        "until_at": f"{at + timedelta(hours=6):%Y-%m-%dT%H:%M}", "languages": "ko", "skills": "", "task": "",
    }  # fmt: skip
    return given | more


def test_the_preview_asks_nobody_and_the_button_asks_the_first_wave(world: World, chief: Visitor) -> None:
    world.people(20)
    assert 'name="needed" type="number" value="37"' in chief.get("/callouts/new?needed=37").get_data(as_text=True)
    page = text_of(chief.get(f"/callouts/new?incident={world.incident_id}"))
    assert "Earthquake in Manila" in page
    told = text_of(chief.post("/callouts", form(world, act="preview")))
    assert re.search(r"20 people can be asked now, \d+ of them in the first wave", told)
    assert not world.count(Callout)
    answer = chief.post("/callouts", form(world, act="start"))
    assert answer.status_code == 302
    world.callout_id = int(answer.headers["Location"].rsplit("/", 1)[1])
    world.look()
    page = text_of(chief.get(f"/callouts/{world.callout_id}"))
    assert "asked by text" in page and "0 / 3" in page and "A wave was asked" in page
    assert "asking" in text_of(chief.get("/callouts"))
    assert "0 of 3 ready" in text_of(chief.get(f"/incidents/{world.incident_id}"))


def test_what_is_wrong_stands_beside_its_field(world: World, chief: Visitor) -> None:
    page = text_of(chief.post("/callouts", form(world, act="start", needed="0", until_at="", languages="korean")), 422)
    for words in ("from 1 to 500", "End one to 24 hours", "codes such as ko, en or zh"):
        assert words in page, words
    page = text_of(chief.post("/callouts", form(world, act="start", incident_id="")), 422)
    assert "Choose an open incident" in page


def test_without_an_open_incident_the_form_leads_to_opening_one_and_times_name_their_zone(
    world: World, chief: Visitor
) -> None:
    page = text_of(chief.get("/callouts/new"))
    assert "Ready by (KST)" in page and "Until (KST)" in page and 'href="/incidents/new"' not in page
    with world.services.db.transaction() as session:
        incident = session.get_one(Incident, world.incident_id)
        incident.state, incident.closed_at = "closed", world.clock.now()
    page = text_of(chief.get("/callouts/new"))
    assert "open one first" in page and 'href="/incidents/new"' in page


def test_an_incident_without_a_published_briefing_is_warned_about(world: World, chief: Visitor) -> None:
    with world.services.db.transaction() as session:
        session.get_one(BriefingVersion, world.version_id).state = "draft"
        session.get_one(BriefingVersion, world.version_id).published_at = None
        session.get_one(BriefingVersion, world.version_id).published_by_id = None
    page = text_of(chief.get(f"/callouts/new?incident={world.incident_id}"))
    assert "is not published yet" in page and f'href="/briefings/{world.incident_id}/edit"' in page
    world.people(1)
    world.start(1)
    assert f'href="/briefings/{world.incident_id}/edit"' in text_of(chief.get(f"/callouts/{world.callout_id}"))


def test_the_form_names_the_rosters_skills_and_how_a_skill_is_written(world: World, chief: Visitor) -> None:
    world.people(1, skills={"legal": 2, "visa": 1})
    assert "in the roster: legal, visa" in text_of(chief.get("/callouts/new"))
    refused = text_of(chief.post("/callouts", form(world, act="preview", skills="통역:3")), 422)
    assert "a colon and a level from 1 to 5" in refused and "in the roster: legal, visa" in refused


def test_the_chief_steers_a_call_out_on_its_page(world: World, chief: Visitor) -> None:
    world.people(12)
    world.start(2)
    path = f"/callouts/{world.callout_id}"
    chief.post(f"{path}/needed", {"needed": "4"})
    assert world.callout().needed == 4
    chief.post(f"{path}/act", {"act": "pause"})
    assert world.state == "paused"
    chief.post(f"{path}/act", {"act": "resume"})
    chief.post(f"{path}/ask-more", {"count": "2"})
    assert world.callout().more == 2 or world.callout().wave > 1
    chief.post(f"{path}/release", {"count": "1"})
    assert "Nobody of this call-out is there" in text_of(chief.get(path))
    world.comes(world.asked()[0].id)
    world.look()
    chief.post(f"{path}/act", {"act": "stand_down"})
    world.look()
    assert world.state == "finished"
    page = text_of(chief.get(f"{path}/report"))
    assert "Standing down" in text_of(chief.get(path)) or "Everybody is stood down" in page
    assert chief.post(f"{path}/act", {"act": "stand_down"}).status_code == 302
    assert text_of(chief.get("/callouts/999999"), 404)


def test_officers_without_the_right_see_and_change_nothing(world: World, visitor: Visitor) -> None:
    world.people(2)
    world.start(1)
    with world.services.db.transaction() as session:
        agent = make_officer(session, roles=("agent",)).name
        senior = make_officer(session, roles=("senior_agent",)).name
    visitor.sign_in(agent)
    assert visitor.get("/callouts").status_code == 403
    visitor.post("/sign-out")
    visitor.sign_in(senior)
    page = visitor.get(f"/callouts/{world.callout_id}")
    if page.status_code == 200:
        assert "Cancel the call-out" not in page.get_data(as_text=True)
    assert visitor.post(f"/callouts/{world.callout_id}/act", {"act": "cancel"}).status_code == 403
    assert world.state == "asking"


def test_whoever_said_yes_before_the_briefing_is_published_is_told_so(world: World, visitor: Visitor) -> None:
    with world.services.db.transaction() as session:
        version = session.get_one(BriefingVersion, world.version_id)
        version.state, version.published_at, version.published_by_id = "draft", None, None
    world.people(3, speaks="en")
    world.start(1)
    person = world.asked()[0]
    page = own(world, person.volunteer_id)
    visitor.post(f"{page}/callouts/{person.id}/answer", {"answer": "now"})
    shown = text_of(visitor.get(page))
    assert "is not published yet. You are told as soon as it is" in shown and "below on this page" not in shown


def own(world: World, volunteer_id: int) -> str:
    return f"/v/{token_for(world.services, volunteer_id)}"


def test_a_volunteer_answers_becomes_ready_rests_and_leaves_on_the_own_page(world: World, visitor: Visitor) -> None:
    world.people(3, speaks="en")
    world.start(1)
    person = world.asked()[0]
    page = own(world, person.volunteer_id)
    base = f"{page}/callouts/{person.id}"
    shown = text_of(visitor.get(page))
    assert "I can come now" in shown and "In two hours" in shown and "I cannot come" in shown
    visitor.post(f"{base}/answer", {"answer": "now"})
    assert world.person(person.id).state == "confirmed"
    shown = text_of(visitor.get(page))
    assert "Agreed. Please be ready by" in shown and "Read the briefing" in shown and ">I am ready<" not in shown
    visitor.post(f"{base}/presence", {"state": "ready"})
    assert world.agent_state(person.id) == OFFLINE, "not without the briefing"
    world.passes(person.id)
    assert ">I am ready<" in text_of(visitor.get(page))
    visitor.post(f"{base}/presence", {"state": "ready"})
    assert world.agent_state(person.id) == READY
    world.look()
    shown = text_of(visitor.get(page))
    assert "Callers do not see your number" in shown and "A short rest" in shown
    visitor.post(f"{base}/presence", {"state": "rest"})
    assert world.agent_state(person.id) == "not_ready"
    assert "I am ready again" in text_of(visitor.get(page))
    visitor.post(f"{base}/presence", {"state": "leave"})
    assert world.agent_state(person.id) == OFFLINE
    world.look()
    assert world.person(person.id).reason == "left"


def test_nobody_answers_for_somebody_else(world: World, visitor: Visitor) -> None:
    world.people(2)
    world.start(1)
    one, two = world.asked()[:2]
    for act, values in (("answer", {"answer": "now"}), ("presence", {"state": "ready"}), ("survey", {})):
        assert visitor.post(f"{own(world, one.volunteer_id)}/callouts/{two.id}/{act}", values).status_code == 404
        assert visitor.post(f"/v/nonsense/callouts/{two.id}/{act}", values).status_code == 404
    assert world.person(two.id).state == "asked"
    assert visitor.get(f"/callouts/of-volunteer/{one.volunteer_id}").status_code in (302, 401, 403)


def test_three_questions_afterwards_and_the_report_with_its_table(
    world: World, visitor: Visitor, chief: Visitor
) -> None:
    world.people(3, name="=Kim")
    world.start(1)
    person = world.asked()[0]
    world.later(30)
    world.comes(person.id)
    world.look()
    world.later(3600)
    world.act("stand_down")
    world.look()
    page = own(world, person.volunteer_id)
    assert "브리핑이 충분한 준비가" in text_of(visitor.get(page))
    visitor.post(f"{page}/callouts/{person.id}/survey", {"prepared": "5", "supported": "9", "again": "4"})
    assert world.person(person.id).surveyed_at is None
    visitor.post(f"{page}/callouts/{person.id}/survey", {"prepared": "5", "supported": "3", "again": "4"})
    assert world.person(person.id).survey == {"prepared": 5, "supported": 3, "again": 4}
    report = text_of(chief.get(f"/callouts/{world.callout_id}/report"))
    assert "30 s" in report and "1.0" in report and "5.0" in report and "Everybody is stood down" in report
    table = chief.get(f"/callouts/{world.callout_id}/report.csv")
    rows = list(csv.DictReader(io.StringIO(table.get_data(as_text=True).lstrip("\ufeff"))))
    first = next(row for row in rows if row["state"] == "released")
    assert (first["minutes"], first["seconds_to_ready"], first["prepared"], first["name"]) == ("60", "30", "5", "'=Kim")


def test_the_api_from_the_preview_to_the_report(world: World, client: Any) -> None:
    world.people(10)
    with world.services.db.transaction() as session:
        token = make_token(session, session.get_one(Officer, world.chief_id), clock=world.clock)
    headers = {"Authorization": f"Bearer {token}"}
    now = world.clock.now()
    given = {
        "incident_id": world.incident_id, "needed": 2, "by_at": (now + timedelta(minutes=20)).isoformat(),
        "until_at": (now + timedelta(hours=4)).isoformat(), "languages": ["ko"],
    }  # fmt: skip
    told = client.post("/api/v1/callouts/preview", json=given, headers=headers).get_json()
    assert told["candidates"] == 10 and 2 <= told["first_wave"] <= 10
    made = client.post("/api/v1/callouts", json=given, headers=headers)
    assert made.status_code == 201
    world.callout_id = made.get_json()["id"]
    world.look()
    path = f"/api/v1/callouts/{world.callout_id}"
    assert client.get(path, headers=headers).get_json()["asked"] == told["first_wave"]
    world.comes(world.asked()[0].id)
    world.look()
    assert client.get(path, headers=headers).get_json()["ready"] == 1
    people = client.get(f"{path}/people", headers=headers).get_json()["people"]
    assert people[0]["state"] == "ready" and "phone" not in people[0]
    assert client.post(f"{path}/needed", json={"needed": 1}, headers=headers).get_json()["needed"] == 1
    world.look()
    assert client.post(f"{path}/release", json={"count": 1}, headers=headers).get_json() == {"released": 1}
    ended = client.post(f"{path}/act", json={"act": "stand_down"}, headers=headers).get_json()
    assert ended["state"] == "draining"
    world.look()
    report = client.get(f"{path}/report", headers=headers).get_json()
    assert (
        report["states"]["released"] == 1 and report["first_ready_s"] == 0 and report["callout"]["state"] == "finished"
    )
    assert [each["event"] for each in report["timeline"]][:2] == ["start", "wave"]
    listed = client.get("/api/v1/callouts?open=1", headers=headers).get_json()["callouts"]
    assert listed == []


def test_the_step_of_disaster_mode_calls_out_and_takes_it_back(world: World) -> None:
    world.people(8)
    with world.services.db.transaction() as session:
        params = mode_step.check(session, {"needed": "2", "languages": "ko", "skills": ""})
        assert params["minutes"] == 30 and params["languages"] == ["ko"]
        kept = mode_step.apply(session, world.services, world.chief(session), world.incident_id, params)
    world.callout_id = int(kept["callout_id"])
    world.look()
    assert world.in_state("asked") and world.callout().source == "mode"
    with world.services.db.transaction() as session:
        mode_step.revert(session, world.services, world.chief(session), world.incident_id, params, kept)
    world.look()
    assert world.state == "finished"
    with world.services.db.transaction() as session:
        mode_step.revert(session, world.services, world.chief(session), world.incident_id, params, kept)
        with pytest.raises(SeveralFaults):
            mode_step.check(session, {"needed": "0", "hours": "99"})
        with pytest.raises(InvalidInput):
            mode_step.check(session, {"needed": "2", "skills": "Bad Skill:9"})


def test_a_call_out_that_follows_the_forecast_lets_people_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.people(10)
    world.start(3, follows_forecast=True, by_at=world.clock.now())
    for each in world.asked()[:3]:
        world.comes(each.id)
    world.look()

    class Spare:
        release = 2

    monkeypatch.setattr(forecast, "advise", lambda *_args, **_more: Spare)
    assert forecast.follow(world.services) == 2
    assert forecast.follow(world.services) == 0, "what follows on it is seen first"
    world.look()
    assert len(world.in_state("released")) == 2 and world.callout().needed == 1


def test_staffing_is_told_who_is_coming_and_how_long_it_takes(world: World) -> None:
    world.people(20)
    world.start(6)
    world.later(30)
    for each in world.asked()[:7]:
        world.says(each.id, "now")
    with world.services.db.transaction() as session:
        assert for_staffing.coming(session, False) == 7 and for_staffing.coming(session, True) == 0
        assert for_staffing.minutes_to_come(session, False) is None
    world.later(90)
    for each in world.asked()[:6]:
        world.comes(each.id)
    world.look()
    with world.services.db.transaction() as session:
        assert for_staffing.minutes_to_come(session, False) == pytest.approx(2.0)
        assert session.scalar(select(Volunteer.id).limit(1)) and session.scalar(select(Incident.id).limit(1))
