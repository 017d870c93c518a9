"""The mission's page, the duty officer's list, the API, the public check and the demo: who sees and may do what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.cases.models import Case
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.demo.accounts import OFFICERS
from overflow.handover import demo, erasure, looking
from overflow.handover.models import Handover, HandoverItem
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.overflow.handover.conftest import Morning
from tests.overflow.handover.making import (
    HOUR,
    MORNING,
    handovers_of,
    make_shanghai,
)
from tests.queues.making import make_queue


@pytest.fixture
def path(morning: Morning) -> str:
    return f"/handovers/{morning.handover}"


def test_staff_acknowledge_by_api_and_others_cannot(client: FlaskClient, morning: Morning) -> None:
    mine, other = morning.headers(morning.staff), morning.headers(morning.stranger)
    (listed,) = client.get("/api/v1/handovers?state=open", headers=mine).get_json()["handovers"]
    assert (listed["id"], listed["state"], listed["urgent"]) == (morning.handover, "sent", True)
    assert [row["mission_id"] for row in client.get("/api/v1/handovers", headers=other).get_json()["handovers"]] == [
        morning.other
    ]
    path = f"/api/v1/handovers/{morning.handover}"
    assert client.get(path, headers=other).status_code == 403
    detail = client.get(path, headers=mine).get_json()
    assert sorted(item["kind"] for item in detail["items"]) == ["case", "case", "promise", "unhelped"]
    first = f"{path}/items/{detail['items'][0]['id']}"
    assert client.post(f"{first}/acknowledge", headers=other).status_code == 403
    assert client.post(f"{first}/acknowledge", headers=mine).get_json()["state"] == "acknowledged"
    assert client.post(f"{first}/return", headers=mine, json={"note": ""}).status_code == 422
    returned = client.post(f"{first}/return", headers=mine, json={"note": "another district"}).get_json()
    assert (returned["state"], returned["note"]) == ("returned", "another district")
    assert client.post(f"{first}/acknowledge", headers=mine).status_code == 409
    assert client.post(f"{path}/items/999/acknowledge", headers=mine).status_code == 404
    for query in ("state=gone", "limit=0", "before=x", "mission=%27"):
        assert client.get(f"/api/v1/handovers?{query}", headers=mine).status_code == 422, query


def test_the_missions_page_hides_who_it_is_until_the_mission_has_it(client: FlaskClient, morning: Morning) -> None:
    mine = morning.headers(morning.staff)
    page = client.get("/mission", headers=mine).get_data(as_text=True)
    assert f"CS-{morning.grave:06d}" in page
    assert "UTC+8" in page, "times are the mission's and say so"
    assert "Kim Minsu" not in page and "+821099990001" not in page
    for item in morning.items:
        client.post(f"/api/v1/handovers/{morning.handover}/items/{item}/acknowledge", headers=mine)
    shown = client.get(f"/handovers/{morning.handover}", headers=mine).get_data(as_text=True)
    assert "Kim Minsu" in shown and "tel:+821099990001" in shown
    seen_by_centre = client.get(f"/handovers/{morning.handover}", headers=morning.headers(morning.watcher)).get_data(
        as_text=True
    )
    assert "tel:+8210" not in seen_by_centre, "the centre looks numbers up where each look is on the trail"
    assert client.get(f"/mission/{morning.other}", headers=mine).status_code == 403
    assert client.get(f"/mission/{morning.mission}", headers=morning.headers(morning.watcher)).status_code == 200
    assert client.get("/mission", headers=morning.headers(morning.watcher)).status_code == 403


def test_buttons_work_on_the_page_and_refusals_are_shown_there(
    services: Services, app: Any, morning: Morning, path: str
) -> None:
    visitor = Visitor(app.test_client())
    with services.db.transaction() as session:
        visitor.sign_in(session.get_one(Officer, morning.staff.id).name)
    done = visitor.post(f"{path}/acknowledge-calm", {"back": "mission"}, follow_redirects=True)
    assert done.status_code == 200
    assert "Acknowledged what is not urgent." in done.get_data(as_text=True)
    with services.db.transaction() as session:
        urgent = next(item for item in handovers_of(session, morning.mission)[0].items if item.state == "waiting")
    refused = visitor.post(f"{path}/items/{urgent.id}/return", {"note": " "})
    assert refused.status_code == 422
    assert "Say in 1 to 1000 characters why." in refused.get_data(as_text=True)
    visitor.post(f"{path}/items/{urgent.id}/acknowledge")
    assert "acknowledged" in visitor.get(path).get_data(as_text=True)
    assert visitor.post(f"{path}/see-to").status_code == 403


def test_the_duty_officers_list_is_searched_filtered_and_paged(client: FlaskClient, morning: Morning) -> None:
    watcher = morning.headers(morning.watcher)
    page = client.get("/handovers?q=shang", headers=watcher).get_data(as_text=True)
    assert f"HO-{morning.handover:06d}" in page
    assert "No hand-over fits" in client.get("/handovers?q=zz%25", headers=watcher).get_data(as_text=True)
    assert f"HO-{morning.handover:06d}" in client.get(f"/handovers?q=HO-{morning.handover}", headers=watcher).get_data(
        as_text=True
    )
    only = client.get("/handovers?state=empty", headers=watcher).get_data(as_text=True)
    assert f"HO-{morning.handover:06d}" not in only
    first = client.get("/api/v1/handovers?limit=1", headers=watcher).get_json()
    second = client.get(f"/api/v1/handovers?limit=1&before={first['next_before']}", headers=watcher).get_json()
    assert {first["handovers"][0]["mission_id"], second["handovers"][0]["mission_id"]} == {
        morning.mission,
        morning.other,
    }
    assert second["next_before"] is None


def test_case_and_overview_show_where_it_stands(
    client: FlaskClient, services: Services, clock: FrozenClock, morning: Morning
) -> None:
    watcher, mine = morning.headers(morning.watcher), morning.headers(morning.staff)
    panel = client.get(f"/handovers/of-case/{morning.grave}", headers=watcher).get_data(as_text=True)
    assert "to be acknowledged" in panel
    clock.set(MORNING + HOUR)
    looking.run(services)
    with services.db.transaction() as session:
        token = make_token(session, session.get_one(Officer, morning.watcher.id), clock=clock)
    watcher = {"Authorization": f"Bearer {token}"}
    assert "Consulate General in Shanghai" in client.get("/handovers/panel", headers=watcher).get_data(as_text=True)
    assert client.get("/handovers/panel", headers=mine).status_code == 403
    client.post(f"/api/v1/handovers/{morning.handover}/items/{morning.items[0]}/acknowledge", headers=mine)
    page = client.get(f"/cases/{morning.grave}", headers=watcher).get_data(as_text=True)
    assert "the mission has it" in page
    assert "Taken over by the mission" in page


def test_the_signed_file_is_only_for_who_may_see_it_and_anybody_may_verify_one(
    client: FlaskClient, morning: Morning
) -> None:
    mine = morning.headers(morning.staff)
    file = f"/handovers/{morning.handover}/summary-1.json"
    assert client.get(file, headers=morning.headers(morning.stranger)).status_code == 403
    assert client.get(f"/handovers/{morning.handover}/summary-9.json", headers=mine).status_code == 404
    given = client.get(file, headers=mine)
    assert json.loads(given.data)["summary"]["handover"] == f"HO-{morning.handover:06d}"
    assert client.get("/handovers/verify").status_code == 200


def test_staff_ask_the_centre_for_all_calls_until_a_time_on_their_wall(
    services: Services, app: Any, client: FlaskClient, morning: Morning
) -> None:
    visitor, path = Visitor(app.test_client()), f"/mission/{morning.mission}/take-all"
    with services.db.transaction() as session:
        visitor.sign_in(session.get_one(Officer, morning.staff.id).name)
    asked = visitor.post(path, {"until": "2026-11-22T18:00", "reason": "Move"}, follow_redirects=True).get_data(
        as_text=True
    )
    assert "The centre takes all calls until" in asked and "2026-11-22 18:00" in asked
    for until in ("", "soon", "2026-11-01T10:00", "2027-11-01T10:00"):
        refused = visitor.post(path, {"until": until}, follow_redirects=True).get_data(as_text=True)
        assert "Choose a day and a time within the next 14 days." in refused, until
    assert visitor.post(f"/mission/{morning.other}/take-all", {"until": "2026-11-22T18:00"}).status_code == 403
    ended = visitor.post(path, {"act": "end"}, follow_redirects=True).get_data(as_text=True)
    assert "The centre takes all calls until" not in ended


def test_notes_go_when_the_person_is_erased(services: Services, client: FlaskClient, morning: Morning) -> None:
    mine = morning.headers(morning.staff)
    path = f"/api/v1/handovers/{morning.handover}/items/{morning.items[0]}/return"
    client.post(path, headers=mine, json={"note": "Kim moved to Beijing"})
    with services.db.transaction() as session:
        person_id = session.get_one(Case, morning.grave).person_id
    for _ in range(2):
        erasure.forget(services, {"person_id": person_id})
    with services.db.transaction() as session:
        item = session.get_one(HandoverItem, morning.items[0])
        assert (item.state, item.note) == ("returned", "")


def test_the_demo_has_one_finished_and_one_waiting_night_and_is_made_once(services: Services) -> None:
    with services.db.transaction() as session:
        make_shanghai(session, code=demo.MISSION)
        for name in (demo.STAFF, demo.AGENT, "senior-agent"):
            make_officer(session, roles=OFFICERS[name][1], name=name)
    with services.db.transaction() as session:
        make_queue(session)
    for _ in range(2):
        demo.load(services, SYSTEM)
        looking.run(services)
    with services.db.transaction() as session:
        states = [each.state for each in session.scalars(select(Handover).order_by(Handover.period_end))]
        assert states[:2] == ["acknowledged", "sent"]
        assert len(states) == 2
        kinds = sorted(item.kind for item in session.scalars(select(HandoverItem)))
        assert kinds == ["case"] * 6 + ["promise"] * 2 + ["unhelped"] * 2


def test_whoever_sees_no_hand_overs_is_told_so_instead_of_that_there_are_none(
    client: FlaskClient, morning: Morning, services: Services
) -> None:
    with services.db.transaction() as session:
        token = make_token(session, make_officer(session, roles=("administrator",)))
    page = client.get("/handovers", headers={"Authorization": f"Bearer {token}"}).get_data(as_text=True)
    assert "You see no hand-overs" in page and "No hand-over yet" not in page
