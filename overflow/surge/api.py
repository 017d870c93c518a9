"""`/api/v1/callouts`: calling volunteers out, how it goes, changing how many are needed, standing down, the report."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from overflow.surge import asking, opening, reading, reporting, telling
from overflow.surge.models import MAX_NEEDED, AskedPerson, Callout
from overflow.surge.opening import CalloutFields
from overflow.surge.reading import Standing

blueprint = APIBlueprint("api_callouts", __name__, url_prefix="/api/v1", tag="Call-outs")
PAGE_ROWS = 100


class CalloutIn(BaseModel):
    """So many people, ready by `by_at` and until `until_at`; skills with their lowest level, ISO 639 languages."""

    model_config = ConfigDict(extra="forbid")

    incident_id: int = Field(ge=1, le=MAX_ID)
    needed: int = Field(ge=1, le=MAX_NEEDED)
    by_at: AwareDatetime
    until_at: AwareDatetime
    skills: dict[str, int] = {}
    languages: list[str] = []
    task: str = ""
    follows_forecast: bool = False

    def fields(self) -> CalloutFields:
        """Return what the stages take."""
        return CalloutFields(**self.model_dump())


class CalloutNeeded(BaseModel):
    """How many people are needed now."""

    model_config = ConfigDict(extra="forbid")

    needed: int = Field(ge=1, le=MAX_NEEDED)


class CalloutCount(BaseModel):
    """How many people."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=100)


class CalloutAct(BaseModel):
    """What shall happen to the call-out."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["pause", "resume", "cancel", "stand_down"]


class CalloutPreview(BaseModel):
    """How many people could be asked for this, and how many in the first wave."""

    candidates: int
    first_wave: int


class CalloutShown(BaseModel):
    """A call-out; times are UTC. `ready` counts whoever takes calls at this moment, `accepted` everybody who said yes."""

    id: int
    incident_id: int
    drill: bool
    state: str
    needed: int
    skills: dict[str, int]
    languages: list[str]
    task: str
    by_at: datetime
    until_at: datetime
    wave: int
    asked: int
    pending: int
    accepted: int
    reserve: int
    briefed: int
    ready: int
    away: int
    leaving: int
    created_at: datetime
    satisfied_at: datetime | None
    ended_at: datetime | None


class CalloutList(BaseModel):
    """Call-outs, the latest first; `next_before` asks for older ones, where there are any."""

    callouts: list[CalloutShown]
    next_before: int | None


class CalloutPerson(BaseModel):
    """One volunteer in a call-out; times are UTC. Numbers are not shown here."""

    id: int
    volunteer_id: int
    state: str
    reason: str
    wave: int
    asks: int
    calls: int
    answer: str | None
    answered_by: str | None
    asked_at: datetime
    answered_at: datetime | None
    comes_at: datetime | None
    briefed_at: datetime | None
    ready_at: datetime | None
    left_at: datetime | None
    released_at: datetime | None
    minutes: int


class CalloutPeople(BaseModel):
    """Everybody who was asked, in that order."""

    people: list[CalloutPerson]


class CalloutReport(BaseModel):
    """What came of a call-out; spans are whole seconds from its beginning or from a person's asking."""

    callout: CalloutShown
    states: dict[str, int]
    first_ready_s: int | None
    satisfied_s: int | None
    median_answer_s: int | None
    median_ready_s: int | None
    minutes: int
    surveys: int
    averages: dict[str, float]
    timeline: list[dict[str, Any]]


class CalloutReleased(BaseModel):
    """How many people were asked to finish."""

    released: int


