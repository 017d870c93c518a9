"""Hold, third parties, transfers of every kind, supervisors, calls out and callbacks, as orders to the provider and rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.auth.officers import actor_of
from hotline.calls import handling
from hotline.calls.handling import Desk
from hotline.calls.models import CallerIdRule, PhoneBookEntry
from hotline.cases import protection
from hotline.core.errors import Forbidden, HotlineError, NotFound, Refused
from hotline.core.services import Services
from hotline.queues import callbacks
from tests.calls.centre import Centre
from tests.calls.conftest import CALLER, Hook, Rows, said, sid, twiml
from tests.calls.telephones import Telephones

AGENT_SID = f"CA{1000:032x}"


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


def at_desk(centre: Centre, agent_id: int | None = None) -> Desk:
    from hotline.agents.models import Agent
    from hotline.auth.models import Officer

    with centre.services.db.transaction() as session:
        agent = session.get_one(Agent, agent_id or centre.agent_id)
        return Desk(actor_of(session.get_one(Officer, agent.officer_id), "console"), agent.id, centre.services)


def do(centre: Centre, act: Any, *args: Any, agent_id: int | None = None, **more: Any) -> Any:
    desk = at_desk(centre, agent_id)
    with centre.services.db.transaction() as session:
        result = act(session, desk, *args, **more)
    centre.carry_out()
    return result


def entry(centre: Centre, kind: str = "interpreter", phone: str = "+84901234567") -> int:
    with centre.services.db.transaction() as session:
        row = PhoneBookEntry(
            kind=kind, name_ko="통역", name_en="Interpreter", phone=phone, languages=["vi"],
            updated_at=centre.services.clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def picks_up(centre: Centre, key: str = "1") -> int:
    """Let the telephone that was dialled last press a key; the leg's id."""
    request, leg_sid, _ = centre.telephones.made[-1]
    screen = centre.hook(request.url, CallSid=leg_sid)
    centre.hook.key(screen, key, int(leg_sid[2:], 16))
    centre.carry_out()
    return request.message_id


