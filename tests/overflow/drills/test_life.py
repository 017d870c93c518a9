"""The whole life of a test: placed once, met by the call that comes back, judged, repeated, an alarm, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import select

from hotline.calls.models import CallLine, Leg
from hotline.core.audit import AuditEntry
from hotline.missions.models import MissionDuty, MissionLine
from hotline.notices.models import Notice
from overflow.drills import placing
from overflow.drills.placing import PATH
from tests.calls.conftest import CALLER, Rows, said, sid, twiml
from tests.overflow.drills.conftest import HANOI, HANOI_POOL, MANILA, MANILA_POOL, SENDER, World, make_line


def test_a_test_is_placed_to_the_missions_own_number_and_passes_when_it_comes_back(world: World, rows: Rows) -> None:
    test_id = world.place()
    ((request, leg_sid, _),) = world.telephones.made
    assert (request.to, request.sender, request.ring_s) == (MANILA, SENDER, 75)
    assert world.state(test_id) == ("ringing", "")
    world.clock.advance(timedelta(seconds=7))
    answer = world.arrive()
    assert "answering for the Embassy in Manila" in said(answer) and "주필리핀 대사관" in said(answer)
    assert twiml(answer)[-1].tag == "Hangup"
    assert world.state(test_id) == ("arrived", "")
    world.hook(f"{PATH}/status?test={test_id}&attempt=1", CallSid=leg_sid, CallStatus="in-progress")
    found = world.test(test_id)
    assert (found.state, found.recognised_how, found.greeted_mission_id) == ("passed", "called", world.manila)
    assert found.arrived_at - found.placed_at == timedelta(seconds=7)
    call = rows.call()
    assert (call.id, call.end_reason, call.drill, call.contact_id) == (found.arrived_call_id, "line_test", True, None)
    assert rows.value("SELECT count(*) FROM queue_entries") == 0, "nobody's time is taken"


def test_our_own_end_plays_nothing_and_hangs_up_after_half_a_minute(world: World) -> None:
    test_id = world.place()
    answer = world.hook(f"{PATH}?test={test_id}&attempt=1", CallSid=sid(5), CallStatus="in-progress")
    pause, hang_up = fromstring(answer.data)  # noqa: S314 - our own answer
    assert (pause.tag, pause.get("length"), hang_up.tag) == ("Pause", "30", "Hangup")


def test_the_end_may_be_picked_up_before_the_call_is_known_to_have_arrived(world: World) -> None:
    test_id = world.place()
    world.word(test_id, "in-progress")
    assert world.state(test_id) == ("ringing", "")
    world.arrive()
    assert world.state(test_id) == ("passed", "")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "unreachable"), ("canceled", "unreachable")],
)
def test_a_line_where_nobody_picks_up_fails_with_the_providers_word(world: World, word: str, reason: str) -> None:
    test_id = world.place()
    world.word(test_id, word)
    assert world.state(test_id) == ("failed", reason)


def test_a_call_that_does_not_come_back_fails_after_90_seconds(world: World) -> None:
    test_id = world.place()
    world.later(89)
    assert world.state(test_id)[0] == "ringing"
    world.later(1)
    assert world.state(test_id) == ("failed", "not_arrived")


def test_a_call_that_somebody_else_picked_up_says_so(world: World) -> None:
    test_id = world.place()
    world.word(test_id, "completed")
    assert world.state(test_id)[0] == "ringing", "it may still be in the exchange's own greeting"
    world.later(91)
    assert world.state(test_id) == ("failed", "answered_elsewhere")


def test_the_last_word_about_our_end_is_asked_for_where_it_was_lost(world: World) -> None:
    test_id = world.place()
    world.arrive()
    world.telephones.statuses[world.telephones.made[0][1]] = "completed"
    world.later(61)
    assert world.state(test_id) == ("passed", "")


def test_an_arrival_whose_own_end_is_never_heard_of_is_not_confirmed(world: World) -> None:
    test_id = world.place()
    world.arrive()
    world.later(61)
    assert world.state(test_id) == ("failed", "unconfirmed")


def test_a_call_that_arrives_after_90_seconds_is_late_and_still_takes_nobodys_time(world: World) -> None:
    test_id = world.place()
    world.clock.advance(timedelta(seconds=91))
    assert twiml(world.arrive())[-1].tag == "Hangup"
    assert world.state(test_id) == ("failed", "late")


def test_a_call_that_arrives_after_it_was_given_up_is_kept_with_its_test(world: World, rows: Rows) -> None:
    test_id = world.place()
    world.later(91)
    assert twiml(world.arrive())[-1].tag == "Hangup"
    found = world.test(test_id)
    assert (found.state, found.reason, found.arrived_call_id) == ("failed", "late", rows.call().id)
    assert "Gather" in [each.tag for each in twiml(world.arrive())], (
        "the next one from that number is a call as any other"
    )


def test_the_wrong_mission_is_named(world: World) -> None:
    test_id = world.place()
    answer = world.arrive(HANOI_POOL)
    assert "Embassy in Hanoi" in said(answer)
    found = world.test(test_id)
    assert (found.state, found.reason, found.greeted_mission_id) == ("failed", "wrong_mission", world.hanoi)


def test_no_mission_at_all_is_the_wrong_mission(world: World) -> None:
    test_id = world.place()
    answer = world.arrive("+82232100404")
    assert twiml(answer)[-1].tag == "Hangup"
    assert (world.state(test_id), world.test(test_id).greeted_mission_id) == (("failed", "wrong_mission"), None)


@pytest.mark.parametrize(
    ("greeting", "state"),
    [
        ({"ko": "영사과입니다.", "en": "Consular section."}, ("failed", "wrong_greeting")),
        ({"ko": "주필리핀대사관 영사과입니다.", "en": "Consular section."}, ("failed", "wrong_greeting")),
        ({"ko": "주필리핀대사관 영사과입니다.", "en": "The embassy  in Manila, consular section."}, ("arrived", "")),
    ],
)
def test_a_lines_own_greeting_must_name_the_mission(
    world: World, greeting: dict[str, str], state: tuple[str, str]
) -> None:
    with world.services.db.transaction() as session:
        session.add(CallLine(number=MANILA_POOL, mission_id=world.manila, greeting=greeting, drill=False))
    test_id = world.place()
    world.arrive()
    assert world.state(test_id) == state


def test_the_first_failure_is_repeated_after_ten_minutes_and_the_second_raises_the_alarm_once(world: World) -> None:
    first = world.place()
    world.later(91)
    assert world.alarms() == []
    world.later(599)
    assert len(world.telephones.made) == 1
    world.later(1)
    second = world.tests()[-1]
    assert (second.repeat_of_id, second.state) == (first, "ringing")
    world.later(91)
    (alarm,) = world.alarms()
    assert (alarm.line_id, alarm.test_id, alarm.resolved_at) == (world.lines["manila"], second.id, None)
    assert len(world.tests()) == 2, "a repetition is not repeated"
    world.fail()
    assert len(world.alarms()) == 1, "an alarm that stands is not raised again"


def test_the_missions_duty_telephone_is_told_of_an_alarm_once(world: World) -> None:
    with world.services.db.transaction() as session:
        for position, phone in ((1, "+639171234567"), (2, "+639171234568")):
            session.add(MissionDuty(mission_id=world.manila, position=position, name="On duty", phone=phone))
    world.fail()
    world.fail()
    with world.services.db.transaction() as session:
        (told,) = session.scalars(select(Notice)).all()
    assert told.phone == "+639171234567" and MANILA in told.body and told.purpose == "duty"
    assert told.body.endswith("/line-tests") and "Embassy in Manila" in told.body


def test_an_alarm_is_over_when_a_later_test_passes(world: World) -> None:
    world.fail()
    later = world.place()
    world.arrive()
    world.word(later, "in-progress")
    (alarm,) = world.alarms()
    assert alarm.resolved_by_test_id == later and alarm.resolved_at is not None
    with world.services.db.transaction() as session:
        actions = [each.action for each in session.query(AuditEntry).order_by(AuditEntry.seq)]
    assert actions == ["line_alarm.raised", "line_alarm.resolved"]


def test_a_repetition_that_passes_wakes_nobody(world: World) -> None:
    world.place()
    world.later(91)
    world.later(600)
    second = world.tests()[-1].id
    world.arrive()
    world.word(second, "in-progress")
    assert world.state(second) == ("passed", "") and world.alarms() == []


def test_a_line_that_was_closed_meanwhile_is_not_called(world: World) -> None:
    test_id = world.plan()
    with world.services.db.transaction() as session:
        session.get_one(MissionLine, world.lines["manila"]).closed_at = world.clock.now()
    world.carry_out()
    assert world.state(test_id) == ("failed", "line_closed")
    assert world.telephones.made == [] and len(world.tests()) == 1


# What goes wrong between the steps.


def test_a_dial_whose_answer_was_lost_is_looked_up_and_not_made_again(world: World) -> None:
    world.telephones.outcomes = ["lost"]
    test_id = world.place()
    assert world.state(test_id)[0] == "doubt"
    world.later(5)
    assert world.state(test_id)[0] == "ringing" and len(world.telephones.made) == 1
    assert world.test(test_id).provider_sid == world.telephones.made[0][1]


def test_a_dial_that_never_reached_the_provider_is_made_again_only_when_the_record_is_whole(world: World) -> None:
    world.telephones.outcomes, world.telephones.readable = ["never"], False
    test_id = world.place()
    world.later(5)
    assert world.state(test_id)[0] == "doubt" and world.telephones.made == []
    world.telephones.readable = True
    world.later(61)
    world.later(1)
    assert world.state(test_id)[0] == "ringing" and len(world.telephones.made) == 1


def test_a_crash_after_the_attempt_was_recorded_leaves_a_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    test_id = world.plan()

    def crash(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(placing, "_placed", crash)
        with pytest.raises(KeyboardInterrupt):
            world.carry_out()
    assert world.state(test_id)[0] == "placing" and len(world.telephones.made) == 1
    world.later(61)
    assert world.state(test_id)[0] == "ringing" and len(world.telephones.made) == 1, (
        "found in the record, not dialled twice"
    )


def test_a_call_that_arrives_before_its_dial_was_answered_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    test_id = world.plan()
    ours = placing._placed

    def arrives_first(*given: Any) -> None:
        world.arrive()
        ours(*given)

    monkeypatch.setattr(placing, "_placed", lambda *given: None)
    world.carry_out()
    world.arrive()
    assert world.state(test_id) == ("arrived", "")
    world.word(test_id, "completed")
    assert world.state(test_id) == ("passed", "")


@pytest.mark.parametrize(("outcomes", "dials"), [(["refused"], 1), (["later"] * 3, 3)])
def test_a_number_that_the_provider_refuses_was_not_placed(world: World, outcomes: list[str], dials: int) -> None:
    world.telephones.outcomes = list(outcomes)
    test_id = world.place()
    for _ in range(3):
        world.later(3)
    found = world.test(test_id)
    assert (found.state, found.reason, found.attempts) == ("failed", "not_placed", dials)


def test_a_job_that_runs_twice_dials_once(world: World) -> None:
    world.plan()
    world.carry_out()
    world.carry_out()
    assert len(world.telephones.made) == 1


def test_words_that_come_late_twice_or_for_an_earlier_dial_change_nothing(world: World) -> None:
    world.telephones.outcomes = ["later"]
    test_id = world.place()
    world.later(3)
    world.word(test_id, "busy", attempt=1)
    assert world.state(test_id) == ("ringing", "")
    for word in ("in-progress", "ringing", "in-progress", "initiated"):
        world.word(test_id, word, attempt=2)
    assert world.test(test_id).leg_word == "in-progress"


def test_a_test_that_could_not_be_placed_for_a_day_is_given_up(world: World) -> None:
    test_id = world.plan(due_at=world.clock.now() - timedelta(hours=25))
    world.carry_out()
    assert world.state(test_id) == ("failed", "not_placed") and world.telephones.made == []


# Who is, and who is not, a test.


def test_a_person_who_calls_the_line_at_the_same_moment_is_never_taken_for_the_test(world: World) -> None:
    test_id = world.place()
    for phone in (CALLER, "anonymous", ""):
        answer = world.arrive(phone=phone, forwarded=MANILA)
        assert "Gather" in [each.tag for each in twiml(answer)] and "test call" not in said(answer)
    assert world.state(test_id) == ("ringing", "")


def test_our_number_without_a_test_is_a_call_as_any_other(world: World) -> None:
    assert "Gather" in [each.tag for each in twiml(world.arrive())]


def test_a_test_is_met_by_one_call_only(world: World, rows: Rows) -> None:
    test_id = world.place()
    world.arrive()
    assert "Gather" in [each.tag for each in twiml(world.arrive())]
    assert world.test(test_id).arrived_call_id == rows.calls()[0].id


def test_an_officers_own_call_to_the_mission_is_not_taken_for_the_test(world: World, rows: Rows) -> None:
    test_id = world.place()
    world.arrive(phone=CALLER)
    with world.services.db.transaction() as session:
        call_id, now = rows.calls()[0].id, world.clock.now()
        session.add(Leg(call_id=call_id, role="mission", state="ringing", to=MANILA, sender=SENDER, created_at=now))
    assert "Gather" in [each.tag for each in twiml(world.arrive())]
    assert world.state(test_id) == ("ringing", "")


def test_two_tests_at_once_are_told_apart_by_where_they_come_in(world: World) -> None:
    first, second = world.plan("manila"), world.plan("hanoi")
    world.carry_out()
    assert len(world.telephones.made) == 2
    world.arrive(HANOI_POOL)
    assert (world.state(first)[0], world.state(second)[0]) == ("ringing", "arrived")
    world.arrive(MANILA_POOL)
    assert (world.state(first)[0], world.state(second)[0]) == ("arrived", "arrived")


def test_the_number_that_was_forwarded_says_more_than_where_it_came_in(world: World) -> None:
    first, second = world.plan("manila"), world.plan("hanoi")
    world.carry_out()
    world.arrive(HANOI_POOL, forwarded=MANILA)
    assert (world.state(first), world.state(second)) == (("failed", "wrong_mission"), ("ringing", ""))


def test_a_call_that_met_the_wrong_test_does_not_let_it_pass(world: World) -> None:
    """Manila's exchange forwards to Hanoi's number of ours while Hanoi's own line is busy: neither passes."""
    first, second = world.plan("manila"), world.plan("hanoi")
    world.carry_out()
    world.arrive(HANOI_POOL)
    world.word(second, "busy")
    world.word(first, "in-progress")
    world.later(91)
    assert (world.state(first), world.state(second)) == (("failed", "answered_elsewhere"), ("failed", "busy"))


