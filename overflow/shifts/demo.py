"""Two weeks of made-up shifts for the demo's agents, with need, a pattern, an offer and drafts; made once."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from overflow.shifts import coverage, people, planning, rosters, swapping
from overflow.shifts.models import CoverageNeed, Shift
from overflow.shifts.needed import Need
from overflow.shifts.people import Person
from overflow.shifts.planning import Wanted
from overflow.shifts.states import OWN
from overflow.shifts.wall import Wall, midnight

PLANNER = "duty-chief"
DAYS, PUBLISHED_DAYS = 14, 8
TURNS = ((7 * 60, 15 * 60), (9 * 60, 18 * 60), (14 * 60, 22 * 60), (22 * 60, 6 * 60))
"""Early, day, late and night."""
VOLUNTEER_TURN = (10 * 60, 14 * 60)


def load(services: Services, _actor: Actor) -> None:
    """Add them where there are none; people and accounts are those of the other rooms' demo."""
    with services.db.transaction() as session:
        found = find_by_name(session, PLANNER)
        if found is None or session.scalar(select(Shift.id).limit(1)) is not None:
            return
        planner = actor_of(found, "console")
        zone = ZoneInfo(services.settings.home_zone)
        tomorrow = services.clock.now().astimezone(zone).date() + timedelta(days=1)
        _needs(session, services, planner)
        whom = [each for each in people.plannable(session) if not each.drill]
        wanted = [each for nth, person in enumerate(whom) for each in _turns(nth, person, tomorrow)]
        planning.make_many(session, services.clock, planner, wanted)
        until = midnight(zone, tomorrow + timedelta(days=PUBLISHED_DAYS))
        told = planning.publish(session, services.clock, planner, services.clock.now(), until).told
        # Something that is offered looks alive; the third day leaves time to take it.
        for shift in [each for each in told if each.day >= tomorrow + timedelta(days=2)][:1]:
            giver = Actor("system", None, "demo", frozenset({OWN}), via="demo")
            swapping.offer(session, services.clock, giver, shift.agent_id, shift.id, "가족 행사")


def _needs(session: Session, services: Services, planner: Actor) -> None:
    if session.scalar(select(CoverageNeed.id).limit(1)) is not None:
        return
    wanted = [Need(0, 24, 1, weekday=day) for day in range(7)]
    wanted += [Need(9, 18, 3, weekday=day) for day in range(5)]
    wanted += [Need(9, 18, 1, "lang:en", weekday=day) for day in range(5)]
    coverage.keep(session, services.clock, planner, wanted)
    lines = [rosters.PatternLine(0, day, 9 * 60, 18 * 60) for day in range(5)]
    rosters.keep_pattern(session, services.clock, planner, "주간 근무 (월–금)", services.settings.home_zone, lines)


def _turns(nth: int, person: Person, first: date) -> list[Wanted]:
    """Return somebody's shifts: five days of seven for staff, two for volunteers, staggered by person."""
    volunteer = person.volunteer_id is not None
    starts, ends = VOLUNTEER_TURN if volunteer else TURNS[nth % len(TURNS)]
    zone = person.zone if volunteer else "Asia/Seoul"
    return [
        Wanted(person.agent_id, Wall(zone, first + timedelta(days=day), starts, ends))
        for day in range(DAYS)
        if (nth + day) % 7 < (2 if volunteer else 5)
    ]
