"""Pages of forwarding: rules ordered and changed, incidents, the time machine, warnings, the log, and keys shown once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from overflow.forwarding import erasure, rules
from overflow.forwarding.models import OverflowRule
from tests.factories import PASSWORD, make_officer
from tests.overflow.forwarding.conftest import CALLER, NUMBER, Exchange, add_line, add_mission


def signed_in(client: FlaskClient, services: Services, *roles: str, language: str = "en") -> FlaskClient:
    """Return the client with an officer of these roles signed in."""
    with services.db.transaction() as session:
        officer = make_officer(session, roles=roles, language=language)
        name = officer.name
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, "csrf_token": token[1]})
    assert answer.status_code in (302, 303), answer.text
    return client


def post(client: FlaskClient, path: str, **form: str) -> Any:
    """Post a form with its token and return the page that follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/overflow/rules").text)
    assert token is not None
    return client.post(path, data=form | {"csrf_token": token[1]}, follow_redirects=True)


@pytest.fixture
def chief(exchange: Exchange, client: FlaskClient, services: Services) -> FlaskClient:
    """Return a browser of an administrator who is a senior agent, too."""
    return signed_in(client, services, "administrator", "senior_agent")


def kinds(services: Services) -> list[str]:
    """Return the kinds of rules in their order."""
    with services.db.transaction() as session:
        return [rule.kind for rule in rules.in_force(session)]


def test_the_list_is_the_softwares_own_until_somebody_changes_it(chief: FlaskClient, services: Services) -> None:
    assert chief.get("/overflow/rules").status_code == 200
    with services.db.transaction() as session:
        assert session.scalar(select(OverflowRule.id).limit(1)) is None
    assert "The order is changed." in post(chief, "/overflow/rules/partner/move", to="up").text
    assert kinds(services)[-2:] == ["partner", "capacity"]
    post(chief, "/overflow/rules/take_all/move", to="up"), post(chief, "/overflow/rules/capacity/move", to="down")
    assert kinds(services)[0] == "take_all"
    assert kinds(services)[-2:] == ["partner", "capacity"]


def test_a_rule_is_switched_off_and_changed_with_a_trail(chief: FlaskClient, services: Services) -> None:
    answer = post(chief, "/overflow/rules/capacity", action="take", limit="7")
    assert "Saved." in answer.text
    with services.db.transaction() as session:
        row = session.scalars(select(OverflowRule).where(OverflowRule.kind == "capacity")).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "overflow.rule_changed")).one()
    assert (row.enabled, row.action, row.limit) == (False, "take", 7)
    assert entry.after == {"kind": "capacity", "enabled": False, "action": "take", "limit": 7}


@pytest.mark.parametrize(
    ("path", "form"),
    [("capacity", {"action": "refuse"}), ("capacity", {"action": "take", "limit": "-1"}),
     ("capacity", {"action": "take", "limit": "10001"}), ("test", {"action": "return"})],
)  # fmt: skip
def test_a_rule_cannot_be_made_to_do_what_it_must_not(chief: FlaskClient, path: str, form: dict[str, str]) -> None:
    assert post(chief, f"/overflow/rules/{path}", **form).status_code == 422


def test_an_incident_goes_first_and_ends(exchange: Exchange, chief: FlaskClient, services: Services) -> None:
    form = {"country": "CN", "action": "take", "ends_at": "2026-11-21T18:00", "note": "unrest in the city"}
    assert "unrest in the city" in post(chief, "/overflow/incidents", **form).text
    assert kinds(services)[0] == "incident"
    told = exchange.said()
    assert told["rule"]["kind"] == "incident"
    assert "unrest in the city" in told["why"]
    post(chief, f"/overflow/incidents/{told['rule']['number']}/end")
    exchange.later(4)
    assert exchange.said()["rule"]["kind"] == "closed"


@pytest.mark.parametrize(
    "change",
    [{"country": ""}, {"country": "XX"}, {"ends_at": "yesterday"}, {"ends_at": "2020-01-01T00:00"}, {"note": " "}],
)
def test_an_incident_needs_somebody_an_end_and_a_reason(chief: FlaskClient, change: dict[str, str]) -> None:
    form = {"country": "CN", "action": "take", "ends_at": "2026-11-21T18:00", "note": "unrest"} | change
    assert post(chief, "/overflow/incidents", **form).status_code == 422


def test_the_time_machine_says_what_would_happen_and_why(
    exchange: Exchange, chief: FlaskClient, services: Services
) -> None:
    exchange.run(
        "INSERT INTO mission_hours (mission_id, hours, updated_at) SELECT id, 'Mo-Fr 09:00-17:00', now() FROM missions"
    )
    where = f"/overflow/try?mission={exchange.mission_id}&reason=all"
    night = chief.get(f"{where}&at=2026-11-23T23:00").text
    assert "The mission is closed (by its hours) until 2026-11-24 10:00 KST." in night
    day = chief.get(f"{where}&at=2026-11-23T12:00&centre=full").text
    assert "No agent is free" in day
    assert "+86 10 8532 0499" in day
    assert "Hand it back" in day
    assert exchange.rows() == [], "nothing is recorded"
    assert chief.get(f"{where}&at=1970-01-01T00:00").status_code == 422
    assert chief.get(f"{where}&caller=12").status_code == 422
    assert chief.get("/overflow/try").status_code == 200
    assert chief.get("/overflow/try?mission=999999").status_code == 404


