"""Training calls: planned by a trainer, placed as a drill from their own desk, scored in five areas, and read by the trainee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.auth.models import Officer
from hotline.calls import handling
from hotline.calls.handling import Desk
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.phone import parse_e164
from hotline.core.services import Services
from hotline.missions import staff
from hotline.missions.models import Mission
from overflow.drills.models import TrainingCall, TrainingScenario, TrainingScore
from overflow.drills.states import AREAS, MAX_SCORE, SCHEDULED, TRAIN, TRAINING

MAX_NOTE, MAX_FOLLOW_UP = 500, 2_000
MAX_AHEAD, MAX_BACK = timedelta(days=366), timedelta(days=31)
MAX_ROWS = 200
EVERYTHING = "audit.read"
"""Who checks the house reads every sheet, as the trainers do."""


@dataclass(frozen=True)
class Planned:
    """What a trainer fixes beforehand; `phone` in any usual form with its country's code, `scheduled_at` aware."""

    mission_id: int
    trainee_id: int
    scenario_id: int
    phone: str
    scheduled_at: datetime


@dataclass(frozen=True)
class Sheet:
    """A filled-in sheet: for each area 0 to 5 and a note, and what follows from it."""

    scores: Mapping[str, int]
    notes: Mapping[str, str]
    follow_up: str = ""


@dataclass(frozen=True)
class Training:
    """A training call as pages show it; `areas` holds score and note by area, empty while it is not held."""

    call: TrainingCall
    mission: Mission
    trainee: str
    trainer: str
    scenario: TrainingScenario
    areas: dict[str, TrainingScore]


