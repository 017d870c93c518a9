"""The API of queues: figures, an agent's wrap-up, and callbacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.cases.revealing import FIELDS
from hotline.cases.states import DISPOSITIONS
from hotline.core.description import MAX_ID
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit
from hotline.queues import callback_lists, callbacks, figures, offering
from hotline.queues.assigning import kick
from hotline.queues.callbacks import GivenWord
from hotline.queues.figures import QueueFigures
from hotline.queues.models import Callback

blueprint = APIBlueprint("api_queues", __name__, url_prefix="/api/v1", tag="Queues")


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class WrapUpIn(_Strict):
    """What a call was about, as the yearly statistics count it."""

    disposition: Literal[DISPOSITIONS]  # type: ignore[valid-type]  # the types stand in one place, as a tuple


class PromiseIn(_Strict):
    """A callback for a chosen time; `due_at` with its zone, within 30 days.

    With `owner_id` it is a promise that this officer answers for; without, a reservation, and whoever is free then calls.
    """

    phone: str = Field(min_length=3, max_length=40)
    due_at: AwareDatetime
    owner_id: int | None = Field(None, ge=1, le=MAX_ID)
    queue: str = Field("", max_length=30)
    language: str = Field("", pattern="^([a-z]{2,3})?$")
    case_id: int | None = Field(None, ge=1, le=MAX_ID)


class QueueOut(BaseModel):
    """A queue's figures, times in seconds; answered and hung-up calls are those of the last 24 hours."""

    id: int
    code: str
    waiting: int
    longest_s: int
    expected_s: int | None
    answered: int
    asa_s: float | None
    service_level: float | None
    abandoned: int
    short: int
    callbacks: int
    staff: dict[str, int]
    languages: dict[str, int]


class QueueList(BaseModel):
    """Every active queue, and agents by state."""

    queues: list[QueueOut]
    agents: dict[str, int]


class CallbackOut(BaseModel):
    """A callback; `kind` is place, time, promise or abandoned."""

    id: int
    kind: str
    state: str
    queue_id: int
    phone: str
    case_id: int | None
    owner_id: int | None
    due_at: datetime
    attempts: int
    last_result: str


class CallbackList(BaseModel):
    """Callbacks that need doing, the most overdue first."""

    callbacks: list[CallbackOut]


class WrappedUp(BaseModel):
    """The agent's state afterwards."""

    id: int
    state: str


@blueprint.get("/queues")
@blueprint.output(QueueList)
@blueprint.doc(summary="Show the figures of every queue")
@permit("queues.read")
def index() -> ResponseReturnValue:
    """Return the wallboard's figures."""
    with current().db.transaction() as session:
        found = figures.queue_figures(session, current().clock)
        agents = figures.agents_by_state(session)
    return jsonify(queues=[_figures_json(each) for each in found], agents=agents)


def _figures_json(each: QueueFigures) -> dict[str, Any]:
    names = (
        "waiting", "longest_s", "expected_s", "answered", "asa_s", "service_level", "abandoned", "short", "callbacks",
        "staff", "languages",
    )  # fmt: skip
    return {"id": each.queue.id, "code": each.queue.code} | {name: getattr(each, name) for name in names}


@blueprint.post("/agents/<int:agent_id>/wrap-up")
@blueprint.input(WrapUpIn, location="json", arg_name="given")
@blueprint.output(WrappedUp)
@blueprint.doc(
    summary="End the work after a call, saying what it was about",
    responses={403: "It is somebody else's call", 404: "There is no such agent", 409: "The call is not over yet"},
)
@permit("agents.read")
def wrap_up(agent_id: int, given: WrapUpIn) -> ResponseReturnValue:
    """End a wrap-up."""
    services = current()
    with services.db.transaction() as session:
        agent = offering.wrap_up(session, services.clock, agent_id, given.disposition, actor=actor())
    kick(services)
    return jsonify(id=agent.id, state=agent.state)


@blueprint.get("/callbacks")
@blueprint.output(CallbackList)
@blueprint.doc(summary="List callbacks that need doing, the most overdue first")
@permit("callbacks.work")
def list_callbacks() -> ResponseReturnValue:
    """List callbacks."""
    with current().db.transaction() as session:
        return jsonify(callbacks=[_callback_json(each) for each in callback_lists.open_callbacks(session)])


@blueprint.post("/callbacks")
@blueprint.input(PromiseIn, location="json", arg_name="given")
@blueprint.output(CallbackOut, status_code=201)
@blueprint.doc(
    summary="Promise somebody a callback, or reserve one",
    description="There is one for each number and queue: where one is open already, that one is answered, at the earlier time.",
    responses={404: "There is no such queue or case"},
)
@permit("callbacks.work")
def promise(given: PromiseIn) -> ResponseReturnValue:
    """Promise or reserve a callback."""
    services = current()
    with services.db.transaction() as session:
        made = callbacks.give_word(session, services.clock, actor(), GivenWord(**given.model_dump()))
        shown = _callback_json(made)
    kick(services)
    return shown


def _callback_json(each: Callback) -> dict[str, Any]:
    plain = ("id", "kind", "state", "queue_id", "case_id", "owner_id", "attempts", "last_result")
    phone = each.phone if actor().may(FIELDS["phone"]) or not each.phone else mask(each.phone)
    return {name: getattr(each, name) for name in plain} | {"phone": phone, "due_at": each.due_at.isoformat()}
