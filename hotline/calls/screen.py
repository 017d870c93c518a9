"""What a desk shows about a call: the person, their open cases and earlier calls, who is in the call, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import handling, presenting
from hotline.calls.models import Call, CallOrder, CallRecording, Leg, PhoneBookEntry
from hotline.calls.reading import legs_of
from hotline.calls.states import ENDED, OVER
from hotline.cases.models import Case
from hotline.cases.reading import cases_of_person
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.people.models import Position, Traveller

MAX_EARLIER, MAX_BOOK, MAX_LIST, MAX_ORDERS = 5, 200, 100, 30


@dataclass(frozen=True)
class Screen:
    """Everything about one call at one moment."""

    legs: list[Leg]
    acts: frozenset[str]
    person: Traveller | None
    position: Position | None
    cases: list[Case]
    earlier: list[Call]
    times: int
    mission: Mission | None
    book: list[PhoneBookEntry]
    colleagues: list[tuple[int, str]]
    queues: list[tuple[str, str, str]]
    names: dict[int, str]
    recordings: list[CallRecording] = field(default_factory=list)
    orders: list[CallOrder] = field(default_factory=list)


def screen_of(session: Session, services: Services, call: Call, agent_id: int | None) -> Screen:
    """Read what is shown about a call; small indexed reads only, so that it is there before the first word."""
    legs = list(legs_of(session, call.id))
    person = session.get(Traveller, call.traveller_id) if call.traveller_id is not None else None
    position = session.get(Position, person.id) if person is not None else None
    earlier = (
        session.scalars(
            select(Call).where(Call.phone == call.phone, Call.id < call.id).order_by(Call.id.desc()).limit(MAX_EARLIER)
        ).all()
        if call.phone
        else []
    )
    open_cases = [case for case in cases_of_person(session, person.id) if case.state != "closed"] if person else []
    agents = {leg.agent_id for leg in legs if leg.agent_id is not None}
    return Screen(
        legs=legs,
        acts=handling.acts_for(call, [leg for leg in legs if leg.state != OVER]),
        person=person, position=position, cases=open_cases, earlier=list(earlier), times=len(earlier) + 1,
        mission=session.get(Mission, call.mission_id) if call.mission_id is not None else None,
        book=list(session.scalars(select(PhoneBookEntry).order_by(PhoneBookEntry.kind, PhoneBookEntry.name_en).limit(MAX_BOOK))),
        colleagues=presenting.colleagues(session, agent_id), queues=presenting.queue_names(session),
        names=presenting.names_of_agents(session, agents),
        recordings=list(
            session.scalars(
                select(CallRecording).where(CallRecording.call_id == call.id, CallRecording.deleted_at.is_(None))
            )
        ),
        orders=list(
            session.scalars(select(CallOrder).where(CallOrder.call_id == call.id).order_by(CallOrder.id).limit(MAX_ORDERS))
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class CallFilter:
    """Which calls: those that are on, or the past ones; by a part of the number."""

    past: bool = False
    search: str = ""


def list_calls(session: Session, wanted: CallFilter) -> Sequence[Call]:
    """Return calls, the latest first, at most MAX_LIST."""
    statement = select(Call).order_by(Call.id.desc()).limit(MAX_LIST)
    statement = statement.where(Call.state == ENDED if wanted.past else Call.state != ENDED)
    digits = "".join(each for each in wanted.search if each.isdigit())
    if digits:
        statement = statement.where(Call.phone.contains(digits, autoescape=True))
    return session.scalars(statement).all()
