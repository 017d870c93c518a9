"""`/api/v1/remittances`: asking for emergency money, looking at it, and deciding it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.money.amounts import Money
from remittance.requests import access, asking, moving, reading, reviewing
from remittance.requests.asking import Wish
from remittance.requests.models import Remittance
from remittance.requests.reading import CHOICES, PAGE_ROWS, Wanted
from remittance.requests.states import APPROVE, HOLD, READ, REVIEW, WRITE

blueprint = APIBlueprint("api_remittances", __name__, url_prefix="/api/v1", tag="Remittances")
TOLD = {404: "There is no such remittance", 409: "It cannot be done now, or not by you"}


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WishIn(_Given):
    """A request. `wanted_minor` is in minor units of ISO 4217; the same `key` again returns the same remittance."""

    key: str = Field(min_length=1, max_length=80)
    case_id: int = Field(ge=1, le=MAX_ID)
    mission_id: int = Field(ge=1, le=MAX_ID)
    incident_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    wanted_minor: int = Field(ge=1, le=10**15)
    currency: str = Field(min_length=3, max_length=3)
    reason: str = Field(max_length=20)
    words: str = Field(default="", max_length=1_000)
    payee_name: str = Field(min_length=1, max_length=120)
    payee_born_on: date | None = None
    payee_phone: str = Field(default="", max_length=40)
    payee_language: Literal["ko", "en"] = "ko"
    identity: Literal["passport", "second_factor"]
    identity_words: str = Field(default="", max_length=200)
    payer_name: str = Field(default="", max_length=120)
    payer_phone: str = Field(default="", max_length=40)
    payer_language: Literal["ko", "en"] = "ko"
    consent: bool = False


class ReviewNoteIn(_Given):
    """What the review found."""

    identity: Literal["passport", "second_factor"]
    identity_words: str = Field(default="", max_length=200)
    duress: Literal["not_asked", "free", "unsure", "under_pressure"]
    payer_name: str = Field(default="", max_length=120)
    payer_phone: str = Field(default="", max_length=40)
    consent: bool = False


class VersionIn(_Given):
    """The version that was read; without it whatever is there is meant."""

    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class RemittanceReasonIn(VersionIn):
    """Why."""

    reason: str = Field(min_length=1, max_length=300)


class RemittanceDecisionIn(RemittanceReasonIn):
    """What is decided, and why."""

    event: Literal["send_back", "reject", "cancel", "hold", "reject_held", "refund_held"]


class RerouteIn(_Given):
    """Which other mission pays, and why."""

    mission_id: int = Field(ge=1, le=MAX_ID)
    reason: str = Field(min_length=1, max_length=300)


class RemittanceShown(BaseModel):
    """A remittance; times are UTC, money is in minor units. Names, numbers and the interview stay with the page."""

    id: int
    number: str
    reference: str
    state: str
    held_state: str | None
    version: int
    case_id: int
    mission_id: int
    incident_id: int | None
    reason: str
    wanted_minor: int
    currency: str
    drill: bool
    requested_at: datetime
    approved_at: datetime | None
    due_at: datetime | None
    overdue: bool
    ended_at: datetime | None


class ChangeShown(BaseModel):
    """One change."""

    at: datetime
    event: str
    before: str
    after: str


class RemittanceStory(RemittanceShown):
    """A remittance with every change, the oldest first."""

    changes: list[ChangeShown]


class RemittanceList(BaseModel):
    """Remittances, the latest first; `next_before` asks for older ones, where there are any."""

    remittances: list[RemittanceShown]
    next_before: int | None


@blueprint.post("/remittances")
@blueprint.input(WishIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown, status_code=201)
@blueprint.doc(
    summary="Ask for emergency money",
    responses={404: "There is no such case, mission or incident", 409: "Another one is open, or the limit is reached"},
)
@permit(WRITE)
def ask(given: WishIn) -> ResponseReturnValue:
    """Ask."""
    services, values = current(), given.model_dump(exclude={"wanted_minor", "currency"})
    wanted = Money(given.wanted_minor, given.currency)
    with services.db.transaction() as session:
        one = asking.ask(session, services.clock, actor(), Wish(**values, wanted=wanted), via="api")
        response = jsonify(_plain(one))
    response.status_code = 201
    response.headers["Location"] = url_for("api_remittances.show", remittance_id=one.id)
    return response


@blueprint.get("/remittances")
@blueprint.output(RemittanceList)
@blueprint.doc(summary="List remittances; officers of missions see their missions' own")
@takes(
    query("state", {"type": "string", "enum": list(CHOICES)}, "Only those in this state, going on, or overdue"),
    query(
        "q",
        {"type": "string", "maxLength": reading.MAX_SEARCH_CHARS},
        "A number, a reference, or a part of a payee's name",
    ),
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only remittances before this id"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List remittances."""
    before = request.args.get("before", "")
    wanted = Wanted(request.args.get("state", ""), request.args.get("q", ""))
    with current().db.transaction() as session:
        found = reading.listed(
            session,
            actor(),
            wanted,
            before=int(before) if before.isascii() and before.isdigit() else 0,
            limit=PAGE_ROWS + 1,
        )
        shown = [_plain(one) for one in found[:PAGE_ROWS]]
    return jsonify(remittances=shown, next_before=found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None)


