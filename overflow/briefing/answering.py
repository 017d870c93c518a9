"""Answering a briefing's three questions: checked here, counted, and after three wrong tries a matter for a senior.

A try is named by its number, which the form carries: the same form sent twice, from two taps or a reloaded page, is the same try
and gets the answer that it got. The agent's row is locked first, so that two at once follow each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused
from hotline.incidents.models import Incident
from overflow.briefing import keeping, questions
from overflow.briefing.models import BriefingLift, BriefingPass, BriefingTry, BriefingVersion
from overflow.briefing.questions import Shown
from overflow.briefing.states import LIFT, MAX_TRIES, PUBLISHED, QUESTIONS

MAX_NOTE_CHARS = 500
MAX_HELD = 200


@dataclass(frozen=True)
class Sheet:
    """A briefing as one person has it before them; `left` tries remain before a senior must look."""

    version: BriefingVersion
    incident: Incident
    shown: list[Shown]
    number: int
    left: int
    passed_at: datetime | None
    last_right: int | None
    """How many answers of the last try were right."""


@dataclass(frozen=True)
class Outcome:
    """What became of a try."""

    passed: bool
    right: int
    left: int


@dataclass(frozen=True)
class Held:
    """Somebody whose tries are used up."""

    version_id: int
    incident_id: int
    agent_id: int
    incident_ko: str
    incident_en: str
    name: str
    tries: int
    last_at: datetime


def sheet(session: Session, agent_id: int, incident_id: int) -> Sheet:
    """Return what an agent has before them; raises NotFound where no briefing was published."""
    incident = keeping.incident_of(session, incident_id)
    version = keeping.current(session, incident_id)
    if version is None:
        raise NotFound("briefing of incident", incident_id)
    number = 1 + _tries_at(session, version.id, agent_id)
    last = session.scalar(
        select(BriefingTry.rights).where(
            BriefingTry.version_id == version.id, BriefingTry.agent_id == agent_id, BriefingTry.number == number - 1
        )
    )
    return Sheet(
        version, incident, questions.shown(version.questions, _seed(version.id, agent_id, number)), number,
        _left(session, version, agent_id), _passed_at(session, version, agent_id), last,
    )  # fmt: skip


def answer(  # who, what was before them, what they said
    session: Session, clock: Clock, agent_id: int, incident_id: int, version_id: int, number: int, given: Mapping[str, str],
    *, by: Actor,
) -> Outcome:  # fmt: skip
    """Take one try and say how it went; the same try again says the same.

    `incident_id` is the one whose page was open: a version of another is not answered there. Raises SeveralFaults for a question
    without an answer (the try is not used up), Conflict (`briefing-changed`) when another version holds by now or the number is
    not the next one, Refused (`briefing-locked`) when no tries are left, NotFound.
    """
    presence.get_agent(session, agent_id, lock=True)
    version = session.get(BriefingVersion, version_id)
    if version is None or version.state != PUBLISHED or version.incident_id != incident_id:
        raise NotFound("briefing", version_id)
    before = session.scalar(
        select(BriefingTry).where(
            BriefingTry.version_id == version_id, BriefingTry.agent_id == agent_id, BriefingTry.number == number
        )
    )
    left = _left(session, version, agent_id)
    if before is not None:
        return Outcome(before.rights == QUESTIONS, before.rights, left)
    if _passed_at(session, version, agent_id) is not None:
        return Outcome(True, QUESTIONS, left)
    holds = keeping.current(session, version.incident_id)
    if holds is None or holds.id != version.id or number != 1 + _tries_at(session, version_id, agent_id):
        raise Conflict("The briefing was changed meanwhile; read it again.", code="briefing-changed")
    if left <= 0:
        raise Refused("The three tries are used up; a senior looks at it with you.", code="briefing-locked")
    answers = questions.read_answers(version.questions, _seed(version_id, agent_id, number), given)
    right = questions.count_right(version.questions, answers)
    session.add(
        BriefingTry(
            version_id=version_id, incident_id=version.incident_id, version_number=version.number, agent_id=agent_id,
            number=number, answers=answers, rights=right, at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    if right == QUESTIONS:
        _pass(session, clock, version, agent_id, by)
    elif left == 1:
        audit.record(session, clock, by, "briefing.locked", "agent", agent_id, after={"incident": version.incident_id})
    return Outcome(right == QUESTIONS, right, left - 1)


def _pass(session: Session, clock: Clock, version: BriefingVersion, agent_id: int, by: Actor) -> None:
    values = {
        "version_id": version.id, "incident_id": version.incident_id, "version_number": version.number,
        "agent_id": agent_id, "at": clock.now(),
    }  # fmt: skip
    session.execute(insert(BriefingPass).values(**values).on_conflict_do_nothing())
    audit.record(
        session, clock, by, "briefing.passed", "agent", agent_id,
        after={"incident": version.incident_id, "version": version.number},
    )  # fmt: skip


def _seed(version_id: int, agent_id: int, number: int) -> str:
    return f"briefing:{version_id}:{agent_id}:{number}"


def _tries_at(session: Session, version_id: int, agent_id: int) -> int:
    """Return how many tries of a person there are at one version: its numbers are those of the forms."""
    return (
        session.scalar(
            select(func.count()).where(BriefingTry.version_id == version_id, BriefingTry.agent_id == agent_id)
        )
        or 0
    )


def _left(session: Session, version: BriefingVersion, agent_id: int) -> int:
    """Return the tries that remain: a small change of the text, which counts with what came before, gives no new ones."""
    used = session.scalar(
        select(func.count()).where(
            BriefingTry.incident_id == version.incident_id, BriefingTry.agent_id == agent_id,
            BriefingTry.version_number.between(version.counts_from, version.number),
        )
    )  # fmt: skip
    lifts = session.scalar(
        select(func.count()).where(
            BriefingLift.agent_id == agent_id,
            BriefingLift.version_id.in_(
                select(BriefingVersion.id).where(
                    BriefingVersion.incident_id == version.incident_id,
                    BriefingVersion.number.between(version.counts_from, version.number),
                )
            ),
        )
    )
    return MAX_TRIES * (1 + (lifts or 0)) - (used or 0)


def _passed_at(session: Session, version: BriefingVersion, agent_id: int) -> datetime | None:
    return session.scalar(
        select(func.max(BriefingPass.at)).where(
            BriefingPass.incident_id == version.incident_id, BriefingPass.agent_id == agent_id,
            BriefingPass.version_number.between(version.counts_from, version.number),
        )
    )  # fmt: skip


def held(session: Session) -> Sequence[Held]:
    """Return everybody whose tries at a version that holds are used up, who waited longest first."""
    statement = (
        select(
            func.max(BriefingTry.version_id), BriefingTry.incident_id, BriefingTry.agent_id, func.count(),
            func.max(BriefingTry.at),
        )
        .join(Incident, Incident.id == BriefingTry.incident_id)
        .where(Incident.state == "open")
        .group_by(BriefingTry.incident_id, BriefingTry.agent_id)
        .having(func.count() >= MAX_TRIES)
        .order_by(func.max(BriefingTry.at))
        .limit(MAX_HELD)
    )  # fmt: skip
    found: list[Held] = []
    for _version_id, incident_id, agent_id, tries, last_at in session.execute(statement).tuples():
        version = keeping.current(session, incident_id)
        if version is None or _left(session, version, agent_id) > 0 or _passed_at(session, version, agent_id):
            continue
        incident = session.get_one(Incident, incident_id)
        name = session.scalar(
            select(Officer.display_name).join(Agent, Agent.officer_id == Officer.id).where(Agent.id == agent_id)
        )
        found.append(
            Held(version.id, incident_id, agent_id, incident.name_ko, incident.name_en, name or "", tries, last_at)
        )
    return found


def lift(session: Session, clock: Clock, actor: Actor, version_id: int, agent_id: int, note: str) -> None:
    """Give somebody three more tries, after a senior has looked at it with them; `note` says what was found.

    Raises Forbidden (also for oneself), InvalidInput, NotFound, Refused (`briefing-not-locked`) when tries are left.
    """
    if not actor.may(LIFT) or actor.id is None:
        raise Forbidden(f"Giving more tries needs the permission {LIFT}.")
    agent = presence.get_agent(session, agent_id, lock=True)
    if agent.officer_id == actor.id:
        raise Forbidden("Somebody else looks at your own tries.", code="briefing-own-lift")
    words = " ".join(note.split())
    if not 1 <= len(words) <= MAX_NOTE_CHARS:
        raise InvalidInput("note", note, f"say in 1 to {MAX_NOTE_CHARS} characters what you found")
    version = session.get(BriefingVersion, version_id)
    if version is None or version.state != PUBLISHED:
        raise NotFound("briefing", version_id)
    if _left(session, version, agent_id) > 0 or _passed_at(session, version, agent_id) is not None:
        raise Refused("This person has tries left, or has passed.", code="briefing-not-locked")
    session.add(
        BriefingLift(
            version_id=version.id, agent_id=agent_id, after_try=_tries_at(session, version.id, agent_id), by_id=actor.id,
            note=words, at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    # Without the note, which is about somebody: it is kept where it can be erased.
    audit.record(session, clock, actor, "briefing.lifted", "agent", agent_id, after={"version": version.number})