def test_hold_and_back_are_ordered_once_each(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    do(centre, handling.hold, call.id, on=True)
    do(centre, handling.hold, call.id, on=True)
    held = [each for each in centre.telephones.ordered(sid(1)) if "Hold" in each]
    assert [each["Hold"] for each in held] == ["true"] and "/hold" in held[0]["HoldUrl"]
    assert "resume" in handling.acts_for(centre.rows.call(), centre.rows.legs())
    do(centre, handling.hold, call.id, on=False)
    assert centre.telephones.ordered(sid(1))[-1] == {"Hold": "false"}


def test_warm_transfer_with_an_interpreter_and_then_to_a_colleague(centre: Centre) -> None:
    centre.talk()
    call, colleague = centre.rows.call(), centre.add_agent("+82215552000")
    do(centre, handling.invite_from_book, call.id, entry(centre))
    assert centre.telephones.made[-1][0].to == "+84901234567"
    picks_up(centre)
    assert centre.rows.legs("interpreter")[0].state == "joined"
    do(centre, handling.invite_colleague, call.id, colleague)
    with centre.services.db.transaction() as session:
        shown = handling.current_call(session, colleague)
        assert shown is not None and shown.id == call.id, "the colleague sees the call from the first ring"
    picks_up(centre)
    do(centre, handling.hold, call.id, on=True)
    do(centre, handling.hand_over, call.id)
    assert centre.telephones.ordered(sid(1))[-1] == {"Hold": "false"}, "nobody is left on hold with a new agent"
    assert {"Status": "completed"} in centre.telephones.ordered(AGENT_SID)
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    now = centre.rows.call()
    assert (now.state, now.agent_id) == ("talking", colleague), "the caller never left the bridge"
    assert centre.agent_state() == "wrap_up"


def test_nobody_is_rung_twice_for_a_call_and_no_more_than_eight_are_in_one(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    book = [entry(centre, phone=f"+8490123456{number}") for number in range(7)]
    do(centre, handling.invite_from_book, call.id, book[0])
    with pytest.raises(Refused) as refused:
        do(centre, handling.invite_from_book, call.id, book[0])
    assert refused.value.code == "already-invited"
    for number in range(1, 6):
        do(centre, handling.invite_from_book, call.id, book[number])
    with pytest.raises(Refused) as refused:
        do(centre, handling.invite_from_book, call.id, book[6])
    assert refused.value.code == "call-full" and len(centre.rows.legs()) == 8


def test_blind_transfer_to_a_queue_keeps_the_age_of_the_wait(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    centre.services.clock.advance(timedelta(minutes=3))  # type: ignore[attr-defined]  # the frozen one of tests
    do(centre, handling.requeue, call.id, "incident")
    order = centre.telephones.ordered(sid(1))[-1]
    assert "Pause" not in order and twiml(centre.hook(order["Url"], CallSid=sid(1))).find(".//Play") is not None
    assert (centre.rows.call().state, centre.entry().state) == ("waiting", "waiting")
    assert centre.entry().enqueued_at == call.queued_at
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    assert centre.agent_state() == "wrap_up" and centre.rows.call().state == "waiting"


def test_blind_transfer_to_a_partner_comes_back_when_nobody_answers_and_never_loops(centre: Centre) -> None:
    centre.hook.ring(1, ForwardedFrom="+84438315110")
    centre.services.db.dispose()
    centre.talk()
    call = centre.rows.call()
    with pytest.raises(Refused, match="come back"):
        do(centre, handling.forward, call.id, entry(centre, "mission", "+84438315110"))
    do(centre, handling.forward, call.id, entry(centre, "partner", "+82215881234"))
    url = centre.telephones.ordered(sid(1))[-1]["Url"]
    dial = twiml(centre.hook(url, CallSid=sid(1))).find("Dial")
    assert dial is not None and dial.findtext("Number") == "+82215881234"
    back = centre.hook(dial.get("action") or "", CallSid=sid(1), DialCallStatus="busy")
    assert "연결되지 않았습니다" in said(back) and centre.rows.call().state == "waiting"


def test_a_supervisor_listens_whispers_and_joins(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    chief = centre.add_agent("+82215559000", state="not_ready", role="senior_agent")
    do(centre, handling.watch, call.id, "listen", agent_id=chief)
    request, leg_sid, _ = centre.telephones.made[-1]
    bridge = centre.hook.key(centre.hook(request.url, CallSid=leg_sid), "1", int(leg_sid[2:], 16))
    conference = twiml(bridge).find("Dial/Conference")
    assert conference is not None and conference.get("muted") == "true" and conference.get("beep") == "false"
    do(centre, handling.watch, call.id, "whisper", agent_id=chief)
    assert centre.telephones.ordered(leg_sid)[-1] == {"Muted": "false", "Coaching": "true", "CallSidToCoach": AGENT_SID}
    do(centre, handling.watch, call.id, "join", agent_id=chief)
    assert centre.telephones.ordered(leg_sid)[-1] == {"Muted": "false", "Coaching": "false"}
    with pytest.raises(Forbidden):
        do(centre, handling.watch, call.id, "listen")
    assert centre.rows.value("SELECT count(*) FROM audit_entries WHERE action = 'call.monitored'") == 3


def test_a_colleagues_call_is_nobody_elses(centre: Centre) -> None:
    centre.talk()
    other = centre.add_agent("+82215552000")
    for act, args in ((handling.hold, {"on": True}), (handling.finish, {}), (handling.hand_over, {})):
        with pytest.raises(HotlineError):
            do(centre, act, centre.rows.call().id, agent_id=other, **args)


def test_the_agent_ends_the_call_with_a_sentence(centre: Centre) -> None:
    centre.talk()
    do(centre, handling.finish, centre.rows.call().id)
    url = centre.telephones.ordered(sid(1))[-1]["Url"]
    assert "안녕히 계세요" in said(centre.hook(url, CallSid=sid(1)))
    assert {"Status": "completed"} in centre.telephones.ordered(AGENT_SID)


def test_a_call_out_rings_the_agent_first_and_shows_the_countrys_number(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        session.add_all([
            CallerIdRule(prefix="+8", caller_id="+15005550007"), CallerIdRule(prefix="+81", caller_id="+81345670000"),
        ])  # fmt: skip
    do(centre, handling.call_out, "+81312345678")
    assert centre.telephones.made[-1][0].to == centre.agent_phone and len(centre.telephones.made) == 1
    picks_up(centre)
    request, leg_sid, _ = centre.telephones.made[-1]
    assert (request.to, request.sender) == ("+81312345678", "+81345670000")
    person = centre.hook(request.url, CallSid=leg_sid)
    assert twiml(person).findtext("Dial/Conference") == f"call-{centre.rows.call().id}"
    assert centre.rows.call().state == "talking" and centre.agent_state() == "talking"


@pytest.mark.parametrize(("word", "state"), [("in-progress", "done"), ("no-answer", "planned")])
def test_a_callback_that_is_due_dials_the_agent_and_then_the_person(centre: Centre, word: str, state: str) -> None:
    with centre.services.db.transaction() as session:
        callbacks.reserve(session, centre.services.clock, queue="general", phone=CALLER, at=centre.services.clock.now())
    centre.agent_rings()
    leg = picks_up(centre)
    request, leg_sid, _ = centre.telephones.made[-1]
    assert request.to == CALLER
    if word == "in-progress":
        assert "약속" in said(centre.hook(request.url, CallSid=leg_sid))
    centre.hook.status(word, int(leg_sid[2:], 16), 3, leg=request.message_id)
    assert centre.rows.value("SELECT state FROM callbacks") == state
    if word != "in-progress":
        centre.carry_out()
        centre.hook.status("completed", 1000, 9, leg=leg)
        assert centre.rows.call().state == "ended" and centre.agent_state() == "wrap_up"


def test_the_one_key_warns_twice_and_then_ends_an_abusive_call(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    for step, words in (("warned", "존중"), ("warned_again", "마지막")):
        assert do(centre, handling.protect, call.id) == step
        url = [each["AnnounceUrl"] for each in centre.telephones.ordered(sid(1)) if "AnnounceUrl" in each][-1]
        assert words in said(centre.hook(url, CallSid=sid(1)))
    assert sum("RecordingStatusCallback" in each for each in centre.telephones.ordered(sid(1))) == 1
    assert do(centre, handling.protect, call.id, "shouted") == "ended"
    url = centre.telephones.ordered(sid(1))[-1]["Url"]
    last = centre.hook(url, CallSid=sid(1))
    assert "폭언" in said(last) and twiml(last).find("Hangup") is not None
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    centre.hook.status("completed", 1, 9)
    assert (centre.rows.call().state, centre.rows.call().end_reason) == ("ended", "abuse")
    assert centre.rows.value("SELECT path || phone FROM number_flags") == "blocked" + CALLER
    do(centre, handling.write_up, disposition="abuse")
    assert centre.agent_state() == "not_ready" and centre.rows.value("SELECT reason FROM agents") == "support"


def test_the_key_on_the_contacts_own_page_is_heard_too_and_nothing_twice(centre: Centre) -> None:
    centre.talk()
    call, desk = centre.rows.call(), at_desk(centre)
    for _ in range(3):
        with centre.services.db.transaction() as session:
            protection.press(session, centre.services.clock, desk.actor, call.contact_id or 0)
        centre.deliver()
        centre.deliver(again=True)
        centre.carry_out()
    told = [each["AnnounceUrl"] for each in centre.telephones.ordered(sid(1)) if "AnnounceUrl" in each]
    assert [url.rpartition("=")[2] for url in told] == ["abuse_warned", "abuse_warned_again"]
    assert (centre.rows.call().state, centre.rows.call().end_reason) == ("parting", "abuse")
    assert sum("Url" in each for each in centre.telephones.ordered(sid(1))) == 2, "into the bridge, and out of it"


def test_a_call_is_written_up_with_what_was_heard_and_the_next_one_may_come(centre: Centre) -> None:
    leg = centre.talk()
    with pytest.raises(Refused):
        do(centre, handling.write_up, disposition="passport")
    assert centre.rows.value("SELECT state FROM contacts") == "open", "nothing is kept of what was refused"
    centre.hook.status("completed", 1000, 9, leg=leg)
    do(centre, handling.write_up, disposition="passport", note="Lost it.", mood="worried", risks=("minor",))
    assert centre.agent_state() == "ready"
    assert (
        centre.rows.value("SELECT disposition || mood || note || risks[1] FROM contacts")
        == "passportworriedLost it.minor"
    )
    assert centre.rows.value("SELECT disposition FROM reservations") == "passport"


def test_a_colleague_who_is_called_in_is_kept_from_other_calls_until_they_leave(centre: Centre) -> None:
    centre.talk()
    other = centre.add_agent("+82215552000")
    do(centre, handling.invite_colleague, centre.rows.call().id, other)
    assert centre.agent_state(other) == "reserved"
    with pytest.raises(Refused):
        do(centre, handling.invite_colleague, centre.rows.call().id, other)
    picks_up(centre)
    assert centre.agent_state(other) == "talking"
    do(centre, handling.hand_over, centre.rows.call().id)
    centre.hook.status("completed", 1000, 9, leg=centre.rows.legs("agent")[0].id)
    assert centre.agent_state() == "wrap_up" and centre.rows.call().agent_id == other
    assert centre.rows.call().state == "talking"
    do(centre, handling.write_up, disposition="general", note="Asked about her son.")
    assert centre.agent_state() == "ready" and centre.rows.value("SELECT state FROM contacts") == "open"
    centre.hook.status("completed", 1, 9)
    centre.hook.status("completed", 1001, 9, leg=centre.rows.legs("agent")[-1].id)
    do(centre, handling.write_up, disposition="missing", note="Found him.", agent_id=other)
    assert (
        centre.rows.value("SELECT note || '/' || disposition FROM contacts")
        == "Asked about her son.\nFound him./missing"
    )


def test_a_colleague_who_does_not_come_is_free_again(centre: Centre) -> None:
    centre.talk()
    other = centre.add_agent("+82215552000")
    leg = do(centre, handling.invite_colleague, centre.rows.call().id, other)
    centre.hook.status("no-answer", 1001, 3, leg=leg.id)
    assert centre.agent_state(other) == "ready" and centre.rows.call().state == "talking"


def test_a_call_of_ours_keeps_the_agent_and_stands_in_the_persons_history(centre: Centre) -> None:
    do(centre, handling.call_out, "+81312345678")
    assert centre.agent_state() == "talking"
    with pytest.raises(Refused):
        do(centre, handling.call_out, "+81312345679")
    with pytest.raises(NotFound):
        do(centre, handling.call_out, "+81312345679", case_id=99)
    leg = centre.rows.legs("agent")[0]
    centre.hook.status("no-answer", 1000, 3, leg=leg.id)
    assert centre.rows.call().state == "ended" and centre.agent_state() == "wrap_up"
    assert centre.rows.value("SELECT direction || state FROM contacts") == "outclosed"
