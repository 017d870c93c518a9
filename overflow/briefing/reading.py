"""What the pages of briefings show: each open incident's state, who passed, and what one person has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.errors import NotFound
from hotline.incidents.models import Incident
from overflow.briefing.models import BriefingPass, BriefingVersion
from overflow.volunteers.models import Volunteer

MAX_ROWS = 200
_LISTED = """
SELECT i.id, i.name_ko, i.name_en, i.drill, i.severity, c.number, c.published_at, d.number AS draft,
       (SELECT max(p.at) FROM briefing_passes p
         WHERE p.agent_id = :agent AND p.incident_id = i.id AND p.version_number >= c.counts_from) AS mine,
       (SELECT count(DISTINCT v.id) FROM volunteers v JOIN briefing_passes p ON p.agent_id = v.agent_id
         WHERE v.state = 'approved' AND v.drill = i.drill AND p.incident_id = i.id
           AND p.version_number >= c.counts_from) AS volunteers
  FROM incidents i
  LEFT JOIN LATERAL (SELECT number, counts_from, published_at FROM briefing_versions
                      WHERE incident_id = i.id AND state = 'published' ORDER BY number DESC LIMIT 1) c ON true
  LEFT JOIN briefing_versions d ON d.incident_id = i.id AND d.state = 'draft'
 WHERE i.state = 'open' ORDER BY i.opened_at DESC, i.id DESC LIMIT :most
"""


@dataclass(frozen=True)
class Listed:
    """An open incident and its briefing; `number` is None where none was published, `draft` where none is written."""

    id: int
    name_ko: str
    name_en: str
    drill: bool
    severity: str
    number: int | None
    published_at: datetime | None
    draft: int | None
    mine: datetime | None
    volunteers: int


@dataclass(frozen=True)
class Passed:
    """One pass."""

    name: str
    number: int
    at: datetime
    counts: bool


def listed(session: Session, agent_id: int | None) -> list[Listed]:
    """Return open incidents, the one opened last first, with what this agent passed and how many volunteers did."""
    return [
        Listed(**row) for row in session.execute(text(_LISTED), {"agent": agent_id or 0, "most": MAX_ROWS}).mappings()
    ]


def passes(session: Session, incident_id: int) -> list[Passed]:
    """Return who passed which version, the latest first; `counts` for the version that holds."""
    holds = session.scalars(
        select(BriefingVersion.counts_from)
        .where(BriefingVersion.incident_id == incident_id, BriefingVersion.state == "published")
        .order_by(BriefingVersion.number.desc())
        .limit(1)
    ).first()
    rows = session.execute(
        select(Officer.display_name, BriefingPass.version_number, BriefingPass.at)
        .join(Agent, Agent.id == BriefingPass.agent_id)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(BriefingPass.incident_id == incident_id)
        .order_by(BriefingPass.at.desc(), BriefingPass.id.desc())
        .limit(MAX_ROWS)
    ).tuples()
    return [Passed(name, number, at, holds is not None and number >= holds) for name, number, at in rows]


def passed_by(session: Session, volunteer_id: int) -> Sequence[tuple[Incident, int, datetime]]:
    """Return what a volunteer has passed of open incidents: incident, version and moment, the latest first."""
    return [
        (incident, number, at)
        for incident, number, at in session.execute(
            select(Incident, BriefingPass.version_number, BriefingPass.at)
            .join(BriefingPass, BriefingPass.incident_id == Incident.id)
            .join(Volunteer, Volunteer.agent_id == BriefingPass.agent_id)
            .where(Volunteer.id == volunteer_id, Incident.state == "open")
            .order_by(BriefingPass.at.desc())
            .limit(MAX_ROWS)
        ).tuples()
    ]


def demand_theirs(session: Session, volunteer: Volunteer, incident_id: int) -> None:
    """Raise NotFound unless this incident is open and of the volunteer's kind: drills and real ones are kept apart."""
    incident = session.get(Incident, incident_id)
    if incident is None or incident.state != "open" or incident.drill != volunteer.drill:
        raise NotFound("briefing of incident", incident_id)
