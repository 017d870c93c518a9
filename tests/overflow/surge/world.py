"""A call-out with its people: each step of its life as a method; telephones in memory, everything else real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import NOT_READY, OFFLINE, READY, TALKING, WRAP_UP
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.incidents.models import Incident
from hotline.notices.models import Notice
from overflow.briefing.models import BriefingPass, BriefingVersion
from overflow.surge import answering, calling, doubt, looking, opening, reading
from overflow.surge.models import AskedPerson, Callout, CalloutCall, CalloutEvent
from overflow.surge.opening import CalloutFields
from overflow.surge.reading import Standing
from overflow.surge.reports import heard
from overflow.volunteers.models import Volunteer
from tests.calls.telephones import Telephones
from tests.factories import make_officer
from tests.overflow.briefing.making import make_incident, make_pass, make_version
from tests.overflow.volunteers.making import make_volunteer

AS_SYSTEM = Actor(kind="system", id=None, name="test")


@dataclass
class World:
    """An incident with a published briefing, a duty chief, and volunteers of whom nobody is on duty."""

    services: Services
    clock: FrozenClock
    telephones: Telephones
    chief_id: int = 0
    incident_id: int = 0
    version_id: int = 0
    callout_id: int = 0
    volunteers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the incident and its chief."""
        with self.services.db.transaction() as session:
            chief = make_officer(session, roles=("duty_chief",))
            self.chief_id = chief.id
            incident = make_incident(session, opened_by_id=chief.id)
            self.incident_id = incident.id
            self.version_id = make_version(session, incident).id

    def chief(self, session: Session) -> Actor:
        """Return the duty chief."""
        from hotline.auth.models import Officer

        return actor_of(session.get_one(Officer, self.chief_id), "console")

    def people(self, count: int, **more: Any) -> list[int]:
        """Add volunteers."""
        with self.services.db.transaction() as session:
            made = [make_volunteer(session, **more).id for _ in range(count)]
        self.volunteers += made
        return made

    def start(self, needed: int = 2, **more: Any) -> int:
        """Begin a call-out and look at it once; its id."""
        now = self.clock.now()
        values: dict[str, Any] = {
            "incident_id": self.incident_id, "needed": needed, "by_at": now + timedelta(minutes=30),
            "until_at": now + timedelta(hours=6),
        }  # fmt: skip
        with self.services.db.transaction() as session:
            made = opening.start(session, self.services, self.chief(session), CalloutFields(**(values | more)))
            self.callout_id = made.id
        self.look()
        return self.callout_id

    def look(self) -> None:
        """Let the sweep, the calls and the look-ups run once."""
        looking.sweep(self.services)
        calling.call(self.services)
        doubt.clear(self.services)

    def later(self, seconds: float, step: float = 0) -> None:
        """Move the clock, in steps where they are given, and look after each."""
        step = step or seconds
        left = seconds
        while left > 0:
            self.clock.advance(timedelta(seconds=min(step, left)))
            left -= step
            self.look()

    def callout(self) -> Callout:
        """Return the call-out as it is now."""
        with self.services.db.transaction() as session:
            return session.get_one(Callout, self.callout_id)

    @property
    def state(self) -> str:
        """Its state."""
        return self.callout().state

    def standing(self) -> Standing:
        """How it stands."""
        with self.services.db.transaction() as session:
            return reading.standing(session, session.get_one(Callout, self.callout_id), self.clock.now())

    def asked(self) -> list[AskedPerson]:
        """Everybody who was asked, in order."""
        with self.services.db.transaction() as session:
            return list(
                session.scalars(
                    select(AskedPerson).where(AskedPerson.callout_id == self.callout_id).order_by(AskedPerson.id)
                )
            )

    def person(self, person_id: int) -> AskedPerson:
        """Return one of them as they are now."""
        with self.services.db.transaction() as session:
            return session.get_one(AskedPerson, person_id)

    def in_state(self, *states: str) -> list[AskedPerson]:
        """Return those in these states."""
        return [each for each in self.asked() if each.state in states]

    def says(self, person_id: int, given: str, channel: str = "link") -> str:
        """Let somebody answer."""
        with self.services.db.transaction() as session:
            return answering.answer(session, self.services, person_id, given, channel)

    def passes(self, person_id: int) -> None:
        """Let somebody pass the briefing."""
        with self.services.db.transaction() as session:
            person = session.get_one(AskedPerson, person_id)
            held = select(BriefingPass.id).where(
                BriefingPass.version_id == self.version_id, BriefingPass.agent_id == person.agent_id
            )
            if session.scalar(held) is not None:
                return
            make_pass(session, session.get_one(BriefingVersion, self.version_id), person.agent_id)

    def chooses(self, person_id: int, state: str, reason: str = "") -> None:
        """Let somebody become ready, rest or leave, as the service does for them."""
        with self.services.db.transaction() as session:
            person = session.get_one(AskedPerson, person_id)
            presence.choose(session, self.clock, person.agent_id, state, reason)

    def comes(self, person_id: int) -> None:
        """Say yes, pass the briefing, sign on: ready."""
        self.says(person_id, "now")
        self.passes(person_id)
        self.chooses(person_id, READY)

    def leaves(self, person_id: int) -> None:
        """Go off duty."""
        self.chooses(person_id, OFFLINE)

    def rests(self, person_id: int, reason: str = "break") -> None:
        """Take no calls for a while."""
        self.chooses(person_id, NOT_READY, reason)

    def takes_call(self, person_id: int) -> None:
        """Be in a call."""
        with self.services.db.transaction() as session:
            agent = self._agent(session, person_id)
            agent.token = f"t{agent.id}"
            for event in ("reserve", "ring", "answer"):
                presence.move(session, self.clock, agent, event)
                agent.token = f"t{agent.id}"

    def ends_call(self, person_id: int) -> None:
        """Finish it and write it up."""
        with self.services.db.transaction() as session:
            agent = self._agent(session, person_id)
            presence.move(session, self.clock, agent, "finish")
            agent.token = f"t{agent.id}"
        with self.services.db.transaction() as session:
            presence.wrapped_up(session, self.clock, self._agent(session, person_id).id, "general")

    def _agent(self, session: Session, person_id: int) -> Agent:
        return presence.get_agent(session, session.get_one(AskedPerson, person_id).agent_id, lock=True)

    def agent_state(self, person_id: int) -> str:
        """What their agent is doing."""
        with self.services.db.transaction() as session:
            return session.get_one(Agent, session.get_one(AskedPerson, person_id).agent_id).state

    def busy(self, person_id: int) -> bool:
        """Whether they are in a call or writing one up."""
        return self.agent_state(person_id) in (TALKING, WRAP_UP)

    def act(self, event: str) -> None:
        """Do what the duty chief does."""
        with self.services.db.transaction() as session:
            opening.act(session, self.services, self.chief(session), self.callout_id, event)

    def need(self, needed: int) -> None:
        """Change how many are needed."""
        with self.services.db.transaction() as session:
            opening.change_needed(session, self.services, self.chief(session), self.callout_id, needed)

    def release(self, count: int) -> int:
        """Stand some down."""
        with self.services.db.transaction() as session:
            return opening.release(session, self.services, self.chief(session), self.callout_id, count)

    def word(self, call: CalloutCall, word: str) -> None:
        """Let the provider say a word about a call."""
        with self.services.db.transaction() as session:
            heard(session, self.services, call.id, call.provider_sid or f"CA{call.id:032x}", word)

    def calls(self) -> list[CalloutCall]:
        """All calls to volunteers, in order."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(CalloutCall).order_by(CalloutCall.id)))

    def texts(self, volunteer_id: int | None = None) -> list[str]:
        """Texts of call-outs, to one volunteer where it is given, in order."""
        with self.services.db.transaction() as session:
            statement = select(Notice.body).where(Notice.purpose == "callout").order_by(Notice.id)
            if volunteer_id is not None:
                statement = statement.where(Notice.phone == session.get_one(Volunteer, volunteer_id).phone)
            return list(session.scalars(statement))

    def told(self) -> list[str]:
        """What texts were written about, without what makes each unique."""
        with self.services.db.transaction() as session:
            found = session.scalars(select(Notice.dedupe_key).where(Notice.purpose == "callout").order_by(Notice.id))
            return [key.split(":")[2] for key in found]

    def events(self, person_id: int | None = None) -> list[str]:
        """The timeline, of one person where it is given."""
        with self.services.db.transaction() as session:
            statement = select(CalloutEvent.event).where(CalloutEvent.callout_id == self.callout_id)
            if person_id is not None:
                statement = statement.where(CalloutEvent.person_id == person_id)
            return list(session.scalars(statement.order_by(CalloutEvent.id)))

    def count(self, model: type[Any], **where: Any) -> int:
        """Count rows."""
        with self.services.db.transaction() as session:
            return session.scalar(select(func.count()).select_from(model).filter_by(**where)) or 0

    def change(self, volunteer_id: int, values: Mapping[str, Any]) -> None:
        """Change a volunteer's row."""
        with self.services.db.transaction() as session:
            volunteer = session.get_one(Volunteer, volunteer_id)
            for name, value in values.items():
                setattr(volunteer, name, value)

    def change_incident(self, **values: Any) -> None:
        """Change the incident's row."""
        with self.services.db.transaction() as session:
            incident = session.get_one(Incident, self.incident_id)
            for name, value in values.items():
                setattr(incident, name, value)
