"""`/api/v1/line-tests` and `/api/v1/training-calls`: tests of missions' lines, one more now; training calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core import jobs
from hotline.core.description import MAX_ID, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from overflow.drills import placing, reading, starting, training
from overflow.drills.models import LineTest
from overflow.drills.training import Training

blueprint = APIBlueprint("api_drills", __name__, url_prefix="/api/v1", tag="Drills")
PAGE_ROWS = 100


class StartIn(BaseModel):
    """Which line is to be tested."""

    model_config = ConfigDict(extra="forbid")

    line_id: int = Field(ge=1, le=MAX_ID)


class LineTestShown(BaseModel):
    """One test; times are UTC. `reason` says why it failed, empty otherwise."""

    id: int
    line_id: int
    mission_id: int
    number: str
    round_id: int | None
    repeat_of_id: int | None
    state: str
    reason: str
    recognised_how: str
    greeted_mission_id: int | None
    due_at: datetime | None
    placed_at: datetime | None
    arrived_at: datetime | None
    finished_at: datetime | None


class LineTestList(BaseModel):
    """Tests, the latest first; `next_before` asks for older ones, where there are any."""

    line_tests: list[LineTestShown]
    next_before: int | None


class TrainingShown(BaseModel):
    """A training call; times are UTC. `areas` holds score and note by area once it was held; `total` is of 25."""

    id: int
    mission_id: int
    trainee_id: int
    trainer_id: int
    scenario: str
    state: str
    scheduled_at: datetime
    held_at: datetime | None
    total: int | None
    areas: dict[str, Any]
    follow_up: str


class TrainingList(BaseModel):
    """Training calls, the latest first: all for trainers, one's own for everybody else."""

    training_calls: list[TrainingShown]


@blueprint.get("/line-tests")
@blueprint.output(LineTestList)
@blueprint.doc(summary="List tests of missions' lines; staff of missions see their own")
@takes(query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only tests before this id"))
@permit("missions.read")
def index() -> ResponseReturnValue:
    """List tests."""
    with current().db.transaction() as session:
        found = reading.tests_of(session, reading.visible(session, actor()), _before(), PAGE_ROWS + 1)
    shown = [_plain(test, line.mission_id, line.number) for test, line in found[:PAGE_ROWS]]
    following = found[PAGE_ROWS - 1][0].id if len(found) > PAGE_ROWS else None
    return jsonify(line_tests=shown, next_before=following)


@blueprint.post("/line-tests")
@blueprint.input(StartIn, location="json", arg_name="given")
@blueprint.output(LineTestShown, status_code=201)
@blueprint.doc(
    summary="Test a line now",
    responses={404: "There is no such line", 409: "It is closed, under test, or was tested by hand within ten minutes"},
)
@permit("missions.read")
def start(given: StartIn) -> ResponseReturnValue:
    """Test a line now."""
    services = current()
    with services.db.transaction() as session:
        test = starting.start(session, services, actor(), given.line_id)
        (shown,) = [
            _plain(each, line.mission_id, line.number) for each, line in reading.tests_of(session, None, test.id + 1, 1)
        ]
    jobs.enqueue(services, placing.JOB)
    response = jsonify(shown)
    response.status_code = 201
    return response


@blueprint.get("/training-calls")
@blueprint.output(TrainingList)
@blueprint.doc(summary="List training calls with their sheets: trainers all, everybody else their own")
@permit("missions.read")
def training_calls() -> ResponseReturnValue:
    """List training calls."""
    with current().db.transaction() as session:
        found = training.listed(session, actor())
    return jsonify(training_calls=[_training(each) for each in found])


def _before() -> int | None:
    given = request.args.get("before")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= len(given) <= 18 and int(given) >= 1):
        raise InvalidInput("before", given, f"give an id from 1 to {MAX_ID}")
    return int(given)


def _plain(test: LineTest, mission_id: int, number: str) -> dict[str, Any]:
    names = (
        "id", "line_id", "round_id", "repeat_of_id", "state", "reason", "recognised_how", "greeted_mission_id",
    )  # fmt: skip
    times = {name: _iso(getattr(test, name)) for name in ("due_at", "placed_at", "arrived_at", "finished_at")}
    return {name: getattr(test, name) for name in names} | times | {"mission_id": mission_id, "number": number}


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None


def _training(each: Training) -> dict[str, Any]:
    call = each.call
    return {
        "id": call.id, "mission_id": call.mission_id, "trainee_id": call.trainee_id, "trainer_id": call.trainer_id,
        "scenario": each.scenario.code, "state": call.state, "scheduled_at": _iso(call.scheduled_at),
        "held_at": _iso(call.held_at), "total": call.total, "follow_up": call.follow_up,
        "areas": {area: {"score": row.score, "note": row.note} for area, row in each.areas.items()},
    }  # fmt: skip
