"""The pages and the API of persons, officials, files and protection, as each role meets them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.officers import actor_of
from hotline.cases import persons, protection, revealing
from hotline.cases.contacts import open_case
from hotline.cases.escalation_models import Escalation, EscalationRule
from hotline.cases.models import Attachment
from hotline.cases.protection_models import AbuseIncident, NumberFlag
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.cases.test_contacts import PHONE, make_contact
from tests.cases.test_pages import headers, officer


def signed_in(client: FlaskClient, who: Any) -> Visitor:
    visitor = Visitor(client)
    visitor.sign_in(who.name)
    return visitor


@pytest.fixture
def case_id(db: Database, clock: FrozenClock) -> int:
    """A case of somebody who is no traveller."""
    who = officer(db, "senior_agent")
    with db.transaction() as session:
        contact = make_contact(session, clock)
        case = open_case(session, clock, actor_of(who, "console"), contact.id, summary="Robbed", country="PH")
        persons.change_person(session, clock, actor_of(who, "console"), case.person_id, name="Anna Berg")
        return case.id


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_rules_are_set_and_a_question_goes_its_way_to_the_answer(
    app: Any, client: FlaskClient, db: Database, case_id: int
) -> None:
    official = officer(db, "official")
    admin = signed_in(app.test_client(), officer(db, "administrator"))
    rule = {"country": "ph", "level": "1", "official_id": str(official.id), "deadline_minutes": "30"}
    assert admin.post("/escalations/rules", rule | {"deadline_minutes": "1"}).status_code == 422
    assert admin.post("/escalations/rules", rule).status_code == 302
    assert official.display_name in text_of(admin.get("/escalations/rules"))
    visitor = signed_in(client, officer(db, "senior_agent"))
    assert visitor.post(f"/cases/{case_id}/escalate", {"question": "Pay the hotel?"}).status_code == 302
    shown = text_of(visitor.get(f"/cases/{case_id}"))
    assert "Pay the hotel?" in shown and "Anna Berg" in shown and "Your answer" not in shown
    closed = visitor.post(f"/cases/{case_id}/close", {"reason": "x"})
    assert (closed.status_code == 409 and "owes an answer" in text_of(closed)) or "has not answered" in text_of(closed)
    answering = signed_in(app.test_client(), official)
    assert "Anna Berg" in text_of(answering.get("/escalations?mine=1")) and answering.get("/").status_code == 200
    assert (
        "Anna Berg" in text_of(answering.get("/escalations/panel"))
        and answering.get("/escalations/rows").status_code == 200
    )
    with db.transaction() as session:
        asked = session.scalars(select(Escalation.id)).one()
        rule_id = session.scalars(select(EscalationRule.id)).one()
    assert visitor.post(f"/escalations/{asked}/answer", {"answer": "no"}).status_code == 403
    assert answering.post(f"/escalations/{asked}/answer", {"answer": "Yes, two nights"}).status_code == 302
    assert "Yes, two nights" in text_of(visitor.get(f"/cases/{case_id}"))
    letter = {"file": (io.BytesIO(b"%PDF-1.7 y"), "letter.pdf")}
    assert "Add a file" in text_of(answering.get(f"/cases/{case_id}"))
    assert answering.post(f"/cases/{case_id}/files", letter, content_type="multipart/form-data").status_code == 302
    assert "letter.pdf" in text_of(visitor.get(f"/cases/{case_id}"))
    assert visitor.post(f"/cases/{case_id}/close", {"reason": "paid"}).status_code == 302
    assert "Open again" in text_of(visitor.get(f"/cases/{case_id}"))
    assert visitor.post(f"/cases/{case_id}/open-again", {"reason": "not paid"}).status_code == 302
    assert "not paid" in text_of(visitor.get(f"/cases/{case_id}"))
    assert admin.post(f"/escalations/rules/{rule_id}/remove").status_code == 302


def test_hidden_values_stay_hidden_until_asked_for(client: FlaskClient, app: Any, db: Database, case_id: int) -> None:
    senior, reader = (
        signed_in(client, officer(db, "senior_agent")),
        signed_in(app.test_client(), officer(db, "auditor")),
    )
    person = senior.get("/persons?q=anna+burg")
    assert "Anna Berg" in text_of(person)
    with db.transaction() as session:
        person_id = session.scalars(select(persons.Person.id)).one()
    page = f"/persons/{person_id}"
    data = {"name": "Anna Berg", "language": "en", "passport": "M1234567", "medical": "insulin"}
    assert senior.post(f"{page}/change", data).status_code == 302
    shown = text_of(senior.get(page))
    assert "insulin" not in shown and "9999" not in shown and "M1234567" not in shown and "on record" in shown
    assert "insulin" in text_of(senior.post(f"{page}/reveal", {"field": "medical"}))
    assert "99990001" in text_of(senior.post(f"{page}/reveal", {"field": "phone"})).replace("-", "").replace(" ", "")
    assert reader.post(f"{page}/reveal", {"field": "phone"}).status_code == 403
    assert "Anna Berg" in text_of(senior.get("/persons?q=M1234567")) and "Nobody fits" in text_of(
        reader.get("/persons?q=M1234567")
    )


def test_two_persons_become_one_and_two_again(
    client: FlaskClient, db: Database, clock: FrozenClock, case_id: int
) -> None:
    visitor = signed_in(client, officer(db, "senior_agent"))
    with db.transaction() as session:
        first = session.scalars(select(persons.Person.id)).one()
        who = actor_of(officer(db, "agent"), "console")
        second = persons.add_person(session, clock, who, name="Anna Bergh", phone=PHONE).id
    assert "Anna Bergh" in text_of(visitor.get("/persons"))
    assert visitor.post("/persons/merge", {"kept_id": first, "other_id": second}).status_code == 302
    assert "Take back" in text_of(visitor.get(f"/persons/{second}"))
    assert visitor.post(f"/persons/{first}/merges/1/undo").status_code == 302
    assert "Anna Bergh" in text_of(visitor.get(f"/persons/{second}"))
    assert visitor.post(f"/persons/{second}/erase").status_code == 302
    assert "Erased person" in text_of(visitor.get(f"/persons/{second}"))


def test_files_go_up_and_come_down_as_downloads(client: FlaskClient, db: Database, case_id: int) -> None:
    visitor = signed_in(client, officer(db, "agent"))
    given = {"file": (io.BytesIO(b"%PDF-1.7 x"), "여권.pdf")}
    assert visitor.post(f"/cases/{case_id}/files", given, content_type="multipart/form-data").status_code == 302
    bad = {"file": (io.BytesIO(b"MZ\x00"), "a.pdf")}
    assert visitor.post(f"/cases/{case_id}/files", bad, content_type="multipart/form-data").status_code == 302
    with db.transaction() as session:
        (row_id,) = session.scalars(select(Attachment.id)).all()
    shown = text_of(visitor.get(f"/cases/{case_id}"))
    assert "여권.pdf" in shown and "at most 3 MB" in shown
    came = visitor.get(f"/cases/{case_id}/files/{row_id}")
    assert came.data == b"%PDF-1.7 x" and came.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in came.headers["Content-Security-Policy"]
    assert visitor.get(f"/cases/{case_id}/files/{row_id + 1}").status_code == 404


def test_an_abusive_call_is_reviewed_and_numbers_are_kept_on_the_page(
    client: FlaskClient, app: Any, db: Database, clock: FrozenClock
) -> None:
    who = officer(db, "agent")
    with db.transaction() as session:
        contact = make_contact(session, clock)
        for _ in range(3):
            protection.press(session, clock, actor_of(who, "console"), contact.id, note="Insults")
        incident = session.scalars(select(AbuseIncident.id)).one()
    own, senior = signed_in(client, who), signed_in(app.test_client(), officer(db, "senior_agent"))
    assert "Insults" in text_of(own.get("/protection")) and "Uphold" not in text_of(own.get("/protection"))
    assert own.post(f"/protection/incidents/{incident}/support", {"support": "wanted"}).status_code == 302
    assert own.post(f"/protection/incidents/{incident}/review", {"upheld": "yes"}).status_code == 403
    page = text_of(senior.get("/protection"))
    assert "Uphold" in page and "Why" not in page, "what is held against a number has one name"
    assert senior.post(f"/protection/incidents/{incident}/review", {"upheld": "yes", "days": "2"}).status_code == 302
    assert "upheld" in text_of(senior.get("/protection"))
    flag = {"phone": "+821088880001", "kind": "spam", "reason": "robot", "days": "3"}
    assert senior.post("/protection/numbers", flag).status_code == 302
    assert "robot" in text_of(senior.get("/protection"))
    with db.transaction() as session:
        flag_id = session.scalars(select(NumberFlag.id).where(NumberFlag.kind == "spam")).one()
    assert senior.post(f"/protection/numbers/{flag_id}/lift").status_code == 302
    assert "robot" not in text_of(senior.get("/protection"))
    assert senior.post("/protection/numbers", flag | {"days": "99"}).status_code == 302


def test_the_api_does_what_the_pages_do(services: Services, client: FlaskClient, db: Database, case_id: int) -> None:
    senior, official = headers(db, "senior_agent"), officer(db, "official")
    with db.transaction() as session:
        from tests.factories import make_token

        answering = {"Authorization": f"Bearer {make_token(session, official)}"}
        session.add(EscalationRule(level=1, official_id=official.id, deadline_minutes=30, made_at=services.clock.now()))
    shown = client.get(f"/api/v1/cases/{case_id}", headers=senior).get_json()
    assert (shown["person"], shown["traveller_id"], shown["summary"]) == ("Anna Berg", None, "Robbed")
    asked = client.post(f"/api/v1/cases/{case_id}/escalate", headers=senior, json={"question": "?"}).get_json()
    refused = client.post(f"/api/v1/cases/{case_id}/close", headers=senior, json={"reason": "x"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "official-owes-answer")
    path = f"/api/v1/escalations/{asked['id']}/answer"
    assert client.post(path, headers=answering, json={"answer": "Yes"}).get_json()["state"] == "answered"
    assert client.post(f"/api/v1/cases/{case_id}/close", headers=senior, json={"reason": "x"}).status_code == 200
    assert client.post(f"/api/v1/cases/{case_id}/reopen", headers=senior, json={"reason": "x"}).status_code == 204
    person_id = shown["person_id"]
    assert client.get("/api/v1/persons?search=berg", headers=senior).get_json()["persons"][0]["id"] == person_id
    person = client.get(f"/api/v1/persons/{person_id}", headers=senior).get_json()
    assert person["case_ids"] == [case_id] and person["phones"] == ["+821…01"]
    path = f"/api/v1/persons/{person_id}/reveal"
    assert client.post(path, headers=senior, json={"field": "phone"}).get_json()["values"] == [PHONE]
    with db.transaction() as session:
        other = persons.Person(created_at=services.clock.now(), updated_at=services.clock.now())
        session.add(other)
        session.flush()
        other_id = other.id
    merged = client.post(f"/api/v1/persons/{person_id}/merge", headers=senior, json={"other_id": other_id}).get_json()
    parted = client.post(f"/api/v1/persons/merges/{merged['id']}/undo", headers=senior).get_json()
    assert parted["undone"] is True
    assert revealing.FIELDS.keys() == {"phone", "medical"}
