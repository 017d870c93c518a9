"""Escalation: an official owes an answer; nobody closes before it; what is late climbs; the person may open it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.cases import escalating, working
from hotline.cases.escalating import answer, climb, escalate, reopen, set_rule
from hotline.cases.escalation_models import Escalation, EscalationRule, EscalationStep
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.notices.models import Notice
from tests.cases.test_cases import agent, make_case
from tests.factories import NOW

PERSON = Actor(kind="person", id=None, name="person", via="link")


def make_rule(session: Session, clock: FrozenClock, official: Actor, **more: Any) -> EscalationRule:
    values: dict[str, Any] = {
        "country": "", "risk": "", "level": 1, "official_id": official.id, "deadline_minutes": 60, "phone": "",
    } | more  # fmt: skip
    return set_rule(session, clock, agent(session, "administrator"), **values)


def test_nobody_closes_a_case_before_the_official_has_answered(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, senior, official = agent(session), agent(session, "senior_agent"), agent(session, "official")
        make_rule(session, clock, official, phone="+821055550001")
        case = make_case(session, clock)
        working.take(session, clock, who, case.id)
        asked = escalate(session, clock, who, case.id, question="May we charter a bus?")
        assert (asked.official_id, asked.due_at) == (official.id, clock.now() + timedelta(minutes=60))
        for closer in (who, senior):
            with pytest.raises(Refused) as refusal:
                working.close(session, clock, closer, case.id, reason="done")
            assert refusal.value.code == "official-owes-answer"
        with pytest.raises(Refused):
            escalate(session, clock, who, case.id, question="again")
        for stranger in (senior, agent(session, "official")):
            with pytest.raises(Forbidden):
                answer(session, clock, stranger, asked.id, words="yes")
        answer(session, clock, official, asked.id, words="Yes, up to forty seats.")
        with pytest.raises(Refused):
            answer(session, clock, official, asked.id, words="No")
        working.close(session, clock, who, case.id, reason="bus left")
        assert case.state == "closed"
        (notice,) = session.scalars(select(Notice)).all()
        assert notice.phone == "+821055550001" and "CS-" in notice.body


def test_what_is_late_climbs_step_by_step_and_is_asked_again_at_the_top(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, first, second = agent(session), agent(session, "official"), agent(session, "official")
        make_rule(session, clock, first)
        make_rule(session, clock, second, level=3, deadline_minutes=30)
        asked_id = escalate(session, clock, who, make_case(session, clock).id, question="?").id
    assert climb(services) == 0
    clock.advance(timedelta(minutes=61))
    assert climb(services) == 1 and climb(services) == 0
    clock.advance(timedelta(minutes=31))
    assert climb(services) == 1
    with services.db.transaction() as session:
        steps = session.scalars(select(EscalationStep).order_by(EscalationStep.id)).all()
        assert [(each.kind, each.level, each.official_id) for each in steps] == [
            ("asked", 1, first.id), ("climbed", 3, second.id), ("reminded", 3, second.id),
        ]  # fmt: skip
        answer(session, clock, first, asked_id, words="Here I am")
        assert session.get_one(Escalation, asked_id).answered_by_id == first.id
    clock.advance(timedelta(days=2))
    assert climb(services) == 0


def test_whoever_stands_at_the_top_now_is_asked_and_may_answer(services: Services, clock: FrozenClock) -> None:
    """Else a case whose official has left could never be answered, and so never be closed."""
    with services.db.transaction() as session:
        who, first, second = agent(session), agent(session, "official"), agent(session, "official")
        make_rule(session, clock, first)
        case = make_case(session, clock)
        asked_id = escalate(session, clock, who, case.id, question="?").id
        session.get_one(Officer, first.id).disabled_at = clock.now()
        make_rule(session, clock, second)
    clock.advance(timedelta(minutes=61))
    assert climb(services) == 1
    with services.db.transaction() as session:
        escalation = session.get_one(Escalation, asked_id)
        assert (escalation.official_id, escalation.reminders, escalation.state) == (second.id, 1, "asked")
        assert asked_id in {each.id for each in escalating.waiting_questions(session, official_id=second.id)}
        answer(session, clock, second, asked_id, words="Mine now.")
        working.close(session, clock, who, case.id, reason="done")


def test_nobody_is_asked_who_has_left(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, gone, middle, top = agent(session), *(agent(session, "official") for _ in range(3))
        for level, official in ((1, gone), (2, middle), (3, top)):
            make_rule(session, clock, official, level=level)
        session.get_one(Officer, gone.id).disabled_at = clock.now()
        asked = escalate(session, clock, who, make_case(session, clock).id, question="?")
        assert (asked.official_id, asked.level) == (middle.id, 2)
        asked_id = asked.id
        session.get_one(Officer, top.id).roles = ["agent"]
    clock.advance(timedelta(minutes=61))
    assert climb(services) == 1
    with services.db.transaction() as session:
        assert session.get_one(Escalation, asked_id).official_id == middle.id, (
            "asked again, for nobody above may answer"
        )
        session.get_one(Officer, middle.id).disabled_at = clock.now()
        with pytest.raises(Refused) as refusal:
            escalate(session, clock, who, make_case(session, clock).id, question="?")
        assert refusal.value.code == "no-rule"


def test_the_most_exact_rule_holds_and_none_is_said_plainly(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, official = agent(session), agent(session, "official")
        case = make_case(session, clock)
        with pytest.raises(Refused) as refusal:
            escalate(session, clock, who, case.id, question="?")
        assert refusal.value.code == "no-rule"
        anyone = make_rule(session, clock, official)
        philippines = make_rule(session, clock, official, country="PH")
        minors = make_rule(session, clock, official, risk="minor")
        rules = escalating.live_rules(session)
        for country, risks, wanted in (
            ("JP", (), anyone), ("PH", (), philippines), ("PH", ("minor",), minors), ("JP", ("minor",), minors),
        ):  # fmt: skip
            assert escalating.rule_for(rules, country=country, risks=risks, level=1) is wanted
        again = make_rule(session, clock, official, deadline_minutes=10)
        assert anyone.removed_at == NOW and again in escalating.live_rules(session)
        escalating.remove_rule(session, clock, who, again.id)
        assert again not in escalating.live_rules(session)


@pytest.mark.parametrize(
    "wrong", [{"country": "PHL"}, {"risk": "rain"}, {"level": 6}, {"deadline_minutes": 1}, {"official_id": 10**9}]
)
def test_rules_that_cannot_be_meant_are_refused(services: Services, clock: FrozenClock, wrong: dict[str, Any]) -> None:
    with services.db.transaction() as session, pytest.raises(InvalidInput):
        make_rule(session, clock, agent(session, "official"), **wrong)


def test_a_closed_case_is_opened_again_by_the_person_within_its_time(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, case = agent(session), make_case(session, clock)
        working.take(session, clock, who, case.id)
        working.close(session, clock, who, case.id, reason="done")
        clock.advance(timedelta(days=13))
        reopen(session, clock, PERSON, case.id, reason="Still no passport")
        assert (case.state, case.owner_id, case.closed_at) == ("in_hand", who.id, None)
        working.close(session, clock, who, case.id, reason="done")
        clock.advance(timedelta(days=15))
        with pytest.raises(Refused) as refusal:
            reopen(session, clock, PERSON, case.id, reason="x")
        assert refusal.value.code == "too-late"


def test_a_case_whose_owner_has_left_is_opened_again_to_anybody(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, case = agent(session), make_case(session, clock)
        working.take(session, clock, who, case.id)
        working.close(session, clock, who, case.id, reason="done")
        session.get_one(Officer, who.id).disabled_at = clock.now()
        reopen(session, clock, PERSON, case.id, reason="Still no passport")
        assert (case.state, case.owner_id) == ("open", None)


def test_a_question_that_another_round_has_moved_already_does_not_climb_twice(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        who, *officials = agent(session), *(agent(session, "official") for _ in range(3))
        for level, official in enumerate(officials, start=1):
            make_rule(session, clock, official, level=level)
        case = make_case(session, clock)
        asked = escalate(session, clock, who, case.id, question="?")
        clock.advance(timedelta(minutes=60))
        # Two rounds of the job found it due; the second waits for the first under the case's lock.
        assert escalating._climb_one(session, clock, asked.id, case.id)
        assert not escalating._climb_one(session, clock, asked.id, case.id)
        assert (asked.level, asked.official_id) == (2, officials[1].id)


def test_a_newer_case_stands_in_the_way_of_opening_an_old_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        who, case = agent(session), make_case(session, clock)
        working.close(session, clock, who, case.id, reason="done")
        make_case(session, clock, traveller_id=case.traveller_id)
        with pytest.raises(Refused) as refusal:
            reopen(session, clock, who, case.id, reason="x")
        assert refusal.value.code == "newer-case"
        with pytest.raises(NotFound):
            answer(session, clock, who, 10**9, words="x")
