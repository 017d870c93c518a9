"""A whole centre in one process: a queue, agents who are ready, a caller, and telephones in memory; each step a method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from hotline.agents.models import Agent
from hotline.calls import dialling
from hotline.core import outbox
from hotline.core.jobs import registry
from hotline.core.services import Services
from hotline.providers.voice import CallRequest
from hotline.queues.assigning import assign_due
from hotline.queues.models import QueueEntry
from tests.calls.conftest import Hook, Rows
from tests.calls.telephones import Telephones
from tests.factories import make_officer
from tests.queues.making import make_agent

AGENT_PHONE = "+82215551000"


@dataclass
class Centre:
    """See the module."""

    hook: Hook
    rows: Rows
    services: Services
    telephones: Telephones
    agent_phone: str = AGENT_PHONE
    agent_id: int = 0
    officer: Any = None
    agents: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the first agent."""
        self.agent_id = self.add_agent(AGENT_PHONE)

    def add_agent(self, phone: str, *, state: str = "ready", via: str = "phone", role: str = "agent") -> int:
        """Add an agent who can do everything."""
        with self.services.db.transaction() as session:
            officer = make_officer(session, roles=(role,))
            self.officer = self.officer or officer
            agent = make_agent(
                session, officer=officer, phone=phone, via=via, skills={"passport": 3, "visa": 3}, languages=["ko", "en"],
                state=state,
            )  # fmt: skip
            self.agents.append(agent.id)
            return agent.id

    def caller_waits(self) -> TestResponse:
        """A caller chooses Korean and a person, and waits."""
        return self.hook.key(self.hook.key(self.hook.ring(), "1"), "0")

    def assign(self) -> None:
        """Let the queue reserve."""
        assign_due(self.services)

    def deliver(self, *, again: bool = False) -> None:
        """Deliver the outbox; `again` as after a crash that lost what was delivered."""
        if again:
            with self.services.db.transaction() as session:
                session.execute(
                    text("UPDATE outbox_events SET delivered_at = NULL, handled_by = '[]', available_at = created_at")
                )
        outbox.deliver_due(self.services, registry().handlers)

    def carry_out(self) -> None:
        """Let the job dial and give orders."""
        dialling.carry_out(self.services)

    def agent_rings(self) -> tuple[CallRequest, str]:
        """Reserve, deliver and dial: the agent's telephone rings."""
        self.assign()
        self.deliver()
        self.carry_out()
        request, leg_sid, _ = self.telephones.made[-1]
        return request, leg_sid

    def talk(self) -> int:
        """Connect caller and agent; the agent's leg."""
        self.caller_waits()
        request, leg_sid = self.agent_rings()
        self.hook.key(self.hook(request.url, CallSid=leg_sid), "1", int(leg_sid[2:], 16))
        self.carry_out()
        return request.message_id

    def entry(self) -> QueueEntry:
        """Return the latest entry of the queue."""
        with self.services.db.transaction() as session:
            return session.scalars(select(QueueEntry).order_by(QueueEntry.id.desc()).limit(1)).one()

    def agent_state(self, agent_id: int | None = None) -> str:
        """Return an agent's state."""
        with self.services.db.transaction() as session:
            return session.get_one(Agent, agent_id or self.agent_id).state

    def states(self) -> tuple[str, str]:
        """Return the agent's state and the entry's."""
        return self.agent_state(), self.entry().state
