"""The pass that gives callers to agents: one statement, one token, one of each; in the order that is ruled."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.agents.models import Agent
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.queues import entering, offering
from hotline.queues.assigning import assign_due
from hotline.queues.models import EntryStep, QueueEntry
from tests.queues.making import call_in, make_agent, make_queue, open_reservations


def test_a_call_goes_to_a_ready_agent_with_token_expiry_and_outbox_row(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
        entry = call_in(session, services.clock, ref="call:7", language="ko")
    assert assign_due(services) == 1
    assert assign_due(services) == 0
    [found] = open_reservations(services)
    assert (found.agent_id, found.entry_id, found.call_ref, found.via) == (agent.id, entry.id, "call:7", "phone")
    assert found.expires_at == services.clock.now() + timedelta(seconds=30)
    with services.db.transaction() as session:
        event = session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "AgentReserved")).one()
        assert event.payload["token"] == found.token
        assert event.payload["reservation_id"] == found.id
        assert session.get_one(Agent, agent.id).token == found.token
        assert session.get_one(QueueEntry, entry.id).state == "reserved"


def test_the_whole_life_of_a_call(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
        call_in(session, services.clock)
    assign_due(services)
    token = open_reservations(services)[0].token
    for step, state in (("ringing", "ringing"), ("accepted", "talking"), ("finished", "wrap_up")):
        for _ in range(2):  # each event may come twice
            with services.db.transaction() as session:
                getattr(offering, step)(session, services.clock, token)
                assert session.get_one(Agent, agent.id).state == state
    with services.db.transaction() as session:
        offering.wrap_up(session, services.clock, agent.id, "passport")
        offering.wrap_up(session, services.clock, agent.id, "passport")
        assert session.get_one(Agent, agent.id).state == "ready"
        assert session.scalars(select(QueueEntry)).one().state == "done"
    with services.db.transaction() as session, pytest.raises(Refused) as refusal:
        offering.ringing(session, services.clock, token)
    assert refusal.value.code == "stale-reservation"


def test_a_burst_does_not_pick_one_agent_for_all(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(5):
            make_agent(session)
        for _ in range(8):
            call_in(session, services.clock)
    assert assign_due(services) == 5
    found = open_reservations(services)
    assert len({each.agent_id for each in found}) == len({each.entry_id for each in found}) == 5


def test_passes_at_the_same_time_never_give_one_call_twice(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(6):
            make_agent(session)
            call_in(session, services.clock)
    threads = [threading.Thread(target=assign_due, args=(services,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assign_due(services)
    found = open_reservations(services)
    assert len(found) == len({each.agent_id for each in found}) == len({each.entry_id for each in found}) == 6


def test_priority_counts_as_waiting_and_danger_goes_before_everybody(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, priority_s=60)
        first = call_in(session, clock)
        clock.advance(timedelta(seconds=90))
        one_point = call_in(session, clock, priority=1)
        two_points = call_in(session, clock, priority=2)
        clock.advance(timedelta(hours=1))
        danger = call_in(session, clock, danger=True)
        expected = [danger.id, two_points.id, first.id, one_point.id]
        for _ in expected:
            make_agent(session)
    assert assign_due(services) == 4
    with services.db.transaction() as session:
        agents = session.scalars(select(Agent).order_by(Agent.id)).all()
        by_agent = {each.agent_id: each.entry_id for each in open_reservations(services)}
        assert [by_agent[agent.id] for agent in agents] == expected


def test_skills_widen_in_steps_that_are_recorded(services: Services, clock: FrozenClock) -> None:
    steps = [
        {"after_s": 0, "level": 3, "language": True, "drop": [], "groups": 0},
        {"after_s": 30, "level": 1, "language": True, "drop": [], "groups": 0},
        {"after_s": 60, "level": 1, "language": False, "drop": ["visa"], "groups": 0},
    ]
    with services.db.transaction() as session:
        make_queue(session, steps=steps)
        low = make_agent(session, skills={"visa": 1})
        entry = call_in(session, clock, language="ko", skills=["visa"])
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=31))
    assert assign_due(services) == 1
    [found] = open_reservations(services)
    assert (found.agent_id, found.matched_step) == (low.id, 1)
    with services.db.transaction() as session:
        [step] = session.scalars(select(EntryStep).where(EntryStep.entry_id == entry.id)).all()
        assert (step.kind, step.step, step.need) == ("widened", 1, "lang:ko visa:1")


def test_a_rare_language_does_not_stop_the_queue(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        call_in(session, services.clock, language="mn")
        korean = call_in(session, services.clock, language="ko")
        make_agent(session)
    assert assign_due(services) == 1
    assert open_reservations(services)[0].entry_id == korean.id


def test_who_belongs_to_an_agent_waits_for_them_only_so_long(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session, sticky_s=60)
        owner = make_agent(session, state="not_ready")
        owner.state = "wrap_up"
        owner.token = "t"
        other = make_agent(session)
        call_in(session, clock, sticky_agent_id=owner.id)
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=61))
    assert assign_due(services) == 1
    assert open_reservations(services)[0].agent_id == other.id


def test_who_belongs_to_an_absent_agent_does_not_wait_for_them(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        owner = make_agent(session, state="offline")
        make_agent(session)
        entry = call_in(session, services.clock, sticky_agent_id=owner.id)
        assert entry.sticky_agent_id is None
    assert assign_due(services) == 1


def test_groups_in_their_order_and_outsourced_ones_from_a_step_on(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        firm = make_agent(session, group="Firm", idle_since=clock.now() - timedelta(hours=1))
        house = make_agent(session, group="House")
        steps = [
            {"after_s": 0, "level": 1, "language": True, "drop": [], "groups": 1},
            {"after_s": 45, "level": 1, "language": True, "drop": [], "groups": 2},
        ]
        make_queue(session, group_ids=[house.group_id, firm.group_id], steps=steps)
        call_in(session, clock)
        call_in(session, clock)
    assert assign_due(services) == 1
    assert open_reservations(services)[0].agent_id == house.id
    clock.advance(timedelta(seconds=46))
    assert assign_due(services) == 1
    assert open_reservations(services)[1].agent_id == firm.id


def test_whoever_is_idle_longest_gets_the_next_call_whatever_their_number(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agents = {
            minutes: make_agent(session, idle_since=clock.now() - timedelta(minutes=minutes)).id
            for minutes in (5, 1, 9, 3)
        }
    for number in range(4):
        with services.db.transaction() as session:
            call_in(session, clock, ref=f"call:{number}")
        assert assign_due(services) == 1
    assert [each.agent_id for each in open_reservations(services)] == [agents[minutes] for minutes in (9, 5, 3, 1)]


def test_volunteers_answer_for_every_queue_after_its_own_people(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        helper = make_agent(session, group="Volunteers", first_level=True, idle_since=clock.now() - timedelta(hours=1))
        own = make_agent(session, group="House")
        steps = [{"after_s": 0, "level": 1, "language": True, "drop": [], "groups": 1}]
        make_queue(session, group_ids=[own.group_id], steps=steps)
        call_in(session, clock)
        call_in(session, clock)
    assert assign_due(services) == 2
    assert [each.agent_id for each in open_reservations(services)] == [own.id, helper.id]


def test_round_robin_goes_round(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session, strategy="round_robin")
        agents = [make_agent(session).id for _ in range(3)]
    order = []
    for _ in range(4):
        with services.db.transaction() as session:
            call_in(session, services.clock)
        assert assign_due(services) == 1
        [found] = open_reservations(services)
        order.append(found.agent_id)
        with services.db.transaction() as session:
            offering.accepted(session, services.clock, found.token)
            offering.finished(session, services.clock, found.token)
            offering.wrap_up(session, services.clock, found.agent_id, "other")
    assert order == [*agents, agents[0]]


def test_the_most_skilled_first(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session, strategy="most_skilled")
        make_agent(session, skills={"visa": 2})
        best = make_agent(session, skills={"visa": 5})
        call_in(session, services.clock, skills=["visa"])
    assign_due(services)
    assert open_reservations(services)[0].agent_id == best.id


def test_a_hang_up_while_it_rings_frees_the_agent_without_losing_their_turn(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session, idle_since=services.clock.now() - timedelta(minutes=9))
        since = agent.idle_since
        call_in(session, services.clock, ref="call:1")
    assign_due(services)
    token = open_reservations(services)[0].token
    with services.db.transaction() as session:
        entering.leave(session, services.clock, "call:1", "hangup")
        found = session.get_one(Agent, agent.id)
        assert (found.state, found.idle_since, found.token) == ("ready", since, None)
    with services.db.transaction() as session, pytest.raises(Refused):
        offering.accepted(session, services.clock, token)


def test_a_full_queue_takes_nobody_but_danger_to_life_and_whose_place_was_promised(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session, max_waiting=1)
        call_in(session, services.clock, ref="call:1")
        call_in(session, services.clock, ref="call:1")
        with pytest.raises(Refused) as refusal:
            call_in(session, services.clock)
        assert refusal.value.code == "queue-full"
        call_in(session, services.clock, danger=True)
        call_in(session, services.clock, kind="callback", phone="+821012345678")
        assert session.query(QueueEntry).count() == 3
