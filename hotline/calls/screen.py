"""What a desk shows about a call: who calls and what is known of them, who is in the call, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import TALKING, WRAP_UP
from hotline.calls import handling, presenting, starring
from hotline.calls.entering import known
from hotline.calls.mission_now import MissionNow, mission_now
from hotline.calls.models import Call, CallEvent, CallOrder, CallRecording, Leg, PhoneBookEntry
from hotline.calls.reading import legs_of
from hotline.calls.states import ENDED, OVER
from hotline.calls.told import Told, told
from hotline.cases.contact_models import Contact
from hotline.cases.known import Known
from hotline.cases.models import Case
from hotline.cases.protection_models import AbuseIncident
from hotline.cases.states import OPEN
from hotline.core.services import Services
from hotline.missions.models import Mission

STILL_WRITTEN_UP = timedelta(hours=12)
MAX_LIST, MAX_PRESENT, MAX_ORDERS, MAX_EVENTS = 50, 300, 30, 100


@dataclass(frozen=True)
class Screen:
    """Everything about one call at one moment. `abuse` is the incident that the key for abusive calls has begun."""

    legs: list[Leg]
    acts: frozenset[str]
    known: Known
    contact: Contact | None
    case: Case | None
    mission_now: MissionNow | None
    names: dict[int, str]
    parties: dict[str, PhoneBookEntry] = field(default_factory=dict)
    """Those of the phone book who are in the call, by number."""
    abuse: AbuseIncident | None = None
    failed: list[CallOrder] = field(default_factory=list)
    """What the provider did not carry out in the end."""
    told: Told = field(default_factory=Told)
    """What was said and promised before, so that nobody has to tell it again."""

    @property
    def mission(self) -> Mission | None:
        """Return the mission that the call was meant for."""
        return self.mission_now.mission if self.mission_now is not None else None

    @property
    def next_step(self) -> str:
        """Return what the key for an abusive call does next: warn, warn_again or end."""
        state = self.abuse.state if self.abuse is not None else ""
        return {"": "warn", "warned": "warn_again"}.get(state, "end")

    def label(self, leg: Leg, language: str) -> str:
        """Return the name of a party of the phone book, in Korean where it is read in Korean."""
        entry = self.parties.get(leg.to) if leg.label and language == "ko" else None
        return entry.name_ko if entry is not None else leg.label

    def ringing(self, agent_id: int | None) -> bool:
        """Say whether the agent's own telephone is being rung for this call."""
        return any(
            leg.agent_id == agent_id and leg.role in ("agent", "colleague") and leg.state not in ("joined", OVER)
            for leg in self.legs
        )


def call_at(session: Session, services: Services, agent: Agent | None) -> Call | None:
    """Return the call on an agent's desk: the one that is on or rings, else the last one until it is written up."""
    if agent is None:
        return None
    call = handling.current_call(session, agent.id)
    if call is not None:
        return call
    last = last_call(session, agent.id)
    if last is None:
        return None
    # Between the end of a call and the provider's word that the agent's own line is free, they still "talk".
    return last if agent.state in (TALKING, WRAP_UP) or to_write_up(session, services, last) else None


def to_write_up(session: Session, services: Services, call: Call) -> bool:
    """Say whether a call that is over still waits for its write-up, also after the time for it has run out."""
    if call.ended_at is None or call.ended_at < services.clock.now() - STILL_WRITTEN_UP or call.contact_id is None:
        return False
    return session.scalar(select(Contact.state).where(Contact.id == call.contact_id)) == OPEN


def last_call(session: Session, agent_id: int) -> Call | None:
    """Return the call that an agent talked in last."""
    return session.scalar(
        select(Call)
        .join(Leg, Leg.call_id == Call.id)
        .where(Leg.agent_id == agent_id, Leg.joined_at.is_not(None), Leg.role.in_(("agent", "colleague")))
        .order_by(Leg.id.desc())
        .limit(1)
    )


