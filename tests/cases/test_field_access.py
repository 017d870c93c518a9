"""Hidden fields by role: number, passport and medical note of a person are seen on no page, by no program, search or export
without the right for that very field; the roles are those of the software, so that a new one is tried as well."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.officers import actor_of
from hotline.auth.permissions import ROLES, permissions_of
from hotline.cases import persons, revealing
from hotline.cases.contacts import open_case
from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import callbacks
from tests.auth.conftest import Visitor
from tests.cases.test_contacts import make_contact
from tests.factories import make_officer, make_token, make_traveller
from tests.queues.making import make_queue

PHONE, MIDDLE = "+821034567812", "3456"
PASSPORT, MEDICAL = "M12345678", "인슐린 투여"
READERS = sorted(role for role in ROLES if "cases.read" in permissions_of([role]))
WITHOUT = {
    field: [role for role in READERS if f"persons.{field}" not in permissions_of([role])]
    for field in ("phone", "passport", "medical")
}


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """A browser without JavaScript."""
    return Visitor(app.test_client())


@pytest.fixture
def kept(services: Services, clock: FrozenClock) -> Case:
    """A case of a person with everything that is hidden, who called, is a traveller and is to be called back."""
    with services.db.transaction() as session:
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        make_traveller(session, name="Anna Berg", phone=PHONE)
        contact = make_contact(session, clock, phone=PHONE)
        case = open_case(session, clock, senior, contact.id, summary="Robbed", country="PH")
        persons.change_person(session, clock, senior, case.person_id, medical=MEDICAL)
        revealing.set_passport(session, clock, senior, services.settings, case.person_id, PASSPORT)
        make_queue(session)
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now(), case_id=case.id)
        return case


def someone(services: Services, role: str) -> tuple[str, dict[str, str]]:
    """Make somebody of a role; the name they sign in with, and the header of their program."""
    with services.db.transaction() as session:
        officer = make_officer(session, roles=(role,))
        return officer.name, {"Authorization": f"Bearer {make_token(session, officer)}"}


def digits_in(page: str) -> str:
    """Return a page without the signs that part a number, so that it is found however it is written."""
    return re.sub(r"[\s()\-–]|&nbsp;", "", page)


def pages(case: Case) -> list[str]:
    return [
        f"/persons/{case.person_id}", "/persons?q=Anna", "/cases", "/cases?q=Anna", f"/cases/{case.id}",
        f"/cases/{case.id}/history", "/contacts", "/contacts?state=closed", "/contacts/1", "/protection", "/callbacks",
        "/audit", "/audit.csv", "/",
    ]  # fmt: skip


def endpoints(case: Case) -> list[str]:
    return [
        f"persons/{case.person_id}", "persons?search=Anna", "cases", f"cases/{case.id}", "contacts", "contacts/1",
        "callbacks", "protection/numbers",
    ]  # fmt: skip


def test_there_are_roles_on_both_sides_of_every_field() -> None:
    for field, roles in WITHOUT.items():
        assert roles and set(roles) < set(READERS), field
    assert {"volunteer", "auditor", "official"} <= set(WITHOUT["phone"])
    assert "agent" in WITHOUT["passport"] and "agent" in WITHOUT["medical"] and "agent" not in WITHOUT["phone"]


@pytest.mark.parametrize("role", READERS)
def test_no_page_and_no_export_shows_what_is_hidden(
    services: Services, visitor: Visitor, kept: Case, role: str
) -> None:
    visitor.sign_in(someone(services, role)[0])
    opened = 0
    for path in pages(kept):
        answer = visitor.get(path)
        assert answer.status_code in (200, 403), path
        opened += answer.status_code == 200
        shown = answer.get_data(as_text=True)
        assert PASSPORT not in shown and MEDICAL not in shown, path
        # Callbacks are dialled by hand: whoever may see numbers sees them there; everywhere else nobody does unasked.
        if role in WITHOUT["phone"] or not path.startswith("/callbacks"):
            assert MIDDLE not in digits_in(shown), path
    assert opened >= 7


@pytest.mark.parametrize("role", READERS)
def test_no_program_reads_what_is_hidden(services: Services, client: FlaskClient, kept: Case, role: str) -> None:
    _name, token = someone(services, role)
    for path in endpoints(kept):
        answer = client.get(f"/api/v1/{path}", headers=token)
        assert answer.status_code in (200, 403, 404), path
        shown = answer.get_data(as_text=True)
        assert PASSPORT not in shown and "insulin" not in shown and MEDICAL not in shown, path
        assert MEDICAL.encode("unicode-escape").decode() not in shown, path
        if role in WITHOUT["phone"] or path != "callbacks":
            assert MIDDLE not in digits_in(shown), path
    person = client.get(f"/api/v1/persons/{kept.person_id}", headers=token).get_json()
    assert (person["has_passport"], person["has_medical"]) == (True, True), "that there is something is said"


@pytest.mark.parametrize("role", READERS)
def test_a_number_is_found_only_by_who_may_see_it(
    services: Services, visitor: Visitor, client: FlaskClient, kept: Case, role: str
) -> None:
    name, token = someone(services, role)
    visitor.sign_in(name)
    may = role not in WITHOUT["phone"]
    for typed in ("34567812", "7812", "+8210345", "010-3456-7812", PHONE):
        found = searches(visitor, client, token, typed, kept)
        assert found == dict.fromkeys(found, may), f"{typed}: what is hidden is not found out digit by digit"


@pytest.mark.parametrize("role", READERS)
def test_a_passport_is_found_only_whole_and_only_by_who_may(
    services: Services, visitor: Visitor, client: FlaskClient, kept: Case, role: str
) -> None:
    name, token = someone(services, role)
    visitor.sign_in(name)
    may = role not in WITHOUT["passport"]
    for typed in (PASSPORT, "m 1234-5678"):
        found = searches(visitor, client, token, typed, kept)
        assert found == dict.fromkeys(found, may), typed
        part = searches(visitor, client, token, typed[:-1], kept)
        assert part == dict.fromkeys(part, False), "only its hash is kept, which no part of it finds"


def test_only_the_hash_of_a_passport_is_kept(services: Services, kept: Case) -> None:
    with services.db.transaction() as session:
        hashed = session.scalars(select(Person.passport_hash).where(Person.id == kept.person_id)).one()
    assert hashed is not None and re.fullmatch(r"[0-9a-f]{64}", hashed) and "12345678" not in hashed


def searches(visitor: Visitor, client: FlaskClient, token: dict[str, str], typed: str, case: Case) -> dict[str, bool]:
    """Return for each search of persons and cases whether it finds the person."""
    given = {"q": typed}
    persons_found = client.get("/api/v1/persons", query_string={"search": typed}, headers=token).get_json()["persons"]
    cases_found = client.get("/api/v1/cases", query_string={"search": typed}, headers=token).get_json()["cases"]
    return {
        "page of persons": f'href="/persons/{case.person_id}"'
        in visitor.get("/persons", query_string=given).get_data(as_text=True),
        "page of cases": f'href="/cases/{case.id}"' in visitor.get("/cases", query_string=given).get_data(as_text=True),
        "persons by program": [each["id"] for each in persons_found] == [case.person_id],
        "cases by program": [each["id"] for each in cases_found] == [case.id],
    }


@pytest.mark.parametrize("role", READERS)
def test_a_hidden_value_is_looked_at_only_with_its_own_right(
    services: Services, visitor: Visitor, client: FlaskClient, kept: Case, role: str
) -> None:
    name, token = someone(services, role)
    visitor.sign_in(name)
    for field, value in (("phone", MIDDLE), ("medical", MEDICAL)):
        may = role not in WITHOUT[field]
        page = visitor.post(f"/persons/{kept.person_id}/reveal", {"field": field})
        shown = page.get_data(as_text=True)
        assert page.status_code == (200 if may else 403)
        assert (value in shown or value in digits_in(shown)) is may
        answer = client.post(f"/api/v1/persons/{kept.person_id}/reveal", json={"field": field}, headers=token)
        assert answer.status_code == (200 if may else 403)
        assert not may or value in answer.get_json()["values"][0]


def test_a_role_without_the_right_sets_neither_passport_nor_medical_note(
    services: Services, visitor: Visitor, kept: Case
) -> None:
    visitor.sign_in(someone(services, "agent")[0])
    data = {"name": "Anna Berg", "language": "en", "passport": "X7654321", "medical": "nothing"}
    visitor.post(f"/persons/{kept.person_id}/change", data)
    with services.db.transaction() as session:
        person = session.get_one(Person, kept.person_id)
        assert person.medical == MEDICAL
        assert person.passport_hash is not None
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        before = person.passport_hash
        revealing.set_passport(session, services.clock, senior, services.settings, person.id, PASSPORT)
        assert person.passport_hash == before
