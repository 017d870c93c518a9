"""What went wrong elsewhere, each as a test: stuck reservations, cut wrap-ups, dead numbers, one miss that benches, midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from hotline.agents import presence
from hotline.agents.models import Agent, PresenceChange
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import offering, tending
from hotline.queues.assigning import assign_due
from hotline.queues.models import QueueEntry, Reservation
from hotline.queues.standing import standing
from tests.queues.making import call_in, make_agent, make_queue, open_reservations


def _one_offer(services: Services, **more: object) -> tuple[int, str]:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session, **more)
        call_in(session, services.clock, ref="call:1")
    assert assign_due(services) == 1
    return agent.id, open_reservations(services)[0].token


def _agent(services: Services, agent_id: int) -> Agent:
    with services.db.transaction() as session:
        return session.get_one(Agent, agent_id)


def test_an_agent_is_not_reserved_for_ever(services: Services, clock: FrozenClock) -> None:
    agent_id, token = _one_offer(services)
    joined = clock.now()
    assert tending.tend(services) == 0
    clock.advance(timedelta(seconds=31))
    assert tending.tend(services) == 1
    assert _agent(services, agent_id).state == "ready"
    with services.db.transaction() as session:
        assert session.scalars(select(QueueEntry)).one().state == "waiting"
        assert standing(session, clock, "call:1").waited_s == (clock.now() - joined).total_seconds()
        with pytest.raises(Refused):
            offering.accepted(session, clock, token)
    assert assign_due(services) == 1


def test_a_worker_that_starts_reaps_and_assigns(services: Services, clock: FrozenClock) -> None:
    _, token = _one_offer(services)
    clock.advance(timedelta(minutes=5))
    tending.start(services)
    [found] = open_reservations(services)
    assert found.token != token


def test_rows_that_do_not_fit_each_other_are_mended(services: Services) -> None:
    agent_id, _ = _one_offer(services)
    with services.db.transaction() as session:
        session.execute(text("DELETE FROM reservations"))
    assert tending.reconcile(services) == 2
    assert _agent(services, agent_id).state == "not_ready"
    with services.db.transaction() as session:
        assert session.scalars(select(QueueEntry)).one().state == "waiting"


def test_one_miss_does_not_bench_but_several_in_a_row_do(services: Services) -> None:
    agent_id, _ = _one_offer(services, max_misses=3)
    for number in range(3):
        token = open_reservations(services)[0].token
        with services.db.transaction() as session:
            offering.missed(session, services.clock, token, "no_answer")
            offering.missed(session, services.clock, token, "no_answer")
        assert _agent(services, agent_id).state == ("ready" if number < 2 else "not_ready")
        assign_due(services)
    assert _agent(services, agent_id).reason == "misses"


def test_an_answered_call_forgets_the_misses(services: Services) -> None:
    agent_id, token = _one_offer(services, misses=2)
    with services.db.transaction() as session:
        offering.accepted(session, services.clock, token)
    assert _agent(services, agent_id).misses == 0


def test_a_dead_number_benches_its_agent_and_the_caller_goes_on_to_the_next(services: Services) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        other = make_agent(session)
        offering.missed(session, services.clock, token, "dead_number")
    assert (_agent(services, agent_id).state, _agent(services, agent_id).reason) == ("not_ready", "dead_number")
    assert assign_due(services) == 1
    assert open_reservations(services)[0].agent_id == other.id


def test_a_busy_line_pauses_its_agent_only(services: Services, clock: FrozenClock) -> None:
    _, token = _one_offer(services)
    with services.db.transaction() as session:
        offering.missed(session, clock, token, "busy")
    assert assign_due(services) == 0
    clock.advance(timedelta(seconds=30))
    assert assign_due(services) == 1


def test_no_other_queue_cuts_a_wrap_up_short(services: Services, clock: FrozenClock) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        make_queue(session, code="other", wrap_up_s=1)
        offering.accepted(session, clock, token)
        offering.finished(session, clock, token)
        call_in(session, clock, queue="other", priority=9)
        presence.choose(session, clock, agent_id, "ready")
    clock.advance(timedelta(seconds=170))
    tending.tend(services)
    assert assign_due(services) == 0
    assert _agent(services, agent_id).state == "wrap_up"


def test_a_wrap_up_that_is_forgotten_ends_without_a_surprise(services: Services, clock: FrozenClock) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        offering.accepted(session, clock, token)
        offering.finished(session, clock, token)
    clock.advance(timedelta(seconds=181))
    tending.tend(services)
    assert (_agent(services, agent_id).state, _agent(services, agent_id).reason) == ("not_ready", "wrap_up_over")


@pytest.mark.parametrize(("chosen", "reason"), [("not_ready", "meal"), ("offline", "")])
def test_what_is_chosen_during_a_call_applies_afterwards(services: Services, chosen: str, reason: str) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        offering.accepted(session, services.clock, token)
        presence.choose(session, services.clock, agent_id, chosen, reason)
        assert session.get_one(Agent, agent_id).state == "talking"
        offering.finished(session, services.clock, token)
        assert session.get_one(Agent, agent_id).state == "wrap_up"
        offering.wrap_up(session, services.clock, agent_id, "general")
        found = session.get_one(Agent, agent_id)
        assert (found.state, found.reason, found.next_state) == (chosen, reason, None)


def test_who_goes_home_while_a_call_rings_is_off_duty_however_that_call_ends(services: Services) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        presence.choose(session, services.clock, agent_id, "offline")
        offering.missed(session, services.clock, token, "dead_number")
        found = session.get_one(Agent, agent_id)
        assert (found.state, found.next_state, found.duty_since) == ("offline", None, None)
        before_last = session.scalars(
            select(PresenceChange).order_by(PresenceChange.id.desc()).offset(1).limit(1)
        ).one()
        assert (before_last.after, before_last.reason) == ("not_ready", "dead_number"), (
            "that the number is dead is on record"
        )


def test_an_overnight_shift_does_not_end_at_midnight_but_after_its_hours(
    services: Services, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))  # nine in the evening in Seoul
    with services.db.transaction() as session:
        agent = make_agent(session, state="offline", max_duty_minutes=600)
        presence.choose(session, clock, agent.id, "ready")
    clock.advance(timedelta(hours=9, minutes=59))
    tending.tend(services)
    assert _agent(services, agent.id).state == "ready"
    clock.advance(timedelta(minutes=1))
    tending.tend(services)
    assert (_agent(services, agent.id).state, _agent(services, agent.id).reason) == ("not_ready", "duty_over")
    with services.db.transaction() as session, pytest.raises(Refused) as refusal:
        presence.choose(session, clock, agent.id, "ready")
    assert refusal.value.code == "duty-over"
    with services.db.transaction() as session:
        presence.choose(session, clock, agent.id, "offline")
        presence.choose(session, clock, agent.id, "ready")


def test_whoever_is_in_a_call_when_their_duty_is_over_finishes_it_and_gets_no_other(
    services: Services, clock: FrozenClock
) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        session.get_one(Agent, agent_id).max_duty_minutes = 15
        offering.accepted(session, clock, token)
    clock.advance(timedelta(minutes=20))
    tending.tend(services)
    assert _agent(services, agent_id).state == "talking"
    with services.db.transaction() as session:
        offering.finished(session, clock, token)
        offering.wrap_up(session, clock, agent_id, "general")
    assert (_agent(services, agent_id).state, _agent(services, agent_id).reason) == ("not_ready", "duty_over")


def test_every_change_of_presence_is_written_down(services: Services) -> None:
    agent_id, token = _one_offer(services)
    with services.db.transaction() as session:
        offering.ringing(session, services.clock, token)
        offering.accepted(session, services.clock, token)
    with services.db.transaction() as session:
        found = session.scalars(select(PresenceChange).order_by(PresenceChange.id)).all()
        assert [(each.before, each.after) for each in found if each.agent_id == agent_id] == [
            ("ready", "reserved"), ("reserved", "ringing"), ("ringing", "talking"),
        ]  # fmt: skip


def test_an_outbound_call_keeps_its_agent_from_the_queue(services: Services) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
        call_in(session, services.clock)
        found = offering.claim(session, services.clock, agent.id, "call:out", outbound=True)
    assert assign_due(services) == 0
    with services.db.transaction() as session, pytest.raises(Refused):
        offering.claim(session, services.clock, agent.id, "call:in", outbound=False)
    with services.db.transaction() as session:
        offering.finished(session, services.clock, found.token)
        offering.wrap_up(session, services.clock, agent.id, "accident")
        assert session.scalars(select(Reservation)).one().disposition == "accident"
    assert assign_due(services) == 1
