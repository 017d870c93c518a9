"""The agent's telephone: rung once, screened, bridged; missed in every way; and who goes when somebody leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.calls import dialling, hands
from hotline.core.services import Services
from hotline.queues import callbacks, tending
from tests.calls.centre import Centre
from tests.calls.conftest import CALLER, Hook, Rows, said, sid, twiml
from tests.calls.telephones import Telephones


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


def test_a_waiting_call_rings_the_agent_who_presses_one_and_both_are_in_one_bridge(centre: Centre) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    assert request.to == centre.agent_phone and request.ring_s == 18
    centre.hook.status("ringing", 1000, 1, leg=request.message_id)
    screen = centre.hook(request.url, CallSid=leg_sid)
    assert "press 1" in said(screen) and "Language Korean" in said(screen)
    bridge = centre.hook.key(screen, "1", 1000)
    name = twiml(bridge).findtext("Dial/Conference")
    call = centre.rows.call()
    assert name == f"call-{call.id}" and call.state == "talking" and call.agent_id == centre.agent_id
    centre.carry_out()
    (order,) = centre.telephones.ordered(sid(1))
    caller = centre.hook(order["Url"], CallSid=sid(1))
    conference = twiml(caller).find("Dial/Conference")
    assert conference is not None and conference.text == name
    assert conference.get("endConferenceOnExit") == "true"
    assert centre.states() == ("talking", "taken")


def test_a_retried_reservation_or_key_rings_and_connects_once(centre: Centre) -> None:
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    centre.deliver(again=True)
    centre.carry_out()
    centre.carry_out()
    assert len(centre.telephones.made) == 1
    request, leg_sid, _ = centre.telephones.made[0]
    screen = centre.hook(request.url, CallSid=leg_sid)
    first, again = centre.hook.key(screen, "1", 1000), centre.hook.key(screen, "1", 1000)
    assert first.data == again.data
    centre.carry_out()
    assert len(centre.telephones.ordered(sid(1))) == 1


def test_a_late_answer_to_the_agent_is_asked_for_again_and_never_ends_the_call(
    centre: Centre, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    with monkeypatch.context() as slow, services.db.transaction() as session:
        slow.setattr(hands, "DEADLINE_S", 0.0)
        slow.setattr(hands, "ALIVE_S", 30.0)
        slow.setattr(hands, "LATEST_S", 0.0)
        session.execute(text("LOCK TABLE call_events IN EXCLUSIVE MODE"))  # no event can be written until this is over
        late = twiml(centre.hook.key(screen, "1", 1000))
    assert late.find("Hangup") is None
    bridge = twiml(centre.hook(late.findtext("Redirect") or "", CallSid=leg_sid))
    assert bridge.findtext("Dial/Conference") == f"call-{centre.rows.call().id}"
    assert centre.states() == ("talking", "taken")


@pytest.mark.parametrize("word", ["no-answer", "busy", "failed"])
def test_an_agent_who_does_not_take_it_costs_the_caller_nothing(centre: Centre, word: str) -> None:
    centre.caller_waits()
    request, _leg = centre.agent_rings()
    centre.hook.status(word, 1000, 2, leg=request.message_id)
    assert centre.rows.call().state == "waiting" and centre.entry().state == "waiting"
    assert centre.rows.legs("agent")[0].state == "over"


def test_an_answering_machine_takes_no_call(centre: Centre) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    silent = centre.hook.key(screen, "", 1000)
    assert twiml(silent).find("Hangup") is not None
    assert centre.rows.call().state == "waiting" and centre.entry().state == "waiting"


def test_a_dead_number_is_known_at_once_and_the_caller_keeps_the_place(centre: Centre) -> None:
    centre.telephones.outcomes = ["refused"]
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    centre.carry_out()
    assert centre.rows.legs("agent")[0].state == "over" and centre.entry().state == "waiting"


def test_a_caller_who_hangs_up_while_the_agent_is_rung_stops_the_ringing(centre: Centre) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    centre.hook.status("completed", 1, 5)
    centre.carry_out()
    assert centre.telephones.ordered(leg_sid) == [{"Status": "completed"}]
    late = centre.hook(request.url, CallSid=leg_sid)
    assert "hung up" in said(late) or "끊었" in said(late)
    assert centre.rows.call().state == "ended"


def test_the_agent_hanging_up_ends_the_call_with_a_sentence_and_begins_wrap_up(centre: Centre) -> None:
    leg = centre.talk()
    centre.hook.status("completed", 1000, 9, leg=leg)
    centre.carry_out()
    url = centre.telephones.ordered(sid(1))[-1]["Url"]
    assert "안녕히 계세요" in said(centre.hook(url, CallSid=sid(1)))
    assert centre.rows.call().state == "parting" and centre.agent_state() == "wrap_up"
    centre.hook.status("completed", 1, 9)
    assert (centre.rows.call().state, centre.rows.call().end_reason) == ("ended", "agent")


def test_a_broken_agent_line_brings_the_caller_to_the_front_again(centre: Centre) -> None:
    leg = centre.talk()
    centre.hook.status("failed", 1000, 9, leg=leg)
    centre.carry_out()
    url = centre.telephones.ordered(sid(1))[-1]["Url"]
    assert "상담원" in said(centre.hook(url, CallSid=sid(1)))
    call = centre.rows.call()
    assert call.state == "waiting" and call.queue_ref.endswith(":2")
    assert (centre.entry().priority, centre.entry().enqueued_at) == (9, call.queued_at), "before all but danger to life"


def test_the_caller_hanging_up_frees_the_agent_even_when_the_agents_last_word_is_lost(centre: Centre) -> None:
    centre.talk()
    centre.hook.status("completed", 1, 9)
    centre.carry_out()
    assert {"Status": "completed"} in centre.telephones.ordered(f"CA{1000:032x}")
    centre.telephones.statuses[f"CA{1000:032x}"] = "completed"
    centre.services.clock.advance(timedelta(seconds=200))  # type: ignore[attr-defined]
    assert dialling.reconcile(centre.services) == 1
    assert {leg.state for leg in centre.rows.legs()} == {"over"} and centre.agent_state() == "wrap_up"


def test_a_dial_whose_answer_was_lost_is_looked_up_and_never_dialled_blind_again(
    centre: Centre, later: Callable[[float], None]
) -> None:
    centre.telephones.outcomes = ["lost"]
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    centre.carry_out()
    assert centre.rows.legs("agent")[0].state == "doubt" and len(centre.telephones.made) == 1
    later(5)
    centre.carry_out()
    leg = centre.rows.legs("agent")[0]
    assert (leg.state, leg.provider_sid, len(centre.telephones.made)) == ("ringing", f"CA{1000:032x}", 1)


def run_out(centre: Centre, later: Callable[[float], None]) -> None:
    """Let the reservation's time pass, and the sweeper see it."""
    later(120)
    assert tending.reap(centre.services) == 1


