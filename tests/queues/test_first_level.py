"""Volunteers take calls of the first level, and no hard one at any step, by any way: over the code that really assigns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.agents.models import Agent
from hotline.agents.skills import marks_of
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import assigning, callbacks, standing, tending
from hotline.queues.models import EntryStep, Queue, QueueEntry, Reservation
from hotline.queues.steps import Step
from tests.factories import make_officer
from tests.queues.making import call_in, make_agent, make_queue

LADDER = [
    Step(0, 3).as_json(), Step(30, 1, drop=("senior",)).as_json(), Step(60, 1, False, ("senior", "passport")).as_json()
]  # fmt: skip


def volunteer(session: Any, **more: Any) -> Agent:
    return make_agent(session, **({"first_level": True, "skills": {"passport": 5, "senior": 5}} | more))


def takers(services: Services) -> dict[str, int]:
    """Return who was reserved for which call."""
    with services.db.transaction() as session:
        return {each.call_ref: each.agent_id for each in session.query(Reservation)}


def test_marks_of_a_volunteer_are_level_one_without_senior_and_staff() -> None:
    assert marks_of(7, {"passport": 4, "senior": 5}, ["ko"], first_level=True) == ["agent:7", "lang:ko", "passport:1"]
    assert "staff" in marks_of(7, {}, []) and "staff" not in marks_of(7, {}, [], first_level=True)


def test_a_skill_at_a_higher_level_waits_until_the_step_is_content_with_one(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        volunteer(session)
        make_queue(session, steps=LADDER)
        call_in(session, clock, skills=["passport"], language="ko", ref="a")
    assert assigning.assign_due(services) == 0
    clock.advance(timedelta(seconds=31))
    assert assigning.assign_due(services) == 1


@pytest.mark.parametrize("hard", [{"danger": True}, {"skills": ["senior"]}, {"hard": True}])
def test_no_step_of_widening_brings_a_hard_call_to_a_volunteer(
    services: Services, clock: FrozenClock, hard: dict[str, Any]
) -> None:
    with services.db.transaction() as session:
        volunteer(session)
        make_queue(session, steps=LADDER)
        call_in(session, clock, language="ko", ref="hard", **hard)
        call_in(session, clock, language="ko", ref="plain")
    for _ in range(5):
        assigning.assign_due(services)
        clock.advance(timedelta(seconds=40))
    assert set(takers(services)) == {"plain"}
    with services.db.transaction() as session:
        staff = make_agent(session).id
    assigning.assign_due(services)
    assert takers(services)["hard"] == staff


def test_a_hard_call_is_not_kept_for_an_owner_who_is_a_volunteer(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        owner = volunteer(session)
        make_queue(session)
        call_in(session, clock, language="ko", ref="hard", hard=True, sticky_agent_id=owner.id)
        plain = call_in(session, clock, language="ko", ref="plain", sticky_agent_id=owner.id)
        assert plain.sticky_agent_id == owner.id
    assigning.assign_due(services)
    assert takers(services) == {"plain": owner.id}


def test_overflow_into_another_queue_keeps_a_hard_call_with_staff(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer(session, group="Others")
        staff = make_agent(session, group="Others", state="not_ready")
        spare = make_queue(session, code="spare")
        make_queue(
            session, overflow_action="queue", overflow_queue_id=spare.id, overflow_wait_s=30,
            group_ids=[make_agent(session, group="Away", state="offline").group_id],
        )  # fmt: skip
        call_in(session, clock, language="ko", ref="hard", hard=True)
    clock.advance(timedelta(seconds=60))
    tending.overflow_due(services)
    assigning.assign_due(services)
    with services.db.transaction() as session:
        entry = session.query(QueueEntry).one()
        assert (entry.queue_id, entry.state, "staff" in entry.need.split()) == (spare.id, "waiting", True)
        session.get_one(Agent, staff.id).state = "ready"
    assert assigning.assign_due(services) == 1 and takers(services) == {"hard": staff.id}


def test_a_callback_of_a_hard_call_is_hard(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer(session)
        make_queue(session)
        call_in(session, clock, language="ko", ref="call:9:1", hard=True, phone="+821055500001")
        callbacks.keep_place(session, clock, "call:9:1", "+821055500001")
    for _ in range(3):
        tending.tend(services)
        assigning.assign_due(services)
        clock.advance(timedelta(seconds=30))
    assert takers(services) == {}
    with services.db.transaction() as session:
        staff = make_agent(session).id
    assigning.assign_due(services)
    assert set(takers(services).values()) == {staff}


def test_with_volunteers_alone_on_duty_nobody_is_there_for_danger_to_life(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        volunteer(session)
        make_queue(session)
        call_in(session, clock, language="ko", ref="danger", danger=True)
        call_in(session, clock, language="ko", ref="plain")
        assert standing.standing(session, clock, "danger").expected_wait_s is None, "so the duty number is rung"
        assert standing.standing(session, clock, "plain").expected_wait_s is not None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["", "passport", "senior"])), max_size=8),
    waits=st.lists(st.integers(0, 60), min_size=1, max_size=4),
)
def test_whatever_waits_and_however_long_no_volunteer_is_reserved_for_a_hard_call(
    services: Services, clock: FrozenClock, calls: list[tuple[bool, bool, str]], waits: list[int]
) -> None:
    with services.db.transaction() as session:
        for table in (Reservation, EntryStep, QueueEntry):
            session.query(table).delete()
        session.query(Agent).update({"state": "offline", "token": None, "active": False})
        if session.query(Queue).count() == 0:
            make_queue(session, steps=LADDER)
        officer = make_officer(session, roles=("volunteer",))
        theirs = {volunteer(session, officer=officer).id, volunteer(session).id}
        make_agent(session, skills={"passport": 2})
        for number, (danger, hard, skill) in enumerate(calls):
            call_in(
                session,
                clock,
                language="ko",
                ref=f"r{number}",
                danger=danger,
                hard=hard,
                skills=[skill] if skill else [],
            )
    for wait in waits:
        assigning.assign_due(services)
        clock.advance(timedelta(seconds=wait))
    assigning.assign_due(services)
    with services.db.transaction() as session:
        for found in session.query(Reservation):
            entry = session.get_one(QueueEntry, found.entry_id)
            assert not (found.agent_id in theirs and entry.hard)
            expected = next(c for n, c in enumerate(calls) if f"r{n}" == entry.call_ref)
            assert entry.hard == (expected[0] or expected[1] or expected[2] == "senior")
