"""`/api/v1/line-tests` and `/api/v1/training-calls`: who sees what, what is refused and why, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.auth.officers import actor_of
from hotline.core.services import Services
from hotline.missions.models import MissionLine, MissionStaff
from overflow.drills import api, training
from overflow.drills.states import AREAS
from overflow.drills.training import Sheet
from tests.factories import make_officer, make_token
from tests.overflow.drills.conftest import HANOI, MANILA, World
from tests.overflow.drills.test_pages import planned

TESTS, TRAININGS = "/api/v1/line-tests", "/api/v1/training-calls"
LEFT = {
    "id", "line_id", "mission_id", "number", "round_id", "repeat_of_id", "state", "reason", "recognised_how",
    "greeted_mission_id", "due_at", "placed_at", "arrived_at", "finished_at",
}  # fmt: skip


class Caller:
    """A program that calls the API as an officer with these roles; `mission` is where they work."""

    def __init__(self, world: World, client: FlaskClient, *roles: str, mission: str = "", scopes: str = "") -> None:
        with world.services.db.transaction() as session:
            self.officer = make_officer(session, roles=roles)
            if mission:
                home = getattr(world, mission)
                session.add(MissionStaff(officer_id=self.officer.id, mission_id=home, since=world.clock.now()))
            self.headers = {"Authorization": f"Bearer {make_token(session, self.officer)}"}
        self.client = client

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        """Ask; returns status and answer."""
        answer = self.client.get(path, headers=self.headers, query_string=query)
        return answer.status_code, answer.get_json()

    def start(self, given: object) -> tuple[int, Any]:
        """Ask for a test."""
        answer = self.client.post(TESTS, headers=self.headers, json=given)
        return answer.status_code, answer.get_json()


@pytest.fixture
def boss(world: World, client: FlaskClient) -> Caller:
    """An administrator."""
    return Caller(world, client, "administrator")


def test_a_test_is_started_shown_with_all_that_is_known_and_ends(world: World, boss: Caller) -> None:
    status, made = boss.start({"line_id": world.lines["manila"]})
    assert (status, set(made), made["state"]) == (201, LEFT, "planned")
    assert (made["mission_id"], made["number"], made["round_id"]) == (world.manila, MANILA, None)
    assert made["due_at"] == world.clock.now().isoformat()
    world.carry_out()
    world.later(91)
    status, told = boss.get(TESTS)
    repetition, first = told["line_tests"]
    assert (status, told["next_before"]) == (200, None)
    assert (first["state"], first["reason"], first["due_at"]) == ("failed", "not_arrived", None)
    assert first["finished_at"] == world.clock.now().isoformat()
    assert (repetition["repeat_of_id"], repetition["state"]) == (first["id"], "planned")


@pytest.mark.parametrize(
    ("given", "field", "mend"),
    [
        ({}, "line_id", "Missing"),
        ({"line_id": 0}, "line_id", "greater than or equal to 1"),
        ({"line_id": "first"}, "line_id", "integer"),
        ({"line_id": 2**63}, "line_id", "less than or equal to"),
        ({"line_id": 1, "at": "noon"}, "at", "Extra"),
    ],
)
def test_a_body_that_cannot_be_used_is_named(boss: Caller, given: dict[str, Any], field: str, mend: str) -> None:
    status, told = boss.start(given)
    assert (status, told["code"]) == (422, "invalid-input")
    (fault,) = told["errors"]
    assert fault["field"] == field and fault["mend"], told
    if "line_id" in given and field == "line_id":
        assert str(given["line_id"]) in str(fault["value"])


@pytest.mark.parametrize("before", ["x", "0", "-1", "1.5", "9" * 20, "", "١"])
def test_a_page_that_cannot_be_used_is_named_with_value_and_mend(boss: Caller, before: str) -> None:
    status, told = boss.get(TESTS, before=before)
    assert status == 422
    (fault,) = told["errors"]
    assert (fault["field"], fault["value"]) == ("before", repr(before)) and "1 to" in fault["mend"]


def test_no_such_line_a_closed_one_one_under_test_and_one_tested_just_now(world: World, boss: Caller) -> None:
    assert boss.start({"line_id": 999_999})[0] == 404
    with world.services.db.transaction() as session:
        session.get_one(MissionLine, world.lines["hanoi"]).closed_at = world.clock.now()
    status, told = boss.start({"line_id": world.lines["hanoi"]})
    assert (status, told["code"]) == (409, "line-closed")
    line = {"line_id": world.lines["manila"]}
    assert boss.start(line)[0] == 201
    world.carry_out()
    assert [boss.start(line)[1]["code"] for _ in range(2)] == ["line-test-on"] * 2
    world.word(world.tests()[0].id, "busy")
    assert boss.start(line)[1]["code"] == "line-test-recent"
    world.clock.advance(timedelta(minutes=10))
    assert boss.start(line)[0] == 201


def test_pages_go_back_to_the_first_test_without_a_gap(
    world: World, boss: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PAGE_ROWS", 3)
    made = [world.plan(("manila", "hanoi")[number % 2]) for number in range(8)]
    seen: list[int] = []
    before: dict[str, int] = {}
    for _ in range(3):
        told = boss.get(TESTS, **before)[1]
        seen += [each["id"] for each in told["line_tests"]]
        before = {"before": told["next_before"]} if told["next_before"] else {}
    assert (seen, before) == (made[::-1], {})
    assert boss.get(TESTS, before=made[0])[1] == {"line_tests": [], "next_before": None}


def test_staff_of_a_mission_see_and_test_their_own_lines_and_others_are_refused(
    world: World, client: FlaskClient
) -> None:
    world.plan("manila"), world.plan("hanoi")
    own = Caller(world, client, "mission_officer", mission="hanoi")
    assert [each["number"] for each in own.get(TESTS)[1]["line_tests"]] == [HANOI]
    world.clock.advance(timedelta(minutes=10))
    assert own.start({"line_id": world.lines["manila"]})[0] == 403
    assert own.start({"line_id": world.lines["hanoi"]})[0] == 201
    agent = Caller(world, client, "agent")
    assert len(agent.get(TESTS)[1]["line_tests"]) == 3, "the centre sees every line"
    status, told = agent.start({"line_id": world.lines["manila"]})
    assert status == 403 and told["code"]


def test_who_may_not_read_missions_or_is_nobody_is_refused(world: World, client: FlaskClient) -> None:
    partner = Caller(world, client, "partner_viewer")
    for path in (TESTS, TRAININGS):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 401
        assert partner.get(path)[0] == 403
    assert client.post(TESTS, json={"line_id": world.lines["manila"]}).status_code == 401
    assert partner.start({"line_id": world.lines["manila"]})[0] == 403
    assert world.tests() == []


def test_trainers_read_every_sheet_and_a_trainee_their_own(
    world: World, client: FlaskClient, services: Services
) -> None:
    trainer = Caller(world, client, "senior_agent")
    trainee, other = (Caller(world, client, "mission_officer", mission="manila") for _ in range(2))
    held, coming = planned(world, trainer.officer, trainee.officer), planned(world, trainer.officer, other.officer)
    with services.db.transaction() as session:
        sheet = Sheet(dict.fromkeys(AREAS, 4), {"greeting": "성명을 밝히지 않음"}, "다음 달에 다시")
        training.score(session, services, actor_of(trainer.officer, "api"), held.id, sheet)
    told = trainer.get(TRAININGS)[1]["training_calls"]
    assert {each["id"] for each in told} == {held.id, coming.id}
    (own,) = trainee.get(TRAININGS)[1]["training_calls"]
    assert (own["id"], own["state"], own["total"], own["follow_up"]) == (held.id, "held", 20, "다음 달에 다시")
    assert own["areas"]["greeting"] == {"score": 4, "note": "성명을 밝히지 않음"}
    assert (own["trainee_id"], own["mission_id"]) == (trainee.officer.id, world.manila)
    (theirs,) = other.get(TRAININGS)[1]["training_calls"]
    assert (theirs["state"], theirs["total"], theirs["areas"], theirs["held_at"]) == ("scheduled", None, {}, None)
    assert Caller(world, client, "agent").get(TRAININGS)[1] == {"training_calls": []}
