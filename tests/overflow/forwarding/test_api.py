"""The API of forwarding, the request to take all calls, and the commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from hotline.core.actor import SYSTEM
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from overflow.forwarding import cli, demo, rules, take_all
from overflow.forwarding.models import Forwarding
from tests.factories import NOW, make_officer, make_token
from tests.overflow.forwarding.conftest import POOL, Exchange, add_mission


@pytest.fixture
def headers(services: Services) -> dict[str, str]:
    """Return an administrator's token."""
    with services.db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('administrator',)))}"}


def test_a_decision_is_previewed_with_every_step(
    exchange: Exchange, client: FlaskClient, headers: dict[str, str]
) -> None:
    where = f"/api/v1/overflow/{exchange.mission_id}/decision"
    told = client.get(
        where, headers=headers, query_string={"reason": "busy", "at": "2026-11-21T12:00:00+09:00"}
    ).get_json()
    assert (told["decision"], told["rule"], told["to"], told["number"]) == ("take", "closed", "centre", POOL)
    assert (told["at"], told["open"], told["steps"][-1]["outcome"]) == ("2026-11-21T03:00:00+00:00", False, "applied")
    assert exchange.rows() == []
    for wrong in (
        {"at": "noon"},
        {"at": "2026-11-21T12:00"},
        {"at": "0001-01-01T00:00+23:00"},
        {"reason": "x"},
        {"caller": "1"},
    ):
        assert client.get(where, headers=headers, query_string=wrong).status_code == 422, wrong
    assert client.get("/api/v1/overflow/99999/decision", headers=headers).status_code == 404


def test_a_mission_asks_to_take_all_until_a_time_and_takes_it_back(
    exchange: Exchange, client: FlaskClient, headers: dict[str, str]
) -> None:
    where = f"/api/v1/overflow/{exchange.mission_id}/take-all"
    assert client.get(where, headers=headers).get_json()["in_force"] is False
    given = {"until": "2026-11-21T18:00:00+08:00", "reason": "power cut"}
    told = client.put(where, headers=headers, json=given).get_json()
    assert (told["in_force"], told["until"], told["reason"]) == (True, "2026-11-21T10:00:00+00:00", "power cut")
    assert exchange.said()["rule"]["kind"] == "take_all"
    assert client.put(where, headers=headers, json=given | {"until": "2027-11-21T18:00:00+08:00"}).status_code == 422
    assert client.put(where, headers=headers, json=given | {"until": "2026-11-21T18:00:00"}).status_code == 422
    assert client.delete(where, headers=headers).get_json()["in_force"] is False
    exchange.later(4)
    assert exchange.said()["rule"]["kind"] == "closed"
    assert client.delete("/api/v1/overflow/99999/take-all", headers=headers).status_code == 404


def test_a_second_request_replaces_the_first_and_the_past_stays_true(exchange: Exchange, services: Services) -> None:
    clock = exchange.clock
    with services.db.transaction() as session:
        for hours in (1, 5):
            take_all.request(session, clock, SYSTEM, exchange.mission_id, NOW + timedelta(hours=hours), "")
            clock.advance(timedelta(minutes=10))
        now = take_all.current(session, exchange.mission_id, clock.now())
        before = take_all.current(session, exchange.mission_id, NOW + timedelta(minutes=5))
        assert now is not None
        assert before is not None
        assert (now.until, before.until) == (NOW + timedelta(hours=5), NOW + timedelta(hours=1))
        assert take_all.end(session, clock, SYSTEM, exchange.mission_id)
        assert not take_all.end(session, clock, SYSTEM, exchange.mission_id)
        with pytest.raises(InvalidInput):
            take_all.request(session, clock, SYSTEM, exchange.mission_id, clock.now(), "")
        with pytest.raises(InvalidInput):
            take_all.request(session, clock, SYSTEM, exchange.mission_id, clock.now() + timedelta(1), "x" * 201)
        with pytest.raises(NotFound):
            take_all.request(session, clock, SYSTEM, 99_999, clock.now() + timedelta(1), "")


def test_a_second_request_that_ends_sooner_ends_sooner(exchange: Exchange, services: Services) -> None:
    with services.db.transaction() as session:
        for hours in (5, 1):
            take_all.request(session, exchange.clock, SYSTEM, exchange.mission_id, NOW + timedelta(hours=hours), "")
            exchange.clock.advance(timedelta(minutes=10))
    assert exchange.said()["rule"]["kind"] == "take_all"
    exchange.later(3_600)
    assert exchange.said()["rule"]["kind"] == "closed"


def test_no_rule_of_an_incident_holds_for_ever_or_is_over_before_it_begins(services: Services) -> None:
    clock = services.clock
    for ahead, taken in ((timedelta(), False), (timedelta(days=60, seconds=1), False), (timedelta(days=60), True)):
        ends_at = clock.now() + ahead
        given: dict[str, Any] = {
            "action": "take",
            "mission_id": None,
            "country": "CN",
            "ends_at": ends_at,
            "note": "Unrest",
        }
        with services.db.transaction() as session:
            if taken:
                assert rules.add_incident(session, clock, SYSTEM, **given).ends_at == ends_at
            else:
                with pytest.raises(InvalidInput):
                    rules.add_incident(session, clock, SYSTEM, **given)


def test_the_command_gives_and_ends_keys(
    exchange: Exchange, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "command_services", lambda: services)
    given = CliRunner().invoke(cli.overflow, ["key", "beijing"])
    assert given.exit_code == 0, given.output
    lines = dict(line.split(None, 1) for line in given.stdout.splitlines())
    assert lines["address"] == "http://127.0.0.1:5000/webhooks/overflow/beijing"
    assert (lines["key"][:8], len(lines["secret"])) == ("beijing-", 64)
    assert CliRunner().invoke(cli.overflow, ["end-key", "beijing", lines["key"]]).exit_code == 0
    for words in (["key", "nowhere"], ["end-key", "beijing", "x"], ["end-key", "nowhere", lines["key"]]):
        refused = CliRunner().invoke(cli.overflow, words)
        assert (refused.exit_code, "There is no" in refused.output) == (1, True)


def test_the_demo_makes_lines_and_announcements_once(services: Services, app: Any) -> None:
    for code in ("beijing", "manila", "tokyo", "hanoi"):
        add_mission(services, code)
    for _ in range(2):
        demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert session.query(Forwarding).count() == len(demo.CALLS)


def test_a_missions_own_staff_ask_for_their_mission_and_for_no_other(
    exchange: Exchange, client: FlaskClient, services: Services
) -> None:
    other = add_mission(services, "shanghai")
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("mission_officer",))
        session.add(MissionStaff(officer_id=officer.id, mission_id=exchange.mission_id, since=NOW))
        token = {"Authorization": f"Bearer {make_token(session, officer)}"}
    given = {"until": "2026-11-21T18:00:00+08:00", "reason": "power cut"}
    assert client.put(f"/api/v1/overflow/{exchange.mission_id}/take-all", headers=token, json=given).status_code == 200
    assert client.delete(f"/api/v1/overflow/{exchange.mission_id}/take-all", headers=token).status_code == 200
    assert client.get(f"/api/v1/overflow/{exchange.mission_id}/decision", headers=token).status_code == 200
    assert client.put(f"/api/v1/overflow/{other}/take-all", headers=token, json=given).status_code == 403
    assert client.delete(f"/api/v1/overflow/{other}/take-all", headers=token).status_code == 403
    assert client.get(f"/api/v1/overflow/{other}/decision", headers=token).status_code == 403
