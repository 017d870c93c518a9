"""Plans and disaster mode on the pages and over the API: written, read by two people, switched, and never mistaken for real."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from hotline.core import jobs
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.incidents import carrying
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.incidents.making import chief, make_incident
from tests.incidents.steps_for_tests import Board


def officers(services: Services, drill: bool = False) -> tuple[list[str], int]:
    """Return the names of two duty chiefs, and an incident."""
    with services.db.transaction() as session:
        names = [make_officer(session, roles=("duty_chief",)).name for _ in range(2)]
        return names, make_incident(session, services, drill=drill).id


PLAN = {"name_ko": "지진", "name_en": "Quake plan", "kinds": "earthquake", "countries": "일본", "version": "0"}
FLAGS = {"s1.kind": "flag", "s1.word": "red", "s2.kind": "flag", "s2.word": "blue"}


def test_a_plan_is_written_rearranged_looked_at_and_kept(visitor: Visitor, services: Services, flags: Board) -> None:
    names, _ = officers(services)
    visitor.sign_in(names[0])
    assert "No plan yet" in visitor.get("/disaster-plans").text
    page = visitor.get("/disaster-plans/new").text
    assert "Further step" in page and "Note on the wallboard" in page
    added = visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "add", "adds": "flag"}).text
    assert 'name="s3.word"' in added and "Hoist red" in added
    moved = visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "down:1"}).text
    assert moved.index("Hoist blue") < moved.index("Hoist red")
    removed = visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "remove:2"}).text
    assert "Hoist blue" not in removed
    for odd in ("up:1", "down:2", "up:99", "remove:x", "what", "add"):
        assert "Hoist red" in visitor.post("/disaster-plans", PLAN | FLAGS | {"do": odd, "adds": "nothing"}).text
    bad = visitor.post("/disaster-plans", PLAN | FLAGS | {"s2.word": "", "name_ko": "", "do": "save"})
    assert bad.status_code == 422 and "write a word" in bad.text and "Write 1 to 120 characters." in bad.text
    assert visitor.post("/disaster-plans", PLAN | {"do": "save"}).status_code == 422
    saved = visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "save"})
    assert saved.status_code == 302, saved.text
    path = saved.headers["Location"]
    assert 'value="JP"' in visitor.get(path).text
    assert visitor.post(path, PLAN | FLAGS | {"version": "1", "s1.word": "white", "do": "save"}).status_code == 302
    assert visitor.post(path, PLAN | FLAGS | {"version": "1", "do": "save"}).status_code == 409
    old = visitor.get(f"{path}?version=1").text
    assert "This is version 1; version 2 holds." in old and "Hoist red" in old and 'name="s1.word"' not in old
    assert visitor.get(f"{path}?version=7").status_code == 404
    visitor.post(f"{path}/retire", {"retired": "1"})
    assert "retired" in visitor.get("/disaster-plans").text
    visitor.post(f"{path}/retire", {"retired": "0"})
    assert "Use again" not in visitor.get(path).text


def test_two_people_switch_it_on_the_pages(
    visitor: Visitor, other_visitor: Visitor, services: Services, flags: Board
) -> None:  # fmt: skip
    names, number = officers(services, drill=True)
    visitor.sign_in(names[0])
    other_visitor.sign_in(names[1])
    part, path = f"/incidents/{number}/mode/part", f"/incidents/{number}/mode"
    assert "No plan fits this incident" in visitor.get(part).text
    visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "save"})
    chosen = visitor.get(path).text
    assert "Hoist red" in chosen and "Ask for disaster mode as a drill" in chosen and "strip-drill" in chosen
    visitor.post(f"{path}/ask", {"plan": "1"})
    mine, others = visitor.get(part).text, other_visitor.get(part).text
    assert "Agree: switch it on" not in mine and "Take it back" in mine
    assert "Agree: switch it on" in others and "as a drill" in others
    for language, words in (("ko", "재난 모드 발동 요청: 지진"), ("en", "Disaster mode asked for: Quake plan")):
        visitor.post("/language", {"language": language, "next": "/incidents"})
        assert words in visitor.get(f"/incidents/{number}").text
    digest = services.db.engine.connect().exec_driver_sql("SELECT digest FROM mode_runs").scalar_one()
    assert f'name="digest" value="{digest}"' in others
    refused = other_visitor.post(f"{path}/agree", {"digest": "0" * 64}, follow_redirects=True).text
    assert "The steps or the incident are not what was read" in refused
    assert "A second person must agree" in visitor.post(f"{path}/agree", {"digest": digest}, follow_redirects=True).text
    other_visitor.post(f"{path}/agree", {"digest": digest})
    flags.fails["blue"] = RuntimeError("odd")
    carrying.carry_out(services)
    page = visitor.get(f"/incidents/{number}").text
    assert "tried 1 times" in page and "strip-drill" in page and "Disaster mode is on, as a drill" in page
    visitor.post(f"{path}/steps/2", {"do": "skip"})
    visitor.post(f"{path}/steps/1", {"do": "revert"})
    carrying.carry_out(services)
    assert "Do it again" in visitor.get(part).text
    assert visitor.post(f"{path}/steps/9", {"do": "skip"}).status_code == 404
    assert "is not possible" in visitor.post(f"{path}/steps/1", {"do": "force"}, follow_redirects=True).text
    visitor.post(f"{path}/steps/1", {"do": "again"})
    carrying.carry_out(services)
    assert visitor.post(f"{path}/revert-all").status_code == 404
    visitor.post(f"/incidents/{number}/close")
    assert "switch it off first" in visitor.get(f"/incidents/{number}").text
    visitor.post(f"{path}/off")
    assert "Agree: switch it off" in other_visitor.get(part).text
    other_visitor.post(f"{path}/decline")
    visitor.post(f"{path}/off")
    other_visitor.post(f"{path}/agree", {"off": "1"})
    carrying.carry_out(services)
    assert "Disaster mode was on from" in visitor.get(part).text


def test_what_was_changed_by_hand_is_said_and_asked(
    visitor: Visitor, other_visitor: Visitor, services: Services, flags: Board
) -> None:
    names, number = officers(services)
    visitor.sign_in(names[0])
    other_visitor.sign_in(names[1])
    visitor.post("/disaster-plans", PLAN | FLAGS | {"do": "save"})
    path = f"/incidents/{number}/mode"
    visitor.post(f"{path}/ask", {"plan": "1"})
    digest = services.db.engine.connect().exec_driver_sql("SELECT digest FROM mode_runs").scalar_one()
    other_visitor.post(f"{path}/agree", {"digest": digest})
    carrying.carry_out(services)
    flags.changed.add("red")
    visitor.post(f"{path}/off")
    other_visitor.post(f"{path}/agree", {"off": "1"})
    carrying.carry_out(services)
    part = visitor.get(f"{path}/part").text
    assert "Somebody changed this by hand since" in part and "Restore all the same" in part and "Leave as it is" in part
    visitor.post(f"{path}/steps/1", {"do": "leave"})
    assert "left as it is" in visitor.get(f"{path}/part").text


def test_the_api_switches_with_two_tokens(client: FlaskClient, services: Services, flags: Board) -> None:
    with services.db.transaction() as session:
        first, second = (make_officer(session, roles=("duty_chief",)) for _ in range(2))
        reader = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('agent',)))}"}
        one, two = ({"Authorization": f"Bearer {make_token(session, each)}"} for each in (first, second))
        number = make_incident(session, services).id
        plan_id = _plan(session, services, chief(session)[1])
    path = f"/api/v1/incidents/{number}/mode"
    assert client.get(path, headers=reader).get_json() == {"mode": None}
    assert client.get("/api/v1/disaster-plans", headers=reader).get_json()["plans"][0]["id"] == plan_id
    assert client.post(path, json={"act": "ask", "plan_id": plan_id}, headers=reader).status_code == 403
    assert client.post(path, json={"act": "ask"}, headers=one).status_code == 422
    assert client.post(path, json={"act": "ask_off"}, headers=one).status_code == 409
    asked = client.post(path, json={"act": "ask", "plan_id": plan_id}, headers=one).get_json()["mode"]
    assert asked["state"] == "asked" and [each["state"] for each in asked["steps"]] == ["waiting"]
    assert client.post(path, json={"act": "agree", "digest": asked["digest"]}, headers=one).status_code == 409
    assert client.post(path, json={"act": "agree"}, headers=two).status_code == 422
    assert client.post(path, json={"act": "agree", "digest": "x"}, headers=two).status_code == 409
    assert client.post(path, json={"act": "agree", "digest": asked["digest"]}, headers=two).status_code == 200
    carrying.carry_out(services)
    step = client.post(f"{path}/steps/1", json={"act": "revert"}, headers=one).get_json()["mode"]["steps"][0]
    assert step["state"] == "reverting"
    assert client.post(f"{path}/steps/99999999999", json={"act": "revert"}, headers=one).status_code == 404
    carrying.carry_out(services)
    assert client.post(path, json={"act": "revert_all"}, headers=one).status_code == 422, "one alone takes not all back"
    client.post(f"{path}/steps/1", json={"act": "again"}, headers=one)
    client.post(path, json={"act": "ask_off"}, headers=one)
    client.post(path, json={"act": "decline"}, headers=two)
    client.post(path, json={"act": "ask_off"}, headers=two)
    assert client.post(path, json={"act": "agree_off"}, headers=one).status_code == 200
    carrying.carry_out(services)
    assert client.get(path, headers=reader).get_json()["mode"]["state"] == "off"


def test_partners_numbers_are_read_by_those_who_act_alone(
    client: FlaskClient, visitor: Visitor, other_visitor: Visitor, services: Services
) -> None:  # fmt: skip
    from hotline.incidents import plans, switching
    from hotline.incidents.plans import PlanFields

    partners = ["소방청, +821022220001", "Practice, +821022220003, 훈련"]
    step = ("partners", {"partners": partners, "text_ko": "대응 중", "over_ko": "끝"})
    with services.db.transaction() as session:
        (officer, first), agent = chief(session), make_officer(session, roles=("agent",))
        number = make_incident(session, services).id
        fields = PlanFields(name_ko="지진", name_en="Quake", steps=[step])
        plan = plans.save(session, services.clock, first, jobs.registry().mode_steps, fields).id
        switching.ask(session, services.clock, first, number, plan)
        tokens = [{"Authorization": f"Bearer {make_token(session, each)}"} for each in (officer, agent)]
        names = (officer.name, agent.name)
    visitor.sign_in(names[0])
    other_visitor.sign_in(names[1])
    for path in (f"/disaster-plans/{plan}", f"/incidents/{number}/mode/part"):
        whole, bare = visitor.get(path).text, other_visitor.get(path).text
        assert "22220001" in whole.replace("-", "").replace(" ", "")
        assert "22220001" not in bare.replace("-", "").replace(" ", "") and "소방청, Practice" in bare
    for path in ("/api/v1/disaster-plans", f"/api/v1/incidents/{number}/mode"):
        whole, bare = (client.get(path, headers=each).text for each in tokens)
        assert "+821022220001" in whole and "+8210" not in bare
    shown = client.get(f"/api/v1/incidents/{number}/mode", headers=tokens[1]).get_json()["mode"]["steps"][0]["params"]
    assert shown["partners"] == ["소방청", "Practice, drill"]


def _plan(session: Any, services: Services, who: Actor) -> int:
    from hotline.incidents import plans
    from hotline.incidents.plans import PlanFields

    fields = PlanFields(name_ko="지진", name_en="Quake", steps=[("flag", {"word": "red"})])
    return plans.save(session, services.clock, who, jobs.registry().mode_steps, fields).id


def test_the_wallboard_shows_a_drills_note_as_a_drill(visitor: Visitor, services: Services) -> None:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
        incident = make_incident(session, services, drill=True)
        step = jobs.registry().mode_steps["wallboard"]
        step.apply(session, services, chief(session)[1], incident.id, {"text_ko": "알림", "text_en": "Mind this"})
    visitor.sign_in(name)
    page = visitor.get("/wallboard").text
    assert "[DRILL] Mind this" in page and "tag-drill" in page
