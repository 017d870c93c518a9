"""Calls put on an agent's desk by the stages themselves, without a carrier: for pages, in the client and in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls import agent_leg, arriving, choosing, moving, queueing, reports
from hotline.calls.choosing import Pressed
from hotline.calls.fields import Ring
from hotline.calls.models import Call, Leg, PhoneBookEntry
from hotline.calls.reading import call_of_leg, get_call
from hotline.calls.reports import Report
from hotline.core import outbox
from hotline.core.jobs import registry
from hotline.core.services import Services
from hotline.queues.assigning import assign_due
from tests.queues.making import make_agent, make_queue

CALLER = "+821055501234"


@dataclass
class Stage:
    """A house with queues and one agent, whose calls are moved on by hand."""

    services: Services
    officer: Officer
    agent_id: int
    rung: int = 0

    def ring(self, phone: str = CALLER, keys: Sequence[str] = ("1", "0"), called: str = "+82232100404") -> int:
        """Let a call come in and press keys; the call's id."""
        self.rung += 1
        sid = f"CA{self.rung:032x}"
        with self.services.db.transaction() as session:
            reply = arriving.arrive(session, self.services, Ring(sid, phone, called, ""))
        call_id, node = reply.call_id, "language"
        assert call_id is not None
        for key in keys:
            with self.services.db.transaction() as session:
                choosing.choose(session, self.services, Pressed(call_id, node, key, 0))
            node = "main"
        return call_id

    def offer(self) -> int:
        """Reserve the agent and plan their leg; the leg's id."""
        assign_due(self.services)
        outbox.deliver_due(self.services, registry().handlers)
        with self.services.db.transaction() as session:
            leg = session.scalars(select(Leg).where(Leg.role == "agent").order_by(Leg.id.desc()).limit(1)).one()
            leg.state, leg.status, leg.provider_sid, leg.due_at = "ringing", "ringing", f"CB{leg.id:032x}", None
            session.flush()
            queueing.ringing(session, self.services, leg)
            return leg.id

    def accept(self, leg_id: int) -> None:
        """Let the agent take the call."""
        with self.services.db.transaction() as session:
            agent_leg.accept(session, self.services, *call_of_leg(session, leg_id))

    def talk(self, phone: str = CALLER, keys: Sequence[str] = ("1", "0"), **more: str) -> int:
        """Connect a caller with the agent; the call's id."""
        call_id = self.ring(phone, keys, **more)
        self.accept(self.offer())
        return call_id

    def hang_up(self, call_id: int) -> None:
        """Let the person hang up and the agent's leg end."""
        with self.services.db.transaction() as session:
            moving.end_call(session, self.services, get_call(session, call_id), "hangup")
        self.end_legs(call_id)

    def end_legs(self, call_id: int) -> None:
        """Let every agent's leg of a call end, as the provider reports it."""
        with self.services.db.transaction() as session:
            call = get_call(session, call_id)
            for leg in session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.state != "over")):
                sid = leg.provider_sid or f"CC{leg.id:032x}"
                reports.advance(session, self.services, call, leg, Report(sid, "completed", leg.id))

    def join(self, call_id: int, role: str) -> None:
        """Let a party that was called in join."""
        with self.services.db.transaction() as session:
            call = get_call(session, call_id)
            leg = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.role == role)).one()
            leg.state = "ringing"
            session.flush()
            reports.joined(session, self.services, call, leg)

    def call(self, call_id: int) -> Call:
        """Return a call as it is now."""
        with self.services.db.transaction() as session:
            return session.get_one(Call, call_id)

    def agent(self) -> Agent:
        """Return the agent as they are now."""
        with self.services.db.transaction() as session:
            return session.get_one(Agent, self.agent_id)

    def value(self, statement: str) -> object:
        """Return one value of the database."""
        with self.services.db.transaction() as session:
            return session.scalar(text(statement))

    def in_book(self, kind: str = "interpreter", phone: str = "+84901234567", **more: object) -> int:
        """Put somebody into the phone book."""
        values = {"name_ko": "베트남어 통역", "name_en": "Vietnamese interpreter", "languages": ["vi"]} | more
        with self.services.db.transaction() as session:
            row = PhoneBookEntry(kind=kind, phone=phone, updated_at=self.services.clock.now(), **values)
            session.add(row)
            session.flush()
            return row.id


def make_stage(services: Services, officer: Officer, *, state: str = "ready") -> Stage:
    """Return a stage with the three usual queues; the officer becomes an agent who can do everything."""
    with services.db.transaction() as session:
        names = {
            "general": ("일반 상담", "General"),
            "incident": ("사건·사고", "Incidents"),
            "passport": ("여권·비자", "Passports and visas"),
        }
        for code, (name_ko, name_en) in names.items():
            make_queue(session, code=code, name_ko=name_ko, name_en=name_en)
        agent = make_agent(
            session, officer=officer, phone="+82215551000", skills={"passport": 3, "visa": 3}, languages=["ko", "en"],
            state=state,
        )  # fmt: skip
        return Stage(services, officer, agent.id)
