"""Nobody takes a call in a call-out without its briefing: a guard that presence asks before somebody becomes ready."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from overflow.briefing.passing import passed
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.states import COMING, LEAVING, OVER, READY, RESERVE


def guard(session: Session, _clock: Clock, agent: Agent) -> None:
    """Refuse somebody called out for an incident whose briefing they have not passed, also while none is published
    (`callout-briefing-missing`), and whoever was stood down and is to finish (`callout-over`)."""
    rows = session.execute(
        select(Callout.incident_id, AskedPerson.volunteer_id, AskedPerson.state)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(
            AskedPerson.agent_id == agent.id, AskedPerson.state.in_((*COMING, RESERVE, READY, LEAVING)),
            Callout.state.not_in(OVER),
        )
        .limit(20)
    ).tuples()  # fmt: skip
    for incident_id, volunteer_id, state in rows:
        if state == LEAVING:
            raise Refused("You were stood down; thank you.", code="callout-over")
        if not passed(session, incident_id, [volunteer_id]):
            raise Refused("The briefing of this incident has to be passed first.", code="callout-briefing-missing")
