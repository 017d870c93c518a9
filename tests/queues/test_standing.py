"""The place in the queue and the time that was waited are two numbers; what is expected follows from staff and calls."""

from __future__ import annotations

from datetime import timedelta

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import tending
from hotline.queues.assigning import assign_due
from hotline.queues.models import EntryStep, QueueEntry
from hotline.queues.standing import standing
from tests.queues.making import call_in, make_agent, make_queue, open_reservations


def test_position_goes_by_rank_and_the_wait_by_the_clock(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, usual_talk_s=240)
        call_in(session, clock, ref="call:1")
        clock.advance(timedelta(seconds=40))
        call_in(session, clock, ref="call:2", priority=1)
        for _ in range(4):
            make_agent(session, state="talking", token=f"t{_}")
        first, second = standing(session, clock, "call:1"), standing(session, clock, "call:2")
        assert (first.position, first.waited_s, first.expected_wait_s) == (2, 40.0, 120)
        assert (second.position, second.waited_s, second.expected_wait_s) == (1, 0.0, 60)


def test_as_many_callers_as_agents_are_free_wait_for_nothing(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, usual_talk_s=240)
        make_agent(session), make_agent(session)
        for number in range(4):
            call_in(session, clock, ref=f"call:{number}")
        expected = [standing(session, clock, f"call:{number}").expected_wait_s for number in range(4)]
    assert expected == [0, 0, 120, 240]


def test_nobody_on_duty_gives_no_expectation_but_the_callback(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, callback_after_s=120, overflow_action="voicemail", overflow_no_staff=True)
        make_agent(session, state="not_ready")
        call_in(session, clock, ref="call:1")
        found = standing(session, clock, "call:1")
        assert (found.expected_wait_s, found.callback_offered) == (None, True)
        assert (found.overflow, found.overflow_to) == ("no_staff", "voicemail")


def test_longest_and_expected_wait_overflow(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, overflow_action="callback", overflow_wait_s=60, overflow_expected_s=300, usual_talk_s=200)
        make_agent(session, state="talking", token="t")
        call_in(session, clock, ref="call:1")
        call_in(session, clock, ref="call:2")
        assert standing(session, clock, "call:1").overflow is None
        assert standing(session, clock, "call:2").overflow == "expected_wait"
        clock.advance(timedelta(seconds=60))
        assert standing(session, clock, "call:1").overflow == "longest_wait"


def test_overflow_into_another_queue_keeps_the_moment_of_joining(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        agent = make_agent(session, group="Firm")
        own = make_agent(session, state="offline")
        other = make_queue(session, code="firm", group_ids=[agent.group_id])
        make_queue(
            session, group_ids=[own.group_id], overflow_action="queue", overflow_queue_id=other.id, overflow_wait_s=60
        )
        entry = call_in(session, clock)
        joined = clock.now()
    tending.tend(services)
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=61))
    assert tending.tend(services) == 1
    assert assign_due(services) == 1
    assert open_reservations(services)[0].agent_id == agent.id
    with services.db.transaction() as session:
        assert session.get_one(QueueEntry, entry.id).enqueued_at == joined
        assert session.query(EntryStep).one().why == "longest_wait"


def test_whoever_overflows_stands_before_those_who_came_to_the_other_queue_later(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        agent = make_agent(session, group="Firm")
        own = make_agent(session, state="offline")
        other = make_queue(session, code="firm", group_ids=[agent.group_id])
        make_queue(
            session, group_ids=[own.group_id], overflow_action="queue", overflow_queue_id=other.id, overflow_wait_s=60
        )
        call_in(session, clock, ref="call:first")
        clock.advance(timedelta(seconds=30))
        call_in(session, clock, queue="firm", ref="call:second")
        clock.advance(timedelta(seconds=31))
    assert tending.tend(services) == 1
    assert assign_due(services) == 1
    assert open_reservations(services)[0].call_ref == "call:first"


def test_nobody_overflows_into_a_queue_where_nobody_is_either(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        own, firm = make_agent(session, state="offline"), make_agent(session, group="Firm", state="offline")
        other = make_queue(session, code="firm", group_ids=[firm.group_id])
        queue = make_queue(
            session, group_ids=[own.group_id], overflow_action="queue", overflow_queue_id=other.id, overflow_wait_s=60
        )
        entry = call_in(session, clock)
        clock.advance(timedelta(seconds=61))
    assert tending.tend(services) == 0
    with services.db.transaction() as session:
        assert session.get_one(QueueEntry, entry.id).queue_id == queue.id, "moving would lose the caller's own desk"
