"""When nobody can answer: the message box and its case, danger without staff, full queues, and numbers that are held apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from hotline.cases.models import Case, CaseEntry
from hotline.cases.protection_models import NumberFlag
from hotline.core import outbox
from hotline.core.jobs import registry
from hotline.core.services import Services
from tests.calls.conftest import CALLER, Hook, Rows, said, sid, twiml
from tests.factories import make_officer, make_traveller

DUTY = "+82221001111"


def waits(hook: Hook, number: int = 1, **more: str) -> TestResponse:
    """Let a caller choose Korean and a person."""
    return hook.key(hook.key(hook.ring(number, **more), "1", number), "0", number)


def deliver(services: Services) -> None:
    """Deliver the outbox."""
    outbox.deliver_due(services, registry().handlers)


def to_messages(services: Services) -> None:
    """Let queues without staff send their callers to the message box."""
    with services.db.transaction() as session:
        session.execute(text("UPDATE queues SET overflow_action = 'voicemail', overflow_no_staff = true"))


def leaves_message(hook: Hook, number: int = 1) -> None:
    """Wait, be sent to the message box, speak, and hang up."""
    box = waits(hook, number)
    record = twiml(box).find("Record")
    assert record is not None and "신호음" in said(box)
    thanks = hook(record.get("action") or "", CallSid=sid(number), RecordingDuration="7")
    assert "다시 연락" in said(thanks)
    ready = record.get("recordingStatusCallback") or ""
    fields = {"RecordingSid": f"RE{number:032x}", "RecordingStatus": "completed", "RecordingDuration": "7"}
    assert hook(ready, CallSid=sid(number), **fields).status_code == 204
    assert hook(ready, CallSid=sid(number), **fields).status_code == 204
    hook.status("completed", number, 9)


def test_a_message_is_the_last_resort_and_becomes_a_case_of_nobody_yet(
    hook: Hook, rows: Rows, services: Services
) -> None:
    to_messages(services)
    leaves_message(hook)
    deliver(services)
    with services.db.transaction() as session:
        case = session.scalars(select(Case)).one()
        assert (case.state, case.owner_id, case.source) == ("open", None, f"contact:{rows.call().contact_id}")
        (entry,) = session.scalars(select(CaseEntry).where(CaseEntry.case_id == case.id)).all()
        assert (entry.kind, entry.details["seconds"]) == ("message", 7)
    assert (rows.call().state, rows.call().end_reason) == ("ended", "voicemail")
    assert rows.value("SELECT left_reason FROM queue_entries") == "voicemail"
    assert rows.value("SELECT state FROM contacts") == "closed"


def test_a_second_message_joins_the_open_case(hook: Hook, rows: Rows, services: Services) -> None:
    to_messages(services)
    for number in (1, 2):
        leaves_message(hook, number)
        deliver(services)
    assert rows.value("SELECT count(*) FROM cases") == 1
    assert rows.value("SELECT count(*) FROM case_entries WHERE kind = 'message'") == 2


def test_danger_to_life_with_nobody_on_duty_rings_the_duty_number_once(
    hook: Hook, rows: Rows, services: Services
) -> None:
    services.settings = services.settings.model_copy(update={"voice_duty_number": DUTY})
    to_messages(services)
    rung = hook.key(hook.ring(), "9")
    dial = twiml(rung).find("Dial")
    assert "당직자" in said(rung) and dial is not None and dial.findtext("Number") == DUTY
    back = hook(dial.get("action") or "", CallSid=sid(1), DialCallStatus="no-answer")
    assert "연결되지 않았습니다" in said(back) and "9번" not in said(back)
    again = hook.key(back)
    assert twiml(again).find("Dial") is None and twiml(again).find("Record") is None
    assert (rows.call().state, rows.value("SELECT count(*) FROM queue_entries WHERE danger")) == ("waiting", 2)


def test_a_full_queue_makes_room_in_the_next_and_then_in_the_message_box(
    hook: Hook, rows: Rows, services: Services
) -> None:
    with services.db.transaction() as session:
        session.execute(text("UPDATE queues SET max_waiting = 1"))
    for number in (1, 2, 3):
        waits(hook, number, From=f"+82105550{number:02}00")
    full = waits(hook, 4, From="+821055504000")
    assert "모든 회선" in said(full) and twiml(full).find("Record") is not None
    assert [call.queue for call in rows.calls()] == ["general", "incident", "passport", "general"]
    danger = hook.key(hook.ring(5, From="+821055505000"), "9", 5)
    assert "긴급" in said(danger) and rows.calls()[-1].state == "waiting", "danger to life is never turned away"


def test_a_house_without_queues_takes_messages(hook: Hook, rows: Rows, services: Services) -> None:
    with services.db.transaction() as session:
        session.execute(text("UPDATE queues SET active = false"))
    assert twiml(waits(hook)).find("Record") is not None
    assert rows.call().state == "voicemail"


def flag(services: Services, path: str, kind: str) -> None:
    """Hold something against the caller's number."""
    now = services.clock.now()
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent",))
        session.add(
            NumberFlag(
                phone=CALLER, kind=kind, path=path, since=now, until=now + timedelta(hours=1), officer_id=officer.id,
                reason="test",
            )
        )  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), [("blocked", "abuse"), ("separate", "spam")])