@blueprint.get("/remittances/<int:remittance_id>")
@blueprint.output(RemittanceStory)
@blueprint.doc(summary="Show one remittance", responses={404: TOLD[404]})
@permit(READ)
def show(remittance_id: int) -> ResponseReturnValue:
    """Show one."""
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        changes = moving.changes(session, one.id)
    told = [
        {"at": each.at.isoformat(), "event": each.event, "before": each.before, "after": each.after} for each in changes
    ]
    return jsonify(_plain(one) | {"changes": told})


def _done(one: Remittance) -> ResponseReturnValue:
    return jsonify(_plain(one))


@blueprint.post("/remittances/<int:remittance_id>/review")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Begin to look into a request", responses=TOLD)
@permit(REVIEW)
def review(remittance_id: int) -> ResponseReturnValue:
    """Begin the review."""
    services = current()
    with services.db.transaction() as session:
        return _done(reviewing.take_up(session, services.clock, actor(), remittance_id))


@blueprint.post("/remittances/<int:remittance_id>/note")
@blueprint.input(ReviewNoteIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Write down what the review found", responses=TOLD)
@permit(REVIEW)
def note(remittance_id: int, given: ReviewNoteIn) -> ResponseReturnValue:
    """Write down what the review found."""
    services = current()
    with services.db.transaction() as session:
        return _done(reviewing.note(session, services.clock, actor(), remittance_id, given.model_dump()))


@blueprint.post("/remittances/<int:remittance_id>/approve")
@blueprint.input(VersionIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Say yes, as somebody who did not ask for it", responses=TOLD)
@permit(APPROVE)
def approve(remittance_id: int, given: VersionIn) -> ResponseReturnValue:
    """Approve."""
    services = current()
    with services.db.transaction() as session:
        return _done(reviewing.approve(session, services.clock, actor(), remittance_id, version=given.version))


@blueprint.post("/remittances/<int:remittance_id>/decide")
@blueprint.input(RemittanceDecisionIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Send back, reject, call off, hold, or decide about what is held", responses=TOLD)
@permit(READ)
def decide(remittance_id: int, given: RemittanceDecisionIn) -> ResponseReturnValue:
    """Decide; the table of transitions says who may."""
    services, clock = current(), current().clock
    with services.db.transaction() as session:
        return _done(
            reviewing.decide(
                session, clock, actor(), remittance_id, given.event, reason=given.reason, version=given.version
            )
        )


@blueprint.post("/remittances/<int:remittance_id>/lift")
@blueprint.input(RemittanceReasonIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Take a hold off, as somebody who had no part in it", responses=TOLD)
@permit(HOLD)
def lift(remittance_id: int, given: RemittanceReasonIn) -> ResponseReturnValue:
    """Take a hold off."""
    services = current()
    with services.db.transaction() as session:
        return _done(reviewing.lift(session, services.clock, actor(), remittance_id, reason=given.reason))


@blueprint.post("/remittances/<int:remittance_id>/reroute")
@blueprint.input(RerouteIn, location="json", arg_name="given")
@blueprint.output(RemittanceShown)
@blueprint.doc(summary="Have another mission pay it out", responses=TOLD)
@permit(REVIEW)
def reroute(remittance_id: int, given: RerouteIn) -> ResponseReturnValue:
    """Have another mission pay."""
    services = current()
    with services.db.transaction() as session:
        return _done(
            reviewing.reroute(session, services.clock, actor(), remittance_id, given.mission_id, reason=given.reason)
        )


def _plain(one: Remittance) -> dict[str, Any]:
    names = (
        "id", "number", "reference", "state", "held_state", "version", "case_id", "mission_id", "incident_id", "reason",
        "wanted_minor", "currency", "drill",
    )  # fmt: skip
    times = {name: getattr(one, name) for name in ("requested_at", "approved_at", "due_at", "ended_at")}
    return (
        {name: getattr(one, name) for name in names}
        | {name: at.isoformat() if at is not None else None for name, at in times.items()}
        | {"overdue": one.overdue_at is not None}
    )
