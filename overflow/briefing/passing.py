"""Who has passed which briefing, as the gate, the call-out and both pages ask it; set-based, and nothing is changed here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MAX_ASKED = 5_000
MAX_OUTSTANDING = 50

# The version that holds of each incident, and the incidents whose briefing must be passed before a call.
_CURRENT = """
current AS (
  SELECT DISTINCT ON (b.incident_id) b.id, b.incident_id, b.number, b.counts_from, b.published_at
    FROM briefing_versions b WHERE b.state = 'published' ORDER BY b.incident_id, b.number DESC
)
"""
_PASSED = f"""
WITH {_CURRENT}
SELECT v.id FROM volunteers v
 WHERE v.id = ANY(:volunteers) AND EXISTS (
   SELECT FROM briefing_passes p JOIN current c ON c.incident_id = p.incident_id AND p.version_number >= c.counts_from
    WHERE p.agent_id = v.agent_id AND p.incident_id = :incident)
"""  # noqa: S608 - the inserted text is the constant above
_OUTSTANDING = f"""
WITH {_CURRENT}
SELECT c.id AS version_id, c.incident_id, c.number, c.published_at, i.name_ko, i.name_en,
       EXISTS (SELECT FROM briefing_passes p WHERE p.incident_id = c.incident_id AND p.agent_id = a.id) AS again
  FROM agents a
  JOIN volunteers v ON v.agent_id = a.id
  JOIN incidents i ON i.state = 'open' AND i.drill = v.drill
  JOIN current c ON c.incident_id = i.id
 WHERE a.id = ANY(:agents) AND NOT EXISTS (
   SELECT FROM briefing_passes p
    WHERE p.agent_id = a.id AND p.incident_id = c.incident_id AND p.version_number >= c.counts_from)
 ORDER BY c.published_at, c.incident_id LIMIT :most
"""  # noqa: S608 - as above
_OPEN_TO_STAFF = f"""
WITH {_CURRENT}
SELECT c.id AS version_id, c.incident_id, c.number, c.published_at, i.name_ko, i.name_en,
       EXISTS (SELECT FROM briefing_passes p WHERE p.incident_id = c.incident_id AND p.agent_id = :agent) AS again
  FROM incidents i JOIN current c ON c.incident_id = i.id
 WHERE i.state = 'open' AND NOT i.drill AND NOT EXISTS (
   SELECT FROM briefing_passes p
    WHERE p.agent_id = :agent AND p.incident_id = c.incident_id AND p.version_number >= c.counts_from)
 ORDER BY c.published_at, c.incident_id LIMIT :most
"""  # noqa: S608 - as above
_UNFIT = f"""
WITH {_CURRENT}
SELECT DISTINCT a.id
  FROM agents a
  JOIN volunteers v ON v.agent_id = a.id
  JOIN incidents i ON i.state = 'open' AND i.drill = v.drill
  JOIN current c ON c.incident_id = i.id
 WHERE a.state = 'ready' AND NOT EXISTS (
   SELECT FROM briefing_passes p
    WHERE p.agent_id = a.id AND p.incident_id = c.incident_id AND p.version_number >= c.counts_from)
 ORDER BY a.id LIMIT :most
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class Outstanding:
    """A briefing that somebody still has to pass; `again` when they passed an earlier version of it."""

    version_id: int
    incident_id: int
    number: int
    published_at: datetime
    name_ko: str
    name_en: str
    again: bool


def passed(session: Session, incident_id: int, volunteer_ids: Collection[int]) -> set[int]:
    """Return those of the volunteers who have passed what now holds of an incident's briefing.

    Nobody has where none was published. At most MAX_ASKED are looked at in one call; more raise ValueError.
    """
    if len(volunteer_ids) > MAX_ASKED:
        raise ValueError(f"ask about at most {MAX_ASKED} volunteers at once")
    if not volunteer_ids:
        return set()
    return set(session.scalars(text(_PASSED), {"incident": incident_id, "volunteers": list(volunteer_ids)}))


def outstanding(session: Session, volunteer_id: int) -> list[Outstanding]:
    """Return the briefings that a volunteer has to pass before a call, the one published first at the top."""
    found = session.execute(
        text("SELECT agent_id FROM volunteers WHERE id = :id AND agent_id IS NOT NULL"), {"id": volunteer_id}
    ).scalar()
    return [] if found is None else outstanding_of_agent(session, int(found))


def outstanding_of_agent(session: Session, agent_id: int) -> list[Outstanding]:
    """Return the same for a volunteer by the agent that they are; empty for everybody who is no volunteer."""
    return _read(session.execute(text(_OUTSTANDING), {"agents": [agent_id], "most": MAX_OUTSTANDING}).mappings().all())


def unread_by_staff(session: Session, agent_id: int) -> list[Outstanding]:
    """Return what an agent of the house has not passed; they are asked to, and take calls meanwhile."""
    return _read(session.execute(text(_OPEN_TO_STAFF), {"agent": agent_id, "most": MAX_OUTSTANDING}).mappings().all())


def ready_but_unfit(session: Session, most: int) -> Sequence[int]:
    """Return volunteers (by agent) who are ready although a briefing is outstanding; each is looked at again under a lock."""
    return session.scalars(text(_UNFIT), {"most": most}).all()


def _read(rows: Sequence[Any]) -> list[Outstanding]:
    return [Outstanding(**row) for row in rows]
