"""The four pilot missions of the demo data: whole, realistic, filled once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.demo.accounts import OFFICERS
from hotline.demo.mission_list import MISSIONS
from hotline.demo.pilots import PILOTS, fill_pilots
from hotline.missions import duty, keeping, missions, opening, staff
from hotline.missions.models import Mission
from tests.factories import make_officer

DEMO = Actor(kind="system", id=None, name="demo data", via="cli")


@pytest.fixture
def filled(services: Services, clock: FrozenClock, db: Database) -> None:
    with db.transaction() as session:
        for mission in MISSIONS:
            missions.save(session, clock, SYSTEM, mission)
        for pilot in PILOTS:
            make_officer(session, name=pilot.officer, roles=OFFICERS[pilot.officer][1])
        assert fill_pilots(session, services, DEMO) == 4
        assert fill_pilots(session, services, DEMO) == 0


def mission_of(session: Session, code: str) -> Mission:
    return session.scalars(select(Mission).where(Mission.code == code)).one()


def test_every_pilot_is_whole(filled: None, db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        for pilot in PILOTS:
            mission = mission_of(session, pilot.code)
            assert [line.pool_number for line in duty.lines_of(session, mission.id)] == [pilot.pool]
            assert len(duty.duty_of(session, mission.id)) >= 2
            assert len(duty.notices_of(session, mission.id, clock.now())) == 1
            assert [one.name for one in staff.people_of(session, mission.id)] == [pilot.officer]
            assert opening.at(session, mission.id, clock.now()).why != "unknown"


def test_pilots_close_at_noon_and_on_days_of_both_countries(filled: None, db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        for pilot in PILOTS:
            mission = mission_of(session, pilot.code)
            zone = ZoneInfo(mission.zone)
            year = keeping.local_day(mission, clock.now()).year + 1
            calendar = opening.calendar_of(session, mission.id)
            assert {"why": calendar.opening(datetime(year, 10, 1, 10, tzinfo=zone)).why} == {"why": "holiday"}
            assert "삼일절" in calendar.opening(datetime(year, 3, 1, 10, tzinfo=zone)).note
            workday = next(day for day in range(1, 20) if calendar.is_open(datetime(year, 11, day, 10, tzinfo=zone)))
            assert not calendar.is_open(datetime(year, 11, workday, 12, 15, tzinfo=zone))
