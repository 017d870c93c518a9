"""E-mail addresses: checked wherever they come in, kept off the trail, good again when changed, and gone with the person."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from hotline.people import travellers
from hotline.people.fields import TravellerChanges, TravellerFields, checked_email
from hotline.people.models import Traveller
from tests.factories import make_officer, make_token
from tests.registration.conftest import Registering, visitor  # noqa: F401 - a fixture

GOOD = "han.gil@practice.example"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  A.B+c@Example.ORG ", "A.B+c@example.org"), ("x@bücher.example", "x@xn--bcher-kva.example"), ("", None),
        (None, None), ("   ", None),
    ],
)  # fmt: skip
def test_an_address_is_kept_in_one_form(given: str | None, kept: str | None) -> None:
    assert checked_email(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "nobody", "a b@x.example", "길동@x.example", "a@localhost", "a@b\r\nBcc: c@d.example", "<a@x.example>",
        "a@x.example, b@x.example", "x" * 65 + "@x.example", "a@" + "x" * 250 + ".example", "a@-x.example", "\x00@x.example",
    ],
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused_by_name(given: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked_email(given)
    assert refusal.value.field == "email" and "name@example.org" in refusal.value.mend


def test_a_changed_address_is_good_again_and_an_erased_person_keeps_none(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        given = TravellerFields(name="홍길동", phone="+821020000001", email=GOOD)
        person = travellers.add(session, clock, SYSTEM, given)
        person.email_bad_at = clock.now()
        travellers.update(session, clock, SYSTEM, person.id, TravellerChanges(name="홍길순"))
        assert person.email_bad_at is not None
        travellers.update(session, clock, SYSTEM, person.id, TravellerChanges(email="new@practice.example"))
        assert (person.email, person.email_bad_at) == ("new@practice.example", None)
        travellers.update(session, clock, SYSTEM, person.id, TravellerChanges(email=""))
        assert person.email is None
        travellers.update(session, clock, SYSTEM, person.id, TravellerChanges(email=GOOD))
        travellers.erase(session, clock, SYSTEM, person.id)
        session.flush()
        assert (person.email, person.email_bad_at) == (None, None)
        trail = json.dumps([[each.before, each.after] for each in session.scalars(select(AuditEntry))])
    assert "practice.example" not in trail and "[withheld]" in trail


def test_lists_bring_addresses_and_a_list_without_them_takes_none_away(
    client: FlaskClient, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        token = make_token(session, make_officer(session, roles=("author",)))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}

    def take(text: str) -> dict[str, object]:
        answer = client.post("/api/v1/travellers/import", data=text.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    report = take(f"reference,name,phone,이메일\nA-1,홍길동,+821020000001,{GOOD}\nA-2,Jane,+821020000002,nowhere\n")
    assert (report["accepted_count"], report["refused_count"]) == (1, 1)
    assert report["refused"][0]["field"] == "email"  # type: ignore[index]  # a list of faults
    with db.transaction() as session:
        person = session.scalars(select(Traveller)).one()
        person.email_bad_at = clock.now()
    take("reference,name,phone\nA-1,홍길순,+821020000001\n")
    with db.transaction() as session:
        person = session.scalars(select(Traveller)).one()
        assert (person.name, person.email, person.email_bad_at) == ("홍길순", GOOD, clock.now())
    take("reference,name,phone,email\nA-1,홍길순,+821020000001,new@practice.example\n")
    with db.transaction() as session:
        person = session.scalars(select(Traveller)).one()
        assert (person.email, person.email_bad_at) == ("new@practice.example", None)


def test_the_api_takes_shows_and_takes_away_an_address(client: FlaskClient, db: Database) -> None:
    with db.transaction() as session:
        token = make_token(session, make_officer(session, roles=("author",)))
    headers = {"Authorization": f"Bearer {token}"}
    made = client.post(
        "/api/v1/travellers", json={"name": "A", "phone": "+821020000001", "email": GOOD}, headers=headers
    )
    assert made.get_json()["email"] == GOOD
    address = f"/api/v1/travellers/{made.get_json()['id']}"
    assert client.patch(address, json={"email": "nobody"}, headers=headers).status_code == 422
    assert client.patch(address, json={"name": "B"}, headers=headers).get_json()["email"] == GOOD
    assert client.patch(address, json={"email": ""}, headers=headers).get_json()["email"] is None


def test_whoever_registers_may_tell_an_address_change_it_and_take_it_away(visitor: Registering) -> None:  # noqa: F811
    refused = visitor.ask({"email": "nobody"})
    assert refused.status_code == 422 and visitor.codes() == []
    page = visitor.register({"email": GOOD})
    (person,) = visitor.people()
    assert person.email == GOOD and GOOD in page.text
    form = {"act": "save", "traveller": str(person.id), "name": person.name, "language": "ko"}
    visitor.post("/register/me", form | {"email": "new@practice.example"})
    assert visitor.people()[0].email == "new@practice.example"
    visitor.post("/register/me", form | {"email": ""})
    assert visitor.people()[0].email is None
