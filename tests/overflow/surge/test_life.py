"""The life of a call-out: asked by text, called, confirmed, briefed, ready, replaced, stood down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.agents.states import OFFLINE, READY
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.notices.models import Notice
from overflow.surge import erasure, opening
from overflow.surge.models import AskedPerson
from overflow.surge.opening import CalloutFields
from tests.factories import make_officer
from tests.overflow.surge.world import World


def test_a_wave_is_asked_by_text_with_everybodys_own_link(world: World) -> None:
    people = world.people(10)
    world.start(2)
    asked = world.asked()
    assert {each.state for each in asked} == {"asked"} and {each.wave for each in asked} == {1}
    (text,) = world.texts(asked[0].volunteer_id)
    assert "/v/" in text and "자원봉사" in text and asked[0].volunteer_id in people
    world.look()
    assert len(world.texts()) == len(asked), "the same wave is written once"


def test_a_yes_is_confirmed_with_exactly_what_was_agreed(world: World) -> None:
    world.people(4, speaks="en", zone="Europe/Paris")
    world.start(2, task="answering calls about Manila")
    first = world.asked()[0]
    assert world.says(first.id, "now") == "confirmed"
    text = world.texts(first.volunteer_id)[-1]
    # Until six hours from 03:00 UTC, ready within 15 minutes, on the clock of Paris.
    assert "agreed" in text and "10:00" in text and "04:15" in text and "answering calls about Manila" in text
    assert world.person(first.id).comes_at == world.clock.now() + timedelta(minutes=15)
    assert world.says(first.id, "now") == "noted" and len(world.texts(first.volunteer_id)) == 2


def test_a_text_goes_to_the_number_that_somebody_holds_now(world: World) -> None:
    world.people(2)
    world.start(2)
    one, two = world.asked()
    world.change(one.volunteer_id, {"phone": "+821095550001"})
    world.says(one.id, "now")
    with world.services.db.transaction() as session:
        sent = session.scalars(select(Notice.phone).where(Notice.purpose == "callout").order_by(Notice.id)).all()
    assert sent == [one.phone, two.phone, "+821095550001"], "a fresh link never goes to the telephone before"
    world.change(two.volunteer_id, {"phone": "", "name": "", "erased_at": world.clock.now()})
    world.says(two.id, "now")
    assert len(world.texts()) == 3


def test_whoever_does_not_answer_is_called_and_a_second_silence_is_the_end(world: World) -> None:
    world.people(3)
    world.start(2)
    world.later(61)
    assert {each.state for each in world.asked()} == {"calling"}
    assert len(world.telephones.made) == 3
    for call in world.calls():
        world.word(call, "no-answer")
    assert {each.state for each in world.asked()} == {"calling"}
    world.later(121)
    calls = world.calls()
    assert len(calls) == 6
    for call in calls[3:]:
        world.word(call, "no-answer")
    assert {each.state for each in world.asked()} == {"silent"}
    world.look()
    assert world.state == "exhausted"


def test_a_dead_number_is_not_rung_again(world: World) -> None:
    world.people(1)
    world.start(1)
    world.later(61)
    world.word(world.calls()[0], "failed")
    assert world.asked()[0].state == "unreachable" and world.asked()[0].reason == "dead_number"
    world.later(900, 60)
    assert len(world.calls()) == 1
    assert world.says(world.asked()[0].id, "now") == "confirmed", "the link in the text still counts"


def test_enough_ready_stops_asking_by_itself_and_keeps_the_rest_on_reserve(world: World) -> None:
    world.people(12)
    world.start(2)
    one, two, three, *_ = world.asked()
    for each in (one, two):
        world.comes(each.id)
    world.says(three.id, "now")
    world.look()
    assert world.state == "satisfied" and world.standing().ready == 2
    assert world.person(three.id).state == "reserve"
    assert "예비" in world.texts(three.volunteer_id)[-1]
    assert not world.in_state("asked", "calling")
    made = len(world.telephones.made)
    world.later(300, 30)
    assert len(world.telephones.made) == made and len(world.asked()) == len({each.id for each in world.asked()})


def test_over_acceptance_is_thanked_and_kept_on_reserve(world: World) -> None:
    world.people(30)
    world.start(2)
    told = [world.says(each.id, "now") for each in world.asked()[:8]]
    assert told[:3] == ["confirmed"] * 3, "of two who say yes one may not come"
    assert set(told[4:]) == {"reserve"}
    kept = world.asked()[7]
    assert "감사" in world.texts(kept.volunteer_id)[-1] and "예비" in world.texts(kept.volunteer_id)[-1]
    assert world.says(kept.id, "now") == "reserve" and len(world.texts(kept.volunteer_id)) == 2


def test_a_drop_out_calls_on_the_reserve_before_anybody_new(world: World) -> None:
    world.people(12)
    world.start(2)
    one, two, three, *_ = world.asked()
    for each in (one, two):
        world.comes(each.id)
    world.look()
    world.says(three.id, "now")
    assert world.person(three.id).state == "reserve"
    before = len(world.asked())
    world.leaves(one.id)
    world.look()
    assert world.state == "asking" and world.person(one.id).state == "dropped"
    assert world.person(three.id).state == "confirmed" and world.told()[-1] in ("promoted", "ask")
    assert "promoted" in world.told()
    world.passes(three.id)
    world.chooses(three.id, READY)
    world.look()
    assert world.state == "satisfied" and len(world.asked()) >= before


def test_nobody_is_ready_without_the_briefing(world: World) -> None:
    world.people(4)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    with pytest.raises(Refused):
        world.chooses(first.id, READY)
    assert world.agent_state(first.id) == OFFLINE
    world.passes(first.id)
    world.look()
    assert world.person(first.id).state == "briefed"
    world.chooses(first.id, READY)
    world.look()
    assert world.person(first.id).state == "ready" and world.state == "satisfied"


def test_a_no_show_is_reminded_then_replaced_and_may_still_come(world: World) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    world.later(480)
    assert world.told().count("remind") == 1
    world.later(60 * 18, 60)
    assert world.person(first.id).state == "dropped" and world.person(first.id).reason == "no_show"
    assert world.told().count("no_show") == 1
    world.comes(first.id)
    world.look()
    assert world.person(first.id).state == "ready"


def test_two_hours_later_is_agreed_reminded_and_counted_only_in_time(world: World) -> None:
    world.people(6)
    world.start(1)
    first = world.asked()[0]
    assert world.says(first.id, "later") == "later"
    assert world.standing().chances == [], "two hours are later than half an hour"
    world.later(timedelta(hours=1, minutes=51).total_seconds(), 600)
    assert "begins" in world.told()
    world.later(600)
    assert world.person(first.id).state == "confirmed"


def test_cancel_in_mid_wave_asks_nobody_any_more_and_tells_those_who_were_coming(world: World) -> None:
    world.people(20)
    world.start(3)
    one, two, *_ = world.asked()
    world.comes(one.id)
    world.look()
    world.says(two.id, "now")
    world.takes_call(one.id)
    world.act("cancel")
    made = len(world.telephones.made)
    world.later(300, 60)
    assert len(world.telephones.made) == made
    assert world.person(two.id).state == "not_needed" and "오지 않으셔도" in world.texts(two.volunteer_id)[-1]
    assert world.state == "cancelling" and world.person(one.id).state == "leaving" and world.busy(one.id)
    world.ends_call(one.id)
    world.look()
    assert world.state == "cancelled" and world.agent_state(one.id) == OFFLINE
    assert world.says(two.id, "now") == "over"


def test_standing_down_lets_calls_end_and_counts_hours(world: World) -> None:
    world.people(6)
    world.start(2)
    one, two, *_ = world.asked()
    for each in (one, two):
        world.comes(each.id)
    world.look()
    world.takes_call(one.id)
    world.later(3600)
    world.act("stand_down")
    world.look()
    assert world.person(two.id).state == "released" and world.person(two.id).minutes == 60
    assert world.person(one.id).state == "leaving"
    with pytest.raises(Refused):
        world.act("pause")
    world.later(600)
    world.ends_call(one.id)
    world.look()
    assert world.state == "finished" and world.person(one.id).minutes == 70
    assert "1시간 10분" in world.texts(one.volunteer_id)[-1]


def test_some_are_stood_down_and_nobody_is_asked_in_their_place(world: World) -> None:
    world.people(30)
    world.start(4)
    for each in world.asked()[:4]:
        world.comes(each.id)
    world.look()
    world.takes_call(world.asked()[0].id)
    asked = len(world.asked())
    assert world.release(2) == 2
    world.later(120, 20)
    assert len(world.in_state("released")) == 2 and world.callout().needed == 2
    assert world.person(world.asked()[0].id).state == "ready", "whoever is in a call is not the first to go"
    assert world.state == "satisfied" and len(world.asked()) == asked


def test_standing_some_down_still_waits_for_those_on_the_way(world: World) -> None:
    world.people(30)
    world.start(4)
    one, two, three, four, *_ = world.asked()
    for each in (one, two):
        world.comes(each.id)
    world.look()
    for each in (three, four):
        world.says(each.id, "now")
    assert world.release(1) == 1 and world.callout().needed == 3
    world.later(21)
    assert world.state == "asking" and {world.person(each.id).state for each in (three, four)} == {"confirmed"}


def test_a_surplus_that_is_stood_down_was_not_needed_before(world: World) -> None:
    world.people(30)
    world.start(4)
    for each in world.asked()[:4]:
        world.comes(each.id)
    world.look()
    world.need(2)
    assert world.release(3) == 3 and world.callout().needed == 1, "two of the three were more than needed"


def test_needing_more_goes_on_and_needing_fewer_stops(world: World) -> None:
    world.people(40)
    world.start(2)
    for each in world.asked()[:2]:
        world.comes(each.id)
    world.look()
    assert world.state == "satisfied"
    world.need(6)
    world.later(21)
    assert world.state == "asking" and world.in_state("asked")
    world.need(1)
    world.look()
    assert world.state == "satisfied" and not world.in_state("asked", "calling")


def test_a_call_out_ends_by_itself_when_its_time_is_over(world: World) -> None:
    world.people(4)
    world.start(1, until_at=world.clock.now() + timedelta(hours=2))
    world.comes(world.asked()[0].id)
    world.look()
    world.later(7201)
    world.look()
    assert world.state == "finished"


def test_only_people_of_drills_are_asked_in_a_drill_and_nobody_else_is_asked_otherwise(world: World) -> None:
    real, drill = world.people(3), world.people(3, drill=True)
    world.change_incident(drill=True)
    world.start(3)
    assert {each.volunteer_id for each in world.asked()} == set(drill)
    assert all("[훈련]" in each for each in world.texts())
    world.act("cancel")
    world.look()
    world.change_incident(drill=False)
    world.start(3)
    assert {each.volunteer_id for each in world.asked()} == set(real)


def test_whoever_was_silent_is_asked_once_more_when_nobody_else_is_left(world: World) -> None:
    world.people(1)
    world.start(1)
    world.later(61)
    world.word(world.calls()[-1], "busy")
    world.later(121)
    world.word(world.calls()[-1], "busy")
    world.look()
    assert world.state == "exhausted"
    world.later(60 * 21, 60)
    (person,) = world.asked()
    assert person.asks == 2 and person.wave == 2 and world.state == "asking"
    assert world.count(AskedPerson) == 1


def test_whoever_was_not_needed_any_more_is_asked_again_when_somebody_drops_out(world: World) -> None:
    world.people(6)
    world.start(1)
    first = world.asked()[0]
    world.comes(first.id)
    world.look()
    assert world.state == "satisfied" and world.in_state("not_needed")
    world.later(301)
    world.leaves(first.id)
    world.look()
    assert world.state == "asking" and world.in_state("asked")
    assert {each.wave for each in world.in_state("asked")} == {2}


def test_whoever_leaves_the_roster_is_waited_for_no_more_and_their_number_goes_when_they_are_erased(
    world: World,
) -> None:
    world.people(6)
    world.start(2)
    one, two, *_ = world.asked()
    world.says(one.id, "now")
    for each in (one, two):
        for _ in range(2):
            erasure.left(world.services, {"volunteer_id": each.volunteer_id, "agent_id": each.agent_id})
    assert world.person(one.id).state == "not_needed" and world.person(two.id).state == "unreachable"
    erasure.forget(world.services, {"volunteer_id": one.volunteer_id})
    assert world.person(one.id).phone == "" and world.person(two.id).phone


def test_a_pause_asks_nobody_and_rings_nobody_but_takes_answers(world: World) -> None:
    world.people(20)
    world.start(4)
    world.act("pause")
    world.later(300, 60)
    assert not world.telephones.made
    first = world.asked()[0]
    assert world.says(first.id, "now") == "confirmed"
    world.act("resume")
    world.later(21)
    assert world.telephones.made


def test_bad_call_outs_are_refused_with_everything_that_is_wrong(world: World) -> None:
    now = world.clock.now()
    wrong = CalloutFields(world.incident_id, 0, now - timedelta(days=1), now, {"Bad Skill": 1}, ("korean",), "x\ny")
    with world.services.db.transaction() as session:
        chief = world.chief(session)
        with pytest.raises(SeveralFaults) as raised:
            opening.start(session, world.services, chief, wrong)
        assert {fault["field"] for fault in raised.value.faults} == {
            "needed", "task", "by_at", "until_at", "skills", "languages",
        }  # fmt: skip
        fine = CalloutFields(world.incident_id, 1, now, now + timedelta(hours=2))
        with pytest.raises(NotFound):
            opening.start(session, world.services, chief, CalloutFields(10**9, 1, now, now + timedelta(hours=2)))
        from hotline.auth.officers import actor_of

        with pytest.raises(Forbidden):
            opening.start(session, world.services, actor_of(make_officer(session, roles=("agent",)), "api"), fine)
        opening.start(session, world.services, chief, fine)
        with pytest.raises(Refused, match="goes on"):
            opening.start(session, world.services, chief, fine)


def test_bad_acts_are_refused(world: World) -> None:
    world.people(2)
    world.start(1)
    with world.services.db.transaction() as session:
        chief = world.chief(session)
        for call in (
            lambda: opening.act(session, world.services, chief, world.callout_id, "satisfy"),
            lambda: opening.change_needed(session, world.services, chief, world.callout_id, 501),
            lambda: opening.ask_more(session, world.services, chief, world.callout_id, 0),
            lambda: opening.release(session, world.services, chief, world.callout_id, 0),
        ):
            with pytest.raises(InvalidInput):
                call()
        with pytest.raises(Refused, match="Nobody"):
            opening.release(session, world.services, chief, world.callout_id, 1)
