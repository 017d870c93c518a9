"""How a call-out stands: who is asked, coming, ready now; and the lists that pages and the API show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import ON_DUTY
from hotline.core.errors import NotFound
from hotline.incidents.models import Incident
from overflow.surge.models import AskedPerson, Callout, CalloutEvent, CalloutSample
from overflow.surge.states import ACCEPTED, COMING, LEAVING, PENDING, READY, RESERVE
from overflow.surge.waves import CALLED_SHARE, COMES
from overflow.volunteers.models import Volunteer

MAX_PEOPLE, MAX_EVENTS, MAX_SAMPLES = 5_000, 500, 2_000
PAGE_ROWS = 50


@dataclass(frozen=True)
class Here:
    """Somebody asked, with what their agent is doing now."""

    person: AskedPerson
    agent: Agent

    @property
    def takes_calls(self) -> bool:
        """Ready or in a call at this moment."""
        return self.agent.state in ON_DUTY


@dataclass
class Standing:
    """Numbers of one call-out at one moment; `ready` counts only whoever is ready or in a call now."""

    needed: int
    asked: int = 0
    pending: int = 0
    accepted: int = 0
    coming: int = 0
    reserve: int = 0
    briefed: int = 0
    ready: int = 0
    away: int = 0
    leaving: int = 0
    chances: list[float] = field(default_factory=list)
    """The chance of everybody coming or there."""
    pending_chances: list[float] = field(default_factory=list)


def people_here(session: Session, callout_id: int, states: Sequence[str] = (), *, lock: bool = False) -> list[Here]:
    """Return the people of a call-out with their agents, in the order they were asked."""
    statement = (
        select(AskedPerson, Agent)
        .join(Agent, Agent.id == AskedPerson.agent_id)
        .where(AskedPerson.callout_id == callout_id)
        .order_by(AskedPerson.id)
        .limit(MAX_PEOPLE)
        .execution_options(populate_existing=True)
    )
    if states:
        statement = statement.where(AskedPerson.state.in_(states))
    if lock:
        statement = statement.with_for_update(of=AskedPerson)
    return [Here(*row) for row in session.execute(statement).tuples()]


def standing_of(callout: Callout, people: Sequence[Here], now: datetime) -> Standing:
    """Count; somebody who said "later" counts only if they come in time."""
    found = Standing(callout.needed, asked=len(people))
    for each in people:
        state = each.person.state
        found.accepted += state in ACCEPTED
        found.briefed += each.person.briefed_at is not None and state in ACCEPTED
        if state in PENDING:
            found.pending += 1
            share = CALLED_SHARE if each.person.calls else 1.0
            found.pending_chances.append(each.person.chance * share)
        elif state in COMING:
            found.coming += 1
            if each.person.comes_at is None or each.person.comes_at <= max(callout.by_at, now) or state != "later":
                found.chances.append(COMES[state])
        elif state == RESERVE:
            found.reserve += 1
        elif state == LEAVING:
            found.leaving += 1
        elif state == READY:
            found.ready += each.takes_calls
            found.away += not each.takes_calls
            found.chances.append(COMES[READY])
    return found


def standing(session: Session, callout: Callout, now: datetime) -> Standing:
    """Return how a call-out stands now."""
    return standing_of(callout, people_here(session, callout.id), now)


def counted(session: Session, callouts: Sequence[Callout]) -> dict[int, tuple[Standing, int]]:
    """Return how each of these call-outs stands, without chances, and how many have come at any time; in one statement."""
    state, here = AskedPerson.state, Agent.state.in_(ON_DUTY)
    counts = {
        "asked": func.count(), "accepted": func.count().filter(state.in_(ACCEPTED)),
        "briefed": func.count(AskedPerson.briefed_at).filter(state.in_(ACCEPTED)),
        "pending": func.count().filter(state.in_(PENDING)), "coming": func.count().filter(state.in_(COMING)),
        "reserve": func.count().filter(state == RESERVE), "leaving": func.count().filter(state == LEAVING),
        "ready": func.count().filter(state == READY, here), "away": func.count().filter(state == READY, ~here),
    }  # fmt: skip
    rows = session.execute(
        select(AskedPerson.callout_id, func.count(AskedPerson.ready_at), *counts.values())
        .join(Agent, Agent.id == AskedPerson.agent_id)
        .where(AskedPerson.callout_id.in_([each.id for each in callouts]))
        .group_by(AskedPerson.callout_id)
    )
    known = {row[0]: (dict(zip(counts, row[2:], strict=True)), row[1]) for row in rows}
    return {
        each.id: (Standing(each.needed, **found), came)
        for each in callouts
        for found, came in [known.get(each.id, ({}, 0))]
    }


@dataclass(frozen=True)
class Listed:
    """One call-out of a list."""

    callout: Callout
    incident: Incident
    standing: Standing
    came: int
    """How many have been ready at any time."""


def listed(
    session: Session, *, before: int | None = None, incident_id: int | None = None, open_only: bool = False,
    most: int = PAGE_ROWS,
) -> list[Listed]:  # fmt: skip
    """Return call-outs, the latest first."""
    statement = (
        select(Callout, Incident)
        .join(Incident, Incident.id == Callout.incident_id)
        .order_by(Callout.id.desc())
        .limit(most)
    )
    if before is not None:
        statement = statement.where(Callout.id < before)
    if incident_id is not None:
        statement = statement.where(Callout.incident_id == incident_id)
    if open_only:
        statement = statement.where(Callout.ended_at.is_(None))
    found = session.execute(statement).tuples().all()
    counts = counted(session, [callout for callout, _ in found])
    return [Listed(callout, incident, *counts[callout.id]) for callout, incident in found]


@dataclass(frozen=True)
class Shown:
    """Everything that the page of a call-out shows."""

    callout: Callout
    incident: Incident
    standing: Standing
    people: list[tuple[Here, str]]
    """With their names; empty names for who was erased."""
    events: list[CalloutEvent]
    samples: list[CalloutSample]


def shown(session: Session, callout_id: int, now: datetime) -> Shown:
    """Return one call-out with people, the latest lines of its timeline and its curve; raises NotFound."""
    row = session.execute(
        select(Callout, Incident).join(Incident, Incident.id == Callout.incident_id).where(Callout.id == callout_id)
    ).first()
    if row is None:
        raise NotFound("call-out", callout_id)
    people = people_here(session, callout_id)
    ids = [each.person.volunteer_id for each in people]
    names = {
        key: name for key, name in session.execute(select(Volunteer.id, Volunteer.name).where(Volunteer.id.in_(ids)))
    }
    events = session.scalars(
        select(CalloutEvent)
        .where(CalloutEvent.callout_id == callout_id)
        .order_by(CalloutEvent.id.desc())
        .limit(MAX_EVENTS)
    )
    samples = session.scalars(
        select(CalloutSample)
        .where(CalloutSample.callout_id == callout_id)
        .order_by(CalloutSample.at)
        .limit(MAX_SAMPLES)
    )
    return Shown(
        row[0], row[1], standing_of(row[0], people, now),
        [(each, names.get(each.person.volunteer_id, "")) for each in people], list(events), list(samples),
    )  # fmt: skip