def test_of_two_tests_a_call_that_came_in_somewhere_else_meets_neither_and_nobodys_time_is_taken(world: World) -> None:
    first, second = world.plan("manila"), world.plan("hanoi")
    world.carry_out()
    assert twiml(world.arrive("+82232100404"))[-1].tag == "Hangup"
    assert (world.state(first)[0], world.state(second)[0]) == ("ringing", "ringing")


def test_a_line_without_a_number_of_ours_is_known_by_the_number_that_was_forwarded(world: World) -> None:
    with world.services.db.transaction() as session:
        world.lines["sip"] = make_line(session, world.clock, world.hanoi, "+842438315222", None)
        session.get_one(MissionLine, world.lines["sip"])
    test_id = world.place("sip")
    world.arrive(HANOI_POOL, forwarded="+842438315222")
    found = world.test(test_id)
    assert (found.state, found.recognised_how) == ("arrived", "forwarded_from")


def test_no_more_tests_are_under_way_than_the_settings_allow(world: World) -> None:
    with world.services.db.transaction() as session:
        world.lines["third"] = make_line(session, world.clock, world.manila, "+63288569299", "+82233330003")
    for line in ("manila", "hanoi", "third"):
        world.plan(line)
    world.carry_out()
    assert [each[0].to for each in world.telephones.made] == [MANILA, HANOI]
    world.later(91)
    assert len(world.telephones.made) == 3


def test_a_line_is_never_tested_twice_at_once(world: World) -> None:
    world.plan()
    world.plan()
    world.carry_out()
    assert len(world.telephones.made) == 1
