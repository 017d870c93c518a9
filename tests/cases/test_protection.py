"""Protection: screening that turns nobody in danger away, the one key, review by another, and blocks that end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.cases import protection
from hotline.cases.contacts import attach
from hotline.cases.protection import end_for_abuse, incoming, press, review, warn
from hotline.cases.protection_models import AbuseIncident, NumberFlag, ScreenedCall
from hotline.cases.screening import Flagged, cool_down, judge
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.outbox import OutboxEvent
from tests.cases.test_cases import actions, agent, make_case
from tests.cases.test_contacts import PHONE, make_contact
from tests.conftest import NOW
from tests.factories import make_traveller

EVERY_FLAG = [
    Flagged(kind, path, NOW + timedelta(hours=hours))
    for kind in ("abuse", "spam", "fraud", "burst", "sequence")
    for path in ("separate", "blocked")
    for hours in (-1, 1)
]
FLAGS = st.lists(st.sampled_from(EVERY_FLAG), max_size=4)


@given(FLAGS, st.integers(1, 30), st.integers(1, 30), st.booleans())
def test_nobody_in_danger_is_turned_away(flags: list[Flagged], calls: int, neighbours: int, known: bool) -> None:
    given_ = {"now": NOW, "flags": flags, "calls": calls, "neighbours": neighbours, "known": known}
    assert judge(**given_, danger=True).path == "normal"
    found = judge(**given_, danger=False)
    assert judge(**given_, danger=True).why == found.why
    assert found.until is None or found.until > NOW
    if found.path == "blocked":
        assert any(flag.path == "blocked" and flag.until > NOW for flag in flags)


def test_a_burst_goes_its_own_way_and_is_flagged_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        paths = [incoming(session, clock, PHONE).path for _ in range(8)]
        assert paths == ["normal"] * 5 + ["separate"] * 3
        assert [(flag.kind, flag.path) for flag in session.scalars(select(NumberFlag))] == [("burst", "separate")]
        assert incoming(session, clock, PHONE, danger=True).path == "normal"
        clock.advance(timedelta(hours=2))
        assert incoming(session, clock, PHONE).path == "normal"


def test_the_key_for_danger_is_the_same_call_and_makes_no_burst(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        for _ in range(5):
            assert incoming(session, clock, PHONE).why == ""
            assert incoming(session, clock, PHONE, danger=True).why == ""
        assert len(session.scalars(select(ScreenedCall)).all()) == 5


def test_a_machine_that_counts_through_numbers_is_found(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        found = [incoming(session, clock, f"+821077770{number:03}") for number in range(10)]
        assert [each.why for each in found] == [""] * 7 + ["sequence"] * 3
        assert incoming(session, clock, "+821077770055").path == "separate"
        assert incoming(session, clock, "+821077771055").path == "normal"
        assert incoming(session, clock, "+821077770155").path == "normal", (
            "only the last two digits are counted through"
        )


def test_whoever_is_known_may_dial_again_and_again(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        make_traveller(session, phone=PHONE)
        assert {incoming(session, clock, PHONE).path for _ in range(10)} == {"normal"}
        assert {incoming(session, clock, "").path for _ in range(10)} == {"normal"}


def test_the_key_warns_twice_then_ends_and_blocks_for_a_time(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, contact = agent(session), make_contact(session, clock)
        assert [press(session, clock, who, contact.id).step for _ in range(2)] == ["warned", "warned_again"]
        ended = press(session, clock, who, contact.id, note="Shouted insults")
        assert (ended.step, ended.until) == ("ended", clock.now() + timedelta(hours=1))
        assert (contact.state, contact.disposition) == ("closed", "abuse")
        assert ended.incident.support == "offered"
        payload = session.scalars(select(OutboxEvent.payload).where(OutboxEvent.topic == "AbusiveCallEnded")).one()
        assert (payload["ref"], payload["officer_id"]) == ("call:1", who.id)
        assert actions(session) == ["abuse.warned", "abuse.warned", "contact.closed", "abuse.ended"]
        assert incoming(session, clock, PHONE).path == "blocked"
        assert incoming(session, clock, PHONE, danger=True).path == "normal"
        clock.advance(timedelta(hours=1, seconds=1))
        assert incoming(session, clock, PHONE).path == "normal"
        with pytest.raises(Refused):
            press(session, clock, who, contact.id)


def test_a_call_is_not_ended_before_two_warnings_nor_where_a_life_is_in_danger(
    db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        who, senior = agent(session), agent(session, "senior_agent")
        contact = make_contact(session, clock, danger=True)
        with pytest.raises(Refused) as refusal:
            end_for_abuse(session, clock, who, contact.id)
        assert refusal.value.code == "warn-first"
        warn(session, clock, who, contact.id)
        with pytest.raises(Refused):
            end_for_abuse(session, clock, senior, contact.id)
        warn(session, clock, who, contact.id)
        with pytest.raises(Refused) as refusal:
            end_for_abuse(session, clock, who, contact.id)
        assert refusal.value.code == "danger-call"
        assert end_for_abuse(session, clock, senior, contact.id).step == "ended"


def test_a_threat_to_life_noted_on_the_case_counts_as_danger(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, case, contact = agent(session), make_case(session, clock), make_contact(session, clock)
        case.risks = ["threat_to_life"]
        attach(session, clock, contact.id, case.id)
        for _ in range(2):
            warn(session, clock, who, contact.id)
        with pytest.raises(Refused):
            press(session, clock, who, contact.id)


def test_a_senior_who_was_not_the_agent_looks_at_it(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, senior = agent(session, "senior_agent"), agent(session, "senior_agent")
        contact = make_contact(session, clock)
        for _ in range(3):
            press(session, clock, who, contact.id)
        incident = session.scalars(select(AbuseIncident)).one()
        with pytest.raises(Forbidden):
            review(session, clock, who, incident.id, upheld=True, note="")
        with pytest.raises(Forbidden):
            review(session, clock, agent(session), incident.id, upheld=True, note="")
        review(session, clock, senior, incident.id, upheld=False, note="In shock, not abusive")
        assert incident.state == "overturned"
        assert incoming(session, clock, PHONE).path == "normal"
        with pytest.raises(Refused):
            review(session, clock, senior, incident.id, upheld=True, note="")


def test_blocks_grow_with_each_upheld_call_and_may_be_set(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, senior = agent(session), agent(session, "senior_agent")
        lengths = []
        for number in range(3):
            contact = make_contact(session, clock, ref=f"call:{number}")
            done = [press(session, clock, who, contact.id) for _ in range(3)][-1]
            assert done.until is not None
            lengths.append(done.until - clock.now())
        assert lengths == [cool_down(0), cool_down(1), cool_down(2)] == sorted(set(lengths))
        review(session, clock, senior, done.incident.id, upheld=True, note="", days=30)
        clock.advance(timedelta(days=29))
        assert incoming(session, clock, PHONE).path == "blocked"
        with pytest.raises(InvalidInput):
            protection.flag_number(session, clock, senior, phone=PHONE, kind="spam", reason="x", days=31)


def test_support_is_offered_to_the_agent_of_the_call_alone(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who, other, contact = agent(session), agent(session), make_contact(session, clock)
        incident = [press(session, clock, who, contact.id) for _ in range(3)][-1].incident
        protection.answer_support(session, clock, who, incident.id, "wanted")
        assert incident.support == "wanted"
        with pytest.raises(Forbidden):
            protection.answer_support(session, clock, other, incident.id, "declined")
        with pytest.raises(InvalidInput):
            protection.answer_support(session, clock, who, incident.id, "maybe")


def test_known_numbers_are_flagged_by_hand_and_lifted(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        senior = agent(session, "senior_agent")
        flag = protection.flag_number(
            session, clock, senior, phone="010-9999-0001", kind="fraud", reason="Poses", days=7
        )
        found = incoming(session, clock, PHONE)
        assert (found.path, found.why, found.until) == ("separate", "fraud", clock.now() + timedelta(days=7))
        protection.lift(session, clock, senior, flag.id)
        protection.lift(session, clock, senior, flag.id)
        assert incoming(session, clock, PHONE).path == "normal"
        assert actions(session) == ["number.flagged", "number.lifted"]
        with pytest.raises(NotFound):
            protection.lift(session, clock, senior, 10**9)


def test_calls_as_they_came_in_are_forgotten_after_a_week(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        incoming(session, clock, PHONE)
        clock.advance(timedelta(days=8))
        incoming(session, clock, PHONE)
        assert protection.forget_calls(session, clock) == 1
        assert len(session.scalars(select(ScreenedCall)).all()) == 1