def test_a_number_that_is_held_apart_is_still_heard_when_it_says_danger(
    hook: Hook, rows: Rows, services: Services, path: str, kind: str
) -> None:
    flag(services, path, kind)
    answer = hook.ring()
    assert "9번" in said(answer) and "여권" not in said(answer)
    other = hook.key(answer, "1")
    if path == "blocked":
        assert twiml(other).find("Hangup") is not None and rows.call().end_reason == "blocked"
    else:
        assert twiml(other).find("Record") is not None
    again = hook.ring(2)
    hook.key(again, "9", 2)
    call = rows.calls()[-1]
    assert (call.state, call.danger, call.path, call.path_why) == ("waiting", True, "normal", kind)


def test_a_burst_of_calls_from_one_number_goes_the_separate_way(hook: Hook, rows: Rows) -> None:
    for number in range(1, 8):
        hook.ring(number)
        hook.status("completed", number, 3)
    assert [call.path for call in rows.calls()] == ["normal"] * 5 + ["separate"] * 2
    assert rows.value("SELECT count(*) FROM number_flags WHERE kind = 'burst'") == 1


def test_a_caller_with_an_open_case_waits_for_its_owner_first(
    hook: Hook, rows: Rows, services: Services, later: Callable[[float], None]
) -> None:
    from tests.queues.making import make_agent

    with services.db.transaction() as session:
        person = make_traveller(session, phone=CALLER)
        owner = make_officer(session, roles=("agent",))
        agent_id = make_agent(session, officer=owner, state="ready").id
        make_agent(session, state="ready")
        from hotline.cases.persons import of_traveller

        session.add(
            Case(
                person_id=of_traveller(session, services.clock, person.id), traveller_id=person.id, source="person",
                state="in_hand", owner_id=owner.id, priority=3, country="PH", opened_at=services.clock.now(),
                updated_at=services.clock.now(),
            )
        )  # fmt: skip
    waits(hook)
    assert rows.value("SELECT sticky_agent_id FROM queue_entries") == agent_id
    assert rows.value("SELECT traveller_id FROM calls") is not None


def test_a_third_call_asks_for_a_senior_only_while_one_is_on_duty(
    hook: Hook, rows: Rows, services: Services, later: Callable[[float], None]
) -> None:
    from tests.queues.making import make_agent

    for number in (1, 2):
        waits(hook, number)
        hook.status("completed", number, 3)
        later(3600)
    waits(hook, 3)
    assert rows.value("SELECT skills FROM queue_entries ORDER BY id DESC LIMIT 1") == []
    hook.status("completed", 3, 3)
    later(3600)
    with services.db.transaction() as session:
        make_agent(session, state="talking", token="t", skills={"senior": 1})
    waits(hook, 4)
    assert rows.value("SELECT skills FROM queue_entries ORDER BY id DESC LIMIT 1") == ["senior"]
