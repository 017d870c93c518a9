"""A volunteer's one key: on the desk and by the star; the place and the note are kept, and it never circles back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.agents.models import Agent
from hotline.agents.skills import marks_of
from hotline.auth.models import Officer
from hotline.calls import handling, passing_on, presenting
from hotline.calls.models import Call
from hotline.cases import contacts
from hotline.cases.contact_models import Contact
from hotline.core.audit import AuditEntry
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from hotline.queues.models import QueueEntry
from tests.auth.conftest import Visitor
from tests.calls.centre import Centre
from tests.calls.conftest import Hook, Rows, action_of, said, sid, twiml
from tests.calls.telephones import Telephones
from tests.calls.test_handling import at_desk, do, picks_up
from tests.cases.test_contacts import agent as some_agent
from tests.cases.test_contacts import make_contact

PERSON = "+81312345678"


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre whose only agent so far is a volunteer on a telephone."""
    made = Centre(hook, rows, services, telephones)
    volunteer(made, made.agent_id)
    return made


def volunteer(centre: Centre, agent_id: int) -> int:
    """Make an agent one of the first level."""
    with centre.services.db.transaction() as session:
        agent = session.get_one(Agent, agent_id)
        agent.first_level = True
        agent.marks = marks_of(agent.id, agent.skills, agent.languages, first_level=True)
    return agent_id


def leg_number(centre: Centre) -> int:
    """Return the number in the provider's name of the volunteer's leg."""
    return int(centre.telephones.made[-1][1][2:], 16)


def star(centre: Centre) -> Any:
    """Press the star: the second of patience, then the question."""
    number = leg_number(centre)
    (leg,) = [each for each in centre.rows.legs("agent") if each.state == "joined"]
    first = centre.hook(
        f"starred?call={centre.rows.call().id}&turn={900 + number}&leg={leg.id}&asked=0", CallSid=sid(number),
        CallStatus="in-progress",
    )  # fmt: skip
    return centre.hook(action_of(twiml(first)), CallSid=sid(number), CallStatus="in-progress")


def talk_to_volunteer(centre: Centre) -> int:
    """Connect a caller and the volunteer; the call."""
    centre.talk()
    return centre.rows.call().id


def test_the_bridge_of_a_volunteers_telephone_knows_the_star_and_the_screen_says_so(centre: Centre) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    assert "star" in said(screen) and "별표" in said(screen)
    dial = twiml(centre.hook.key(screen, "1", int(leg_sid[2:], 16))).find("Dial")
    assert dial is not None and dial.get("hangupOnStar") == "true" and "/starred?" in (dial.get("action") or "")


def test_staff_have_no_star(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> None:
    centre = Centre(hook, rows, services, telephones)
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    dial = twiml(centre.hook.key(screen, "1", int(leg_sid[2:], 16))).find("Dial")
    assert "star" not in said(screen) and dial is not None and dial.get("hangupOnStar") is None
    with pytest.raises(Refused) as refusal:
        do(centre, passing_on.pass_on, rows.call().id)
    assert refusal.value.code == "not-first-level"


def test_on_the_desk_the_call_keeps_its_place_and_note_and_waits_for_staff(centre: Centre) -> None:
    centre.hook.services.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]  # frozen in tests
    call_id = talk_to_volunteer(centre)
    first = centre.entry()
    another = volunteer(centre, centre.add_agent("+82215551002"))
    do(centre, passing_on.pass_on, call_id, "호텔이 무너졌다고 함")
    call, entry = centre.rows.call(), centre.entry()
    assert (call.state, call.priority, "senior" in call.skills) == ("waiting", handling.PASSED_ON_PRIORITY, True)
    assert (entry.id != first.id, entry.enqueued_at, entry.hard, entry.priority) == (True, first.enqueued_at, True, 8)
    assert "staff" in entry.need.split()
    with centre.services.db.transaction() as session:
        contact = session.query(Contact).one()
        assert "호텔이 무너졌다고 함" in contact.note and contact.state == "open"
    centre.assign()
    assert centre.entry().state == "waiting", "two volunteers are free or will be, and neither gets it"
    assert centre.agent_state(another) == "ready"
    staff = centre.add_agent("+82215551003")
    centre.assign()
    assert centre.agent_state(staff) == "reserved" and centre.agent_state(another) == "ready"