def screen_of(session: Session, services: Services, call: Call, agent_id: int | None = None) -> Screen:
    """Read what is shown about a call; small indexed reads only, so that it is there before the first word.

    Acts are only those of the agent who is in the call now.
    """
    legs = list(legs_of(session, call.id))
    open_ones = [leg for leg in legs if leg.state != OVER]
    mine = any(handling.is_in(call, leg, agent_id) for leg in open_ones)
    contact = session.get(Contact, call.contact_id) if call.contact_id is not None else None
    case_id = contact.case_id if contact is not None else call.case_id
    case = session.get(Case, case_id) if case_id is not None else None
    caller = known(session, services, call)
    return Screen(
        legs=legs,
        acts=_acts(session, call, open_ones, agent_id) if mine else frozenset(),
        known=caller,
        contact=contact,
        case=case,
        mission_now=mission_now(session, call, legs, services.clock.now()),
        names=presenting.names_of_agents(session, {leg.agent_id for leg in legs if leg.agent_id is not None}),
        parties=_parties(session, legs),
        abuse=session.scalar(select(AbuseIncident).where(AbuseIncident.contact_id == call.contact_id)),
        failed=[order for order in orders_of(session, call.id) if order.state == "failed"],
        told=told(
            session,
            now=services.clock.now(),
            phone=call.phone,
            contact=contact,
            case=case,
            cases=[each.id for each in caller.cases],
        ),
    )


def _acts(session: Session, call: Call, legs: list[Leg], agent_id: int | None) -> frozenset[str]:
    acts = handling.acts_for(call, legs)
    return acts | {"pass_on"} if "requeue" in acts and starring.may_pass_on(session, agent_id) else acts


def _parties(session: Session, legs: list[Leg]) -> dict[str, PhoneBookEntry]:
    """Return who of the phone book is, or was, in the call."""
    numbers = {leg.to for leg in legs if leg.label}
    if not numbers:
        return {}
    found = session.scalars(select(PhoneBookEntry).where(PhoneBookEntry.phone.in_(numbers)).limit(MAX_LIST))
    return {entry.phone: entry for entry in found}


def orders_of(session: Session, call_id: int) -> Sequence[CallOrder]:
    """Return what the provider was told to do with a call, the latest first."""
    return session.scalars(
        select(CallOrder).where(CallOrder.call_id == call_id).order_by(CallOrder.id.desc()).limit(MAX_ORDERS)
    ).all()


def events_of(session: Session, call_id: int) -> Sequence[CallEvent]:
    """Return what the provider told or asked about a call, the earliest first."""
    return session.scalars(
        select(CallEvent).where(CallEvent.call_id == call_id).order_by(CallEvent.id).limit(MAX_EVENTS)
    ).all()


def recordings_of(session: Session, call_id: int) -> Sequence[CallRecording]:
    """Return the recordings of a call that are not deleted."""
    return session.scalars(
        select(CallRecording)
        .where(CallRecording.call_id == call_id, CallRecording.deleted_at.is_(None))
        .order_by(CallRecording.id)
    ).all()


@dataclass(frozen=True)
class CallFilter:
    """Which calls: those that are on, or the past ones; by digits of the number; `before` is the id to go on from."""

    past: bool = False
    search: str = ""
    before: int | None = None


def list_calls(session: Session, wanted: CallFilter) -> tuple[list[Call], int | None]:
    """Return calls and the id to go on from: present ones with danger to life first, past ones in pages, the latest first."""
    statement = select(Call).where(Call.state == ENDED if wanted.past else Call.state != ENDED)
    digits = "".join(each for each in wanted.search if each.isdigit())
    if digits:
        statement = statement.where(Call.phone.contains(digits, autoescape=True))
    if not wanted.past:
        return list(session.scalars(statement.order_by(Call.danger.desc(), Call.id.desc()).limit(MAX_PRESENT))), None
    if wanted.before is not None:
        statement = statement.where(Call.id < wanted.before)
    found = list(session.scalars(statement.order_by(Call.id.desc()).limit(MAX_LIST + 1)))
    return found[:MAX_LIST], found[MAX_LIST - 1].id if len(found) > MAX_LIST else None
