"""`/api/v1/overflow`: what would happen to a call and why, and a mission's request that the centre takes all its calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import staff
from overflow.forwarding import take_all, trying
from overflow.forwarding.decision import REASONS, UNKNOWN
from overflow.forwarding.models import TakeAll
from overflow.forwarding.trying import Tried
from overflow.forwarding.words import plain

blueprint = APIBlueprint("api_overflow", __name__, url_prefix="/api/v1/overflow", tag="Overflow")


class TakeAllIn(BaseModel):
    """Take all calls of the mission until then (at most 14 days), and why."""

    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime
    reason: str = Field("", max_length=200)


class TakeAllOut(BaseModel):
    """What holds: the request in force, or none."""

    mission_id: int
    in_force: bool
    since: datetime | None
    until: datetime | None
    reason: str


class StepOut(BaseModel):
    """One rule looked at: what came of it, and why in English."""

    kind: str
    rule: int | None
    outcome: str
    why: str


class DecisionOut(BaseModel):
    """What would happen: `decision` is take, return or refuse; `number` is where the exchange would send the call."""

    mission_id: int
    at: datetime
    decision: str
    to: str
    number: str | None
    rule: str
    open: bool
    steps: list[StepOut]


@blueprint.get("/<int:mission_id>/decision")
@blueprint.output(DecisionOut)
@blueprint.doc(
    summary="Say what would happen to a call, and why",
    description="Nothing is recorded. Without `at` the moment is now; `centre` tries it with a free or a full centre.",
    responses={404: "There is no such mission"},
)
@takes(
    query("at", {"type": "string"}, "ISO 8601 with an offset, within 400 days of now"),
    query("reason", {"type": "string", "enum": [*REASONS, UNKNOWN]}, "Why the exchange forwards it"),
    query("language", {"type": "string"}, "ISO 639 code of the caller's language"),
    query("caller", {"type": "string"}, "The caller's number"),
    query("centre", {"type": "string", "enum": ["now", "free", "full"]}, "How busy the centre is"),
)
@permit("missions.read")
def decision(mission_id: int) -> ResponseReturnValue:
    """Say what would happen to a call."""
    services, args = current(), request.args
    given = Tried(
        mission_id=mission_id, at=_moment(args.get("at", "")) or services.clock.now(), reason=args.get("reason", UNKNOWN),
        language=args.get("language", "")[:8], caller=args.get("caller", "")[:41], centre=args.get("centre", "now"),
    )  # fmt: skip
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        found = trying.attempt(session, services, given)
    made = found.decision
    number = made.telephone or (found.pool if made.to == "centre" else None)
    return jsonify(
        mission_id=mission_id, at=given.at.isoformat(), decision=made.action, to=made.to, number=number, rule=made.kind,
        open=found.facts.open,
        steps=[
            {"kind": step.kind, "rule": step.number, "outcome": step.outcome, "why": plain(step)} for step in made.steps
        ],
    )  # fmt: skip


@blueprint.get("/<int:mission_id>/take-all")
@blueprint.output(TakeAllOut)
@blueprint.doc(summary="Show whether the centre takes all calls of a mission")
@permit("missions.read")
def show_take_all(mission_id: int) -> ResponseReturnValue:
    """Show the request in force."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_shown(mission_id, take_all.current(session, mission_id, services.clock.now())))


@blueprint.put("/<int:mission_id>/take-all")
@blueprint.input(TakeAllIn, location="json", arg_name="given")
@blueprint.output(TakeAllOut)
@blueprint.doc(
    summary="Have the centre take all calls of a mission",
    description="From now until `until`, whatever its hours say; a request that holds is replaced. For those who keep missions, "
    "and for the mission's own staff.",
    responses={404: "There is no such mission"},
)
@permit("missions.read")
def request_take_all(mission_id: int, given: TakeAllIn) -> ResponseReturnValue:
    """Take all calls for a while."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id, change=True)
        row = take_all.request(session, services.clock, actor(), mission_id, given.until, given.reason)
        return jsonify(_shown(mission_id, row))


@blueprint.delete("/<int:mission_id>/take-all")
@blueprint.output(TakeAllOut)
@blueprint.doc(summary="Let a mission take its own calls again", responses={404: "There is no such mission"})
@permit("missions.read")
def end_take_all(mission_id: int) -> ResponseReturnValue:
    """End the request; when none holds nothing changes."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id, change=True)
        take_all.end(session, services.clock, actor(), mission_id)
        return jsonify(_shown(mission_id, None))


def _shown(mission_id: int, row: TakeAll | None) -> dict[str, Any]:
    return {
        "mission_id": mission_id,
        "in_force": row is not None,
        "since": row.since.isoformat() if row else None,
        "until": row.until.isoformat() if row else None,
        "reason": row.reason if row else "",
    }


def _moment(written: str) -> datetime | None:
    if not written:
        return None
    try:
        found = datetime.fromisoformat(written[:40])
        return found.astimezone(UTC) if found.tzinfo is not None else _unzoned(written)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "at", written[:40], "write ISO 8601 with an offset, such as 2026-11-21T12:00:00+09:00"
        ) from None


def _unzoned(written: str) -> datetime:
    raise InvalidInput("at", written[:40], "name the offset, such as 2026-11-21T12:00:00+09:00")
