"""One telephone is on duty once: as a volunteer or as staff."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from tests.overflow.volunteers.making import make_volunteer
from tests.queues.making import make_agent

PHONE = "+821090000088"


def _both(services: Services) -> tuple[int, int]:
    """Return the agent that somebody is as a volunteer, and the one as staff, both off and with the same number."""
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, phone=PHONE)
        assert volunteer.agent_id is not None
        return volunteer.agent_id, make_agent(session, state="offline", phone=PHONE, via="phone").id


def _choose(services: Services, clock: FrozenClock, agent_id: int, state: str) -> str:
    with services.db.transaction() as session:
        return presence.choose(session, clock, agent_id, state, actor=SYSTEM).state


@pytest.mark.parametrize("staff_first", [False, True])
def test_who_takes_calls_in_one_place_does_not_become_ready_in_another(
    services: Services, clock: FrozenClock, staff_first: bool
) -> None:
    volunteer, staff = _both(services)
    first, second = (staff, volunteer) if staff_first else (volunteer, staff)
    assert _choose(services, clock, first, "ready") == "ready"
    with pytest.raises(Refused) as refused:
        _choose(services, clock, second, "ready")
    assert refused.value.code == "on-duty-elsewhere"
    with services.db.transaction() as session:
        assert session.get_one(Agent, second).state == "offline"
    _choose(services, clock, first, "offline")
    assert _choose(services, clock, second, "ready") == "ready"


def test_of_two_places_at_once_one_is_ready(services: Services, clock: FrozenClock) -> None:
    places = _both(services)
    both_ready = Barrier(2)

    def come(agent_id: int) -> str:
        with services.db.transaction() as session:
            session.scalar(select(Agent.id).where(Agent.id == agent_id))  # the connection is there
            both_ready.wait(timeout=60)
            try:
                return presence.choose(session, clock, agent_id, "ready", actor=SYSTEM).state
            except Refused as refused:
                session.rollback()
                return refused.code

    for _ in range(5):
        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(come, places)) == ["on-duty-elsewhere", "ready"]
        for agent_id in places:
            _choose(services, clock, agent_id, "offline")


def test_others_numbers_and_two_of_the_staff_are_left_alone(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        ids = [make_volunteer(session).agent_id, make_volunteer(session).agent_id]
        ids += [make_agent(session, state="offline", phone=PHONE, via="phone").id for _ in range(2)]
    for agent_id in ids:
        assert agent_id is not None
        assert _choose(services, clock, agent_id, "ready") == "ready"
