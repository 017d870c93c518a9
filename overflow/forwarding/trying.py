"""What would happen to a call at any moment and why: the very rules, the mission's calendar, and a day ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput, NotFound
from hotline.core.phone import parse_e164
from hotline.core.services import Services
from hotline.missions.missions import get
from overflow.forwarding import standing
from overflow.forwarding.decision import REASONS, UNKNOWN, Decision, Facts, decide
from overflow.forwarding.standing import Standing

FULL_WAITING = 100_000
REACH = timedelta(days=400)
"""So far ahead, and back, the calendars are asked."""
HOURS_AHEAD = 24


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A made-up call; `at` is aware. `centre` is `now`, `free` or `full`."""

    mission_id: int
    at: datetime
    reason: str = UNKNOWN
    language: str = ""
    caller: str = ""
    called: str = ""
    centre: str = "now"


@dataclass(frozen=True)
class Outcome:
    """What would happen, with the facts it followed from."""

    facts: Facts
    decision: Decision
    pool: str
    mission: Standing


@dataclass(frozen=True)
class Stretch:
    """A part of the day ahead in which the same would happen (UTC)."""

    start: datetime
    end: datetime
    decision: Decision


def attempt(session: Session, services: Services, given: Tried) -> Outcome:
    """Decide about a made-up call; nothing is recorded. Raises NotFound, InvalidInput."""
    mission = _mission(session, services, given)
    line = mission.line_of(given.called)
    facts = _facts(session, services, mission, given, given.at)
    pool = (line.pool if line is not None else "") or services.settings.hotline_number
    return Outcome(facts, decide(facts, mission.rules), pool, mission)


def day_ahead(session: Session, services: Services, given: Tried) -> list[Stretch]:
    """Return what would happen in the hours after the moment, as stretches; looked at every quarter of an hour."""
    mission, found = _mission(session, services, given), list[Stretch]()
    quarter = timedelta(minutes=15)
    for nth in range(HOURS_AHEAD * 4):
        at = given.at + nth * quarter
        decision = decide(_facts(session, services, mission, given, at), mission.rules)
        last = found[-1] if found else None
        if last is not None and (last.decision.kind, last.decision.action) == (decision.kind, decision.action):
            found[-1] = replace(last, end=at + quarter)
        else:
            found.append(Stretch(at, at + quarter, decision))
    return found


def _mission(session: Session, services: Services, given: Tried) -> Standing:
    if given.reason not in (*REASONS, UNKNOWN):
        raise InvalidInput("reason", given.reason, f"use one of {', '.join((*REASONS, UNKNOWN))}")
    if given.centre not in ("now", "free", "full"):
        raise InvalidInput("centre", given.centre, "use now, free or full")
    if abs(given.at - services.clock.now()) > REACH:
        raise InvalidInput("at", given.at.isoformat(), f"choose a time within {REACH.days} days of now")
    found = standing.read(session, services, get(session, given.mission_id).code, given.at)
    if found is None:
        raise NotFound("mission", given.mission_id)
    return found


def _facts(session: Session, services: Services, mission: Standing, given: Tried, at: datetime) -> Facts:
    caller = parse_e164(given.caller, mission.country, field="caller").e164 if given.caller.strip() else ""
    flagged = standing.flagged(session, caller, services.clock.now())
    facts = mission.facts(
        at, reason=given.reason, language=given.language.lower(), flagged=flagged, line=mission.line_of(given.called)
    )
    if given.centre == "free":
        return replace(facts, ready=max(facts.ready, 1))
    return replace(facts, ready=0, waiting=FULL_WAITING) if given.centre == "full" else facts
