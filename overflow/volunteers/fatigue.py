"""Nobody works longer than they agreed: over their hours they do not become ready, and sign off after the call they are in."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.presence import choose, get_agent
from hotline.agents.states import OFFLINE
from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from hotline.core.services import Services
from overflow.volunteers.models import Volunteer
from overflow.volunteers.worked import WORKED_SQL, minutes_worked

JOB = "volunteers.hours_over"
EVERY_S = 60
BATCH = 500
_OVER = f"""
SELECT a.id
  FROM volunteers v JOIN agents a ON a.id = v.agent_id AND a.state <> 'offline' AND a.next_state IS DISTINCT FROM 'offline'
 CROSS JOIN LATERAL ({WORKED_SQL}) worked
 WHERE worked.day >= v.max_hours_day * 60 OR worked.week >= v.max_hours_week * 60
 ORDER BY a.id LIMIT :most
"""  # noqa: S608  # made of constants of this package


def guard(session: Session, clock: Clock, agent: Agent) -> None:
    """Refuse (`hours-over`) a volunteer whose hours of 24 hours or of seven days are over; for `Registry.ready_guards`."""
    volunteer = session.scalar(select(Volunteer).where(Volunteer.agent_id == agent.id))
    if volunteer is not None and is_over(session, clock, volunteer, agent.id):
        raise Refused("The hours that were agreed are over; rest now.", code="hours-over")


def is_over(session: Session, clock: Clock, volunteer: Volunteer, agent_id: int) -> bool:
    """Say whether somebody has worked as long as they agreed."""
    worked = minutes_worked(session, clock.now(), [agent_id])[agent_id]
    return worked.day >= volunteer.max_hours_day * 60 or worked.week >= volunteer.max_hours_week * 60


def sweep(services: Services) -> int:
    """Sign off who is over their hours, each in a transaction of its own; the job `volunteers.hours_over`.

    Who is in a call finishes it, with the work after it, and is off then. Returns for how many that was said.
    """
    with services.db.transaction() as session:
        found = list(session.scalars(text(_OVER), {"now": services.clock.now(), "most": BATCH}))
    done = 0
    for agent_id in found:
        with services.db.transaction() as session:
            agent = get_agent(session, agent_id, lock=True)
            volunteer = session.scalar(select(Volunteer).where(Volunteer.agent_id == agent_id))
            # Looked at again under the lock: they may have gone, or been given more hours, meanwhile.
            if volunteer is None or agent.state == OFFLINE or not is_over(session, services.clock, volunteer, agent_id):
                continue
            choose(session, services.clock, agent_id, OFFLINE, actor=SYSTEM)
            audit.record(session, services.clock, SYSTEM, "volunteer.hours_over", "volunteer", volunteer.id)
        live.notify_desk(services.redis, agent_id)
        done += 1
    if done:
        live.notify(services.redis, "agents")
    return done
