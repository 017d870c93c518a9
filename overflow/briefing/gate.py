"""The gate: a volunteer is ready only with every briefing that holds for them passed.

It is asked wherever somebody would become ready (`Registry.ready_guards`), and a sweep takes those off the queue who were ready
already when an incident was opened or a changed briefing was published. A call that is on is finished.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.core import live
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from hotline.core.services import Services
from overflow.briefing import passing
from overflow.volunteers.models import Volunteer
from overflow.volunteers.states import APPROVED

JOB = "briefing.sweep"
BATCH = 500


def guard(session: Session, clock: Clock, agent: Agent) -> None:
    """Refuse a volunteer who is not approved (`volunteer-not-approved`) or has a briefing to pass (`briefing-due`)."""
    state = session.scalar(select(Volunteer.state).where(Volunteer.agent_id == agent.id))
    if state is None:
        return
    if state != APPROVED:
        raise Refused("This volunteer takes no calls at present.", code="volunteer-not-approved")
    due = passing.outstanding_of_agent(session, agent.id)
    if due:
        raise Refused(
            f"The briefing of {due[0].name_en} has to be passed first.", code="briefing-due",
            params={"incident": due[0].incident_id},
        )  # fmt: skip


def sweep(services: Services) -> int:
    """Take volunteers off the queue whose briefing is outstanding; returns how many. Each in a transaction of its own."""
    with services.db.transaction() as session:
        found = passing.ready_but_unfit(session, BATCH)
    done = 0
    for agent_id in found:
        with services.db.transaction() as session:
            benched = presence.bench_unfit(session, services.clock, presence.get_agent(session, agent_id, lock=True))
        if benched:
            live.notify_desk(services.redis, agent_id)
        done += benched
    if done:
        live.notify(services.redis, "agents")
    return done
