"""`/api/v1/screening/findings`: what speaks against remittances, and deciding it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.screening import clearing, reading
from remittance.screening.models import ScreeningFinding
from remittance.screening.reading import CHOICES, PAGE_ROWS
from remittance.screening.states import CLEAR, OPEN, READ

blueprint = APIBlueprint("api_screening", __name__, url_prefix="/api/v1", tag="Screening")
TOLD = {404: "There is no such finding", 409: "It cannot be decided now, or not by you"}


class FindingReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=clearing.MAX_REASON_CHARS)


class FindingShown(BaseModel):
    """A finding; `score` is how alike the names are, 0 to 100. Names of people stay with the page; times are UTC."""

    id: int
    remittance_id: int
    kind: str
    severity: Literal["note", "hold"]
    state: Literal["open", "cleared", "confirmed"]
    role: str
    score: float
    born: str
    listed_name: str
    raised_at: datetime
    raised_by_id: int | None
    decided_at: datetime | None
    decided_by_id: int | None


class FindingList(BaseModel):
    """Findings, the latest first; `next_before` asks for older ones, where there are any."""

    findings: list[FindingShown]
    next_before: int | None


@blueprint.get("/screening/findings")
@blueprint.output(FindingList)
@blueprint.doc(summary="List findings; open ones unless another state is asked for")
@takes(
    query("state", {"type": "string", "enum": list(CHOICES)}, "Only those in this state, or all"),
    query("q", {"type": "string", "maxLength": reading.MAX_SEARCH_CHARS}, "A remittance's number or a part of a name"),
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only findings before this id"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List findings."""
    before = request.args.get("before", "")
    with current().db.transaction() as session:
        found = reading.listed(
            session,
            actor(),
            request.args.get("state", OPEN),
            request.args.get("q", ""),
            before=int(before) if before.isascii() and before.isdigit() else 0,
            limit=PAGE_ROWS + 1,
        )
    shown = [_plain(each.finding) for each in found[:PAGE_ROWS]]
    return jsonify(findings=shown, next_before=shown[-1]["id"] if len(found) > PAGE_ROWS else None)


@blueprint.get("/screening/findings/<int:finding_id>")
@blueprint.output(FindingShown)
@blueprint.doc(summary="Show one finding", responses={404: TOLD[404]})
@permit(READ)
def show(finding_id: int) -> ResponseReturnValue:
    """Show one."""
    with current().db.transaction() as session:
        return jsonify(_plain(reading.whole(session, actor(), finding_id).finding))


@blueprint.post("/screening/findings/<int:finding_id>/clear")
@blueprint.input(FindingReasonIn, location="json", arg_name="given")
@blueprint.output(FindingShown)
@blueprint.doc(summary="Say that a finding is a false one, as somebody who had no part in the case", responses=TOLD)
@permit(CLEAR)
def clear(finding_id: int, given: FindingReasonIn) -> ResponseReturnValue:
    """Clear."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_plain(clearing.clear(session, services.clock, actor(), finding_id, reason=given.reason)))


@blueprint.post("/screening/findings/<int:finding_id>/confirm")
@blueprint.input(FindingReasonIn, location="json", arg_name="given")
@blueprint.output(FindingShown)
@blueprint.doc(summary="Say that a finding is a true one; the remittance stays on hold", responses=TOLD)
@permit(CLEAR)
def confirm(finding_id: int, given: FindingReasonIn) -> ResponseReturnValue:
    """Confirm."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_plain(clearing.confirm(session, services.clock, actor(), finding_id, reason=given.reason)))


def _plain(finding: ScreeningFinding) -> dict[str, Any]:
    names = (
        "id", "remittance_id", "kind", "severity", "state", "role", "born", "listed_name", "raised_by_id", "decided_by_id",
    )  # fmt: skip
    return {name: getattr(finding, name) for name in names} | {
        "score": finding.score_tenths / 10,
        "raised_at": finding.raised_at.isoformat(),
        "decided_at": finding.decided_at.isoformat() if finding.decided_at is not None else None,
    }