def test_gaps_and_circles_are_warned_of_before_anybody_calls(
    exchange: Exchange, chief: FlaskClient, services: Services
) -> None:
    shanghai = add_mission(services, "shanghai", phone="+862162955000")
    add_line(services, shanghai, number="+862162955001", pool="+82233330102", back=NUMBER)
    page = chief.get("/overflow/rules").text
    assert "which is itself forwarded to us. It is never used." in page
    assert "The exchange of Embassy shanghai has no good key" in page
    assert "Nobody has given the hours of Embassy shanghai" in page
    exchange.run("UPDATE mission_lines SET pool_number = NULL, return_number = :pool", pool="+82233330102")
    page = chief.get(f"/overflow/exchanges/{exchange.mission_id}").text
    assert "has no number of ours" in page


def test_the_log_is_searched_by_number_reference_and_way(exchange: Exchange, chief: FlaskClient) -> None:
    exchange.said({"caller": CALLER, "called": NUMBER, "reason": "closed", "reference": "ref-77"})
    exchange.said({"caller": "+8613900000002", "reason": "lunch"})
    exchange.ring(), exchange.ring(phone="+8613900000009", forwarded_from=NUMBER)
    for query, count in (
        ("", 3),
        ("?q=2345678", 1),
        ("?q=ref-77", 1),
        ("?how=none", 1),
        ("?how=called", 1),
        ("?q=nothing", 0),
    ):
        page = chief.get(f"/overflow/forwardings{query}").text
        assert page.count('<th scope="row"') == count, query
    row = exchange.rows()[1]
    page = chief.get(f"/overflow/forwardings/{row.id}").text
    assert "The reason is missing or not known" in page
    assert "No call has come for it." in page
    assert chief.get("/overflow/forwardings/999").status_code == 404
    for odd in ("?before=never", "?mission=x", "?how=zzz", "?q=%25%25"):
        assert chief.get(f"/overflow/forwardings{odd}").status_code == 200


def test_the_log_goes_on_page_by_page(exchange: Exchange, chief: FlaskClient) -> None:
    for number in range(51):
        exchange.said({"caller": f"+861390000{number:04d}"})
        exchange.later(1)
    page = chief.get("/overflow/forwardings").text
    older = re.search(r'href="([^"]+)">[^<]*→', page)
    assert older is not None
    assert page.count('<th scope="row"') == 50
    assert chief.get(older[1].replace("&amp;", "&")).text.count('<th scope="row"') == 1


def test_numbers_are_masked_for_those_who_may_not_see_them(
    exchange: Exchange, client: FlaskClient, services: Services
) -> None:
    exchange.said()
    auditor = signed_in(client, services, "auditor")
    page = auditor.get("/overflow/forwardings").text
    assert "2345" not in page
    assert auditor.get("/overflow/forwardings?q=2345").text.count('<th scope="row"') == 1, "digits find nothing out"


def test_a_key_is_shown_once_works_and_is_ended(exchange: Exchange, chief: FlaskClient) -> None:
    here = f"/overflow/exchanges/{exchange.mission_id}"
    answer = post(chief, f"{here}/keys")
    assert answer.headers["Cache-Control"] == "no-store"
    secret = re.search(r"<code class=\"secret\"[^>]*>([0-9a-f]{64})<", answer.text)
    key_id = re.search(r"beijing-[0-9a-f]{8}", answer.text)
    assert secret is not None
    assert key_id is not None
    assert secret[1] not in chief.get(here).text
    assert "The key is no longer good." in post(chief, f"{here}/keys/{exchange.key.key_id}/end").text
    assert exchange.announce().get_json()["code"] == "key-ended"
    assert post(chief, f"{here}/keys/nobody-1/end").status_code == 404
    assert chief.get("/overflow/exchanges?q=beij").status_code == 200


@pytest.mark.parametrize("path", ["/overflow/rules", "/overflow/try", "/overflow/exchanges"])
def test_whoever_may_read_missions_reads_and_changes_nothing(
    exchange: Exchange, client: FlaskClient, services: Services, path: str
) -> None:
    official = signed_in(client, services, "official", language="ko")
    assert official.get(path).status_code == 200
    assert official.get(f"/overflow/exchanges/{exchange.mission_id}").status_code == 403
    assert official.get("/overflow/forwardings").status_code == 403
    assert post(official, "/overflow/rules/busy/move", to="up").status_code == 403


def test_old_announcements_lose_their_numbers(exchange: Exchange, services: Services) -> None:
    exchange.said({"caller": CALLER, "reference": "Mr Kim"})
    assert erasure.forget_old(services) == 0
    exchange.clock.advance(timedelta(days=91))
    assert erasure.forget_old(services) == 1
    (row,) = exchange.rows()
    assert (row.caller, row.reference) == ("", "")
    assert row.answer["decision"] == "take"
