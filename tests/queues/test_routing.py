"""Reserving, offering and leaving: one call one agent, in the order as ruled, and nobody is stuck."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.agents import presence
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.queues import entering, offering, reaping
from hotline.queues.assigning import assign_due
from hotline.queues.models import QueueStep, Reservation
from hotline.queues.standing import standing
from tests.queues.makers import agent_now, arrive, entry_now, make_agent, make_queue, reservation_of


def facts(services: Services, topic: str) -> list[dict[str, Any]]:
    with services.db.transaction() as session:
        return list(session.scalars(select(OutboxEvent.payload).where(OutboxEvent.topic == topic)))


def did(services: Services, step: Any, *given: Any) -> Any:
    with services.db.transaction() as session:
        return step(session, services.clock, *given)


def token_of(services: Services, ref: str) -> str:
    found = reservation_of(services, ref)
    assert found is not None
    return found.token


def test_a_call_goes_its_whole_way(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        queue, agent = make_queue(session), make_agent(session)
    first = arrive(services, "a")
    assert arrive(services, "a").id == first.id
    clock.advance(timedelta(seconds=7))
    assert assign_due(services) == 1 and assign_due(services) == 0
    (fact,) = facts(services, "AgentReserved")
    token = fact["token"]
    assert (fact["call_ref"], fact["agent_id"], fact["queue_id"], fact["matched_step"], fact["via"]) == (
        "a", agent.id, queue.id, 0, "phone",
    )  # fmt: skip
    for step in (offering.ringing, offering.ringing, offering.accepted, offering.accepted, offering.ringing):
        did(services, step, token)
    assert (entry_now(services, "a").state, agent_now(services, agent.id).state) == ("taken", "talking")
    did(services, offering.finished, token), did(services, offering.finished, token)
    assert agent_now(services, agent.id).state == "wrap_up"
    did(services, presence.wrapped_up, agent.id, "passports")
    assert agent_now(services, agent.id).state == "ready"
    with pytest.raises(Refused) as refused:
        did(services, offering.accepted, token)
    assert refused.value.code == "stale-reservation"


@pytest.mark.parametrize(
    ("why", "state", "rest_s", "misses"),
    [("no_answer", "ready", 5, 1), ("rejected", "ready", 10, 0), ("busy", "ready", 30, 0), ("expired", "ready", 5, 1),
     ("dead_number", "not_ready", 0, 0)],
)  # fmt: skip
def test_a_missed_call_keeps_the_callers_place(
    services: Services, clock: FrozenClock, why: str, state: str, rest_s: int, misses: int
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
    before = arrive(services, "a")
    assign_due(services)
    token = token_of(services, "a")
    did(services, offering.ringing, token)
    clock.advance(timedelta(seconds=20))
    did(services, offering.missed, token, why), did(services, offering.missed, token, why)
    after = entry_now(services, "a")
    assert (after.state, after.rank, after.enqueued_at) == ("waiting", before.rank, before.enqueued_at)
    now = agent_now(services, agent.id)
    assert (now.state, now.misses, now.token) == (state, misses, None)
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=rest_s))
    assert assign_due(services) == (1 if state == "ready" else 0)


def test_several_misses_in_a_row_make_an_agent_not_ready_and_one_does_not(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session, max_misses=3)
    arrive(services, "a")
    for number in (1, 2, 3):
        assert agent_now(services, agent.id).state == "ready", number
        clock.advance(timedelta(seconds=60))
        assert assign_due(services) == 1
        did(services, offering.missed, token_of(services, "a"), "no_answer")
    now = agent_now(services, agent.id)
    assert (now.state, now.reason, now.misses) == ("not_ready", "missed_calls", 0)


def test_nobody_stays_reserved_for_ever(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
    arrive(services, "a")
    assign_due(services)
    token = token_of(services, "a")
    assert reaping.reap(services) == 0
    clock.advance(timedelta(seconds=26))
    assert reaping.reap(services) == 1
    assert (agent_now(services, agent.id).state, entry_now(services, "a").state) == ("ready", "waiting")
    with pytest.raises(Refused):
        did(services, offering.ringing, token)


def test_a_caller_who_leaves_frees_the_agent_at_once_and_tells_the_carrier(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
    arrive(services, "a", phone="+821012345678")
    assign_due(services)
    token = token_of(services, "a")
    did(services, entering.leave, "a", "hangup"), did(services, entering.leave, "a", "hangup")
    now = agent_now(services, agent.id)
    assert (now.state, now.misses) == ("ready", 0)
    assert [fact["token"] for fact in facts(services, "ReservationCancelled")] == [token]
    assert [fact["short"] for fact in facts(services, "CallAbandoned")] == [True]
    with pytest.raises(Refused):
        did(services, offering.accepted, token)


def test_order_is_danger_then_priority_and_age(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, priority_s=60)
    arrive(services, "old")
    clock.advance(timedelta(seconds=50))
    arrive(services, "raised", priority=1)
    clock.advance(timedelta(seconds=30))
    arrive(services, "late raised", priority=1)
    arrive(services, "danger", danger=True)
    order = []
    with services.db.transaction() as session:
        agents = [make_agent(session).id for _ in range(4)]
    assert assign_due(services) == 4
    with services.db.transaction() as session:
        rows = session.scalars(select(Reservation).order_by(Reservation.id)).all()
        order = [session.get_one(entering.QueueEntry, row.entry_id).call_ref for row in rows]
        assert {row.agent_id for row in rows} == set(agents)
    assert order == ["danger", "raised", "old", "late raised"]


def test_needs_widen_only_in_steps_and_the_step_is_recorded(services: Services, clock: FrozenClock) -> None:
    steps = [
        {"after_s": 0, "level": 2},
        {"after_s": 30, "level": 1},
        {"after_s": 60, "drop": ["passport"], "any_language": True},
    ]
    with services.db.transaction() as session:
        make_queue(session, steps=steps)
        foreign = make_agent(session, languages=["en"])
        junior = make_agent(session, skills={"passport": 1})
    arrive(services, "a", skills=["passport"])
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=30))
    assert assign_due(services) == 1
    found = reservation_of(services, "a")
    assert found is not None and (found.agent_id, found.step) == (junior.id, 1)
    did(services, offering.missed, found.token, "no_answer")
    clock.advance(timedelta(seconds=30))
    did(services, presence.choose, junior.id, "offline")
    assert assign_due(services) == 1
    again = reservation_of(services, "a")
    assert again is not None and (again.agent_id, again.step) == (foreign.id, 2)
    did(services, offering.accepted, again.token)
    assert entry_now(services, "a").matched_step == 2
    with services.db.transaction() as session:
        kept = [
            (step.what, step.step, step.detail) for step in session.scalars(select(QueueStep).order_by(QueueStep.id))
        ]
    assert kept == [("widened", 1, ""), ("back", 1, "no_answer"), ("widened", 2, "")]


def test_the_owner_is_waited_for_a_set_time_and_not_when_off_duty(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, sticky_s=60)
        other, owner = make_agent(session), make_agent(session, state="not_ready")
        away = make_agent(session, state="offline")
    arrive(services, "a", sticky_agent_id=owner.id)
    assert assign_due(services) == 0
    did(services, presence.choose, owner.id, "ready")
    assert assign_due(services) == 1
    found = reservation_of(services, "a")
    assert found is not None and found.agent_id == owner.id
    arrive(services, "b", sticky_agent_id=owner.id)
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=60))
    assert assign_due(services) == 1
    second = reservation_of(services, "b")
    assert second is not None and second.agent_id == other.id
    assert arrive(services, "c", sticky_agent_id=away.id).sticky_agent_id == 0


@pytest.mark.parametrize(("strategy", "first"), [("longest_idle", 0), ("most_skilled", 1), ("round_robin", 2)])
def test_each_queue_has_its_strategy(services: Services, clock: FrozenClock, strategy: str, first: int) -> None:
    now = clock.now()
    with services.db.transaction() as session:
        make_queue(session, strategy=strategy, skills=["passport"])
        agents = [
            make_agent(session, skills={"passport": 1}, idle_since=now - timedelta(hours=2), offered_at=now),
            make_agent(session, skills={"passport": 4}, idle_since=now, offered_at=now - timedelta(minutes=1)),
            make_agent(session, skills={"passport": 2}, idle_since=now, offered_at=now - timedelta(hours=1)),
        ]
    arrive(services, "a")
    assign_due(services)
    found = reservation_of(services, "a")
    assert found is not None and found.agent_id == agents[first].id


def test_position_and_expected_wait_are_two_different_numbers(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, callback_offer_s=120)
    for ref in ("a", "b", "c"):
        arrive(services, ref)
    alone = did(services, standing, "b")
    assert (alone.position, alone.expected_wait_s, alone.overflow, alone.callback_offered) == (
        2,
        None,
        "no_staff",
        True,
    )
    with services.db.transaction() as session:
        make_agent(session, state="talking", token="x")
        make_agent(session, state="talking", token="y")
    clock.advance(timedelta(seconds=10))
    second = did(services, standing, "b")
    assert (second.position, second.waited_s, second.expected_wait_s, second.overflow) == (2, 10.0, 240, None)
    with services.db.transaction() as session:
        make_agent(session, state="ready")
    assert did(services, standing, "a").expected_wait_s == 0


def test_a_state_chosen_during_a_call_applies_afterwards(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
    arrive(services, "a"), arrive(services, "b")
    assign_due(services)
    token = token_of(services, "a")
    did(services, offering.accepted, token)
    did(services, presence.choose, agent.id, "not_ready", "meal")
    assert agent_now(services, agent.id).state == "talking"
    did(services, offering.finished, token)
    assert agent_now(services, agent.id).state == "wrap_up" and assign_due(services) == 0
    did(services, presence.wrapped_up, agent.id, "other")
    now = agent_now(services, agent.id)
    assert (now.state, now.reason, now.next_state) == ("not_ready", "meal", None)


def test_an_overnight_shift_does_not_end_at_midnight_but_when_its_time_is_over(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session, max_duty_min=480)
    clock.advance(timedelta(hours=7, minutes=59))
    reaping.reap(services)
    assert agent_now(services, agent.id).state == "ready"
    clock.advance(timedelta(minutes=1))
    reaping.reap(services)
    now = agent_now(services, agent.id)
    assert (now.state, now.reason) == ("not_ready", "duty_over")
    with pytest.raises(Refused):
        did(services, presence.choose, agent.id, "ready")
    did(services, presence.choose, agent.id, "offline")
    did(services, presence.choose, agent.id, "ready")
