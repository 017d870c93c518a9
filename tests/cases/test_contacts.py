"""Contacts: kept once, tied to one case, closed with what was heard; and the persons behind them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.cases import contacts, persons, working
from hotline.cases.contact_models import Contact
from hotline.cases.contacts import NewContact, attach, close_contact, open_case, open_contact
from hotline.cases.judging import MOODS, RISKS, rank_of, senior_needed
from hotline.cases.models import CasePerson
from hotline.cases.person_models import Person
from hotline.cases.reading import history
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.outbox import OutboxEvent
from tests.cases.test_cases import actions, agent, make_case
from tests.factories import make_traveller

PHONE = "+821099990001"


def make_contact(session: Session, clock: FrozenClock, **more: Any) -> Contact:
    values: dict[str, Any] = {"kind": "call", "ref": "call:1", "direction": "in", "phone": PHONE} | more
    return open_contact(session, clock, NewContact(**values))


def finish(session: Session, clock: FrozenClock, contact: Contact, who: Actor, **more: Any) -> Contact:
    values: dict[str, Any] = {"disposition": "safety", "note": "", "mood": "", "risk": ()} | more
    return close_contact(session, clock, contact.id, by=who, **values)


@given(st.integers(0, 9), st.sampled_from(["", *MOODS]), st.sets(st.sampled_from(RISKS)))
def test_who_calls_a_third_time_or_in_distress_goes_to_a_senior(calls: int, mood: str, risks: set[str]) -> None:
    needed = senior_needed(calls_before=calls, mood=mood, risks=risks)
    assert needed.needed == (
        calls >= 2 or mood == "distressed" or "distress" in risks or "threat_to_life" in risks
    )  # fmt: skip
    assert needed.needed == bool(needed.rule)
    assert senior_needed(calls_before=calls + 1, mood=mood, risks=risks).needed >= needed.needed
    assert 1 <= rank_of(risks, danger=True) == 1 <= rank_of(risks) <= 4


def test_the_same_ref_is_one_contact(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = make_contact(session, clock)
        assert make_contact(session, clock, phone="+821099990002").id == first.id
        assert (first.person_id, first.state, first.phone) == (None, "open", PHONE)


@pytest.mark.parametrize(
    "wrong", [{"kind": "fax"}, {"direction": "up"}, {"ref": ""}, {"phone": "010-1234"}, {"phone": "+" + "1" * 16}]
)
def test_what_cannot_be_a_contact_is_refused(db: Database, clock: FrozenClock, wrong: dict[str, str]) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput):
        make_contact(session, clock, **wrong)


def test_a_traveller_who_calls_becomes_a_person_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, name="Kim Minsu", phone=PHONE)
        first, second = make_contact(session, clock), make_contact(session, clock, ref="call:2")
        assert first.person_id == second.person_id is not None
        person = persons.get_person(session, first.person_id)
        assert (person.traveller_id, person.name, persons.phones_of(session, person.id)) == (
            traveller.id, "Kim Minsu", [PHONE],
        )  # fmt: skip


def test_nobody_is_taken_for_the_caller_when_several_share_a_number(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        make_traveller(session, phone=PHONE)
        who = agent(session)
        other = persons.add_person(session, clock, who, name="어머니", phone=PHONE)
        contact = make_contact(session, clock)
        assert contact.person_id is None
        contacts.identify(session, clock, who, contact.id, other.id)
        assert contact.person_id == other.id
        assert actions(session)[-1] == "contact.identified"


def test_what_a_list_changes_of_a_traveller_follows_at_the_person(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        person_id = persons.of_traveller(session, clock, make_traveller(session, phone=PHONE).id)
        session.execute(text("UPDATE travellers SET name = '박서연', phone = '+821099990009', language = 'en'"))
        person = session.get_one(Person, person_id, populate_existing=True)
        assert (person.name, person.language) == ("박서연", "en")
        assert persons.phones_of(session, person_id) == ["+821099990009"]


def test_a_case_opened_from_a_call_has_its_owner_at_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, contact = agent(session), make_contact(session, clock, danger=True)
        case = open_case(session, clock, who, contact.id, summary="Lost in  Manila")
        assert (case.state, case.owner_id, case.priority, case.summary) == ("in_hand", who.id, 1, "Lost in Manila")
        assert open_case(session, clock, who, contact.id, summary="again").id == case.id
        assert case.traveller_id is None and case.person_id == contact.person_id
        assert make_contact(session, clock, ref="call:2").person_id == case.person_id
        with pytest.raises(InvalidInput):
            open_case(session, clock, who, contact.id, summary=" ")


def test_a_contact_is_never_in_two_cases_nor_in_a_closed_one(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, contact = agent(session), make_contact(session, clock)
        first, second = make_case(session, clock), make_case(session, clock)
        attach(session, clock, contact.id, first.id, actor=who)
        attach(session, clock, contact.id, first.id, actor=who)
        with pytest.raises(Refused) as refusal:
            attach(session, clock, contact.id, second.id)
        assert refusal.value.code == "contact-in-case"
        working.close(session, clock, who, second.id, reason="x")
        with pytest.raises(Refused) as refusal:
            attach(session, clock, make_contact(session, clock, ref="call:9").id, second.id)
        assert refusal.value.code == "case-closed"
        assert [entry.kind for entry in history(session, first.id)] == ["contact", "answer"]


def test_a_relative_who_calls_stands_among_the_people_of_the_case(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        mother = persons.add_person(session, clock, who, name="어머니", phone=PHONE)
        case, contact = make_case(session, clock), make_contact(session, clock)
        attach(session, clock, contact.id, case.id, relation="mother")
        own = session.get_one(Person, case.person_id)
        again = make_contact(session, clock, ref="call:2", phone="", traveller_id=own.traveller_id)
        attach(session, clock, again.id, case.id)
        people = session.scalars(select(CasePerson)).all()
        assert [(each.person_id, each.relation) for each in people] == [(mother.id, "mother")]


def test_what_was_heard_raises_the_case_and_stays_in_its_history(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, contact, case = agent(session), make_contact(session, clock), make_case(session, clock)
        attach(session, clock, contact.id, case.id)
        finish(session, clock, contact, who, note="Insulin gone", mood="distressed", risk={"medical", "distress"})
        finish(session, clock, contact, who, note="other words")
        assert (contact.state, contact.officer_id, contact.note, contact.risks) == (
            "closed", who.id, "Insulin gone", ["medical", "distress"],
        )  # fmt: skip
        assert (case.priority, case.risks) == (2, ["medical", "distress"])
        entry = history(session, case.id)[0]
        assert (entry.kind, entry.body, entry.contact_id) == ("spoken", "Insulin gone", contact.id)
        topics = session.scalars(select(OutboxEvent.topic).where(OutboxEvent.topic == "ContactClosed")).all()
        assert len(topics) == 1


@pytest.mark.parametrize(
    "wrong", [{"disposition": "fun"}, {"mood": "hungry"}, {"risk": {"rain"}}, {"note": "x" * 4001}]
)
def test_a_contact_is_closed_only_with_known_words(db: Database, clock: FrozenClock, wrong: dict[str, Any]) -> None:
    with db.transaction() as session:
        who, contact = agent(session), make_contact(session, clock)
        with pytest.raises(InvalidInput):
            finish(session, clock, contact, who, **wrong)


def test_strangers_and_the_system_open_no_case(db: Database, clock: FrozenClock) -> None:
    from hotline.core.actor import SYSTEM

    with db.transaction() as session:
        contact, reader = make_contact(session, clock), agent(session, "auditor")
        for who in (SYSTEM, reader):
            with pytest.raises(Forbidden):
                open_case(session, clock, who, contact.id, summary="x")
        with pytest.raises(NotFound):
            contacts.get_contact(session, 10**9)


def test_what_is_known_of_somebody_is_changed_and_the_trail_keeps_no_words(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        person = persons.add_person(session, clock, who, name=" Anna  Berg ", phone=PHONE, language="en")
        persons.change_person(session, clock, who, person.id, medical="needs insulin", language="de")
        persons.change_person(session, clock, who, person.id, medical="needs insulin")
        assert (person.name, person.language, person.medical) == ("Anna Berg", "de", "needs insulin")
        assert actions(session) == ["person.added", "person.changed"]
        for wrong in ({"name": "x" * 161}, {"language": "x"}, {"medical": "x" * 1001}):
            with pytest.raises(InvalidInput):
                persons.change_person(session, clock, who, person.id, **wrong)
