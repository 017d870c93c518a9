"""`/api/v1/handovers`: hand-overs to missions, and what a mission's staff decide about the things in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit
from overflow.handover import deciding, reading
from overflow.handover.access import demand_sight, is_staff, own_missions, sees_all
from overflow.handover.models import Handover, HandoverItem
from overflow.handover.pages import hint
from overflow.handover.reading import Thing, Whole
from overflow.handover.states import READ, STATES, is_urgent

blueprint = APIBlueprint("api_handovers", __name__, url_prefix="/api/v1", tag="Hand-overs")
REFUSALS = {403: "You are not staff of this mission", 404: "There is no such hand-over or item",
            409: "It is the centre's again"}  # fmt: skip


class ReturnIn(BaseModel):
    """Why it is given back to the centre."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=deciding.MAX_NOTE_CHARS)


class ItemOut(BaseModel):
    """One thing: its row, by whom and when it was decided (UTC); urgency 1 (at once) to 4, up to 2 is urgent."""

    id: int
    kind: Literal["case", "promise", "unhelped"]
    subject_id: int
    urgency: int
    urgent: bool
    revision: int
    state: Literal["waiting", "acknowledged", "returned"]
    officer_id: int | None
    decided_at: datetime | None
    note: str


class HandoverOut(BaseModel):
    """One hand-over; times are UTC, `period_end` is the opening."""

    id: int
    reference: str
    mission_id: int
    state: Literal["composing", "empty", "sent", "acknowledged", "escalated"]
    period_start: datetime
    period_end: datetime
    revision: int
    urgent: bool
    duty_officer_id: int | None
    due_at: datetime | None
    sent_at: datetime | None
    escalated_at: datetime | None
    finished_at: datetime | None


class SummaryOut(BaseModel):
    """One signed summary; the file itself is on the hand-over's page."""

    revision: int
    sha256: str
    signed: bool
    composed_at: datetime


class HandoverDetailOut(HandoverOut):
    """A hand-over with its things, what waits first, and its summaries."""

    items: list[ItemOut]
    summaries: list[SummaryOut]


class HandoverList(BaseModel):
    """One page, the latest first; `next_before` continues, null ends."""

    handovers: list[HandoverOut]
    next_before: int | None


@blueprint.get("/handovers")
@blueprint.output(HandoverList)
@blueprint.doc(
    summary="List hand-overs, the latest first",
    description="Staff of a mission see those to their own missions, the centre all of them.",
)
@takes(
    query("state", {"type": "string", "enum": [reading.WAITS, *STATES]}, "Only these; `open` is all that wait"),
    query("mission", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only those to this mission"),
    query("search", {"type": "string"}, "Mission, city, or number of the hand-over"),
    query("limit", PAGE_LIMIT, "Hand-overs on one page"),
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "`next_before` of the page before"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List hand-overs."""
    mission = _number("mission", 0)
    with current().db.transaction() as session:
        missions = None if sees_all(actor()) else [each.id for each in own_missions(session, actor())]
        if mission:
            missions = [mission] if missions is None or mission in missions else []
        wanted = reading.Wanted(
            missions=missions, state=request.args.get("state", ""), search=request.args.get("search", "")[:100]
        )
        page = reading.list_handovers(session, wanted, before=_number("before", 0), limit=_number("limit", 50))
        return jsonify(handovers=[_json(row.handover) for row in page.rows], next_before=page.next_before)


@blueprint.get("/handovers/<int:handover_id>")
@blueprint.output(HandoverDetailOut)
@blueprint.doc(summary="Show one hand-over with everything in it", responses={403: REFUSALS[403], 404: REFUSALS[404]})
@permit(READ)
def show(handover_id: int) -> ResponseReturnValue:
    """Show one."""
    return jsonify(_detail(handover_id))


@blueprint.post("/handovers/<int:handover_id>/items/<int:thing_id>/acknowledge")
@blueprint.output(ItemOut)
@blueprint.doc(summary="Take a thing into the mission's hand; again changes nothing", responses=REFUSALS)
@permit(READ)
def acknowledge(handover_id: int, thing_id: int) -> ResponseReturnValue:
    """Acknowledge one thing."""
    with current().db.transaction() as session:
        item = deciding.acknowledge(session, current(), actor(), handover_id, thing_id)
        mission_id = reading.get(session, handover_id).mission_id
    hint(mission_id)
    return jsonify(_item(item))


@blueprint.post("/handovers/<int:handover_id>/items/<int:thing_id>/return")
@blueprint.input(ReturnIn, location="json", arg_name="given")
@blueprint.output(ItemOut)
@blueprint.doc(summary="Give a thing back to the centre, whose it is again", responses=REFUSALS)
@permit(READ)
def give_back(handover_id: int, thing_id: int, given: ReturnIn) -> ResponseReturnValue:
    """Give one thing back."""
    with current().db.transaction() as session:
        item = deciding.give_back(session, current(), actor(), handover_id, thing_id, given.note)
        mission_id = reading.get(session, handover_id).mission_id
    hint(mission_id)
    return jsonify(_item(item))


def _detail(handover_id: int) -> dict[str, Any]:
    who = actor()
    with current().db.transaction() as session:
        handover = reading.get(session, handover_id)
        demand_sight(session, who, handover.mission_id)
        whole: Whole = reading.whole(session, handover_id, persons=is_staff(session, who, handover.mission_id))
    things: list[Thing] = list(whole.things)
    return _json(whole.handover) | {
        "items": [_item(each.item) for each in things],
        "summaries": [
            {
                "revision": each.revision, "sha256": each.sha256, "signed": bool(each.signature),
                "composed_at": each.composed_at.isoformat(),
            }
            for each in whole.summaries
        ],
    }  # fmt: skip


def _json(handover: Handover) -> dict[str, Any]:
    moments = ("period_start", "period_end", "due_at", "sent_at", "escalated_at", "finished_at")
    return {
        "id": handover.id, "reference": reference("HO", handover.id), "mission_id": handover.mission_id,
        "state": handover.state, "revision": handover.revision, "urgent": handover.urgent,
        "duty_officer_id": handover.duty_officer_id,
    } | {name: _moment(getattr(handover, name)) for name in moments}  # fmt: skip


def _item(item: HandoverItem) -> dict[str, Any]:
    return {
        "id": item.id, "kind": item.kind, "subject_id": item.subject_id, "urgency": item.urgency,
        "urgent": is_urgent(item.urgency), "revision": item.revision, "state": item.state, "officer_id": item.officer_id,
        "decided_at": _moment(item.decided_at), "note": item.note,
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _number(name: str, usual: int) -> int:
    given = request.args.get(name)
    if given is None:
        return usual
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19 and int(given) > 0):
        raise InvalidInput(name, given, "use a whole number from 1 on")
    return int(given)