def test_the_caller_hears_a_sentence_and_the_volunteer_wraps_up(centre: Centre) -> None:
    call_id = talk_to_volunteer(centre)
    do(centre, passing_on.pass_on, call_id)
    ordered = centre.telephones.ordered(sid(1))[-1]
    assert "say=passed_on" in ordered["Url"]
    heard = said(centre.hook(ordered["Url"], CallSid=sid(1)))
    assert "다른 담당 창구로 연결합니다" in heard
    (leg,) = centre.rows.legs("agent")
    centre.hook.status("completed", leg_number(centre), 9, leg=leg.id)
    assert centre.agent_state() == "wrap_up"
    desk = at_desk(centre)
    with centre.services.db.transaction() as session:
        handling.write_up(session, desk, disposition="safety", note="계속 울고 있음", mood="distressed")
    with centre.services.db.transaction() as session:
        contact = session.query(Contact).one()
        assert contact.state == "open" and "계속 울고 있음" in contact.note, "whoever takes it over closes it"
    assert centre.agent_state() == "ready"
    centre.assign()
    assert centre.entry().state == "waiting", "it does not come back to the volunteer who passed it on"


def test_a_call_that_was_passed_on_and_given_on_again_stays_with_staff(centre: Centre) -> None:
    call_id = talk_to_volunteer(centre)
    do(centre, passing_on.pass_on, call_id)
    (leg,) = centre.rows.legs("agent")
    centre.hook.status("completed", leg_number(centre), 9, leg=leg.id)
    staff = centre.add_agent("+82215551003")
    centre.agent_rings()
    picks_up(centre)
    assert centre.rows.call().agent_id == staff
    do(centre, handling.requeue, call_id, "passport", agent_id=staff)
    with centre.services.db.transaction() as session:
        entries = session.query(QueueEntry).order_by(QueueEntry.id).all()
        assert [each.hard for each in entries] == [False, True, True]
    with pytest.raises((Refused, Forbidden)):
        do(centre, handling.invite_colleague, call_id, centre.agent_id, agent_id=staff)


def test_no_colleague_of_the_first_level_is_called_into_a_hard_call(centre: Centre) -> None:
    call_id = talk_to_volunteer(centre)
    do(centre, passing_on.pass_on, call_id)
    staff = centre.add_agent("+82215551003")
    another = volunteer(centre, centre.add_agent("+82215551004"))
    centre.agent_rings()
    picks_up(centre)
    with pytest.raises(Refused) as refusal:
        do(centre, handling.invite_colleague, call_id, another, agent_id=staff)
    assert refusal.value.code == "first-level" and centre.agent_state(another) == "ready"


@pytest.mark.parametrize(
    ("call_is_drill", "first_level", "drill"), [(False, True, True), (True, True, False), (False, False, True)]
)
def test_no_colleague_of_the_other_kind_is_offered_or_called_in(
    centre: Centre, call_is_drill: bool, first_level: bool, drill: bool
) -> None:
    call_id = talk_to_volunteer(centre)
    other = centre.add_agent("+82215551004")
    with centre.services.db.transaction() as session:
        session.get_one(Call, call_id).drill = call_is_drill
        session.get_one(Agent, other).first_level, session.get_one(Agent, other).drill = first_level, drill
    with centre.services.db.transaction() as session:
        assert presenting.colleagues(session, centre.agent_id, drill=call_is_drill) == []
        assert [each for each, _ in presenting.colleagues(session, centre.agent_id, drill=not call_is_drill)] == [other]
    with pytest.raises(Refused) as refusal:
        do(centre, handling.invite_colleague, call_id, other)
    assert refusal.value.code == "first-level" and centre.agent_state(other) == "ready"


