"""The pages and the API: advice with its reasons in both languages, the call-out's link, what-ifs, and who may see them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.core import jobs
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from overflow.staffing import asking, words
from overflow.staffing.advice import keep
from tests.factories import NOW, make_officer, make_token
from tests.overflow.forwarding.test_pages import signed_in
from tests.overflow.staffing.making import MINUTE, make_history, make_minutes, make_volunteer
from tests.queues.making import make_agent, make_queue


@pytest.fixture
def surge(services: Services, clock: FrozenClock) -> None:
    """Six agents and calls that have just become eight times the usual."""
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(6):
            make_agent(session)
        make_history(session, weeks=2, per_minute=1, until=NOW)
        make_minutes(session, [8] * 5, until=NOW + 5 * MINUTE, country="JP")
    clock.advance(5 * MINUTE)


def _ask(chief: FlaskClient, **given: str) -> Any:
    """Send the form with its token; what is not given is as usual."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', chief.get("/staffing/what-if").text)
    assert token is not None
    usual = {name: f"{field.usual:g}" for name, field in asking.FIELDS.items()} | {"per_hour": "60", "hours": "1"}
    return chief.post("/staffing/what-if", data=usual | given | {"csrf_token": token[1]})


def _headers(services: Services, *roles: str) -> dict[str, str]:
    with services.db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=roles))}"}


@pytest.mark.usefixtures("surge")
@pytest.mark.parametrize(("language", "said"), [("en", "Calls have jumped since"), ("ko", "전화가 급증했습니다(일본)")])
def test_the_page_says_what_to_do_and_why(client: FlaskClient, services: Services, language: str, said: str) -> None:
    chief = signed_in(client, services, "duty_chief", language=language)
    page = chief.get("/staffing").get_data(as_text=True)
    assert said in page
    assert ("Call out" if language == "en" else "소집하십시오") in page
    assert ">12:30</th>" in page  # the reader's own time
    assert ("/callouts/new?needed=" in page) == ("callouts.new" in client.application.view_functions)
    assert said in chief.get("/staffing/part").get_data(as_text=True)


@pytest.mark.usefixtures("surge")
def test_the_kept_row_and_the_made_one_say_the_same(client: FlaskClient, services: Services) -> None:
    headers = _headers(services, "duty_chief")
    made = client.get("/api/v1/staffing/advice", headers=headers).get_json()
    assert keep(services) == 1
    kept = client.get("/api/v1/staffing/advice", headers=headers).get_json()
    assert made == kept
    assert made["call_out"] > 20
    assert [reason["code"] for reason in made["why"]] == ["short", "size", "lead", "jump", "assumed"]
    assert "3 %" not in made["why"][0]["words"]


@pytest.mark.usefixtures("surge")
def test_the_overview_says_that_a_call_out_is_advised(client: FlaskClient, services: Services) -> None:
    chief = signed_in(client, services, "duty_chief")
    assert "Call out" in chief.get("/").get_data(as_text=True)
    assert "they are needed from" in chief.get("/staffing/panel").get_data(as_text=True)