def plan(session: Session, services: Services, actor: Actor, given: Planned) -> TrainingCall:
    """Plan a training call of somebody who works at the mission; raises Forbidden, and SeveralFaults naming each field."""
    _demand_trainer(actor)
    now, faults = services.clock.now(), list[dict[str, object]]()
    if session.get(Mission, given.mission_id) is None:
        faults.append({"field": "mission_id", "value": given.mission_id, "mend": "choose a mission"})
    elif given.trainee_id not in [each.id for each in staff.people_of(session, given.mission_id)]:
        mend = "choose somebody who works at this mission"
        faults.append({"field": "trainee_id", "value": given.trainee_id, "mend": mend})
    scenario = session.get(TrainingScenario, given.scenario_id)
    if scenario is None or scenario.retired:
        faults.append({"field": "scenario_id", "value": given.scenario_id, "mend": "choose a scenario of the list"})
    if not now - MAX_BACK <= given.scheduled_at <= now + MAX_AHEAD:
        mend = "choose a time within the next year"
        faults.append({"field": "scheduled_at", "value": given.scheduled_at.isoformat(), "mend": mend})
    phone = ""
    try:
        phone = parse_e164(given.phone, "KR").e164
    except InvalidInput as fault:
        faults.append({"field": "phone", "value": fault.shown_value, "mend": fault.mend})
    if faults:
        raise SeveralFaults(faults, "The training call has faults.")
    made = TrainingCall(
        mission_id=given.mission_id, trainee_id=given.trainee_id, trainer_id=actor.id, scenario_id=given.scenario_id,
        state=SCHEDULED, phone=phone, scheduled_at=given.scheduled_at, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _audit(session, services, actor, made, "training.planned", trainee=given.trainee_id, scenario=given.scenario_id)
    return made


def place(session: Session, services: Services, actor: Actor, training_id: int) -> TrainingCall:
    """Call the trainee as a drill: the trainer's own telephone rings first. The caller wakes the dialling after the commit.

    Raises NotFound, Forbidden, and Refused where the trainer has no desk, is in a call, or the training is over.
    """
    found = _locked(session, training_id)
    state = TRAINING.next_state(found.state, "call", actor)
    agent = presence.agent_of(session, actor.id)
    if agent is None:
        raise Refused("You are not set up as an agent; an administrator does that.", code="no-agent")
    call = handling.call_out(session, Desk(actor, agent.id, services), found.phone, drill=True)
    found.state, found.call_id, found.trainer_id = state, call.id, actor.id or found.trainer_id
    _audit(session, services, actor, found, "training.called", call=call.id)
    return found


def score(session: Session, services: Services, actor: Actor, training_id: int, sheet: Sheet) -> TrainingCall:
    """Fill in a sheet, or correct it; raises NotFound, Forbidden, Refused, and SeveralFaults naming each area."""
    found = _locked(session, training_id)
    state = TRAINING.next_state(found.state, "score", actor)
    _check(sheet)
    was = dict(
        session.execute(select(TrainingScore.area, TrainingScore.score).where(TrainingScore.training_id == found.id))
        .tuples()
        .all()
    )
    session.execute(delete(TrainingScore).where(TrainingScore.training_id == found.id))
    for area in AREAS:
        note = " ".join(sheet.notes.get(area, "").split())
        session.add(TrainingScore(training_id=found.id, area=area, score=sheet.scores[area], note=note))
    found.state, found.total, found.follow_up = (
        state,
        sum(sheet.scores[area] for area in AREAS),
        sheet.follow_up.strip(),
    )
    found.held_at = found.held_at or services.clock.now()
    session.flush()
    audit.record(
        session, services.clock, actor, "training.scored", "training_call", found.id, before=was or None,
        after={area: sheet.scores[area] for area in AREAS},
    )  # fmt: skip
    return found


def _check(sheet: Sheet) -> None:
    faults: list[dict[str, object]] = []
    for area in AREAS:
        given = sheet.scores.get(area)
        if given is None or not 0 <= given <= MAX_SCORE:
            faults.append({"field": area, "value": given, "mend": f"give 0 to {MAX_SCORE} points"})
        if len(sheet.notes.get(area, "")) > MAX_NOTE:
            faults.append({"field": f"{area}_note", "value": "", "mend": f"write at most {MAX_NOTE} characters"})
    if len(sheet.follow_up) > MAX_FOLLOW_UP:
        faults.append({"field": "follow_up", "value": "", "mend": f"write at most {MAX_FOLLOW_UP} characters"})
    if faults:
        raise SeveralFaults(faults, "The sheet has faults.")


def cancel(session: Session, services: Services, actor: Actor, training_id: int) -> TrainingCall:
    """Call a training call off; raises NotFound, Forbidden, and Refused once it was held."""
    found = _locked(session, training_id)
    found.state = TRAINING.next_state(found.state, "cancel", actor)
    _audit(session, services, actor, found, "training.cancelled")
    return found


def get(session: Session, actor: Actor, training_id: int) -> Training:
    """Return a training call to its trainee, to trainers and to those who check; NotFound to anybody else."""
    found = listed(session, actor, training_id=training_id)
    if not found:
        raise NotFound("training call", training_id)
    return found[0]


def listed(
    session: Session, actor: Actor, *, training_id: int | None = None, mission_id: int | None = None
) -> list[Training]:
    """Return the training calls that an actor may see, the latest first, at most 200: trainers all, a trainee their own."""
    statement = (
        select(TrainingCall, Mission, Officer.display_name, TrainingScenario)
        .join(Mission, Mission.id == TrainingCall.mission_id)
        .join(Officer, Officer.id == TrainingCall.trainee_id)
        .join(TrainingScenario, TrainingScenario.id == TrainingCall.scenario_id)
        .order_by(TrainingCall.scheduled_at.desc(), TrainingCall.id.desc())
        .limit(MAX_ROWS)
    )
    if training_id is not None:
        statement = statement.where(TrainingCall.id == training_id)
    if mission_id is not None:
        statement = statement.where(TrainingCall.mission_id == mission_id)
    if not sees_all(actor):
        own = actor.id if actor.kind == "officer" and actor.id is not None else 0
        statement = statement.where(TrainingCall.trainee_id == own)
    rows = session.execute(statement).tuples().all()
    ids = [call.id for call, *_ in rows]
    scores: dict[int, dict[str, TrainingScore]] = {}
    for each in session.scalars(select(TrainingScore).where(TrainingScore.training_id.in_(ids))):
        scores.setdefault(each.training_id, {})[each.area] = each
    trainers = select(Officer.id, Officer.display_name).where(Officer.id.in_({call.trainer_id for call, *_ in rows}))
    names = dict(session.execute(trainers).tuples().all())
    return [
        Training(call, mission, trainee, names.get(call.trainer_id, ""), scenario, scores.get(call.id, {}))
        for call, mission, trainee, scenario in rows
    ]


def anybody(session: Session) -> bool:
    """Say whether any training call was ever planned."""
    return session.scalar(select(TrainingCall.id).limit(1)) is not None


def sees_all(actor: Actor) -> bool:
    """Say whether an actor reads every sheet."""
    return actor.may(TRAIN) or actor.may(EVERYTHING)


def _locked(session: Session, training_id: int) -> TrainingCall:
    found = session.get(TrainingCall, training_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("training call", training_id)
    return found


def _demand_trainer(actor: Actor) -> None:
    if not actor.may(TRAIN) or actor.id is None:
        raise Forbidden(f"Training calls need the permission {TRAIN}.")


def _audit(session: Session, services: Services, actor: Actor, found: TrainingCall, action: str, **more: int) -> None:
    audit.record(
        session, services.clock, actor, action, "training_call", found.id, after={"mission": found.mission_id, **more}
    )
