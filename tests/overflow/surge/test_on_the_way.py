"""Between a yes and the telephone: who is waited for and how long, who is reminded, and whom nobody needs to ring."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.agents.models import Agent
from hotline.core import jobs
from hotline.core.errors import Refused
from hotline.core.registry import CallStarts
from overflow.briefing.models import BriefingVersion
from tests.overflow.surge.world import World


def test_whoever_reads_the_briefing_is_given_ten_minutes_more_than_a_no_show(world: World) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    world.rests(first.id)
    world.later(60 * 26, 60)
    assert world.person(first.id).state == "confirmed", "signed on, and not ready yet"
    world.later(60 * 10, 60)
    assert (world.person(first.id).state, world.person(first.id).reason) == ("dropped", "no_show")


@pytest.mark.parametrize(
    ("why", "minutes", "reason"), [("break", 30, "away"), ("misses", 5, "misses"), ("dead_number", 1, "dead_number")]
)
def test_whoever_rests_too_long_is_waited_for_no_more(world: World, why: str, minutes: int, reason: str) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.comes(first.id)
    world.look()
    world.rests(first.id, why)
    world.look()
    world.later(60 * minutes - 1)
    assert world.person(first.id).state == "ready"
    world.later(1)
    assert (world.person(first.id).state, world.person(first.id).reason) == ("dropped", reason)
    assert world.state == "asking"


def test_whoever_comes_later_is_reminded_once(world: World) -> None:
    world.people(6)
    world.start(1)
    world.says(world.asked()[0].id, "later")
    world.later(timedelta(hours=1, minutes=49).total_seconds(), 600)
    assert world.told().count("begins") == 0
    world.later(60 * 10, 60)
    assert world.told().count("begins") == 1


def test_nobody_is_rung_while_those_who_come_will_do(world: World) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    world.later(120, 20)
    assert world.state == "asking" and not world.telephones.made
    world.says(first.id, "no")
    world.later(40, 20)
    assert world.telephones.made, "somebody who drops out changes that"


def test_whoever_was_suspended_meanwhile_cannot_say_yes_any_more(world: World) -> None:
    world.people(1)
    world.start(1)
    (person,) = world.asked()
    world.change(world.volunteers[0], {"state": "suspended"})
    for given in ("now", "later"):
        with pytest.raises(Refused) as refused:
            world.says(person.id, given)
        assert refused.value.code == "volunteer-not-approved"
    assert world.says(person.id, "no") == "declined"


def test_nobody_is_asked_to_come_for_less_than_half_an_hour(world: World) -> None:
    world.people(6)
    world.start(1, until_at=world.clock.now() + timedelta(hours=2))
    first, second, *_ = world.asked()
    assert world.says(first.id, "later") == "reserve"
    assert world.says(second.id, "now") == "confirmed"


def test_whoever_was_stood_down_in_a_call_cannot_choose_to_go_on(world: World) -> None:
    world.people(6)
    world.start(1)
    first = world.asked()[0]
    world.comes(first.id)
    world.look()
    world.takes_call(first.id)
    world.act("stand_down")
    with pytest.raises(Refused) as refused:
        world.chooses(first.id, "ready")
    assert refused.value.code == "callout-over"
    world.ends_call(first.id)
    world.look()
    assert (world.agent_state(first.id), world.person(first.id).state) == ("offline", "released")


def test_nobody_who_was_called_out_is_ready_before_there_is_a_briefing_to_pass(world: World) -> None:
    with world.services.db.transaction() as session:
        session.delete(session.get_one(BriefingVersion, world.version_id))
    world.people(2)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    with pytest.raises(Refused) as refused:
        world.chooses(first.id, "ready")
    assert refused.value.code == "callout-briefing-missing"


def test_only_whoever_takes_calls_now_counts_as_ready(world: World) -> None:
    world.people(8)
    world.start(2)
    one, two, *_ = world.asked()
    for each in (one, two):
        world.comes(each.id)
    world.look()
    assert (world.standing().ready, world.standing().away, world.state) == (2, 0, "satisfied")
    world.rests(one.id)
    assert (world.standing().ready, world.standing().away) == (1, 1)


def test_volunteers_are_rung_beneath_the_alerts_that_wait_one_in_ten_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.registry(), "call_starts", [CallStarts("alerts", "SELECT 0", "SELECT true")])
    world.people(8)
    world.start(2)
    world.later(61)
    assert len(world.asked()) > 2 and len(world.telephones.made) == 1
    monkeypatch.setattr(jobs.registry(), "call_starts", [])
    world.later(5)
    assert len(world.telephones.made) > 2


def test_an_agent_who_got_past_the_gate_is_still_not_counted_without_the_briefing(world: World) -> None:
    world.people(2)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    with world.services.db.transaction() as session:
        session.get_one(Agent, first.agent_id).state = "ready"
    world.look()
    assert world.person(first.id).state == "confirmed" and world.state == "asking"
