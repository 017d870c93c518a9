"""Calls to volunteers: on record before they are placed, never twice blind, beneath alerts; what is heard, which key counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from hotline.agents.states import NOT_READY
from hotline.core.services import Services
from hotline.providers import call_starts
from overflow.surge import by_text, calling, doubt
from overflow.surge.calling import OWN, PATH
from overflow.surge.models import AskedPerson, Callout, CalloutCall
from overflow.volunteers.models import Volunteer
from tests.calls.conftest import Hook, action_of, said, sid, twiml
from tests.overflow.surge.world import World
from tests.overflow.volunteers.making import make_away
from tests.queues.making import make_queue


@pytest.fixture
def ringing(world: World) -> World:
    """Return a world in which everybody's telephone is being rung."""
    world.people(2)
    world.start(1)
    world.later(61)
    return world


def page(world: World, hook: Hook, name: str, call: CalloutCall, **fields: str) -> Any:
    """Let the provider ask for a page about a call."""
    given = {
        "CallSid": call.provider_sid or sid(call.id),
        "To": call.phone,
        "From": call.sender,
        "CallStatus": "in-progress",
    }
    return hook(f"{PATH}/{name}?call={call.id}", **(given | fields))


def test_the_call_says_what_is_asked_and_one_means_now(ringing: World, hook: Hook) -> None:
    call = ringing.calls()[0]
    answer = page(ringing, hook, "say", call)
    assert "1번" in said(answer) and "3번" in said(answer) and "자원봉사" in said(answer)
    assert action_of(twiml(answer)).startswith(f"http://127.0.0.1:5000{PATH}/key?call={call.id}")
    thanked = page(ringing, hook, "key", call, Digits="1")
    assert "확정" in said(thanked)
    person = ringing.person(call.person_id)
    assert (person.state, person.answered_by, person.answer) == ("confirmed", "voice", "now")
    assert "기록되어" in said(page(ringing, hook, "key", call, Digits="1")), "the same key again changes nothing"
    assert ringing.told().count("confirmed") == 1


@pytest.mark.parametrize(("digit", "state"), [("2", "later"), ("3", "declined")])
def test_two_means_later_and_three_means_no(ringing: World, hook: Hook, digit: str, state: str) -> None:
    call = ringing.calls()[0]
    page(ringing, hook, "key", call, Digits=digit)
    assert ringing.person(call.person_id).state == state


def test_wrong_keys_and_silence_end_in_a_word_about_the_link(ringing: World, hook: Hook) -> None:
    call = ringing.calls()[0]
    assert "알 수 없습니다" in said(page(ringing, hook, "key", call, Digits="7"))
    last = hook(
        f"{PATH}/say?call={call.id}&misses=2", CallSid=call.provider_sid or "", To=call.phone, CallStatus="in-progress"
    )
    assert "링크" in said(last) and twiml(last).find("Hangup") is not None
    assert ringing.person(call.person_id).state == "calling"


def test_another_number_than_the_one_that_was_called_hears_nothing_of_it(ringing: World, hook: Hook) -> None:
    call = ringing.calls()[0]
    answer = page(ringing, hook, "key", call, Digits="1", To="+821011112222")
    assert "기록하지 못했습니다" in said(answer)
    assert ringing.person(call.person_id).state == "calling"


def test_a_call_out_that_is_over_is_said_to_be_over(ringing: World, hook: Hook) -> None:
    call = ringing.calls()[0]
    ringing.act("cancel")
    assert "종료" in said(page(ringing, hook, "say", call))
    assert "종료" in said(page(ringing, hook, "key", call, Digits="1"))


def test_words_of_the_provider_late_doubled_and_early(ringing: World, hook: Hook) -> None:
    call = ringing.calls()[0]
    for word in ("completed", "ringing", "completed", "in-progress"):
        assert page(ringing, hook, "status", call, CallStatus=word).status_code == 204
    (after,) = [each for each in ringing.calls() if each.id == call.id]
    assert (after.state, after.word) == ("done", "completed")
    assert ringing.person(call.person_id).call_at is not None, "picked up and no key: once more"


