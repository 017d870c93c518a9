"""`/api/v1/protection`: abusive calls and their review, and numbers that are held apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.cases import protection
from hotline.cases.protection import BY_HAND, MAX_NOTE_CHARS, SUPPORT
from hotline.cases.protection_lists import INCIDENT_STATES, flags_now, incidents
from hotline.cases.protection_models import AbuseIncident, NumberFlag
from hotline.cases.screening import LONGEST_BLOCK
from hotline.core import live
from hotline.core.description import query, takes
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_protection", __name__, url_prefix="/api/v1", tag="Cases")


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class ReviewIn(_Strict):
    """A senior's decision; `days` makes the block of an upheld call that long from now, 0 leaves it as it is."""

    upheld: bool
    note: str = Field("", max_length=MAX_NOTE_CHARS)
    days: int = Field(0, ge=0, le=LONGEST_BLOCK.days)


class SupportIn(_Strict):
    """What the agent says to the offer of a pause and somebody to talk to."""

    support: Literal[SUPPORT]  # type: ignore[valid-type]  # the answers stand in one place, as a tuple


class FlagIn(_Strict):
    """A number to be held apart for some days, and what is held against it."""

    phone: str = Field(min_length=3, max_length=40)
    kind: Literal[BY_HAND]  # type: ignore[valid-type]  # as above
    reason: str = Field(min_length=1, max_length=300)
    days: int = Field(7, ge=1, le=LONGEST_BLOCK.days)


class AbuseIncidentOut(BaseModel):
    """An abusive call: warned, warned again, ended (to be reviewed), upheld or overturned; the number is masked."""

    id: int
    contact_id: int
    phone: str
    officer_id: int
    state: Literal["warned", "warned_again", "ended", "upheld", "overturned"]
    warned_at: datetime
    warned_again_at: datetime | None
    ended_at: datetime | None
    note: str
    support: Literal["", "offered", "wanted", "declined"]
    reviewer_id: int | None
    reviewed_at: datetime | None
    review_note: str


class AbuseIncidentList(BaseModel):
    """Abusive calls, the latest first; whoever may not review sees their own alone."""

    incidents: list[AbuseIncidentOut]


class FlagOut(BaseModel):
    """A number that is held apart; `path` is separate or blocked, the number is masked, times are UTC."""

    id: int
    phone: str
    kind: Literal["abuse", "spam", "fraud", "burst", "sequence"]
    path: Literal["separate", "blocked"]
    reason: str
    since: datetime
    until: datetime
    officer_id: int | None
    incident_id: int | None
    lifted_at: datetime | None


class FlagList(BaseModel):
    """Flags that hold now, the latest first."""

    numbers: list[FlagOut]


@blueprint.get("/protection/incidents")
@blueprint.output(AbuseIncidentList)
@blueprint.doc(summary="List abusive calls: warnings, endings, and what became of them")
@takes(query("state", {"type": "string", "enum": list(INCIDENT_STATES)}, "Only calls in this state"))
@permit("cases.work")
def list_incidents() -> ResponseReturnValue:
    """List abusive calls."""
    with current().db.transaction() as session:
        found = incidents(session, actor(), state=request.args.get("state", ""))
        return jsonify(incidents=[_incident_json(each) for each in found])


@blueprint.post("/protection/incidents/<int:incident_id>/review")
@blueprint.input(ReviewIn, location="json", arg_name="given")
@blueprint.output(AbuseIncidentOut)
@blueprint.doc(
    summary="Uphold an ended call, or overturn it, which lifts the block at once",
    responses={
        403: "It was the caller's own call",
        404: "There is no such call",
        409: "It was not ended, or is decided",
    },
)
@permit("cases.assign")
def review(incident_id: int, given: ReviewIn) -> ResponseReturnValue:
    """Decide about an ended call."""
    services = current()
    with services.db.transaction() as session:
        done = protection.review(
            session, services.clock, actor(), incident_id, upheld=given.upheld, note=given.note, days=given.days
        )
        shown = _incident_json(done)
    live.notify(services.redis, "cases")
    return jsonify(shown)


@blueprint.post("/protection/incidents/<int:incident_id>/support")
@blueprint.input(SupportIn, location="json", arg_name="given")
@blueprint.output(AbuseIncidentOut)
@blueprint.doc(
    summary="Say whether support is wanted after one's own call",
    responses={403: "It was somebody else's call", 404: "There is no such call", 409: "It was not ended"},
)
@permit("cases.work")
def support(incident_id: int, given: SupportIn) -> ResponseReturnValue:
    """Answer the offer of support."""
    with current().db.transaction() as session:
        done = protection.answer_support(session, current().clock, actor(), incident_id, given.support)
        return jsonify(_incident_json(done))


@blueprint.get("/protection/numbers")
@blueprint.output(FlagList)
@blueprint.doc(summary="List numbers that are held apart now, blocked ones included")
@permit("cases.work")
def list_numbers() -> ResponseReturnValue:
    """List flags that hold."""
    with current().db.transaction() as session:
        return jsonify(numbers=[_flag_json(each) for each in flags_now(session, current().clock)])


@blueprint.post("/protection/numbers")
@blueprint.input(FlagIn, location="json", arg_name="given")
@blueprint.output(FlagOut, status_code=201)
@blueprint.doc(summary="Hold a number apart for some days")
@permit("cases.assign")
def flag(given: FlagIn) -> ResponseReturnValue:
    """Hold a number apart."""
    services = current()
    with services.db.transaction() as session:
        shown = _flag_json(protection.flag_number(session, services.clock, actor(), **given.model_dump()))
    live.notify(services.redis, "cases")
    return shown, 201


@blueprint.post("/protection/numbers/<int:flag_id>/lift")
@blueprint.output(FlagOut)
@blueprint.doc(summary="Let a number through again; again changes nothing", responses={404: "There is no such flag"})
@permit("cases.assign")
def lift(flag_id: int) -> ResponseReturnValue:
    """Let a number through."""
    services = current()
    with services.db.transaction() as session:
        shown = _flag_json(protection.lift(session, services.clock, actor(), flag_id))
    live.notify(services.redis, "cases")
    return jsonify(shown)


def _incident_json(row: AbuseIncident) -> dict[str, Any]:
    plain = ("id", "contact_id", "officer_id", "state", "note", "support", "reviewer_id", "review_note")
    moments = ("warned_at", "warned_again_at", "ended_at", "reviewed_at")
    shown = {name: getattr(row, name) for name in plain} | {"phone": mask(row.phone) if row.phone else ""}
    return shown | {name: moment.isoformat() if (moment := getattr(row, name)) else None for name in moments}


def _flag_json(row: NumberFlag) -> dict[str, Any]:
    plain = ("id", "kind", "path", "reason", "officer_id", "incident_id")
    moments = ("since", "until", "lifted_at")
    shown = {name: getattr(row, name) for name in plain} | {"phone": mask(row.phone) if row.phone else ""}
    return shown | {name: moment.isoformat() if (moment := getattr(row, name)) else None for name in moments}
