"""A caller and the menu: language, mission, danger, missed keys, dial-through; and every webhook counts once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hotline.calls import queueing
from hotline.calls.menus import MAX_MISSES, Go, default_menu, press
from hotline.calls.models import Call, CallAnnouncement, CallLine
from hotline.core.services import Services
from tests.calls.conftest import CENTRE, Hook, Rows, action_of, said, sid, twiml
from tests.factories import make_mission


def test_a_caller_is_greeted_in_both_languages_and_chooses_one(hook: Hook, rows: Rows) -> None:
    first = hook.ring()
    assert "영사콜센터" in said(first) and "consular call centre" in said(first)
    assert "9번" in said(first) and "press 9" in said(first)
    korean = hook.key(first, "1")
    assert "여권은 2번" in said(korean) and "Passports" not in said(korean)
    assert {each.get("language") for each in twiml(korean).iter("Say")} == {"ko-KR"}
    waiting = hook.key(korean, "2")
    assert "상담원에게 연결합니다" in said(waiting)
    call = rows.call()
    assert (call.state, call.language, call.queue, call.skills) == ("waiting", "ko", "passport", ["passport"])


def test_any_other_language_goes_to_somebody_who_speaks_english(hook: Hook, rows: Rows) -> None:
    answer = hook.key(hook.ring(), "3")
    assert "connected to a person" in said(answer)
    assert rows.call().language == "other" and rows.value("SELECT language FROM queue_entries") == "en"


def test_danger_to_life_jumps_ahead_from_the_very_first_word(hook: Hook, rows: Rows, services: Services) -> None:
    answer = hook.key(hook.ring(), "9")
    assert "emergency" in said(answer) and "긴급" in said(answer)
    call = rows.call()
    assert (call.state, call.danger) == ("waiting", True)
    assert rows.value("SELECT danger FROM queue_entries") and rows.value("SELECT danger FROM contacts")
    gather = twiml(answer).find("Gather")
    assert gather is None, "danger to life is never offered a callback"
    with services.db.transaction() as session:
        assert not queueing.keep_place(session, services, session.get_one(Call, call.id)), (
            "nor given one by a stray key"
        )
    assert rows.call().state == "waiting" and rows.value("SELECT count(*) FROM callbacks") == 0


def test_danger_to_life_is_heard_in_every_question_however_many_keys_were_missed(hook: Hook, rows: Rows) -> None:
    menu = default_menu()
    for node in [*menu.nodes, "gone"]:
        for misses in range(MAX_MISSES + 1):
            outcome, language = press(menu, node, menu.danger_key, misses)
            assert (outcome, language) == (Go(choice=menu.person, danger=True), "")
    silent = hook.key(hook.key(hook.ring(), "1"), "")
    assert "긴급" in said(hook.key(silent, "9"))
    assert (rows.call().state, rows.call().danger) == ("waiting", True)


def test_no_key_and_then_a_wrong_one_lead_to_a_person(hook: Hook, rows: Rows) -> None:
    first = hook.key(hook.ring(), "1")
    silent = hook.key(first, "")
    assert "누르신 번호가 없습니다" in said(silent) and rows.call().state == "menu"
    wrong = hook.key(silent, "7")
    assert "상담원에게 연결합니다" in said(wrong)
    assert (rows.call().state, rows.call().queue) == ("waiting", "general")


def test_the_mission_is_known_by_the_number_called_and_else_by_the_one_that_forwarded(
    hook: Hook, rows: Rows, services: Services
) -> None:
    with services.db.transaction() as session:
        manila = make_mission(session)
        own = make_mission(session, name_en="Embassy in Hanoi", phone="+84438315110", emergency_phone="+84904026126")
        session.add(CallLine(number="+82233330001", mission_id=manila.id, greeting={}, drill=False))
        session.add(
            CallLine(number="+82233330002", mission_id=own.id, greeting={"ko": "안녕", "en": "Hello from Hanoi"})
        )
    assert "answering for the Embassy in Manila" in said(hook.ring(1, To="+82233330001"))
    assert "Hello from Hanoi" in said(hook.ring(2, To="+82233330002"))
    assert "answering for the Embassy in Hanoi" in said(hook.ring(3, ForwardedFrom="+84438315110"))
    assert [call.mission_id for call in rows.calls()] == [manila.id, own.id, own.id]


def test_an_announcement_is_heard_while_it_holds(hook: Hook, services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        for hours, words in ((1, "The airport is closed."), (-1, "Old news.")):
            session.add(
                CallAnnouncement(
                    texts={"ko": "공항", "en": words}, starts_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=hours)
                )
            )  # fmt: skip
    heard = said(hook.ring())
    assert "The airport is closed." in heard and "Old news" not in heard


def test_a_withheld_or_odd_number_is_no_obstacle(hook: Hook, rows: Rows) -> None:
    for number, sender in enumerate(("+266696687", "anonymous", "", "sip:x@y"), 1):
        assert "press 2" in said(hook.ring(number, From=sender))
    assert {call.phone for call in rows.calls()} == {""}


def test_a_retried_webhook_gets_the_very_same_document(hook: Hook, rows: Rows, services: Services) -> None:
    first, again = hook.ring(), hook.ring()
    assert first.data == again.data and len(rows.calls()) == 1
    once = hook.key(first, "1")
    with services.db.transaction() as session:
        session.add(
            CallAnnouncement(
                texts={"ko": "x", "en": "x"}, starts_at=services.clock.now(), ends_at=services.clock.now() + timedelta(hours=1)
            )
        )  # fmt: skip
    assert hook.ring().data == first.data, "not what would be said now: what was said"
    assert hook.key(first, "1").data == once.data
    entered = hook.key(once, "2")
    assert hook.key(once, "2").data == entered.data
    assert rows.call().queue_ref == f"call:{rows.call().id}:1"


def test_copies_at_the_same_moment_make_one_call(hook: Hook, rows: Rows, app: object, services: Services) -> None:
    def ring(_: int) -> bytes:
        return Hook(app.test_client(), services).ring().data  # type: ignore[attr-defined, no-any-return]

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ring, range(4)))
    assert len(answers) == 1 and len(rows.calls()) == 1


def test_dial_through_is_screened_and_comes_back_to_a_person_when_nobody_answers(
    hook: Hook, rows: Rows, services: Services
) -> None:
    from hotline.calls.models import CallMenu

    content = default_menu().model_dump(mode="json", exclude_defaults=True)
    content["nodes"]["main"]["keys"]["5"] = {"dial": "+82215881234"}
    with services.db.transaction() as session:
        session.add(CallMenu(version=1, state="published", content=content, updated_at=services.clock.now()))
    answer = hook.key(hook.key(hook.ring(), "1"), "5")
    dial = twiml(answer).find("Dial")
    assert dial is not None and (number := dial.find("Number")) is not None and number.text == "+82215881234"
    assert "Gather" in hook(number.get("url") or "", CallSid=sid(9)).get_data(as_text=True)
    assert rows.call().state == "forwarded"
    back = hook(dial.get("action") or "", CallSid=sid(1), DialCallStatus="no-answer")
    assert "연결되지 않았습니다" in said(back) and rows.call().state == "waiting"
    assert "wait" in action_of(twiml(back))


@pytest.mark.parametrize(
    "target", ["inbound", "menu?call=1&node=main&turn=1&misses=0", "status", "fallback", "wait?call=1&turn=1"]
)
def test_nothing_is_read_without_a_signature(client: object, rows: Rows, target: str) -> None:
    answer = client.post(f"/webhooks/twilio/voice/{target}", data={"CallSid": sid(1), "To": CENTRE})  # type: ignore[attr-defined]
    assert answer.status_code == 403 and rows.calls() == []


def test_nonsense_behind_a_signature_is_answered_with_the_emergency_text_or_refused(hook: Hook, rows: Rows) -> None:
    assert "system has a fault" in said(hook("menu?call=999&node=main&turn=1&misses=0", CallSid=sid(1)))
    assert hook("status", CallSid=sid(1), CallStatus="nonsense").status_code == 422
    assert "system has a fault" in said(hook("wait?call=x&turn=1", CallSid=sid(1)))
    assert twiml(hook("agent?leg=x", CallSid=sid(1))).find("Hangup") is not None, "nobody is rung for an agent's leg"
    assert hook.status("completed", 77).status_code == 204, "a call that nobody knows"
    assert rows.calls() == []


def test_a_call_over_a_sip_address_is_read_as_its_numbers(hook: Hook, rows: Rows) -> None:
    hook.ring(From="sip:+821012345678@exchange.example;transport=tls", To="sip:+82232100404@centre.example")
    call = rows.call()
    assert (call.phone, call.called) == ("+821012345678", "+82232100404")
