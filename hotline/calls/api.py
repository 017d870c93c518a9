"""`/api/v1/calls`: calls that are on and past ones, what the agent does in theirs, and calling somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.auth.identity import actor
from hotline.calls import handling
from hotline.calls.events import wake_all
from hotline.calls.handling import MODES, Desk
from hotline.calls.models import Call, Leg
from hotline.calls.reading import get_call, legs_of
from hotline.calls.screen import CallFilter, list_calls
from hotline.calls.states import NUMBERS
from hotline.cases.judging import MOODS, RISKS
from hotline.cases.states import DISPOSITIONS
from hotline.cases.working import MAX_NOTE_CHARS
from hotline.core.description import MAX_ID, query, takes
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_calls", __name__, url_prefix="/api/v1", tag="Calls")


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class CallOutIn(_Strict):
    """Whom to call: a number, and the case it is about."""

    phone: str = Field(min_length=3, max_length=40)
    case_id: int | None = Field(None, ge=1, le=MAX_ID)
    language: Literal["ko", "en"] = "ko"


class ActIn(_Strict):
    """What the agent does. Fields beyond `act` where it needs them: an entry of the phone book, an agent, a leg, a queue."""

    act: Literal[
        "hold", "resume", "invite", "colleague", "hand-over", "forward", "queue", "remove", "protect", "finish", "duty"
    ]
    entry_id: int = Field(0, ge=0, le=MAX_ID)
    agent_id: int = Field(0, ge=0, le=MAX_ID)
    leg_id: int = Field(0, ge=0, le=MAX_ID)
    queue: str = Field("", max_length=30)
    note: str = Field("", max_length=1_000)


class WatchIn(_Strict):
    """How a supervisor takes part."""

    mode: Literal[MODES]  # type: ignore[valid-type]  # the modes stand in one place, as a tuple


class WriteUpIn(_Strict):
    """What the latest call was about, and what was heard in it."""

    disposition: Literal[DISPOSITIONS]  # type: ignore[valid-type]  # the types stand in one place, as a tuple
    note: str = Field("", max_length=MAX_NOTE_CHARS)
    mood: Literal[("", *MOODS)] = ""  # type: ignore[valid-type]  # as above
    risks: list[Literal[RISKS]] = Field(default_factory=list, max_length=len(RISKS))  # type: ignore[valid-type]  # as above


class CallLegOut(BaseModel):
    """One telephone in the call."""

    id: int
    role: str
    state: str
    purpose: str
    agent_id: int | None
    label: str
    muted: bool
    held: bool


class CallShown(BaseModel):
    """A call; times are UTC. The number is whole for those who may see numbers, masked for everybody else."""

    id: int
    direction: str
    state: str
    phone: str
    language: str
    danger: bool
    drill: bool
    queue: str
    mission_id: int | None
    agent_id: int | None
    contact_id: int | None
    case_id: int | None
    recorded: bool
    end_reason: str
    path_why: str
    started_at: datetime
    queued_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    legs: list[CallLegOut]
    acts: list[str]


class CallList(BaseModel):
    """Calls, the latest first; `legs` and `acts` are left out. `next_before` asks for older ones, where there are any."""

    calls: list[dict[str, Any]]
    next_before: int | None


class Written(BaseModel):
    """The agent's state afterwards."""

    agent_id: int
    state: str


@blueprint.get("/calls")
@blueprint.output(CallList)
@blueprint.doc(
    summary="List the calls that are on, or the past ones", responses={403: "`q` is for those who may see numbers"}
)
@takes(
    query("past", {"type": "string", "enum": ["0", "1"]}, "1 for calls that have ended"),
    query("q", {"type": "string", "maxLength": 40}, "A part of the number"),
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only calls before this id, among past ones"),
)
@permit("calls.read")
def index() -> ResponseReturnValue:
    """List calls."""
    search = request.args.get("q", "")[:40]
    if search and not actor().may(NUMBERS):  # a masked number could be found out digit by digit
        raise Forbidden(f"Searching by number needs the permission {NUMBERS}.")
    wanted = CallFilter(request.args.get("past") == "1", search, _before())
    with current().db.transaction() as session:
        found, following = list_calls(session, wanted)
        return jsonify(calls=[_plain(each) for each in found], next_before=following)


@blueprint.get("/calls/<int:call_id>")
@blueprint.output(CallShown)
@blueprint.doc(summary="Show one call with everybody in it", responses={404: "There is no such call"})
@permit("calls.read")
def show(call_id: int) -> ResponseReturnValue:
    """Show one call."""
    return _answer(call_id)