@blueprint.get("/callouts")
@blueprint.output(CalloutList)
@blueprint.doc(summary="List call-outs of volunteers")
@takes(
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only call-outs before this id"),
    query("open", {"type": "string", "enum": ["0", "1"]}, "1: only those that are not over"),
)
@permit("volunteers.read")
def index() -> ResponseReturnValue:
    """List call-outs."""
    services = current()
    with services.db.transaction() as session:
        rows = reading.listed(session, before=_before(), open_only=request.args.get("open") == "1", most=PAGE_ROWS + 1)
        shown = [plain(row.callout, row.standing) for row in rows[:PAGE_ROWS]]
    following = rows[PAGE_ROWS - 1].callout.id if len(rows) > PAGE_ROWS else None
    return jsonify(callouts=shown, next_before=following)


@blueprint.post("/callouts/preview")
@blueprint.input(CalloutIn, location="json", arg_name="given")
@blueprint.output(CalloutPreview)
@blueprint.doc(summary="How many people could be asked, without asking anybody", responses={404: "There is no such incident",
               409: "The incident is closed"})  # fmt: skip
@permit("surge.call")
def preview(given: CalloutIn) -> ResponseReturnValue:
    """Count who could be asked."""
    services = current()
    with services.db.transaction() as session:
        draft = opening.drafted(session, services, given.fields())
        candidates, first = asking.first_wave(session, services, draft)
        session.expunge_all()
    return jsonify(candidates=candidates, first_wave=first)


@blueprint.post("/callouts")
@blueprint.input(CalloutIn, location="json", arg_name="given")
@blueprint.output(CalloutShown, status_code=201)
@blueprint.doc(summary="Call volunteers out", responses={404: "There is no such incident",
               409: "The incident is closed, or a call-out of it goes on"})  # fmt: skip
@permit("surge.call")
def start(given: CalloutIn) -> ResponseReturnValue:
    """Begin a call-out."""
    services = current()
    with services.db.transaction() as session:
        made = opening.start(session, services, actor(), given.fields())
        shown = plain(made, reading.standing(session, made, services.clock.now()))
    telling.tell(services, shown["id"])
    response = jsonify(shown)
    response.status_code = 201
    return response


@blueprint.get("/callouts/<int:callout_id>")
@blueprint.output(CalloutShown)
@blueprint.doc(summary="Show how a call-out stands", responses={404: "There is no such call-out"})
@permit("volunteers.read")
def show(callout_id: int) -> ResponseReturnValue:
    """Show one."""
    return jsonify(_shown(callout_id))


@blueprint.get("/callouts/<int:callout_id>/people")
@blueprint.output(CalloutPeople)
@blueprint.doc(summary="List everybody who was asked", responses={404: "There is no such call-out"})
@permit("volunteers.read")
def people(callout_id: int) -> ResponseReturnValue:
    """List its people."""
    services = current()
    with services.db.transaction() as session:
        found = reading.shown(session, callout_id, services.clock.now())
        return jsonify(people=[_person(here.person) for here, _ in found.people])


@blueprint.post("/callouts/<int:callout_id>/act")
@blueprint.input(CalloutAct, location="json", arg_name="given")
@blueprint.output(CalloutShown)
@blueprint.doc(summary="Pause, resume, cancel, or stand everybody down",
               responses={404: "There is no such call-out", 409: "It is not possible now"})  # fmt: skip
@permit("surge.call")
def act(callout_id: int, given: CalloutAct) -> ResponseReturnValue:
    """Pause, resume, cancel or end it."""
    services = current()
    with services.db.transaction() as session:
        opening.act(session, services, actor(), callout_id, given.act)
    telling.tell(services, callout_id)
    return jsonify(_shown(callout_id))


@blueprint.post("/callouts/<int:callout_id>/needed")
@blueprint.input(CalloutNeeded, location="json", arg_name="given")
@blueprint.output(CalloutShown)
@blueprint.doc(
    summary="Need more people, or fewer", responses={404: "There is no such call-out", 409: "It is ending or over"}
)
@permit("surge.call")
def needed(callout_id: int, given: CalloutNeeded) -> ResponseReturnValue:
    """Change how many are needed."""
    services = current()
    with services.db.transaction() as session:
        opening.change_needed(session, services, actor(), callout_id, given.needed)
    telling.tell(services, callout_id)
    return jsonify(_shown(callout_id))