def test_a_lost_answer_is_looked_up_and_the_found_call_is_the_one(world: World) -> None:
    world.people(1)
    world.start(1)
    world.telephones.outcomes.append("lost")
    world.later(61)
    assert world.calls()[0].state == "doubt" and world.calls()[0].provider_sid is None
    world.later(5)
    (call,) = world.calls()
    assert call.state == "ringing" and call.provider_sid and call.outcome == "found"
    assert len(world.telephones.made) == 1


def test_a_call_that_was_never_made_is_made_anew_only_when_the_record_proves_it(world: World) -> None:
    world.people(1)
    world.start(1)
    world.telephones.outcomes.append("never")
    world.telephones.readable = False
    world.later(61)
    world.later(60, 10)
    assert len(world.calls()) == 1 and world.calls()[0].state == "doubt"
    world.telephones.readable = True
    world.later(60, 10)
    first, second, *_ = world.calls()
    assert (first.state, first.outcome) == ("done", "absent") and second.state == "ringing"
    assert len(world.telephones.made) == 1


def test_a_call_whose_process_died_before_it_was_placed_is_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people(1)
    world.start(1)
    world.clock.advance(timedelta(seconds=61))
    with world.services.db.transaction() as session:
        assert calling._claim(session, world.services, world.telephones)  # type: ignore[arg-type]  # the port in memory
    world.later(61)
    assert world.calls()[0].outcome == "absent"
    world.later(5)
    assert len(world.telephones.made) == 1 and len(world.calls()) == 2


def test_a_call_without_a_last_word_is_asked_for_and_ends(world: World) -> None:
    world.people(1)
    world.start(1)
    world.later(61)
    (call,) = world.calls()
    world.telephones.statuses[call.provider_sid or ""] = "completed"
    world.later(301)
    assert doubt.clear(world.services) == 0
    assert world.calls()[0].state == "done"


def test_somebody_on_duty_or_on_the_phone_with_us_is_never_rung(world: World) -> None:
    world.people(2)
    world.start(1)
    one, two = world.asked()
    world.chooses(one.id, NOT_READY, "break")
    with world.services.db.transaction() as session:
        make_queue(session)
        session.execute(
            text("INSERT INTO calls (direction, state, phone, called, started_at, heard_at) "
                 "VALUES ('in', 'talking', :phone, '+82232100404', now(), now())"), {"phone": two.phone}
        )  # fmt: skip
    world.later(125, 20)
    assert not world.telephones.made and not world.calls()


def test_a_volunteer_who_left_the_roster_meanwhile_is_not_rung(world: World) -> None:
    world.people(1)
    world.start(1)
    world.change(world.volunteers[0], {"state": "suspended"})
    world.later(61)
    assert not world.telephones.made and world.asked()[0].reason == "no_volunteer"


@pytest.mark.parametrize(
    ("quiet", "ready_in", "after"),
    [
        ((12 * 60 + 5, 7 * 60), timedelta(hours=5), "silent"),  # over midnight, on the clock of Seoul, where it is noon
        ((12 * 60 + 5, 13 * 60), timedelta(hours=5), "silent"),
        ((13 * 60, 12 * 60 + 5), timedelta(hours=5), "calling"),
        ((12 * 60, 13 * 60), timedelta(minutes=30), "calling"),
    ],
)
def test_nobody_is_rung_in_their_quiet_hours_unless_it_is_urgent(
    world: World, quiet: tuple[int, int], ready_in: timedelta, after: str
) -> None:
    world.people(1)
    now = world.clock.now()
    world.start(1, by_at=now + ready_in, until_at=now + timedelta(hours=10))
    world.change(world.volunteers[0], {"quiet_from": quiet[0], "quiet_to": quiet[1]})
    world.later(601)
    (person,) = world.asked()
    assert person.state == after and bool(world.telephones.made) == (after == "calling")
    assert after != "silent" or (person.call_at is None and world.says(person.id, "now") == "confirmed")


