"""What is known of a number before hello: whose it is, what is open, what was heard, where they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from hotline.cases import persons, working
from hotline.cases.contacts import attach, open_case
from hotline.cases.known import Known, who_is
from hotline.cases.protection_models import NumberFlag
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.cases.test_cases import agent, make_case
from tests.cases.test_contacts import PHONE, finish, make_contact
from tests.factories import make_traveller

pytestmark = pytest.mark.usefixtures("services")


def test_nothing_is_known_of_a_stranger_and_of_a_withheld_number(db: Database) -> None:
    with db.transaction() as session:
        assert who_is(session, "") == Known()
        assert who_is(session, PHONE) == Known()


def test_the_screen_is_filled_before_hello(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        traveller = make_traveller(session, name="김민수", phone=PHONE, lat=14.6, lon=121.0)
        first = make_contact(session, clock)
        case = open_case(session, clock, who, first.id, summary="Passport stolen", country="PH")
        finish(session, clock, first, who, mood="worried", risk={"minor"})
        clock.advance(timedelta(hours=1))
        known = who_is(session, PHONE)
        assert known.person is not None
        assert (known.person.name, known.person.traveller_id) == ("김민수", traveller.id)
        assert [(each.id, each.owner_id, each.summary) for each in known.cases] == [
            (case.id, who.id, "Passport stolen")
        ]
        assert (known.owner, known.mood, known.times_called) == (who.id, "worried", 1)
        assert known.last_contact is not None and known.last_contact.officer_id == who.id
        assert known.flags == {"minor"} and known.skills == ()
        assert known.place is not None and (known.place.country, known.place.lat) == ("PH", 14.6)


def test_two_statements_fill_the_screen(services: Services, db: Database, clock: FrozenClock) -> None:
    statements: list[Any] = []
    with db.transaction() as session:
        make_traveller(session, phone=PHONE)
        make_contact(session, clock)
        session.flush()
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        who_is(session, PHONE)
    assert 1 <= len(statements) <= 2


def test_a_third_call_and_distress_ask_for_a_senior(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        for number in (1, 2, 3):
            finish(session, clock, make_contact(session, clock, ref=f"call:{number}"), who)
        assert who_is(session, PHONE, this_ref="call:3").senior.rule == "third-call"
        assert who_is(session, PHONE, this_ref="call:3").times_called == 2
        clock.advance(timedelta(hours=73))
        assert who_is(session, PHONE).skills == ()
        finish(session, clock, make_contact(session, clock, ref="call:4"), who, mood="distressed")
        assert who_is(session, PHONE).skills == ("senior",)


def test_a_call_from_a_relative_goes_to_the_owner_of_the_case(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        persons.add_person(session, clock, who, name="어머니", phone=PHONE)
        case = make_case(session, clock)
        working.take(session, clock, who, case.id)
        attach(session, clock, make_contact(session, clock).id, case.id, relation="mother")
        assert who_is(session, PHONE).owner == who.id
        working.close(session, clock, who, case.id, reason="home")
        assert who_is(session, PHONE).owner is None


def test_an_owner_whose_account_is_closed_gets_no_calls(db: Database, clock: FrozenClock) -> None:
    from hotline.auth.models import Officer

    with db.transaction() as session:
        who = agent(session)
        open_case(session, clock, who, make_contact(session, clock).id, summary="x")
        session.get_one(Officer, who.id).disabled_at = clock.now()
        session.flush()
        known = who_is(session, PHONE)
        assert known.owner is None and known.cases[0].owner_id == who.id


def test_everybody_who_shares_a_number_is_named(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        make_traveller(session, name="A", phone=PHONE)
        persons.add_person(session, clock, who, name="B", phone=PHONE)
        known = who_is(session, PHONE)
        assert known.person is None and "several" in known.flags
        assert {(each.name, each.person_id is None) for each in known.persons} == {("A", True), ("B", False)}


def test_calls_of_ours_to_them_do_not_count_as_calls_of_theirs(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        for number, direction in enumerate(("in", "out", "out", "out")):
            finish(session, clock, make_contact(session, clock, ref=f"call:{number}", direction=direction), who)
        known = who_is(session, PHONE)
        assert (known.times_called, known.senior.needed) == (1, False)


def test_only_flags_that_hold_now_are_shown(db: Database, clock: FrozenClock) -> None:
    hour = timedelta(hours=1)
    with db.transaction() as session:
        for kind, since, until, lifted in (
            ("spam", -hour, hour, False), ("fraud", -2 * hour, timedelta(), False), ("abuse", -hour, hour, True),
        ):  # fmt: skip
            session.add(
                NumberFlag(
                    phone=PHONE, kind=kind, path="separate", since=clock.now() + since, until=clock.now() + until,
                    lifted_at=clock.now() if lifted else None,
                )
            )  # fmt: skip
        session.flush()
        assert who_is(session, PHONE).flags == {"spam"}
