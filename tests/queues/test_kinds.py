"""Made-up people of drills get no real caller, and real volunteers no call of a drill: over the code that really assigns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.agents.keeping import AgentFacts, keep_agent
from hotline.agents.models import Agent
from hotline.agents.skills import may_take
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import psycopg_of
from hotline.core.services import Services
from hotline.queues import assigning, callbacks, standing, tending
from hotline.queues.choosing import Free, Head, Pair, Rules, pair
from hotline.queues.models import Callback
from tests.factories import NOW
from tests.queues.making import call_in, make_agent, make_queue, open_reservations

REAL: dict[str, Any] = {"first_level": True}
DRILL: dict[str, Any] = {"first_level": True, "drill": True}
STAFF: dict[str, Any] = {}
MADE_UP_STAFF: dict[str, Any] = {"drill": True}
ANYBODY = frozenset({"staff"})


def takers(services: Services) -> dict[str, int]:
    """Return who is reserved for which call."""
    return {each.call_ref: each.agent_id for each in open_reservations(services)}


@pytest.mark.parametrize(
    ("agent", "call_is_drill", "given"),
    [
        (DRILL, False, 0), (DRILL, True, 1), (REAL, False, 1), (REAL, True, 0),
        (STAFF, False, 1), (STAFF, True, 1), (MADE_UP_STAFF, False, 0), (MADE_UP_STAFF, True, 1),
    ],
)  # fmt: skip
def test_who_gets_which_kind(
    services: Services, clock: FrozenClock, agent: dict[str, Any], call_is_drill: bool, given: int
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        make_agent(session, **agent)
        call_in(session, clock, language="ko", drill=call_is_drill)
    for _ in range(3):
        assigning.assign_due(services)
        tending.tend(services)
        clock.advance(timedelta(seconds=5))
    assert len(takers(services)) == given
    assert (
        may_take(call_is_drill, first_level=agent.get("first_level", False), drill=agent.get("drill", False)) == given
    )


def test_both_kinds_at_once_find_their_own_in_one_pass(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        made_up, helper = make_agent(session, **DRILL).id, make_agent(session, **REAL).id
        for number in range(5):  # more drills than anybody is free, all of them before the first real caller
            call_in(session, clock, language="ko", ref=f"drill{number}", drill=True)
        clock.advance(timedelta(seconds=1))
        call_in(session, clock, language="ko", ref="real")
        call_in(session, clock, language="ko", ref="later")
    assert assigning.assign_due(services) == 2
    assert takers(services) == {"drill0": made_up, "real": helper}
    assert assigning.assign_due(services) == 0
    with services.db.transaction() as session:
        staff = make_agent(session).id, make_agent(session).id
    assert assigning.assign_due(services) == 2
    assert takers(services) == {"drill0": made_up, "real": helper, "drill1": staff[0], "drill2": staff[1]}


@pytest.mark.parametrize(("agent", "call_is_drill"), [(DRILL, False), (REAL, True), (MADE_UP_STAFF, False)])
def test_the_statement_itself_refuses_a_pair_that_was_chosen_wrongly(
    services: Services, clock: FrozenClock, agent: dict[str, Any], call_is_drill: bool
) -> None:
    with services.db.transaction() as session:
        queue = make_queue(session)
        somebody = make_agent(session, **agent)
        plain = call_in(session, clock, drill=call_is_drill)
        asking = call_in(session, clock, language="ko", drill=call_is_drill)
        for entry in (plain, asking):
            head = Head(entry.id, queue.id, entry.step, frozenset(entry.need.split()), entry.rank_at, entry.drill)
            assert assigning.reserve(psycopg_of(session), [Pair(head, somebody.id)], clock.now()) == 0


def test_no_pair_is_made_to_be_thrown_away_and_one_kind_does_not_stop_the_other() -> None:
    free = [Free(1, 1, ANYBODY, NOW, first_level=True, drill=False)]
    heads = [Head(number, 1, 0, frozenset(), NOW, drill=True) for number in (1, 2, 3)] + [
        Head(4, 1, 0, frozenset(), NOW + timedelta(seconds=1))
    ]
    assert [(each.head.entry_id, each.agent_id) for each in pair(free, heads, {1: Rules("longest_idle")})] == [(4, 1)]


@pytest.mark.parametrize(("owner", "call_is_drill"), [(DRILL, False), (REAL, True)])
def test_a_caller_waits_for_no_owner_of_the_other_kind(
    services: Services, clock: FrozenClock, owner: dict[str, Any], call_is_drill: bool
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        known, staff = make_agent(session, **owner).id, make_agent(session).id
        entry = call_in(session, clock, ref="other", drill=call_is_drill, sticky_agent_id=known)
        own = call_in(session, clock, ref="own", drill=not call_is_drill, sticky_agent_id=known)
        assert (entry.sticky_agent_id, own.sticky_agent_id) == (None, known)
    assert assigning.assign_due(services) == 2
    assert takers(services) == {"other": staff, "own": known}


def test_a_callback_is_of_the_kind_of_its_call(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        made_up = make_agent(session, **DRILL).id
        for ref, phone, drill in (("call:9:1", "+821055500001", False), ("call:9:2", "+821055500002", True)):
            call_in(session, clock, ref=ref, phone=phone, drill=drill)
            callbacks.keep_place(session, clock, ref, phone)
    for _ in range(3):
        tending.tend(services)
        assigning.assign_due(services)
        clock.advance(timedelta(seconds=1))
    [found] = open_reservations(services)
    with services.db.transaction() as session:
        assert session.query(Callback).filter(Callback.entry_id == found.entry_id).one().drill
    assert found.agent_id == made_up


def test_with_made_up_people_alone_nobody_is_there_for_a_real_caller(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        queue = make_queue(session)
        make_agent(session, **DRILL)
        call_in(session, clock, ref="real")
        call_in(session, clock, ref="drill", drill=True)
        recent = standing.Recent(60.0)
        for _ in range(2):
            assert standing.standing(session, clock, "real", recent=recent).expected_wait_s is None
            assert standing.standing(session, clock, "drill", recent=recent).expected_wait_s is not None
        assert standing.staff(session, queue) == {} and standing.staff(session, queue, drill=True) == {"ready": 1}


def test_an_administrator_who_changes_a_made_up_volunteer_makes_no_staff_of_them(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        agent = make_agent(session, **DRILL)
        keep_agent(
            session, clock, SYSTEM, agent.officer_id, AgentFacts(group_id=agent.group_id, languages=["ko", "en"])
        )
    with services.db.transaction() as session:
        kept = session.get_one(Agent, agent.id)
        assert (kept.first_level, kept.drill, kept.languages) == (True, True, ["en", "ko"])
        assert "staff" not in kept.marks
