"""What an agent, a lost answer or two requests at once must not bring about; each was possible once."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hotline.calls import agent_leg, handling
from hotline.calls.handling import Desk
from hotline.calls.models import CallLine
from hotline.cases import contacts
from hotline.cases.leaving import leave_message
from hotline.cases.working import get_case
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.services import Services
from tests.calls.centre import Centre
from tests.calls.conftest import Hook, Rows, twiml
from tests.calls.telephones import Telephones
from tests.calls.test_handling import at_desk, do, entry, picks_up
from tests.cases.test_contacts import agent as some_agent
from tests.cases.test_contacts import make_contact

PERSON = "+81312345678"
_MINUTE = timedelta(minutes=1)


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


@pytest.mark.parametrize("outcome", ["later", "never", "lost"])
def test_a_person_is_not_rung_once_the_agent_has_given_up(centre: Centre, outcome: str) -> None:
    do(centre, handling.call_out, PERSON)
    centre.telephones.outcomes = [outcome]
    picks_up(centre)
    assert centre.rows.legs("caller")[0].state in ("planned", "doubt")
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    assert centre.rows.call().state == "ended"
    made = len(centre.telephones.made)
    for _ in range(3):
        centre.services.clock.advance(_MINUTE)  # type: ignore[attr-defined]  # the tests' clock
        centre.carry_out()
    assert len(centre.telephones.made) == made, "nobody is there who would speak with them"
    person = centre.rows.legs("caller")[0]
    if outcome == "lost":
        assert {"Status": "completed"} in centre.telephones.ordered(person.provider_sid or "")
    else:
        assert person.state == "over"


def test_an_answer_that_was_lost_while_the_agent_gave_up_rings_nobody_again(centre: Centre) -> None:
    do(centre, handling.call_out, PERSON)
    picks_up(centre)
    with centre.services.db.transaction() as session:  # the process died between claiming the leg and the answer
        session.execute(
            text(
                "UPDATE call_legs SET state = 'placing', provider_sid = NULL, due_at = placed_at WHERE role = 'caller'"
            )
        )
    centre.telephones.made.pop()
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    for _ in range(3):
        centre.services.clock.advance(_MINUTE)  # type: ignore[attr-defined]  # the tests' clock
        centre.carry_out()
    assert len(centre.telephones.made) == 1 and centre.rows.legs("caller")[0].state == "over"


def test_whoever_answers_a_call_that_is_over_is_not_left_in_an_empty_bridge(centre: Centre) -> None:
    do(centre, handling.call_out, PERSON)
    picks_up(centre)
    request, leg_sid, _ = centre.telephones.made[-1]
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    answer = twiml(centre.hook(request.url, CallSid=leg_sid))
    assert answer.find("Dial") is None and answer.find("Hangup") is not None


def test_a_colleague_acts_in_the_call_only_once_they_are_in_it(centre: Centre) -> None:
    centre.talk()
    other, call_id = centre.add_agent("+82215552000"), centre.rows.call().id
    do(centre, handling.invite_colleague, call_id, other)
    for act in (handling.finish, handling.protect, handling.hand_over):
        with pytest.raises(Forbidden):
            do(centre, act, call_id, agent_id=other)
    picks_up(centre)
    do(centre, handling.hand_over, call_id)
    with pytest.raises(Forbidden):  # the leg of whoever handed it over is still on its way out
        do(centre, handling.finish, call_id)
    do(centre, handling.finish, call_id, agent_id=other)


def test_a_call_out_about_a_case_that_is_none_is_refused_and_keeps_nobody(centre: Centre) -> None:
    with pytest.raises(NotFound):
        do(centre, handling.call_out, PERSON, case_id=999)
    assert centre.rows.calls() == [] and centre.agent_state() == "ready"


def test_two_agents_call_out_about_one_case_at_once(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    other = centre.add_agent("+82215552000")
    with centre.services.db.transaction() as session:
        who, contact = some_agent(session), make_contact(session, centre.services.clock, phone=PERSON, ref="call:900")
        case_id = contacts.open_case(session, centre.services.clock, who, contact.id, summary="Robbed").id
    both_wrote, faults, usual = threading.Barrier(2), [], agent_leg.contact_of

    def contact_of(*given: Any) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both_wrote.wait(1.0)
        usual(*given)

    def call(desk: Desk, phone: str) -> None:
        try:
            with centre.services.db.transaction() as session:
                handling.call_out(session, desk, phone, case_id=case_id)
        except SQLAlchemyError as error:
            faults.append(error)

    monkeypatch.setattr(agent_leg, "contact_of", contact_of)
    given = ((at_desk(centre), PERSON), (at_desk(centre, other), "+81312345679"))
    both = [threading.Thread(target=call, args=each) for each in given]
    for each in both:
        each.start()
    for each in both:
        each.join(120)
    assert faults == [] and len(centre.rows.calls()) == 2


def test_no_call_is_forwarded_to_another_line_of_ours(centre: Centre) -> None:
    line = "+82232100405"
    with centre.services.db.transaction() as session:
        session.add(CallLine(number=line, greeting={}, drill=False))
    centre.talk()
    with pytest.raises(Refused):
        do(centre, handling.forward, centre.rows.call().id, entry(centre, "mission", line))


def test_a_message_is_kept_while_somebody_writes_in_the_case_of_its_caller(services: Services) -> None:
    clock, faults = services.clock, []
    with services.db.transaction() as session:
        contact_id = make_contact(session, clock, phone=PERSON).id
        case_id = contacts.open_case(session, clock, some_agent(session), contact_id, summary="Robbed").id

    def keep() -> None:
        try:
            with services.db.transaction() as session:
                leave_message(session, clock, contact_id, seconds=7, recording_id=1)
        except SQLAlchemyError as error:
            faults.append(error)

    keeping = threading.Thread(target=keep)
    with services.db.transaction() as session:
        get_case(session, case_id, lock=True)
        keeping.start()
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        for _ in range(500):
            if session.scalar(waits):
                break
            keeping.join(0.01)
        contacts.get_contact(session, contact_id, lock=True)
    keeping.join(120)
    assert faults == []