def test_the_call_out_is_one_press_away_where_there_is_one(
    client: FlaskClient, services: Services, surge: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chief = signed_in(client, services, "duty_chief")
    monkeypatch.setattr("overflow.staffing.pages.CALL_OUT", "staffing.index")
    page = chief.get("/staffing").get_data(as_text=True)
    assert 'href="/staffing?needed=' in page


def test_a_quiet_day_says_so(client: FlaskClient, services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_volunteer(session)
    chief = signed_in(client, services, "duty_chief")
    assert "Nobody needs to be called out" in chief.get("/staffing").get_data(as_text=True)
    assert "0 needed now, 1 on duty" in chief.get("/staffing/panel").get_data(as_text=True)
    assert "This is an exercise" in chief.get("/staffing?drill=1").get_data(as_text=True)


def test_a_question_is_asked_played_and_shown(client: FlaskClient, services: Services) -> None:
    chief = signed_in(client, services, "duty_chief")
    form = chief.get("/staffing/what-if").get_data(as_text=True)
    assert 'name="volunteers_b"' in form
    answered = _ask(chief)
    assert answered.status_code == 302
    address = answered.headers["Location"]
    assert "<progress" in chief.get(address).get_data(as_text=True)
    number = int(address.rsplit("/", 1)[1])
    jobs.run_job(asking.JOB, [number])
    page = chief.get(address).get_data(as_text=True)
    assert "40 volunteers after 20 minutes" in page
    assert "Nobody is called out" in page
    assert "Mean wait of all" in chief.get(f"{address}/part").get_data(as_text=True)
    assert address in chief.get("/staffing/what-if").get_data(as_text=True)


def test_a_wrong_number_is_shown_beside_its_field(client: FlaskClient, services: Services) -> None:
    chief = signed_in(client, services, "duty_chief", language="ko")
    answered = _ask(chief, agents="many")
    page = answered.get_data(as_text=True)
    assert answered.status_code == 422
    assert "0부터 1,000까지의 정수" in page
    assert 'value="many"' in page


def test_a_fourth_question_waits(client: FlaskClient, services: Services) -> None:
    chief = signed_in(client, services, "duty_chief")
    for _ in range(3):
        assert _ask(chief).status_code == 302
    refused = _ask(chief)
    assert refused.status_code == 409
    assert "wait for one of them" in refused.get_data(as_text=True)


def test_the_api_asks_and_answers(client: FlaskClient, services: Services) -> None:
    headers = _headers(services, "duty_chief")
    asked = client.post("/api/v1/staffing/what-if", headers=headers, json={"per_hour": 60, "factor": 4, "hours": 1})
    assert asked.status_code == 201
    number = asked.get_json()["id"]
    assert client.get(f"/api/v1/staffing/what-if/{number}", headers=headers).get_json()["state"] == "waiting"
    jobs.run_job(asking.JOB, [number])
    found = client.get(f"/api/v1/staffing/what-if/{number}", headers=headers).get_json()
    assert (found["state"], set(found["curves"])) == ("done", {"a", "b"})


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"hours": 0}, 422),
        ({"more": 1}, 422),
        ({"per_hour": 2000, "factor": 50, "hours": 48}, 422),
        ({"agents": "x"}, 422),
    ],
)
def test_the_api_refuses_what_cannot_be_played(
    client: FlaskClient, services: Services, sent: dict[str, Any], status: int
) -> None:
    answered = client.post("/api/v1/staffing/what-if", headers=_headers(services, "duty_chief"), json=sent)
    assert answered.status_code == status
    assert answered.content_type == "application/problem+json"


def test_drill_is_0_or_1(client: FlaskClient, services: Services) -> None:
    headers = _headers(services, "duty_chief")
    assert client.get("/api/v1/staffing/advice?drill=1", headers=headers).get_json()["drill"] is True
    assert client.get("/api/v1/staffing/advice?drill=yes", headers=headers).status_code == 422


def test_there_is_no_such_question(client: FlaskClient, services: Services) -> None:
    assert client.get("/api/v1/staffing/what-if/99", headers=_headers(services, "duty_chief")).status_code == 404
    assert signed_in(client, services, "duty_chief").get("/staffing/what-if/99").status_code == 404


@pytest.mark.parametrize(
    "path", ["/staffing", "/staffing/part", "/staffing/panel", "/staffing/what-if", "/staffing/what-if/1"]
)
def test_whoever_may_not_read_staffing_is_refused(client: FlaskClient, services: Services, path: str) -> None:
    assert signed_in(client, services, "cashier").get(path).status_code == 403


def test_every_reason_is_a_whole_sentence_in_both_languages(app: Any) -> None:
    numbers = {
        "at": NOW.isoformat(), "needed": 12, "on_duty": 8, "coming": 0, "per_hour": 1234, "call_out": 4, "minutes": 20,
        "release": 3, "country": "", "usual": 150, "people": 100_000, "calls": 500, "handling": 300, "patience": 120,
        "redial": 50, "level": 80, "within": 20,
    }  # fmt: skip
    for language in ("ko", "en"):
        with app.test_request_context("/", headers={"Accept-Language": language}):
            said = [words.sentence(code, numbers) for code in words.REASONS]
        assert all(sentence.endswith(".") and "%(" not in sentence and "%%" not in sentence for sentence in said)
        assert any("1,234" in sentence for sentence in said)


def test_an_old_row_is_not_shown_as_now(client: FlaskClient, services: Services, clock: FrozenClock) -> None:
    headers = _headers(services, "duty_chief")
    keep(services)
    clock.advance(timedelta(minutes=10))
    assert client.get("/api/v1/staffing/advice", headers=headers).get_json()["at"] == clock.now().isoformat()
