"""`/api/v1/staffing`: the advice of now, and what-if questions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core import jobs
from hotline.core.description import query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from overflow.staffing import asking, showing, words
from overflow.staffing.models import WhatIf

blueprint = APIBlueprint("api_staffing", __name__, url_prefix="/api/v1/staffing", tag="Staffing")


class SlotShown(BaseModel):
    """A quarter hour ahead: first calls an hour with their 80 % band, and people needed, with the band's, and on duty."""

    at: datetime
    per_hour: float
    low: float
    high: float
    needed: int
    needed_low: int
    needed_high: int
    on_duty: int


class ReasonShown(BaseModel):
    """One reason: its code, the numbers behind it, and in words of the caller's language."""

    code: str
    numbers: dict[str, Any]
    words: str


class AdviceShown(BaseModel):
    """What to do now; `by` is when those who are called out are needed. Times are UTC."""

    at: datetime
    drill: bool
    per_hour: float
    needed_now: int
    on_duty: int
    call_out: int
    release: int
    by: datetime | None
    why: list[ReasonShown]
    slots: list[SlotShown]


class WhatIfIn(BaseModel):
    """A question: first calls an hour times `factor` for `hours`, and two answers with volunteers after minutes.

    `redial` is the per cent of those who hang up that calls again; seconds and minutes are named.
    """

    model_config = ConfigDict(extra="forbid")

    per_hour: int = Field(120, ge=1, le=20_000)
    factor: float = Field(10, ge=1, le=100)
    hours: float = Field(6, ge=0.5, le=48)
    agents: int = Field(20, ge=0, le=1_000)
    handling_s: int = Field(300, ge=10, le=3_600)
    patience_s: int = Field(120, ge=10, le=3_600)
    redial: int = Field(50, ge=0, le=95)
    within_s: int = Field(20, ge=1, le=600)
    volunteers_a: int = Field(0, ge=0, le=1_000)
    minutes_a: int = Field(20, ge=0, le=1_440)
    volunteers_b: int = Field(40, ge=0, le=1_000)
    minutes_b: int = Field(20, ge=0, le=1_440)


class WhatIfShown(BaseModel):
    """A question and how far it is; `curves` has the answers `a` and `b` by quarter hour once it is done."""

    id: int
    state: str
    progress: int
    failure: str
    asked_at: datetime
    question: dict[str, Any]
    curves: dict[str, Any]


@blueprint.get("/advice")
@blueprint.output(AdviceShown)
@blueprint.doc(summary="Say how many people are needed, whom to call out or release, and why")
@takes(query("drill", {"type": "string", "enum": ["0", "1"]}, "1 asks for the drill's advice"))
@permit("staffing.read")
def advice() -> ResponseReturnValue:
    """Return the advice of now."""
    services, drill = current(), request.args.get("drill", "0")
    if drill not in ("0", "1"):
        raise InvalidInput("drill", drill, "give 0 or 1")
    with services.db.transaction() as session:
        found = showing.shown(session, services.clock, drill=drill == "1")
    why = [
        {"code": code, "numbers": dict(numbers), "words": words.sentence(code, numbers)} for code, numbers in found.why
    ]
    return jsonify(
        at=found.at.isoformat(), drill=found.drill, per_hour=round(found.per_hour, 1), needed_now=found.needed_now,
        on_duty=found.on_duty, call_out=found.call_out, release=found.release,
        by=found.by.isoformat() if found.by else None, why=why, slots=list(found.slots),
    )  # fmt: skip


@blueprint.post("/what-if")
@blueprint.input(WhatIfIn, location="json", arg_name="given")
@blueprint.output(WhatIfShown, status_code=201)
@blueprint.doc(
    summary="Ask what if; the answers are played by a job",
    responses={409: "Three of your questions are still being played"},
)
@permit("staffing.read")
def ask(given: WhatIfIn) -> ResponseReturnValue:
    """Have a question played."""
    services = current()
    question = asking.read(given.model_dump())
    with services.db.transaction() as session:
        asked = asking.ask(session, services.clock, actor(), question)
        shown = _plain(asked)
    jobs.enqueue(services, asking.JOB, shown["id"])
    response = jsonify(shown)
    response.status_code = 201
    return response


@blueprint.get("/what-if/<int:what_if_id>")
@blueprint.output(WhatIfShown)
@blueprint.doc(summary="Get a question with its answers", responses={404: "There is no such question"})
@permit("staffing.read")
def get(what_if_id: int) -> ResponseReturnValue:
    """Return a question."""
    with current().db.transaction() as session:
        return jsonify(_plain(asking.find(session, what_if_id)))


def _plain(found: WhatIf) -> dict[str, Any]:
    return {
        "id": found.id, "state": found.state or "waiting", "progress": found.progress or 0, "failure": found.failure or "",
        "asked_at": found.asked_at.isoformat(), "question": found.question, "curves": found.curves,
    }  # fmt: skip
