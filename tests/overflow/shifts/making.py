"""Makers of people with shifts; keyword-only. NOW is Saturday noon in Seoul, 21 November 2026."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from overflow.shifts import planning
from overflow.shifts.models import Shift
from overflow.shifts.planning import Wanted
from overflow.shifts.wall import Wall, read_clock_time
from overflow.volunteers.models import Volunteer
from tests.factories import NOW, make_officer
from tests.queues.making import make_agent

_numbers = itertools.count(1)
PLANNER = Actor("officer", None, "planner", frozenset({"shifts.read", "shifts.write"}), frozenset({"duty_chief"}))
MONDAY = date(2026, 11, 23)


def make_person(session: Session, *, zone: str = "Asia/Seoul", language: str = "en", **more: Any) -> Agent:
    """Add an agent who is off duty, with a phone of their own."""
    officer = make_officer(session, roles=("agent",), zone=zone, language=language)
    number = next(_numbers)
    return make_agent(session, officer=officer, state="offline", **({"phone": f"+8210{number:08d}"} | more))


def make_volunteer(session: Session, *, agent: Agent | None = None, **more: Any) -> Volunteer:
    """Add an approved volunteer with an agent of their own."""
    number = next(_numbers)
    agent = agent or make_agent(session, officer=make_officer(session, roles=("volunteer",)), state="offline")
    values: dict[str, Any] = {
        "name": f"Volunteer {number}", "phone": f"+8211{number:08d}", "phone_verified_at": NOW, "state": "approved",
        "agent_id": agent.id, "officer_id": agent.officer_id, "speaks": "ko", "consent_at": NOW, "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    volunteer = Volunteer(**(values | more))
    session.add(volunteer)
    session.flush()
    return volunteer


def wall(day: int = 0, times: str = "09:00-18:00", *, zone: str = "Asia/Seoul", of: date = MONDAY) -> Wall:
    """Return local times, so many days after the Monday."""
    start, _, end = times.partition("-")
    return Wall(zone, of + timedelta(days=day), read_clock_time(start, "start"), read_clock_time(end, "end"))


def make_shift(
    session: Session, clock: Clock, agent: Agent, day: int = 0, times: str = "09:00-18:00", *, zone: str = "Asia/Seoul",
    publish: bool = True,
) -> Shift:  # fmt: skip
    """Plan a shift and publish it."""
    shift = planning.make(session, clock, PLANNER, Wanted(agent.id, wall(day, times, zone=zone)))
    if publish:
        planning.publish(session, clock, PLANNER, shift.starts_at, shift.starts_at + timedelta(seconds=1))
    return shift