def test_the_star_asks_and_silence_passes_on(centre: Centre) -> None:
    talk_to_volunteer(centre)
    question = star(centre)
    assert "passed on to staff" in said(question)
    assert centre.rows.call().state == "talking", "nothing happens before three seconds are over"
    done = centre.hook.key(question, "", leg_number(centre))
    assert "Thank you" in said(done) and twiml(done).find("Hangup") is not None
    assert centre.rows.call().state == "waiting" and centre.entry().hard
    again = centre.hook.key(question, "", leg_number(centre))
    assert again.data == done.data and len(centre.rows.calls()) == 1
    with centre.services.db.transaction() as session:
        assert session.query(QueueEntry).count() == 2, "a repetition queues nobody twice"
        officer = session.get_one(Officer, session.get_one(Agent, centre.agent_id).officer_id)
        line = session.query(AuditEntry).filter_by(action="call.passed_on").one()
        assert officer.display_name != line.actor_name == officer.name, "nobody's own name is on the trail"


def test_a_one_after_the_star_goes_back_into_the_call(centre: Centre) -> None:
    talk_to_volunteer(centre)
    back = centre.hook.key(star(centre), "1", leg_number(centre))
    dial = twiml(back).find("Dial")
    assert dial is not None and dial.get("hangupOnStar") == "true"
    assert centre.rows.call().state == "talking" and centre.agent_state() == "talking"


def test_the_end_of_a_call_passes_nothing_on(centre: Centre) -> None:
    talk_to_volunteer(centre)
    (leg,) = centre.rows.legs("agent")
    number = leg_number(centre)
    first = centre.hook(
        f"starred?call={centre.rows.call().id}&turn=990&leg={leg.id}&asked=0",
        CallSid=sid(number),
        CallStatus="in-progress",
    )
    centre.hook.status("completed", 1, 8)  # the person's own word comes a moment after
    answer = centre.hook(action_of(twiml(first)), CallSid=sid(number), CallStatus="in-progress")
    assert twiml(answer).find("Hangup") is not None and twiml(answer).find("Gather") is None
    assert centre.rows.call().state == "ended"
    with centre.services.db.transaction() as session:
        assert session.query(QueueEntry).count() == 1
    hung_up = centre.hook(
        f"starred?call={centre.rows.call().id}&turn=991&leg={leg.id}&asked=0",
        CallSid=sid(number),
        CallStatus="completed",
    )
    assert twiml(hung_up).find("Hangup") is not None


def test_only_ones_own_call_is_passed_on_and_notes_have_their_length(centre: Centre) -> None:
    call_id = talk_to_volunteer(centre)
    other = volunteer(centre, centre.add_agent("+82215551002"))
    with pytest.raises(Forbidden):
        do(centre, passing_on.pass_on, call_id, agent_id=other)
    with pytest.raises(InvalidInput):
        do(centre, passing_on.pass_on, call_id, "x" * 20_000)
    assert centre.rows.call().state == "talking"


def test_a_volunteer_calls_people_of_a_case_and_nobody_else(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        contact = make_contact(session, centre.services.clock, phone=PERSON, ref="call:901")
        case_id = contacts.open_case(
            session, centre.services.clock, some_agent(session), contact.id, summary="Robbed"
        ).id
    for phone, case in ((PERSON, None), ("+81312345679", case_id)):
        with pytest.raises(Refused) as refused:
            do(centre, handling.call_out, phone, case_id=case)
        assert refused.value.code == "first-level-numbers" and not centre.rows.calls()
    assert do(centre, handling.call_out, PERSON, case_id=case_id).phone == PERSON


def test_a_volunteers_desk_has_no_field_for_any_number(centre: Centre, visitor: Visitor) -> None:
    with centre.services.db.transaction() as session:
        agent = session.get_one(Agent, centre.agent_id)
        visitor.sign_in(session.get_one(Officer, agent.officer_id).name)
    assert 'name="phone"' not in visitor.get("/desk").get_data(as_text=True)
    with centre.services.db.transaction() as session:
        session.get_one(Agent, centre.agent_id).first_level = False
    assert 'name="phone"' in visitor.get("/desk").get_data(as_text=True)