@blueprint.post("/callouts/<int:callout_id>/ask-more")
@blueprint.input(CalloutCount, location="json", arg_name="given")
@blueprint.output(CalloutShown)
@blueprint.doc(summary="Ask at least so many more people with the next wave",
               responses={404: "There is no such call-out", 409: "Enough are ready, or it is ending or over"})  # fmt: skip
@permit("surge.call")
def ask_more(callout_id: int, given: CalloutCount) -> ResponseReturnValue:
    """Ask more."""
    services = current()
    with services.db.transaction() as session:
        opening.ask_more(session, services, actor(), callout_id, given.count)
    telling.tell(services, callout_id)
    return jsonify(_shown(callout_id))


@blueprint.post("/callouts/<int:callout_id>/release")
@blueprint.input(CalloutCount, location="json", arg_name="given")
@blueprint.output(CalloutReleased)
@blueprint.doc(summary="Stand so many people down; those in a call finish it",
               responses={404: "There is no such call-out", 409: "Nobody is there, or it is ending or over"})  # fmt: skip
@permit("surge.call")
def release(callout_id: int, given: CalloutCount) -> ResponseReturnValue:
    """Stand some down."""
    services = current()
    with services.db.transaction() as session:
        released = opening.release(session, services, actor(), callout_id, given.count)
    telling.tell(services, callout_id)
    return jsonify(released=released)


@blueprint.get("/callouts/<int:callout_id>/report")
@blueprint.output(CalloutReport)
@blueprint.doc(summary="Show what came of a call-out", responses={404: "There is no such call-out"})
@permit("volunteers.read")
def report(callout_id: int) -> ResponseReturnValue:
    """Show the report."""
    services = current()
    with services.db.transaction() as session:
        found = reporting.report_of(session, callout_id, services.clock.now())
    return jsonify(
        callout=plain(found.shown.callout, found.shown.standing), states=found.counts, first_ready_s=found.first_ready_s,
        satisfied_s=found.satisfied_s, median_answer_s=found.median_answer_s, median_ready_s=found.median_ready_s,
        minutes=found.minutes, surveys=found.surveys, averages=found.averages,
        timeline=[
            {"at": each.at.isoformat(), "event": each.event, "by_id": each.by_id, "facts": each.facts}
            for each in found.timeline
        ],
    )  # fmt: skip


def _shown(callout_id: int) -> dict[str, Any]:
    services = current()
    with services.db.transaction() as session:
        found = reading.shown(session, callout_id, services.clock.now())
        return plain(found.callout, found.standing)


def _before() -> int | None:
    given = request.args.get("before")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= len(given) <= 18 and int(given) >= 1):
        raise InvalidInput("before", given, f"give an id from 1 to {MAX_ID}")
    return int(given)


def plain(callout: Callout, standing: Standing) -> dict[str, Any]:
    """Return a call-out as the API shows it."""
    names = ("id", "incident_id", "drill", "state", "needed", "skills", "languages", "task", "wave")
    counts = ("asked", "pending", "accepted", "reserve", "briefed", "ready", "away", "leaving")
    times = ("by_at", "until_at", "created_at", "satisfied_at", "ended_at")
    return (
        {name: getattr(callout, name) for name in names}
        | {name: getattr(standing, name) for name in counts}
        | {name: _iso(getattr(callout, name)) for name in times}
    )


def _person(person: AskedPerson) -> dict[str, Any]:
    names = ("id", "volunteer_id", "state", "reason", "wave", "asks", "calls", "answer", "answered_by", "minutes")
    times = ("asked_at", "answered_at", "comes_at", "briefed_at", "ready_at", "left_at", "released_at")
    return {name: getattr(person, name) for name in names} | {name: _iso(getattr(person, name)) for name in times}


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None
