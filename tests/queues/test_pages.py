"""The pages and the API of agents, queues and callbacks: who may see and change what, and that each act reaches its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.agents.models import Agent
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.queues import callbacks, offering
from hotline.queues.assigning import assign_due
from hotline.queues.models import Callback, Queue, Reservation
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.queues.making import call_in, make_agent, make_group, make_queue, open_reservations


def officer(db: Database, *roles: str) -> Any:
    with db.transaction() as session:
        return make_officer(session, roles=roles)


def headers(db: Database, *roles: str) -> dict[str, str]:
    with db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=roles))}"}


@pytest.fixture
def visitor(app: Any) -> Visitor:
    return Visitor(app.test_client())


def test_the_wallboard_shows_every_queue(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        make_queue(session, name_en="Night desk")
        make_agent(session)
        call_in(session, services.clock, language="mn")
    visitor.sign_in(officer(services.db, "senior_agent").name)
    for address in ("/wallboard", "/wallboard?big=1", "/wallboard/part"):
        page = visitor.get(address).get_data(as_text=True)
        assert "Night desk" in page and "Mongolian" in page
    assert visitor.get("/agents").status_code == visitor.get("/queues").status_code == 200
    assert visitor.get("/callbacks").status_code == visitor.get("/presence").status_code == 200


def test_an_agent_chooses_and_wraps_up_on_the_page(services: Services, visitor: Visitor) -> None:
    who = officer(services.db, "agent")
    visitor.sign_in(who.name)
    assert "You are no agent" in visitor.get("/presence").get_data(as_text=True)
    with services.db.transaction() as session:
        make_queue(session)
        agent = Agent(
            officer_id=who.id, group_id=make_group(session).id, created_at=services.clock.now(),
            state_since=services.clock.now(), idle_since=services.clock.now(),
        )  # fmt: skip
        session.add(agent)
        call_in(session, services.clock)
    assert visitor.post("/presence/state", data={"state": "ready"}).status_code == 302
    assert assign_due(services) == 1
    token = open_reservations(services)[0].token
    with services.db.transaction() as session:
        offering.accepted(session, services.clock, token)
    assert visitor.post("/presence/wrap-up", data={"disposition": "passport"}).status_code == 409
    with services.db.transaction() as session:
        offering.finished(session, services.clock, token)
    assert "What was the call about?" in visitor.get("/presence").get_data(as_text=True)
    assert visitor.post("/presence/wrap-up", data={"disposition": "x"}).status_code == 422
    assert visitor.post("/presence/wrap-up", data={"disposition": "passport"}).status_code == 302
    with services.db.transaction() as session:
        assert session.scalars(select(Reservation.disposition)).one() == "passport"
        assert session.get_one(Agent, agent.id).state == "ready"


def test_the_editor_keeps_rules_and_refuses_a_stale_version(services: Services, visitor: Visitor) -> None:
    visitor.sign_in(officer(services.db, "administrator").name)
    with services.db.transaction() as session:
        first, second = make_group(session, name="A").id, make_group(session, name="B").id
    form = {
        "version": "0", "code": "night", "name_ko": "야간", "name_en": "Night", "active": "1", "strategy": "most_skilled",
        "overflow_action": "none", "after-0": "0", "level-0": "2", "language-0": "1", "groups-0": "1", "after-1": "60",
        "level-1": "1", "drop-1": "visa, passport", f"group-{first}": "2", f"group-{second}": "1", "priority_s": "60",
        "sticky_s": "60", "ring_s": "20", "wrap_up_s": "60", "max_waiting": "100", "service_level_s": "20",
        "short_abandon_s": "5", "usual_talk_s": "240", "callback_after_s": "90",
    }  # fmt: skip
    assert visitor.get("/queues/new").status_code == 200
    assert visitor.post("/queues/new", data=form).status_code == 302
    with services.db.transaction() as session:
        queue = session.scalars(select(Queue)).one()
        assert queue.group_ids == [second, first]
        assert [step["drop"] for step in queue.steps] == [[], ["visa", "passport"]]
        assert (queue.callback_after_s, queue.overflow_wait_s, queue.abandon_callback) == (90, None, False)
    assert visitor.get(f"/queues/{queue.id}").status_code == 200
    assert visitor.post(f"/queues/{queue.id}", data=form | {"version": "1", "ring_s": "15"}).status_code == 302
    assert visitor.post(f"/queues/{queue.id}", data=form | {"version": "1", "ring_s": "25"}).status_code == 409
    for name, wrong in (
        ("ring_s", "4"),
        ("after-0", "5"),
        ("code", "No"),
        ("level-1", "9"),
        ("overflow_action", "queue"),
    ):
        assert visitor.post(f"/queues/{queue.id}", data=form | {"version": "2", name: wrong}).status_code == 422
    visitor = Visitor(visitor.client.application.test_client())
    visitor.sign_in(officer(services.db, "agent").name)
    assert visitor.post(f"/queues/{queue.id}", data=form | {"version": "2"}).status_code == 403


def test_an_administrator_makes_an_agent_and_a_supervisor_sends_them_on_a_break(
    services: Services, visitor: Visitor
) -> None:
    who = officer(services.db, "agent")
    visitor.sign_in(officer(services.db, "administrator").name)
    assert visitor.post("/agents/groups", data={"name": "Team", "site": "Seoul"}).status_code == 302
    with services.db.transaction() as session:
        group_id = make_group(session, name="Team").id
    form = {
        "group_id": str(group_id), "via": "phone", "phone": "+82 10 1234 5678", "languages": "ko, en", "active": "1",
        "skills": "visa:3, senior:1", "max_duty_minutes": "600", "max_misses": "3",
    }  # fmt: skip
    assert visitor.get(f"/agents/officers/{who.id}").status_code == 200
    assert visitor.post(f"/agents/officers/{who.id}", data=form | {"skills": "visa"}).status_code == 422
    assert visitor.post(f"/agents/officers/{who.id}", data=form | {"phone": ""}).status_code == 422
    assert visitor.post(f"/agents/officers/{who.id}", data=form).status_code == 302
    with services.db.transaction() as session:
        agent = session.scalars(select(Agent)).one()
        assert {"visa:3", "visa:1", "senior:1", "lang:en", f"agent:{agent.id}"} <= set(agent.marks)
    visitor = Visitor(visitor.client.application.test_client())
    visitor.sign_in(officer(services.db, "senior_agent").name)
    address = f"/agents/{agent.id}/state"
    assert visitor.post(address, data={"state": "not_ready", "reason": "support"}).status_code == 302
    assert visitor.post(address, data={"state": "not_ready", "reason": "nothing"}).status_code == 422
    with services.db.transaction() as session:
        assert session.get_one(Agent, agent.id).reason == "support"
    visitor = Visitor(visitor.client.application.test_client())
    visitor.sign_in(officer(services.db, "agent").name)
    assert visitor.post(address, data={"state": "ready"}).status_code == 403


def test_a_callback_is_promised_given_and_settled_on_the_page(services: Services, visitor: Visitor) -> None:
    with services.db.transaction() as session:
        make_queue(session)
    who, other = officer(services.db, "agent"), officer(services.db, "agent")
    visitor.sign_in(who.name)
    at = (services.clock.now() + timedelta(hours=11)).strftime("%Y-%m-%dT%H:%M")  # two hours on, in Seoul
    form = {"phone": "+821012345678", "at": at, "queue": "general", "owner_id": str(who.id)}
    assert visitor.post("/callbacks", data=form | {"at": "soon"}).status_code == 422
    assert visitor.post("/callbacks", data=form | {"phone": "12"}).status_code == 422
    assert visitor.post("/callbacks", data=form).status_code == 302
    with services.db.transaction() as session:
        made = session.scalars(select(Callback)).one()
        assert made.due_at == services.clock.now() + timedelta(hours=2)
    assert "+82 10-1234-5678" in visitor.get("/callbacks?mine=1").get_data(as_text=True)
    assert visitor.post(f"/callbacks/{made.id}/give", data={"owner_id": str(other.id)}).status_code == 302
    assert visitor.post(f"/callbacks/{made.id}/reopen").status_code == 409
    assert visitor.post(f"/callbacks/{made.id}/settle").status_code == 302
    assert visitor.post(f"/callbacks/{made.id}/nothing").status_code == 404
    with services.db.transaction() as session:
        found = callbacks.get(session, made.id)
        assert (found.state, found.owner_id) == ("done", other.id)


def test_agents_by_api(services: Services, client: FlaskClient) -> None:
    with services.db.transaction() as session:
        group_id = make_group(session).id
        who = make_officer(session, roles=("agent",))
        own = {"Authorization": f"Bearer {make_token(session, who)}"}
        make_queue(session)
    admin = headers(services.db, "administrator")
    given = {"officer_id": who.id, "group_id": group_id, "skills": {"visa": 2}, "languages": ["ko"]}
    assert client.post("/api/v1/agents", json=given, headers=own).status_code == 403
    assert client.post("/api/v1/agents", json=given | {"skills": {"visa": 9}}, headers=admin).status_code == 422
    made = client.post("/api/v1/agents", json=given, headers=admin).get_json()
    assert (made["state"], made["skills"]) == ("offline", {"visa": 2})
    address = f"/api/v1/agents/{made['id']}"
    assert client.post(f"{address}/state", json={"state": "ready"}, headers=own).get_json()["state"] == "ready"
    auditor = headers(services.db, "auditor")
    assert client.post(f"{address}/state", json={"state": "ready"}, headers=auditor).status_code == 403
    assert client.get("/api/v1/agents?state=ready", headers=auditor).get_json()["agents"][0]["id"] == made["id"]
    assert client.get(address, headers=auditor).status_code == 200
    assert client.post(f"{address}/wrap-up", json={"disposition": "other"}, headers=own).get_json()["state"] == "ready"
    assert client.get("/api/v1/queues", headers=auditor).get_json()["agents"]["ready"] == 1


def test_callbacks_by_api(services: Services, client: FlaskClient) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        who = make_officer(session, roles=("agent",))
    own = headers(services.db, "agent")
    given = {"phone": "+821012345678", "owner_id": who.id, "due_at": "2026-11-21T14:00:00+09:00"}
    assert client.post("/api/v1/callbacks", json=given, headers=own).status_code == 201
    assert client.post("/api/v1/callbacks", json=given | {"due_at": "2026-11-21T14:00"}, headers=own).status_code == 422
    [found] = client.get("/api/v1/callbacks", headers=own).get_json()["callbacks"]
    assert (found["kind"], found["due_at"]) == ("promise", "2026-11-21T05:00:00+00:00")


def test_a_volunteer_calls_back_without_seeing_the_number(
    services: Services, client: FlaskClient, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        who = make_officer(session, roles=("volunteer",))
    given = {"phone": "+821012345678", "owner_id": who.id, "due_at": "2026-11-21T14:00:00+09:00"}
    assert client.post("/api/v1/callbacks", json=given, headers=headers(services.db, "agent")).status_code == 201
    for role, number in (("agent", "+821012345678"), ("volunteer", "+821…78")):
        found = client.get("/api/v1/callbacks", headers=headers(services.db, role)).get_json()["callbacks"]
        assert [each["phone"] for each in found] == [number]
    visitor.sign_in(who.name)
    page = visitor.get("/callbacks").get_data(as_text=True)
    assert "+821…78" in page and "1234" not in page


def test_demo_queues_are_made_once(services: Services) -> None:
    from hotline.core.actor import SYSTEM
    from hotline.queues import demo

    with services.db.transaction() as session:
        make_officer(session, name="agent", roles=("agent",))
    for _ in range(2):
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert len(session.scalars(select(Queue)).all()) == 3
        assert len(session.scalars(select(Agent)).all()) == 1
