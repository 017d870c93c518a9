"""What the room that knows the forwarded lines says of a call as it comes in."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from hotline.calls import fallback
from hotline.calls.models import CallLine
from hotline.core import jobs
from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from tests.calls.conftest import CALLER, CENTRE, Hook, Rows, said, twiml
from tests.factories import make_mission

TOKEN = "abcDEF0123456789_-xyz"


class Knows:
    """The room in the registry's place: it answers one thing and remembers what it was asked."""

    def __init__(self, answer: Recognised | None) -> None:
        self.answer, self.asked = answer, list[IncomingCall]()

    def __call__(self, _session: Session, _services: Services, call: IncomingCall) -> Recognised | None:
        self.asked.append(call)
        return self.answer


@pytest.fixture
def mission_id(services: Services) -> int:
    with services.db.transaction() as session:
        return make_mission(session).id


def knows(monkeypatch: pytest.MonkeyPatch, answer: Recognised | None) -> Knows:
    room = Knows(answer)
    monkeypatch.setattr(jobs.registry(), "recognise", room)
    return room


def test_the_call_is_answered_as_the_mission_it_was_meant_for(
    hook: Hook, rows: Rows, mission_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = knows(monkeypatch, Recognised(mission_id))
    answer = hook.ring(
        **{"SipHeader_X-Hotline-Context": TOKEN, "SipHeader_X-Diversion": "<sip:+862162955000@pbx>;reason=no-answer"}
    )
    assert "answering for the Embassy in Manila" in said(answer)
    call = rows.call()
    assert call.mission_id == mission_id
    assert room.asked == [IncomingCall(call.id, CALLER, CENTRE, "", TOKEN, "+862162955000")]


def test_a_language_that_is_known_is_not_asked_for(
    hook: Hook, rows: Rows, mission_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(monkeypatch, Recognised(mission_id, language="en"))
    heard = said(hook.ring())
    assert "For an incident or accident, press 1" in heard and "For English" not in heard and "한국어" not in heard
    assert rows.call().language == "en"


def test_what_that_room_does_not_know_is_found_by_the_number(
    hook: Hook, rows: Rows, mission_id: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(monkeypatch, None)
    with services.db.transaction() as session:
        session.add(CallLine(number=CENTRE, mission_id=mission_id, greeting={}, drill=False))
    hook.ring()
    assert rows.call().mission_id == mission_id


def test_a_test_of_the_line_hears_the_greeting_and_takes_nobodys_time(
    hook: Hook, rows: Rows, mission_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(monkeypatch, Recognised(mission_id, test=True))
    answer = hook.ring()
    assert "answering for the Embassy in Manila" in said(answer) and "test call of the line" in said(answer)
    assert [each.tag for each in twiml(answer)][-1] == "Hangup"
    call = rows.call()
    assert (call.state, call.end_reason, call.drill, call.contact_id) == ("parting", "line_test", True, None)
    hook.status("completed")
    assert rows.call().state == "ended"


@pytest.mark.parametrize("header", ["nonsense", "<sip:reception@pbx>", "+86", "+0123456789", "x" * 5_000])
def test_a_header_that_is_no_number_is_no_obstacle(
    hook: Hook, mission_id: int, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    room = knows(monkeypatch, Recognised(mission_id))
    hook.ring(**{"SipHeader_X-Diversion": header, "SipHeader_X-Hotline-Context": "no token!"})
    assert (room.asked[0].diversion, room.asked[0].context) == ("", "")


def test_a_call_of_an_outage_is_known_as_its_missions_afterwards(
    hook: Hook, rows: Rows, mission_id: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = knows(monkeypatch, Recognised(mission_id))
    hook("fallback", CallSid="CA7", From=CALLER, To=CENTRE, **{"SipHeader_X-Diversion": "+862162955000"})
    assert fallback.reconcile(services) == 1
    assert rows.call().mission_id == mission_id
    assert room.asked == [IncomingCall(rows.call().id, CALLER, CENTRE, "", "", "+862162955000")]
