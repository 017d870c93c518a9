"""A contact on its page and by the API: who it is, which case, how it ends; and files, answers and protection by the API."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.cases import contacts, escalating, persons, protection
from hotline.cases.attaching import MAX_BYTES
from hotline.cases.contact_models import Contact
from hotline.cases.identifying import identify_as
from hotline.cases.models import Case, CasePerson
from hotline.cases.person_models import Person
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from tests.auth.conftest import Visitor
from tests.cases.test_cases import actions, agent, make_case
from tests.cases.test_contacts import PHONE, finish, make_contact
from tests.factories import make_officer, make_token, make_traveller

UPLOAD = "application/octet-stream"


@pytest.fixture
def visitor(app: Any, db: Database) -> Visitor:
    """Return an agent at their desk."""
    with db.transaction() as session:
        make_officer(session, roles=("agent",), name="hana")
    made = Visitor(app.test_client())
    made.sign_in("hana")
    return made


def key_of(db: Database, *roles: str) -> tuple[Officer, dict[str, str]]:
    with db.transaction() as session:
        officer = make_officer(session, roles=roles)
        return officer, {"Authorization": f"Bearer {make_token(session, officer)}"}


def read(session: Session, contact_id: int) -> Contact:
    return session.get_one(Contact, contact_id, populate_existing=True)


def test_an_agent_says_who_it_is_puts_it_into_the_case_and_closes_it(
    visitor: Visitor, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, name="Kim Minsu", phone="+821020000099")
        case = make_case(session, clock, traveller_id=traveller.id)
        contact = make_contact(session, clock)
    page = f"/contacts/{contact.id}"
    assert "Nobody has said yet who it is." in visitor.get(page).get_data(as_text=True)
    assert "Name not known" in visitor.get("/contacts").get_data(as_text=True)
    for _ in range(2):
        assert visitor.post(f"{page}/identify", {"name": "Kim Younghee", "language": "ko"}).status_code == 302
    given = {"case": f"CS-{case.id:06}", "relation": "mother"}
    assert visitor.post(f"{page}/attach", given).status_code == 302
    closing = {"disposition": "accident", "mood": "distressed", "risks": ["medical"], "note": "She cried."}
    assert visitor.post(f"{page}/close", closing).status_code == 302
    shown = visitor.get(page).get_data(as_text=True)
    assert "Kim Younghee" in shown and "She cried." in shown and "distressed" in shown and "ill or injured" in shown
    assert f'href="{page}"' in visitor.get(f"/cases/{case.id}").get_data(as_text=True)
    assert "Kim Younghee" in visitor.get("/contacts/rows?state=closed").get_data(as_text=True)
    with db.transaction() as session:
        found = read(session, contact.id)
        assert (found.state, found.case_id, found.mood, found.risks) == ("closed", case.id, "distressed", ["medical"])
        assert session.scalars(select(CasePerson.relation)).all() == ["mother"]
        assert session.get_one(Case, case.id).priority == 2
        assert session.scalars(select(Person.name).where(Person.name == "Kim Younghee")).all() == ["Kim Younghee"]
        assert {"contact.identified", "contact.attached", "contact.closed"} <= set(actions(session))


def test_a_new_case_is_opened_from_a_contact_and_is_the_agents(
    visitor: Visitor, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        contact = make_contact(session, clock)
    page = f"/contacts/{contact.id}"
    refused = visitor.post(f"{page}/open-case", {"summary": "", "country": "PH"})
    assert refused.status_code == 422 and "Say in 1 to 200 characters" in refused.get_data(as_text=True)
    assert visitor.post(f"{page}/open-case", {"summary": "Passport stolen", "country": "XX"}).status_code == 422
    assert visitor.post(f"{page}/open-case", {"summary": "Passport stolen", "country": "PH"}).status_code == 302
    with db.transaction() as session:
        case = session.scalars(select(Case)).one()
        me = session.scalars(select(Officer.id).where(Officer.name == "hana")).one()
        assert (case.owner_id, case.summary, case.country, read(session, contact.id).case_id) == (
            me, "Passport stolen", "PH", case.id,
        )  # fmt: skip
    assert "Passport stolen" in visitor.get(page).get_data(as_text=True)


@pytest.mark.parametrize(
    ("act", "data", "status", "words"),
    [
        ("attach", {"case": "twelve"}, 422, "Write the number of a case"),
        ("attach", {"case": "999"}, 404, "no case 999"),
        ("attach", {"case": "1", "relation": "x" * 61}, 422, "at most 60"),
        ("identify", {}, 422, "Choose who it is"),
        ("identify", {"name": "A", "person_id": "1"}, 422, "Choose who it is"),
        ("identify", {"person_id": "x"}, 422, "Choose who it is"),
        ("identify", {"person_id": "999"}, 404, "no person 999"),
        ("identify", {"name": "x" * 161}, 422, "at most 160"),
        ("close", {"disposition": ""}, 422, "Choose what it was about"),
        ("close", {"disposition": "visa", "mood": "merry"}, 422, "mood"),
        ("close", {"disposition": "visa", "risks": "boredom"}, 422, "Choose risks"),
        ("close", {"disposition": "visa", "note": "x" * 4001}, 422, "4,000"),
    ],
)
def test_what_cannot_be_is_refused_on_the_page_with_its_mend(
    visitor: Visitor, db: Database, clock: FrozenClock, act: str, data: dict[str, str], status: int, words: str
) -> None:
    with db.transaction() as session:
        make_case(session, clock)
        contact = make_contact(session, clock)
    answer = visitor.post(f"/contacts/{contact.id}/{act}", data)
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)
    with db.transaction() as session:
        found = read(session, contact.id)
        assert (found.state, found.case_id, found.person_id) == ("open", None, None)


def test_several_who_share_a_number_are_offered_and_none_is_taken(
    visitor: Visitor, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, name="Kim Minsu", phone=PHONE)
        persons.add_person(session, clock, agent(session), name="어머니", phone=PHONE)
        contact = make_contact(session, clock)
    shown = visitor.get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert "Several people have this number" in shown and "It is Kim Minsu" in shown and "It is 어머니" in shown
    assert visitor.post(f"/contacts/{contact.id}/identify", {"traveller_id": str(traveller.id)}).status_code == 302
    with db.transaction() as session:
        assert persons.get_person(session, read(session, contact.id).person_id or 0).traveller_id == traveller.id


def test_whoever_is_identified_late_stands_among_the_people_of_the_case(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, case, contact = agent(session), make_case(session, clock), make_contact(session, clock)
        contacts.attach(session, clock, contact.id, case.id, actor=who)
        assert session.scalars(select(CasePerson)).all() == []
        identify_as(session, clock, who, contact.id, name="A friend")
        assert session.scalars(select(CasePerson.case_id)).all() == [case.id]
        own = make_contact(session, clock, ref="call:2", phone="")
        contacts.attach(session, clock, own.id, case.id, actor=who)
        identify_as(session, clock, who, own.id, person_id=case.person_id)
        assert len(session.scalars(select(CasePerson)).all()) == 1, "the person of the case is no one beside it"
        with pytest.raises(InvalidInput):
            identify_as(session, clock, who, own.id)


def test_in_a_call_the_key_on_this_page_is_for_seniors(
    app: Any, visitor: Visitor, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        contact = make_contact(session, clock)
        make_officer(session, roles=("senior_agent",), name="senior")
    assert "on the desk of whoever is in it" in visitor.get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert visitor.post(f"/contacts/{contact.id}/warn").status_code == 403
    senior = Visitor(app.test_client())
    senior.sign_in("senior")
    assert "Warn the caller" in senior.get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert senior.post(f"/contacts/{contact.id}/warn").status_code == 302


def test_the_key_warns_twice_and_ends_the_call(app: Any, db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        make_officer(session, roles=("senior_agent",), name="senior")
        contact = make_contact(session, clock)
    visitor = Visitor(app.test_client())
    visitor.sign_in("senior")
    page = f"/contacts/{contact.id}"
    for button in ("Warn the caller", "Warn a second time", "End the call"):
        assert button in visitor.get(page).get_data(as_text=True)
        assert visitor.post(f"{page}/warn", {"note": "Insults"}).status_code == 302
    with db.transaction() as session:
        assert (read(session, contact.id).state, read(session, contact.id).disposition) == ("closed", "abuse")
    assert visitor.post(f"{page}/warn").status_code == 409


def test_a_reader_sees_a_contact_and_changes_nothing(app: Any, db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        contact = make_contact(session, clock)
        name = make_officer(session, roles=("auditor",)).name
    reader = Visitor(app.test_client())
    reader.sign_in(name)
    shown = reader.get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert "They are in touch still." in shown and "99990001" not in shown
    for act in ("identify", "attach", "open-case", "close", "warn"):
        assert reader.post(f"/contacts/{contact.id}/{act}").status_code == 403
    assert reader.get("/contacts/999").status_code == 404


def test_the_api_does_with_contacts_what_the_page_does(client: FlaskClient, db: Database, clock: FrozenClock) -> None:
    officer, key = key_of(db, "agent")
    with db.transaction() as session:
        first = make_contact(session, clock, kind="chat", ref="chat:1")
        second = make_contact(session, clock, ref="call:2", phone="+821099990002")
    api = "/api/v1/contacts"
    page = client.get(f"{api}?limit=1", headers=key).get_json()
    assert [each["id"] for each in page["contacts"]] == [second.id]
    rest = client.get(f"{api}?limit=1&cursor={page['next_cursor']}", headers=key).get_json()
    assert [each["id"] for each in rest["contacts"]] == [first.id] and rest["next_cursor"] is None
    made = client.post(f"{api}/{first.id}/open-case", json={"summary": "Passport stolen", "country": "PH"}, headers=key)
    case_id = made.get_json()["case_id"]
    told = client.post(f"{api}/{second.id}/identify", json={"name": "A friend"}, headers=key).get_json()
    put = client.post(f"{api}/{second.id}/attach", json={"case_id": case_id, "relation": "friend"}, headers=key)
    assert put.get_json()["case_id"] == case_id and told["person_id"] is not None
    body = {"disposition": "crime", "mood": "worried", "risks": ["distress"], "note": "Called again"}
    closed = client.post(f"{api}/{second.id}/close", json=body, headers=key).get_json()
    assert (closed["state"], closed["officer_id"], closed["risks"]) == ("closed", officer.id, ["distress"])
    assert "990002" not in closed["phone"]
    for narrowed, ids in (
        ("state=open", [first.id]), (f"case_id={case_id}", [second.id, first.id]),
        (f"person_id={told['person_id']}", [second.id]),
    ):  # fmt: skip
        found = client.get(f"{api}?{narrowed}", headers=key).get_json()["contacts"]
        assert [each["id"] for each in found] == ids, narrowed
    for wrong in ({"state": "x"}, {"limit": "0"}, {"limit": "201"}, {"case_id": "x"}):
        assert client.get(api, query_string=wrong, headers=key).status_code == 422, wrong
    fault = client.post(f"{api}/{first.id}/close", json={"disposition": "party"}, headers=key)
    assert fault.status_code == 422 and fault.get_json()["errors"][0]["field"] == "disposition"
    steps = [client.post(f"{api}/{first.id}/warn", json={"note": "x"}, headers=key).get_json() for _ in range(3)]
    assert [each["state"] for each in steps] == ["warned", "warned_again", "ended"] and steps[2]["until"]


def test_files_and_officials_answers_by_the_api(client: FlaskClient, db: Database, clock: FrozenClock) -> None:
    _, key = key_of(db, "agent")
    official, asked = key_of(db, "official")
    with db.transaction() as session:
        who, case = agent(session), make_case(session, clock)
        escalating.set_rule(
            session, clock, who, country="", risk="", level=1, official_id=official.id, deadline_minutes=60, phone=""
        )
        question = escalating.escalate(session, clock, who, case.id, question="May we pay?")
    api = f"/api/v1/cases/{case.id}"
    assert [
        each["id"] for each in client.get("/api/v1/escalations?official=me", headers=asked).get_json()["escalations"]
    ]
    assert client.get("/api/v1/escalations?official=me", headers=key).get_json()["escalations"] == []
    assert client.get("/api/v1/escalations?official=you", headers=key).status_code == 422
    client.post(f"/api/v1/escalations/{question.id}/answer", json={"answer": "Two nights"}, headers=asked)
    [told] = client.get(f"{api}/escalations", headers=key).get_json()["escalations"]
    assert (told["answer"], told["state"]) == ("Two nights", "answered")
    raw = {"content_type": "application/octet-stream", "headers": key}
    made = client.post(f"{api}/files?name=passport.pdf", data=b"%PDF-1.7 x", **raw)
    assert made.status_code == 201 and made.get_json()["media_type"] == "application/pdf"
    assert client.post(f"{api}/files", data=b"%PDF-1.7 x", **raw).get_json()["id"] == made.get_json()["id"]
    assert [each["name"] for each in client.get(f"{api}/files", headers=key).get_json()["files"]] == ["passport.pdf"]
    came = client.get(f"{api}/files/{made.get_json()['id']}", headers=key).get_json()
    assert base64.b64decode(came["content"]) == b"%PDF-1.7 x"
    assert client.post(f"{api}/files", data=b"MZ\x00", **raw).status_code == 422
    assert client.post(f"{api}/files?name={'x' * 121}", data=b"%PDF-", **raw).status_code == 422
    assert client.post(f"{api}/files", data=b"%PDF-" + b"x" * MAX_BYTES, **raw).status_code == 413
    assert client.post(f"{api}/files", data=b"%PDF-", headers=key, content_type="text/plain").status_code == 415
    letter = {"data": b"%PDF- letter", "content_type": UPLOAD}
    assert client.post(f"{api}/files?name=letter.pdf", **letter, headers=asked).status_code == 201, "they were asked"
    _, other = key_of(db, "official")
    assert client.post(f"{api}/files", **letter, headers=other).status_code == 403
    for missing in ("/api/v1/cases/999/files", "/api/v1/cases/999/escalations", f"{api}/files/999"):
        assert client.get(missing, headers=key).status_code == 404


def test_protection_by_the_api(client: FlaskClient, db: Database, clock: FrozenClock) -> None:
    own, key = key_of(db, "agent")
    _, senior = key_of(db, "senior_agent")
    _, other = key_of(db, "agent")
    with db.transaction() as session:
        contact, warned = make_contact(session, clock), make_contact(session, clock, ref="call:2")
        for _ in range(3):
            protection.press(session, clock, actor_of(own, "api"), contact.id, note="Insults")
        protection.press(session, clock, actor_of(own, "api"), warned.id)
    api = "/api/v1/protection"
    listed = client.get(f"{api}/incidents", headers=senior).get_json()["incidents"]
    assert [each["state"] for each in listed] == ["warned", "ended"] and "99990001" not in str(listed)
    assert client.get(f"{api}/incidents", headers=other).get_json()["incidents"] == []
    assert len(client.get(f"{api}/incidents?state=ended", headers=key).get_json()["incidents"]) == 1
    assert client.get(f"{api}/incidents?state=x", headers=key).status_code == 422
    ended = f"{api}/incidents/{listed[1]['id']}"
    assert client.post(f"{ended}/review", json={"upheld": False}, headers=key).status_code == 403
    assert client.post(f"{ended}/support", json={"support": "wanted"}, headers=other).status_code == 403
    assert client.post(f"{ended}/support", json={"support": "wanted"}, headers=key).get_json()["support"] == "wanted"
    assert [each["path"] for each in client.get(f"{api}/numbers", headers=key).get_json()["numbers"]] == ["blocked"]
    done = client.post(f"{ended}/review", json={"upheld": False, "note": "Was in pain"}, headers=senior).get_json()
    assert (done["state"], done["review_note"]) == ("overturned", "Was in pain")
    assert client.get(f"{api}/numbers", headers=key).get_json()["numbers"] == [], "overturning lifts the block"
    body = {"phone": "010-5555-0001", "kind": "spam", "reason": "Sells gold", "days": 3}
    assert client.post(f"{api}/numbers", json=body, headers=key).status_code == 403
    held = client.post(f"{api}/numbers", json=body, headers=senior)
    assert held.status_code == 201 and held.get_json()["path"] == "separate"
    assert client.post(f"{api}/numbers", json=body | {"days": 31}, headers=senior).status_code == 422
    lifted = client.post(f"{api}/numbers/{held.get_json()['id']}/lift", headers=senior).get_json()
    assert lifted["lifted_at"] is not None
    with db.transaction() as session:
        kept = session.scalars(select(AuditEntry.action).where(AuditEntry.via == "api")).all()
        assert {"abuse.reviewed", "abuse.support", "number.flagged", "number.lifted"} <= set(kept)
        finish(session, clock, read(session, warned.id), actor_of(own, "console"))