def test_a_reservation_that_is_told_of_too_late_rings_nobody(centre: Centre, later: Callable[[float], None]) -> None:
    centre.caller_waits()
    centre.assign()
    later(120)  # over by its time, and nobody has looked yet
    centre.deliver()
    centre.carry_out()
    assert centre.rows.legs("agent") == [] and centre.telephones.made == []
    assert tending.reap(centre.services) == 1
    centre.deliver(again=True)
    centre.carry_out()
    assert centre.telephones.made == [] and centre.entry().state == "waiting"
    with centre.services.db.transaction() as session:
        session.execute(text("DELETE FROM reservations"))
    centre.deliver(again=True)
    assert centre.rows.legs("agent") == []


def test_after_one_that_came_too_late_the_next_reservation_rings(
    centre: Centre, later: Callable[[float], None]
) -> None:
    centre.caller_waits()
    centre.assign()
    run_out(centre, later)
    centre.deliver()
    centre.add_agent("+82215552000")
    request, _leg = centre.agent_rings()
    assert request.to == "+82215552000" and len(centre.telephones.made) == 1


@pytest.mark.parametrize("swept", [True, False])
def test_a_telephone_planned_in_time_and_dialled_too_late_does_not_ring(
    centre: Centre, later: Callable[[float], None], swept: bool
) -> None:
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    assert centre.rows.legs("agent")[0].state == "planned"
    if swept:
        run_out(centre, later)
    else:
        later(120)
    centre.carry_out()
    (leg,) = centre.rows.legs("agent")
    assert centre.telephones.made == [] and (leg.state, leg.status) == ("over", "canceled")
    assert centre.rows.call().state == "waiting" and centre.entry().state == "waiting"
    assert centre.rows.value("SELECT state || ' ' || why FROM reservations") == "missed expired"


