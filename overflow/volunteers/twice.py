"""Nobody is on duty twice: one telephone that two agents have would ring for a second caller in the middle of a call."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import ON_DUTY
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from overflow.volunteers.models import Volunteer

_NUMBER_LOCK = 0x4F_56_4E_01
"""Space of the advisory locks on numbers that come on duty."""


def guard(session: Session, clock: Clock, agent: Agent) -> None:
    """Refuse (`on-duty-elsewhere`) who takes calls already, as a volunteer or as staff, with the same number.

    For `Registry.ready_guards`. Two of the staff who share a telephone are a matter of their office and left alone.
    """
    if not agent.phone:
        return
    # Two places at once wait for each other here; the second then sees the first.
    session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_NUMBER_LOCK, agent.phone))
    other = (
        select(Agent.id)
        .where(Agent.phone == agent.phone, Agent.id != agent.id, Agent.state.in_(ON_DUTY))
        .where(select(Volunteer.id).where(Volunteer.agent_id.in_((agent.id, Agent.id))).correlate(Agent).exists())
        .limit(1)
    )
    if session.scalar(other) is not None:
        raise Refused("This number takes calls already, from another place.", code="on-duty-elsewhere")
