"""Persons: found in any script, hidden values looked at on record, made one and parted exactly, erased everywhere."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.cases import attaching, erasure, merging, persons, protection, revealing
from hotline.cases.contact_models import Contact
from hotline.cases.contacts import open_case
from hotline.cases.finding import find_persons
from hotline.cases.known import who_is
from hotline.cases.models import Attachment, Case, CaseEntry
from hotline.cases.passports import passport_hash
from hotline.cases.person_models import Person, PersonPhone
from hotline.cases.protection_models import AbuseIncident, NumberFlag, ScreenedCall
from hotline.cases.reading import CaseFilter, list_cases
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, TooLarge
from hotline.core.services import Services
from hotline.people import travellers
from tests.cases.test_cases import agent, make_case
from tests.cases.test_contacts import PHONE, finish, make_contact
from tests.factories import make_traveller

pytestmark = pytest.mark.usefixtures("services")
PDF = b"%PDF-1.7 a page"


def add(session: Session, clock: FrozenClock, who: Actor, name: str, phone: str = "", **more: Any) -> int:
    return persons.add_person(session, clock, who, name=name, phone=phone, **more).id


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("김민수", "김민서"), ("김민수", "민수"), ("Łukasz Żółkiewski", "zolkiewski"), ("王小明", "王小明"),
        ("山田 太郎", "太郎"),        ("Нгуен Ван", "нгуен"), ("محمد علي", "محمد"), ("Kim Minsu", "kim minsoo"),
        ("José Núñez", "JOSE NUNEZ"),
    ],
)  # fmt: skip
def test_names_are_found_in_every_script_and_misspelt(
    services: Services, clock: FrozenClock, name: str, typed: str
) -> None:
    with services.db.transaction() as session:
        who = agent(session)
        wanted = add(session, clock, who, name)
        add(session, clock, who, "Quite Different")
        assert find_persons(session, services.settings, typed, passports=False, phones=False) == [wanted]


def test_numbers_and_passports_find_their_person_and_only_who_may(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        senior, who = agent(session, "senior_agent"), agent(session)
        person_id = add(session, clock, senior, "Anna", PHONE)
        revealing.set_passport(session, clock, senior, services.settings, person_id, "m 123-45678")

        def find(typed: str, may: bool = False) -> list[int]:
            return find_persons(session, services.settings, typed, passports=may, phones=True)

        assert find("010-9999-0001") == find("+82109999") == find("90001") == find("M12345678", may=True) == [person_id]
        assert find("M12345678") == find("00000") == find("  ") == []
        case_id = make_case(session, clock, traveller_id=make_traveller(session, name="홍길동").id).id
        assert [case.id for case in list_cases(session, CaseFilter(search="홍길둥")).cases] == [case_id]
        row = session.scalars(select(Person.passport_hash).where(Person.id == person_id)).one()
        assert row is not None and "12345678" not in row and len(row) == 64
        with pytest.raises(Forbidden):
            revealing.set_passport(session, clock, who, services.settings, person_id, "M12345678")
        with pytest.raises(InvalidInput) as fault:
            revealing.set_passport(session, clock, senior, services.settings, person_id, "secret!")
        assert "secret" not in str(fault.value)


def test_the_hash_of_a_passport_is_made_with_the_houses_own_secret_and_cannot_be_tried_out(services: Services) -> None:
    ours = services.settings
    theirs = ours.model_copy(update={"secret_key": SecretStr("another house's secret")})
    assert passport_hash(ours, "m 123-45678") == passport_hash(ours, "M12345678") != passport_hash(theirs, "M12345678")
    tried = {hashlib.new(name, b"M12345678").hexdigest() for name in ("sha256", "sha3_256", "blake2s")}
    assert passport_hash(ours, "M12345678") not in tried


def test_every_look_at_a_hidden_value_is_on_record_without_the_value(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        senior, who = agent(session, "senior_agent"), agent(session)
        person_id = add(session, clock, senior, "Anna", PHONE)
        persons.change_person(session, clock, senior, person_id, medical="insulin")
        assert revealing.reveal(session, clock, who, person_id, "phone") == [PHONE]
        assert revealing.reveal(session, clock, senior, person_id, "medical") == ["insulin"]
        with pytest.raises(Forbidden):
            revealing.reveal(session, clock, who, person_id, "medical")
        with pytest.raises(Forbidden):
            revealing.reveal(session, clock, agent(session, "auditor"), person_id, "phone")
        looks = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.revealed")).all()
        assert [(each.actor_id, each.after) for each in looks] == [
            (who.id, {"field": "phone"}), (senior.id, {"field": "medical"}),
        ]  # fmt: skip
        trail = session.scalar(text("SELECT string_agg(coalesce(after::text, ''), '') FROM audit_entries"))
        assert PHONE not in trail and "insulin" not in trail


def test_doubles_are_proposed_merged_and_parted_exactly(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        senior = agent(session, "senior_agent")
        first, second = (
            add(session, clock, senior, "Kim Minsu", PHONE),
            add(session, clock, senior, "Kim Min-su", PHONE),
        )
        add(session, clock, senior, "Lee Younghee", PHONE)
        (proposed,) = merging.proposals(session)
        assert (proposed.first_id, proposed.second_id, proposed.why) == (first, second, "phone")
        third = add(session, clock, senior, "M. Kim")
        inner = merging.merge(session, clock, senior, second, third)
        before = session.execute(text("SELECT id, merged_into_id FROM persons ORDER BY id")).all()
        outer = merging.merge(session, clock, senior, first, third)
        assert outer.other_id == second and merging.proposals(session) == []
        assert persons.members(session, first) == sorted([first, second, third])
        assert persons.get_person(session, third).id == first
        with pytest.raises(Refused) as refusal:
            merging.undo(session, clock, senior, inner.id)
        assert refusal.value.code == "undo-later-first"
        with pytest.raises(Refused):
            merging.merge(session, clock, senior, second, third)
        merging.undo(session, clock, senior, outer.id)
        merging.undo(session, clock, senior, outer.id)
        assert session.execute(text("SELECT id, merged_into_id FROM persons ORDER BY id")).all() == before
        clock.advance(timedelta(days=8))
        with pytest.raises(Refused) as refusal:
            merging.undo(session, clock, senior, inner.id)
        assert refusal.value.code == "undo-over"
        with pytest.raises(NotFound):
            merging.undo(session, clock, senior, 10**9)


def test_the_history_of_merged_persons_is_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        senior = agent(session, "senior_agent")
        case = open_case(session, clock, senior, make_contact(session, clock).id, summary="x")
        other = add(session, clock, senior, "Anna", "+821099990002")
        merging.merge(session, clock, senior, other, case.person_id)
        for phone in (PHONE, "+821099990002"):
            known = who_is(session, phone)
            assert [each.id for each in known.cases] == [case.id]
            assert known.person is not None and known.person.name == "Anna"
        later = make_contact(session, clock, ref="call:2", phone="+821099990002")
        assert later.person_id == other


def test_files_are_told_by_their_content_and_bounded(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, case = agent(session), make_case(session, clock)
        row = attaching.attach_file(session, clock, who, case.id, name='../e"vil.pdf', content=PDF)
        assert attaching.attach_file(session, clock, who, case.id, name="again.pdf", content=PDF).id == row.id
        assert (row.media_type, row.name) == ("application/pdf", ".._e_vil.pdf")
        assert attaching.get_file(session, case.id, row.id)[1] == PDF
        for content in (b"", b"MZ\x90\x00", b"\xff\xfe\x00", b"GIF89a\x01\x00"):
            with pytest.raises(InvalidInput):
                attaching.attach_file(session, clock, who, case.id, name="x.pdf", content=content)
        with pytest.raises(TooLarge):
            attaching.attach_file(session, clock, who, case.id, name="x", content=b"a" * (attaching.MAX_BYTES + 1))
        with pytest.raises(NotFound):
            attaching.get_file(session, case.id + 1, row.id)


def _everything_about(session: Session) -> str:
    tables = ("persons", "person_phones", "contacts", "cases", "case_entries", "case_people", "attachments",
              "escalations", "abuse_incidents", "number_flags", "screened_calls", "person_merges", "audit_entries")  # fmt: skip
    rows = "SELECT coalesce(string_agg(x::text, ' '), '') FROM {} x"
    return "".join(str(session.scalar(text(rows.format(table)))) for table in tables)


@pytest.mark.parametrize("traveller", [True, False])
def test_erasing_leaves_nothing_that_names_or_finds_them(
    services: Services, clock: FrozenClock, traveller: bool
) -> None:
    with services.db.transaction() as session:
        senior = agent(session, "senior_agent")
        if traveller:
            traveller_id = make_traveller(session, name="Secretname", phone=PHONE).id
        else:
            add(session, clock, senior, "Secretname", PHONE)
        protection.incoming(session, clock, PHONE)
        contact = make_contact(session, clock)
        case = open_case(session, clock, senior, contact.id, summary="Secretname lost")
        revealing.set_passport(session, clock, senior, services.settings, case.person_id, "M12345678")
        persons.change_person(session, clock, senior, case.person_id, medical="Secretname: insulin")
        attaching.attach_file(session, clock, senior, case.id, name="Secretname.txt", content=b"Secretname")
        finish(session, clock, contact, senior, note="Secretname cried")
        rude = make_contact(session, clock, ref="call:2")
        for _ in range(3):
            protection.press(session, clock, senior, rude.id, note="Secretname shouted")
        assert _everything_about(session).count("Secretname") > 5
        if traveller:
            travellers.erase(session, clock, senior, traveller_id)
        else:
            erasure.erase_person(session, clock, senior, case.person_id)
            erasure.erase_person(session, clock, senior, case.person_id)
    if traveller:
        for _ in range(2):
            erasure.forget(services, {"traveller_id": traveller_id})
    with services.db.transaction() as session:
        left = _everything_about(session)
        assert "Secretname" not in left and PHONE not in left
        assert session.scalars(select(PersonPhone)).all() == [] and session.scalars(select(Person.medical)).all() == [
            ""
        ]
        assert session.scalars(select(Attachment.content)).all() == [None]
        assert [len(session.scalars(select(each)).all()) for each in (Case, Contact, AbuseIncident, NumberFlag)] == [
            1, 2, 1, 1,
        ]  # fmt: skip
        assert session.scalars(select(ScreenedCall)).all() == []
        assert (
            "closed" in {row.state for row in session.scalars(select(Contact))}
            and session.scalars(select(CaseEntry)).all()
        )


def test_a_traveller_is_erased_as_a_traveller(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case = make_case(session, clock)
        with pytest.raises(Refused):
            erasure.erase_person(session, clock, agent(session), case.person_id)