def test_nobody_is_rung_on_a_day_away(world: World) -> None:
    world.people(2, zone="Pacific/Kiritimati")
    world.start(1)
    one, two = world.asked()
    today = world.clock.now().astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    with world.services.db.transaction() as session:
        make_away(session, session.get_one(Volunteer, one.volunteer_id), first=today, last=today)
        gone = today - timedelta(days=1)
        make_away(session, session.get_one(Volunteer, two.volunteer_id), first=gone, last=gone)
    world.later(61)
    assert (world.person(one.id).state, world.person(two.id).state) == ("silent", "calling")


def test_calls_keep_to_the_accounts_pace(world: World, services: Services) -> None:
    services.settings = services.settings.model_copy(update={"voice_calls_per_s": 2.0})
    world.people(6)
    world.start(1)
    world.later(60.5)
    assert len(world.telephones.made) == 2
    world.later(1.1)
    assert len(world.telephones.made) == 4


def test_calls_of_alerts_go_first_and_leave_a_share(world: World, services: Services) -> None:
    world.people(3)
    world.start(1)
    now = world.clock.now()

    def room(begun: int, waiting: bool) -> int:
        before = [call_starts.CallStarts("alerts", f"SELECT {begun}", f"SELECT {waiting}")]
        with services.db.connection() as connection:
            return call_starts.room(connection, now, 5.0, before, OWN)

    assert room(0, False) == 5
    assert room(3, False) == 2
    assert room(5, False) == 0
    assert room(0, True) == 1, "one in ten seconds, whatever waits"
    world.later(61)
    now = world.clock.now()
    assert room(0, True) == 0


@pytest.mark.parametrize(
    ("body", "meaning"),
    [("1", "now"), (" Yes. ", "now"), ("네", "now"), ("2", "later"), ("3", "no"), ("아니요", "no"), ("I am safe", None),
     ("STOP", None), ("1" * 60, None)],
)  # fmt: skip
def test_plain_words_are_understood_and_no_blocked_word_is(body: str, meaning: str | None) -> None:
    assert by_text.understand(body) == meaning


def test_a_text_counts_as_an_answer_only_while_somebody_is_asked(world: World) -> None:
    from alerts.inbound import STOP_WORDS, IncomingText, receive
    from alerts.models import InboundText

    assert not {word for word in STOP_WORDS if by_text.understand(word)}
    world.people(1)
    world.start(1)
    person = world.asked()[0]
    receive(world.services, IncomingText("SM1", person.phone, "+15005550006", "1"))
    assert (world.person(person.id).state, world.person(person.id).answered_by) == ("confirmed", "text")
    receive(world.services, IncomingText("SM2", "+821099998888", "+15005550006", "1"))
    with world.services.db.transaction() as session:
        assert len(session.scalars(select(InboundText)).all()) == 2, "every text is kept"
        assert session.scalars(select(AskedPerson)).one().asks == 1
        assert session.get_one(Callout, world.callout_id).state == "asking"


def test_an_answer_counts_from_the_number_that_somebody_holds_now_and_from_no_other(world: World) -> None:
    world.people(1)
    world.start(1)
    (person,) = world.asked()
    world.change(person.volunteer_id, {"phone": "+821095550001"})
    now = world.clock.now()
    with world.services.db.transaction() as session:
        assert by_text.take(session, world.clock, person.phone, "1", None) is None
        assert by_text.take(session, world.clock, "", "1", None) is None
    assert world.person(person.id).state == "asked"
    with world.services.db.transaction() as session:
        assert by_text.take(session, world.clock, "+821095550001", "1", now - timedelta(hours=1))
    assert world.person(person.id).state == "confirmed"
