"""Makers of volunteers for tests; keyword-only."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.agents.models import PresenceChange
from overflow.volunteers.models import AvailableHours, AwayDays, Certificate, Volunteer
from tests.factories import NOW, make_officer
from tests.queues.making import make_agent

_numbers = itertools.count(1)


def make_volunteer(session: Session, *, state: str = "approved", **more: Any) -> Volunteer:
    """Add a volunteer whose number is verified and who consented; one who was approved once has an officer and an agent."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"Volunteer {number}", "phone": f"+8210{60_000_000 + number}", "phone_verified_at": NOW, "speaks": "ko",
        "languages": ["ko"], "skills": {}, "consent_at": NOW, "consent_words": "1", "state": state, "created_at": NOW,
        "updated_at": NOW, "quiet_from": 0, "quiet_to": 0,
    }  # fmt: skip
    values |= more
    if state in ("approved", "suspended") and "agent_id" not in values:
        officer = make_officer(session, roles=("volunteer",), name=f"made-volunteer-{number}")
        agent = make_agent(
            session, state="offline", officer=officer, group="Volunteers", phone=values["phone"], via="phone",
            languages=values["languages"], first_level=True, drill=bool(values.get("drill")),
        )  # fmt: skip
        values |= {"officer_id": officer.id, "agent_id": agent.id}
    volunteer = Volunteer(**values)
    session.add(volunteer)
    session.flush()
    return volunteer


def make_certificate(session: Session, volunteer: Volunteer, *, skill: str, level: int = 1, **more: Any) -> Certificate:
    """Give a certificate that was issued ten days before NOW and holds for a year, unless told otherwise."""
    values: dict[str, Any] = {
        "issued_at": NOW - timedelta(days=10), "expires_at": NOW + timedelta(days=355), "source": "paper",
    }  # fmt: skip
    made = Certificate(volunteer_id=volunteer.id, skill=skill, level=level, **(values | more))
    session.add(made)
    session.flush()
    return made


def make_hours(session: Session, volunteer: Volunteer, *, weekday: int, starts: int, minutes: int) -> None:
    """Let them be there at an hour of the week; minutes after local midnight."""
    session.add(AvailableHours(volunteer_id=volunteer.id, weekday=weekday, starts=starts, minutes=minutes))
    session.flush()


def make_away(session: Session, volunteer: Volunteer, *, first: Any, last: Any) -> None:
    """Let them be away on these local days."""
    session.add(AwayDays(volunteer_id=volunteer.id, first=first, last=last))
    session.flush()


def make_change(session: Session, agent_id: int, at: datetime, after: str, reason: str = "") -> None:
    """Write down that an agent's presence became `after`."""
    session.add(PresenceChange(agent_id=agent_id, at=at, before="offline", after=after, reason=reason))
    session.flush()
