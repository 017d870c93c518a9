"""Callbacks keep the place, are one for each number and queue, are never more than free agents, and cannot get lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core import jobs, outbox
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, Refused
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.queues import callbacks, calling, entering, offering, tending
from hotline.queues.assigning import assign_due
from hotline.queues.models import Callback, QueueEntry
from tests.factories import make_officer
from tests.queues.making import call_in, make_agent, make_queue, open_reservations

PHONE = "+821012345678"


def _events(services: Services, topic: str) -> list[dict[str, object]]:
    with services.db.transaction() as session:
        return [each.payload for each in session.scalars(select(OutboxEvent).where(OutboxEvent.topic == topic))]


def test_a_callback_keeps_the_place_of_the_call(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        call_in(session, clock, ref="call:1", phone=PHONE)
        joined = clock.now()
        clock.advance(timedelta(minutes=2))
        call_in(session, clock, ref="call:2")
        kept = callbacks.keep_place(session, clock, "call:1", PHONE)
        assert callbacks.keep_place(session, clock, "call:1", PHONE).id == kept.id
        make_agent(session)
    clock.advance(timedelta(minutes=1))
    assert assign_due(services) == 1
    [told] = _events(services, "CallbackDue")
    assert told["callback_id"] == kept.id and PHONE not in str(told), "a fact that stays in the outbox names nobody"
    assert not _events(services, "AgentReserved")
    with services.db.transaction() as session:
        found = session.get_one(Callback, kept.id)
        assert (found.state, found.attempts, found.enqueued_at) == ("calling", 1, joined)
        assert session.get_one(QueueEntry, found.entry_id).enqueued_at == joined


def test_one_callback_for_each_number_and_queue(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_queue(session, code="other")
        first = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(hours=2))
        second = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(hours=1))
        assert second.id == first.id
        assert second.due_at == clock.now() + timedelta(hours=1)
        third = callbacks.reserve(session, clock, queue="other", phone=PHONE, at=clock.now() + timedelta(hours=1))
        assert third.id != first.id


def test_a_second_request_of_one_number_waits_for_the_first_and_joins_it(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)

    def reserve(session: Session) -> int:
        return callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(hours=1)).id

    def second() -> int:
        with services.db.transaction() as session:
            return reserve(session)

    with ThreadPoolExecutor(1) as pool, services.db.transaction() as session:
        first = reserve(session)
        other = pool.submit(second)
        with services.db.transaction() as looking:
            for _ in range(600):
                if other.done() or looking.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    break
                time.sleep(0.05)
        assert not other.done(), "it waits until the first is written"
        session.commit()
        assert other.result(timeout=60) == first


def test_callbacks_under_way_are_never_more_than_free_agents(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_agent(session)
        for number in range(5):
            callbacks.reserve(session, clock, queue="general", phone=f"+8210123456{number:02}", at=clock.now())
    assign_due(services)
    assert len(_events(services, "CallbackDue")) == 1
    with services.db.transaction() as session:
        states = sorted(session.scalars(select(Callback.state)))
    assert states == ["calling", "queued", "queued", "queued", "queued"]


def _attempt(services: Services, callback_id: int, result: str | None) -> None:
    assert assign_due(services) == 1
    [found] = open_reservations(services)
    with services.db.transaction() as session:
        offering.accepted(session, services.clock, found.token)
        if result:
            calling.outcome(session, services.clock, callback_id, found.token, result)
            calling.outcome(session, services.clock, callback_id, found.token, result)
        offering.finished(session, services.clock, found.token)
        offering.wrap_up(session, services.clock, found.agent_id, "other")


def test_attempts_are_bounded_and_then_a_person_decides(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_agent(session)
        made = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now())
    for wait_s, result in ((300, "no_answer"), (1800, None), (0, "busy")):
        _attempt(services, made.id, result)
        clock.advance(timedelta(seconds=wait_s))
        tending.tend(services)
    with services.db.transaction() as session:
        assert session.get_one(Callback, made.id).state == "given_up"
    assert [each["why"] for each in _events(services, "CallbackGivenUp")] == ["busy"]
    assert assign_due(services) == 0


def test_a_reached_person_is_done_and_an_agents_miss_is_no_attempt(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_agent(session)
        made = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now())
    assign_due(services)
    token = open_reservations(services)[0].token
    with services.db.transaction() as session:
        offering.missed(session, clock, token, "no_answer")
        assert (session.get_one(Callback, made.id).state, session.get_one(Callback, made.id).attempts) == ("queued", 0)
        with pytest.raises(Refused):
            calling.outcome(session, clock, made.id, "another token", "reached")
    _attempt(services, made.id, "reached")
    with services.db.transaction() as session:
        assert session.get_one(Callback, made.id).state == "done"


def test_a_promise_is_reminded_then_escalated_and_goes_to_its_owner(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_agent(session)
        owner = make_agent(session)
        due_at = clock.now() + timedelta(hours=1)
        made = callbacks.promise(session, clock, None, due_at, owner.officer_id, PHONE)
    clock.advance(timedelta(minutes=50))
    tending.tend(services)
    tending.tend(services)
    assert [each["callback_id"] for each in _events(services, "CallbackReminder")] == [made.id]
    clock.advance(timedelta(minutes=10))
    tending.tend(services)
    assert assign_due(services) == 1
    [found] = open_reservations(services)
    assert (found.agent_id, found.matched_step) == (owner.id, -1)
    with services.db.transaction() as session:
        offering.missed(session, clock, found.token, "dead_number")
    clock.advance(timedelta(minutes=15))
    tending.tend(services)
    assert [each["owner_id"] for each in _events(services, "CallbackOverdue")] == [owner.officer_id]


def test_an_abandoned_call_is_called_back_and_a_short_one_is_counted_apart(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session, short_abandon_s=5)
        call_in(session, clock, ref="call:short", phone="+821011110000")
        call_in(session, clock, ref="call:long", phone=PHONE)
        call_in(session, clock, ref="call:hidden")
        call_in(session, clock, ref="call:limit")
        clock.advance(timedelta(seconds=4))
        assert entering.leave(session, clock, "call:short", "hangup").short  # type: ignore[union-attr]
        clock.advance(timedelta(seconds=1))
        assert not entering.leave(session, clock, "call:limit", "hangup").short  # type: ignore[union-attr]
        clock.advance(timedelta(seconds=29))
        for ref in ("call:long", "call:hidden", "call:long"):
            assert not entering.leave(session, clock, ref, "hangup").short  # type: ignore[union-attr]
    for _ in range(2):
        outbox.deliver_due(services, jobs.registry().handlers)
    with services.db.transaction() as session:
        [made] = session.scalars(select(Callback)).all()
        assert (made.kind, made.phone, made.state, made.origin_ref) == ("abandoned", PHONE, "queued", "call:long")


def test_danger_to_life_on_a_second_call_brings_the_waiting_callback_to_the_front(
    services: Services, clock: FrozenClock
) -> None:
    """Somebody hung up, calls again with the key for danger, and hangs up again: one callback, before everybody, for staff."""
    with services.db.transaction() as session:
        make_queue(session, short_abandon_s=5)
        for ref, phone in (("call:first", "+821011110000"), ("call:second", "+821011110001"), ("call:calm", PHONE)):
            call_in(session, clock, ref=ref, phone=phone)
            clock.advance(timedelta(seconds=10))
        entering.leave(session, clock, "call:calm", "hangup")
    outbox.deliver_due(services, jobs.registry().handlers)
    with services.db.transaction() as session:
        call_in(session, clock, ref="call:danger", phone=PHONE, danger=True)
        clock.advance(timedelta(seconds=3))
        entering.leave(session, clock, "call:danger", "hangup")
    outbox.deliver_due(services, jobs.registry().handlers)
    with services.db.transaction() as session:
        [made] = session.scalars(select(Callback)).all()
        assert (made.state, made.danger) == ("queued", True)
        waiting = session.get_one(QueueEntry, made.entry_id)
        assert (waiting.danger, waiting.hard, "staff" in waiting.need) == (True, True, True)
        make_agent(session, first_level=True), make_agent(session, first_level=True)
        staff_id = make_agent(session).id
    assert assign_due(services) == 3
    by_agent = {each.agent_id: each.call_ref for each in open_reservations(services)}
    assert by_agent[staff_id].startswith(f"callback:{made.id}:"), "no volunteer has it, however early they are"


@pytest.mark.parametrize(("danger", "called_back"), [(False, False), (True, True)])
def test_a_queue_that_calls_nobody_back_who_hung_up_still_does_so_for_danger_to_life(
    services: Services, clock: FrozenClock, danger: bool, called_back: bool
) -> None:
    with services.db.transaction() as session:
        make_queue(session, abandon_callback=False)
        call_in(session, clock, ref="call:1", phone=PHONE, danger=danger)
        clock.advance(timedelta(seconds=30))
        entering.leave(session, clock, "call:1", "hangup")
        assert (callbacks.after_abandon(session, clock, "call:1") is not None) is called_back


@pytest.mark.parametrize("reserved_s", [60, 3_600])
def test_a_caller_with_a_reserved_callback_who_keeps_the_place_of_a_call_keeps_the_earlier_one(
    services: Services, clock: FrozenClock, reserved_s: int
) -> None:
    """The callback may be waiting in the queue by then, or still be ahead."""
    with services.db.transaction() as session:
        make_queue(session)
        at = clock.now() + timedelta(seconds=reserved_s)
        made = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=at)
        joined = clock.now()
        call_in(session, clock, ref="call:1", phone=PHONE)
        clock.advance(timedelta(seconds=30))
        call_in(session, clock, ref="call:between")
        clock.advance(timedelta(seconds=60))
        callbacks.due(session, clock)
        assert made.state == ("queued" if reserved_s == 60 else "planned")
        assert callbacks.keep_place(session, clock, "call:1", PHONE) is made
        callbacks.due(session, clock)
        assert (made.state, made.enqueued_at) == ("queued", joined)
        make_agent(session)
    assert assign_due(services) == 1
    assert [each.call_ref.split(":")[0] for each in open_reservations(services)] == ["callback"]


def test_keeping_the_place_of_a_later_call_costs_nobody_the_earlier_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        joined = clock.now()
        for ref in ("call:1", "call:2"):
            call_in(session, clock, ref=ref, phone=PHONE)
            clock.advance(timedelta(minutes=1))
        made = callbacks.keep_place(session, clock, "call:1", PHONE)
        assert callbacks.keep_place(session, clock, "call:2", PHONE) is made
        assert (made.enqueued_at, session.get_one(QueueEntry, made.entry_id).enqueued_at) == (joined, joined)


def test_danger_brings_a_callback_before_those_who_came_earlier(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        call_in(session, clock, ref="call:first", phone="+821011110000")
        clock.advance(timedelta(seconds=10))
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now())
        call_in(session, clock, ref="call:danger", phone=PHONE, danger=True)
        entering.leave(session, clock, "call:danger", "hangup")
        assert callbacks.after_abandon(session, clock, "call:danger") is not None
        make_agent(session)
    assert assign_due(services) == 1
    [made] = open_reservations(services)
    assert made.call_ref.startswith("callback:")


def test_danger_is_not_kept_for_an_owner_who_is_a_volunteer(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, sticky_s=60)
        volunteer = make_agent(session, first_level=True, state="talking", token="busy")
        made = callbacks.promise(session, clock, None, clock.now(), volunteer.officer_id, PHONE)
        call_in(session, clock, ref="call:danger", phone=PHONE, danger=True)
        entering.leave(session, clock, "call:danger", "hangup")
        assert callbacks.after_abandon(session, clock, "call:danger") is made
        staff_id = make_agent(session).id
    assert assign_due(services) == 1
    assert [each.agent_id for each in open_reservations(services)] == [staff_id]


def test_somebody_who_is_being_called_anew_is_not_tried_again_beside_it(services: Services, clock: FrozenClock) -> None:
    from hotline.core.actor import Actor

    with services.db.transaction() as session:
        make_queue(session)
        officer = make_officer(session, roles=("agent",))
        who = Actor("officer", officer.id, officer.name, frozenset({"callbacks.work"}))
        given_up = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(hours=1))
        given_up.state, given_up.closed_at = "given_up", clock.now()
        session.flush()
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(hours=2))
        with pytest.raises(Refused) as refusal:
            callbacks.reopen(session, clock, who, given_up.id, clock.now())
        assert refusal.value.code == "callback-open"
        assert callbacks.cancel(session, clock, who, given_up.id, event="settle").state == "done"


def test_a_cancelled_callback_leaves_the_queue(services: Services, clock: FrozenClock) -> None:
    from hotline.core.actor import Actor

    with services.db.transaction() as session:
        make_queue(session)
        officer = make_officer(session, roles=("agent",))
        who = Actor("officer", officer.id, officer.name, frozenset({"callbacks.work"}))
        made = callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now())
        callbacks.cancel(session, clock, who, made.id)
        assert session.scalars(select(QueueEntry)).one().state == "left"
        make_agent(session)
    assert assign_due(services) == 0


def test_the_past_and_a_time_without_zone_are_refused(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        for at in (
            clock.now() - timedelta(hours=1),
            clock.now() + timedelta(days=31),
            clock.now().replace(tzinfo=None),
        ):
            with pytest.raises(InvalidInput):
                callbacks.reserve(session, clock, queue="general", phone=PHONE, at=at)
