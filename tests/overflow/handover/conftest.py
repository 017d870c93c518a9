"""A mission at the beginning of its night, and another in the morning after a night with calls for it."""

from __future__ import annotations

import pytest

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission
from overflow.handover import looking
from tests.factories import make_token
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING,
    handovers_of,
    make_call,
    make_case_of,
    make_promise,
    make_shanghai,
    make_staff,
    make_watcher,
)


class Morning:
    """A mission in the morning after a night with one urgent case, a calm one with a promise, and an unhelped call."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        clock.set(EVENING + MINUTE)
        with services.db.transaction() as session:
            mission = make_shanghai(session, code="shanghai", email="night@mission.example")
            self.other = make_shanghai(session, code="other").id
            self.mission = mission.id
            self.staff, self.watcher = make_staff(session, mission), make_watcher(session)
            self.stranger = make_staff(session, session.get_one(Mission, self.other))
        looking.run(services)
        with services.db.transaction() as session:
            mission = session.get_one(Mission, self.mission)
            self.grave = make_case_of(session, make_call(session, mission, at=EVENING + HOUR), priority=1).id
            call = make_call(session, mission, at=EVENING + 2 * HOUR)
            calm = make_case_of(session, call)
            make_promise(session, call, due_at=MORNING + 4 * HOUR, case=calm)
            make_call(session, mission, at=EVENING + 3 * HOUR, connected=False, phone="+821099990001")
        clock.set(MORNING)
        looking.run(services)
        with services.db.transaction() as session:
            told = handovers_of(session, self.mission)[0]
            self.handover, self.items = told.handover.id, [item.id for item in told.items]
            self.tokens = {
                who.id: make_token(session, session.get_one(Officer, who.id), clock=clock)
                for who in (self.staff, self.stranger, self.watcher)
            }

    def headers(self, who: Actor) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who.id]}"}


@pytest.fixture
def morning(services: Services, clock: FrozenClock) -> Morning:
    return Morning(services, clock)


@pytest.fixture
def mission_id(services: Services, clock: FrozenClock) -> int:
    """A mission that has just been seen to close for the night, with somebody of the centre who watches."""
    clock.set(EVENING + MINUTE)
    with services.db.transaction() as session:
        mission = make_shanghai(session, email="shanghai@mission.example")
        make_watcher(session)
    looking.run(services)
    return mission.id
