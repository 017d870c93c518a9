"""The agent's telephone: rung once, screened, bridged; missed in every way; and who goes when somebody leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.calls import dialling, hands
from hotline.core.services import Services
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
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.caller_waits()
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    with monkeypatch.context() as slow:
        slow.setattr(hands, "DEADLINE_S", 0.0)
        slow.setattr(hands, "ALIVE_S", 30.0)
        slow.setattr(hands, "LATEST_S", 0.0)
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


def test_only_a_whole_record_without_the_call_lets_it_be_dialled_again(
    centre: Centre, later: Callable[[float], None]
) -> None:
    centre.telephones.outcomes, centre.telephones.readable = ["never"], False
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