def test_a_callback_that_is_told_of_too_late_calls_nobody(centre: Centre, later: Callable[[float], None]) -> None:
    with centre.services.db.transaction() as session:
        callbacks.reserve(session, centre.services.clock, queue="general", phone=CALLER, at=centre.services.clock.now())
    later(1)
    tending.tend(centre.services)
    centre.assign()
    assert centre.rows.value("SELECT count(*) FROM outbox_events WHERE topic = 'CallbackDue'") == 1
    run_out(centre, later)
    centre.deliver()
    centre.carry_out()
    assert centre.rows.calls() == [] and centre.telephones.made == []
    assert centre.rows.value("SELECT state FROM callbacks") == "queued"


def test_a_leg_of_which_only_the_pick_up_is_known_can_be_hung_up(
    centre: Centre, later: Callable[[float], None]
) -> None:
    centre.telephones.outcomes, centre.telephones.readable = ["lost"], False
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    centre.carry_out()
    request, leg_sid, _ = centre.telephones.made[0]
    assert centre.rows.legs("agent")[0].provider_sid is None
    screen = centre.hook(request.url, CallSid=leg_sid)
    (leg,) = centre.rows.legs("agent")
    assert (leg.provider_sid, leg.state) == (leg_sid, "answered")
    assert centre.rows.value("SELECT state FROM reservations") == "ringing", "the time for the key has begun"
    centre.telephones.readable, centre.telephones.made[:] = True, []
    later(5)
    centre.carry_out()
    assert centre.telephones.made == [], "an empty record makes no doubt of whoever has picked up"
    assert "press 1" in said(screen)
    centre.hook.status("completed", 1, 5)
    centre.carry_out()
    assert centre.telephones.ordered(leg_sid) == [{"Status": "completed"}]


def test_the_telephone_of_an_attempt_that_was_given_up_takes_no_call(centre: Centre) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    assert "끊었습니다" in said(centre.hook(request.url, CallSid=sid(77)))
    assert centre.rows.legs("agent")[0].provider_sid == leg_sid
    assert "press 1" in said(centre.hook(request.url, CallSid=leg_sid))


def test_only_a_whole_record_without_the_call_lets_it_be_dialled_again(
    centre: Centre, later: Callable[[float], None]
) -> None:
    centre.telephones.outcomes, centre.telephones.readable = ["never"], False
    with centre.services.db.transaction() as session:
        session.execute(text("UPDATE queues SET ring_s = 60"))  # the agent is kept for longer than the doubt lasts
    centre.caller_waits()
    centre.assign()
    centre.deliver()
    centre.carry_out()
    later(5)
    centre.carry_out()
    assert centre.rows.legs("agent")[0].state == "doubt"
    centre.telephones.readable = True
    later(31)
    centre.carry_out()
    assert centre.rows.legs("agent")[0].state == "ringing" and len(centre.telephones.made) == 1


def test_an_order_that_fails_is_given_again(centre: Centre, later: Callable[[float], None]) -> None:
    centre.telephones.broken = 1
    centre.talk()
    centre.carry_out()
    assert centre.telephones.ordered(sid(1)) == []
    later(3)
    centre.carry_out()
    assert len(centre.telephones.ordered(sid(1))) == 1


def test_the_waiting_round_itself_connects_when_the_order_is_lost(centre: Centre) -> None:
    hold = centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    centre.hook.key(centre.hook(request.url, CallSid=leg_sid), "1", 1000)
    came_round = centre.hook.key(hold)
    assert twiml(came_round).findtext("Dial/Conference") == f"call-{centre.rows.call().id}"


def test_a_caller_keeps_the_place_and_hangs_up(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        session.execute(text("UPDATE queues SET callback_after_s = 0"))
        session.execute(text("UPDATE agents SET state = 'not_ready', reason = 'meal'"))
    hold = centre.caller_waits()
    assert "1번을 누르세요" in said(hold)
    answer = centre.hook.key(hold, "1")
    assert "순서를 지켜" in said(answer)
    assert centre.rows.call().state == "parting"
    assert centre.rows.value("SELECT phone FROM callbacks WHERE state = 'queued'") == CALLER
    assert centre.entry().kind == "callback" and centre.entry().enqueued_at == centre.rows.call().queued_at