@blueprint.post("/calls")
@blueprint.input(CallOutIn, location="json", arg_name="given")
@blueprint.output(CallShown)
@blueprint.doc(
    summary="Call somebody: your own telephone rings first",
    responses={404: "There is no such case", 409: "You are in a call, or off duty"},
)
@permit("calls.take")
def place(given: CallOutIn) -> ResponseReturnValue:
    """Call somebody."""
    services = current()
    with services.db.transaction() as session:
        call = handling.call_out(session, _desk(session), given.phone, case_id=given.case_id, language=given.language)
    wake_all(services, call.id)
    return _answer(call.id)


@blueprint.post("/calls/<int:call_id>/act")
@blueprint.input(ActIn, location="json", arg_name="given")
@blueprint.output(CallShown)
@blueprint.doc(
    summary="Do something in your call",
    responses={403: "It is somebody else's", 404: "No such call, entry, agent or leg", 409: "It is not possible now"},
)
@permit("calls.take")
def act(call_id: int, given: ActIn) -> ResponseReturnValue:
    """Hold, invite, hand over, forward, protect, end."""
    acts: dict[str, Callable[[Session, Desk], object]] = {
        "hold": lambda session, at: handling.hold(session, at, call_id, on=True),
        "resume": lambda session, at: handling.hold(session, at, call_id, on=False),
        "invite": lambda session, at: handling.invite_from_book(session, at, call_id, given.entry_id),
        "colleague": lambda session, at: handling.invite_colleague(session, at, call_id, given.agent_id),
        "hand-over": lambda session, at: handling.hand_over(session, at, call_id),
        "forward": lambda session, at: handling.forward(session, at, call_id, given.entry_id),
        "queue": lambda session, at: handling.requeue(session, at, call_id, given.queue),
        "remove": lambda session, at: handling.remove(session, at, call_id, given.leg_id),
        "protect": lambda session, at: handling.protect(session, at, call_id, given.note),
        "duty": lambda session, at: handling.call_duty(session, at, call_id),
        "finish": lambda session, at: handling.finish(session, at, call_id),
    }
    services = current()
    with services.db.transaction() as session:
        acts[given.act](session, _desk(session))
    wake_all(services, call_id)
    return _answer(call_id)


@blueprint.post("/calls/<int:call_id>/watch")
@blueprint.input(WatchIn, location="json", arg_name="given")
@blueprint.output(CallShown)
@blueprint.doc(
    summary="Listen to a call, whisper to its agent, or join",
    responses={404: "There is no such call", 409: "Nobody talks in it now"},
)
@permit("calls.monitor")
def watch(call_id: int, given: WatchIn) -> ResponseReturnValue:
    """Listen, whisper or join."""
    services = current()
    with services.db.transaction() as session:
        handling.watch(session, _desk(session), call_id, given.mode)
    wake_all(services, call_id)
    return _answer(call_id)


@blueprint.post("/calls/write-up")
@blueprint.input(WriteUpIn, location="json", arg_name="given")
@blueprint.output(Written)
@blueprint.doc(summary="Write up your latest call and be free for the next", responses={409: "You still talk"})
@permit("calls.take")
def write_up(given: WriteUpIn) -> ResponseReturnValue:
    """Write up."""
    services = current()
    with services.db.transaction() as session:
        at = _desk(session)
        handling.write_up(
            session, at, disposition=given.disposition, note=given.note, mood=given.mood, risks=tuple(given.risks)
        )
        state = presence.get_agent(session, at.agent_id).state
    wake_all(services, None)
    return jsonify(agent_id=at.agent_id, state=state)


def _before() -> int | None:
    given = request.args.get("before", "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:20]) <= MAX_ID):
        raise InvalidInput("before", given, "give the number that next_before had")
    return int(given)


def _desk(session: Session) -> Desk:
    who = actor()
    agent = presence.agent_of(session, who.id)
    if agent is None:
        raise Refused("You are not set up as an agent; an administrator does that.", code="no-agent")
    return Desk(who, agent.id, current())


def _answer(call_id: int) -> ResponseReturnValue:
    with current().db.transaction() as session:
        call = get_call(session, call_id, lock=False)
        legs = list(legs_of(session, call_id))
        acts = handling.acts_for(call, [leg for leg in legs if leg.state != "over"])
        return jsonify(_plain(call) | {"legs": [_leg(each) for each in legs], "acts": sorted(acts)})


def _plain(call: Call) -> dict[str, Any]:
    """Return a call as the API shows it; times are ISO 8601 in UTC."""
    names = (
        "id", "direction", "state", "phone", "language", "danger", "drill", "queue", "mission_id", "agent_id", "contact_id",
        "case_id", "recorded", "end_reason", "path_why",
    )  # fmt: skip
    times = ("started_at", "queued_at", "connected_at", "ended_at")
    shown = {name: getattr(call, name) for name in names}
    if call.phone and not actor().may(NUMBERS):
        shown["phone"] = mask(call.phone)
    return shown | {name: at.isoformat() if (at := getattr(call, name)) else None for name in times}


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        name: getattr(leg, name) for name in ("id", "role", "state", "purpose", "agent_id", "label", "muted", "held")
    }
