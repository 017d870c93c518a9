"""`/api/v1/cases`: list, read, take, note, wait, hand over and close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.cases import working
from hotline.cases.models import Case, CaseEntry
from hotline.cases.pages import hint
from hotline.cases.reading import ALL_OPEN, CaseFilter, history, list_cases, names_of
from hotline.cases.states import STATES
from hotline.core.description import MAX_ID, PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_cases", __name__, url_prefix="/api/v1", tag="Cases")
REFUSALS = {403: "It is somebody else's case", 404: "There is no such case", 409: "Taken by somebody else, or closed"}


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class NoteIn(_Strict):
    """Something learned or done."""

    body: str = Field(min_length=1, max_length=working.MAX_NOTE_CHARS)


class RemarkIn(_Strict):
    """An act with a remark, which may be empty."""

    note: str = Field("", max_length=working.MAX_NOTE_CHARS)


class HandOverIn(RemarkIn):
    """Who shall own the case from now on."""

    officer_id: int = Field(ge=1, le=MAX_ID)


class CloseIn(_Strict):
    """What became of it."""

    reason: str = Field(min_length=1, max_length=working.MAX_REASON_CHARS)


class EntryOut(BaseModel):
    """One entry of a case's history; `kind` is answer, contact, spoken, note, taken, closed and so on."""

    id: int
    at: datetime
    kind: str
    channel: str
    officer_id: int | None
    body: str
    details: dict[str, Any]


class CaseOut(BaseModel):
    """A case. `priority` is 1 (at once) to 4; `source` what it is about, such as `alert:12`; degrees are WGS 84."""

    id: int
    reference: str
    person_id: int
    traveller_id: int | None
    person: str
    source: str
    summary: str
    risks: list[str]
    state: Literal["open", "in_hand", "waiting", "closed"]
    priority: int
    says: Literal["help", "safe"]
    drill: bool
    injured: bool | None
    people: int | None
    severity: str
    country: str
    lat: float | None
    lon: float | None
    place: str
    owner_id: int | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_reason: str | None


class CaseDetailOut(CaseOut):
    """A case with its history, the latest entry first."""

    history: list[EntryOut]


class CaseList(BaseModel):
    """One page of cases; `next_cursor` continues, null ends."""

    cases: list[CaseOut]
    next_cursor: str | None


@blueprint.get("/cases")
@blueprint.output(CaseList)
@blueprint.doc(
    summary="List cases, the most urgent first",
    description="Without `state` all that are not closed.",
)
@takes(
    query("state", {"type": "string", "enum": [ALL_OPEN, *STATES]}, "Only cases in this state"),
    query("owner", {"type": "string", "pattern": "^(me|none|[1-9][0-9]{0,17})$"}, "An officer's id, `me`, or `none`"),
    query("country", {"type": "string", "pattern": "^[A-Z]{2}$"}, "ISO 3166 code of where the person is"),
    query("source", {"type": "string"}, "What the case is about, such as alert:12"),
    query("priority", {"type": "integer", "minimum": 1, "maximum": 4}, "1 (at once) to 4"),
    query("search", {"type": "string"}, "Reference, name or number"),
    query("limit", PAGE_LIMIT, "Cases on one page"),
    query("cursor", {"type": "string"}, "`next_cursor` of the page before"),
)
@permit("cases.read")
def index() -> ResponseReturnValue:
    """List cases."""
    wanted = CaseFilter(
        state=request.args.get("state", ALL_OPEN),
        owner=_owner(request.args.get("owner", "")),
        country=request.args.get("country", "").upper()[:2],
        source=request.args.get("source", ""),
        priority=_number("priority", 0, 4) or None,
        search=request.args.get("search", "")[:100],
        passports=actor().may("persons.passport"),
        phones=actor().may("persons.phone"),
    )
    with current().db.transaction() as session:
        page = list_cases(session, wanted, cursor=request.args.get("cursor", ""), limit=_number("limit", 50, 200))
        shown = [case_json(case, page.names.get(case.person_id, "")) for case in page.cases]
    return jsonify(cases=shown, next_cursor=page.next_cursor)


@blueprint.get("/cases/<int:case_id>")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Show one case with its history", responses={404: "There is no such case"})
@permit("cases.read")
def show(case_id: int) -> ResponseReturnValue:
    """Show one case."""
    with current().db.transaction() as session:
        return jsonify(_detail(session, working.get_case(session, case_id)))


@blueprint.post("/cases/<int:case_id>/take")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Become the owner of a case that has none", responses=REFUSALS)
@permit("cases.work")
def take(case_id: int) -> ResponseReturnValue:
    """Take a case."""
    return _act(case_id, lambda session: working.take(session, current().clock, actor(), case_id))


@blueprint.post("/cases/<int:case_id>/note")
@blueprint.input(NoteIn, location="json", arg_name="given")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Write a note", responses={404: "There is no such case"})
@permit("cases.work")
def note(case_id: int, given: NoteIn) -> ResponseReturnValue:
    """Write a note."""
    return _act(case_id, lambda session: working.note(session, current().clock, actor(), case_id, body=given.body))


@blueprint.post("/cases/<int:case_id>/hand-over")
@blueprint.input(HandOverIn, location="json", arg_name="given")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Give a case to another officer", responses=REFUSALS)
@permit("cases.work")
def hand_over(case_id: int, given: HandOverIn) -> ResponseReturnValue:
    """Hand a case over."""
    return _act(
        case_id,
        lambda session: working.hand_over(
            session, current().clock, actor(), case_id, given.officer_id, note=given.note
        ),
    )


@blueprint.post("/cases/<int:case_id>/release")
@blueprint.input(RemarkIn, location="json", arg_name="given")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Give a case back, so that anybody can take it", responses=REFUSALS)
@permit("cases.work")
def release(case_id: int, given: RemarkIn) -> ResponseReturnValue:
    """Give a case back."""
    return _act(case_id, lambda session: working.release(session, current().clock, actor(), case_id, note=given.note))


@blueprint.post("/cases/<int:case_id>/wait")
@blueprint.input(RemarkIn, location="json", arg_name="given")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Put a case aside until something happens", responses=REFUSALS)
@permit("cases.work")
def wait(case_id: int, given: RemarkIn) -> ResponseReturnValue:
    """Put a case aside."""
    return _act(case_id, lambda session: working.wait(session, current().clock, actor(), case_id, note=given.note))


@blueprint.post("/cases/<int:case_id>/resume")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Go on with a case that waited", responses=REFUSALS)
@permit("cases.work")
def resume(case_id: int) -> ResponseReturnValue:
    """Go on with a case."""
    return _act(case_id, lambda session: working.resume(session, current().clock, actor(), case_id))


@blueprint.post("/cases/<int:case_id>/close")
@blueprint.input(CloseIn, location="json", arg_name="given")
@blueprint.output(CaseDetailOut)
@blueprint.doc(summary="Close a case for good, saying what became of it", responses=REFUSALS)
@permit("cases.work")
def close(case_id: int, given: CloseIn) -> ResponseReturnValue:
    """Close a case."""
    return _act(case_id, lambda session: working.close(session, current().clock, actor(), case_id, reason=given.reason))


def _act(case_id: int, act: Callable[[Session], object]) -> ResponseReturnValue:
    """Run one act in one transaction, answer with the case as it is then, and tell open pages."""
    with current().db.transaction() as session:
        act(session)
        shown = _detail(session, working.get_case(session, case_id))
    hint(case_id)
    return jsonify(shown)


def _detail(session: Session, case: Case) -> dict[str, Any]:
    name = names_of(session, {case.person_id}).get(case.person_id, "")
    return case_json(case, name) | {"history": [_entry_json(entry) for entry in history(session, case.id)]}


def case_json(case: Case, person: str) -> dict[str, Any]:
    """Return a case as the API shows it; times are ISO 8601 in UTC."""
    plain = (
        "id", "person_id", "traveller_id", "source", "summary", "risks",
        "state", "priority", "says", "drill", "injured", "people", "severity", "country",
        "lat", "lon", "place", "owner_id", "closed_reason",
    )  # fmt: skip
    return {name: getattr(case, name) for name in plain} | {
        "reference": reference("CS", case.id),
        "person": person,
        "opened_at": case.opened_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
    }


def _entry_json(entry: CaseEntry) -> dict[str, Any]:
    return {
        "id": entry.id, "at": entry.at.isoformat(), "kind": entry.kind, "channel": entry.channel,
        "officer_id": entry.officer_id, "body": entry.body, "details": entry.details,
    }  # fmt: skip


def _owner(given: str) -> int | None:
    if not given:
        return None
    if given in ("me", "none"):
        return actor().id if given == "me" else 0
    if given.isascii() and given.isdigit() and 0 < int(given[:20]) <= MAX_ID:
        return int(given)
    raise InvalidInput("owner", given, "use an officer's id, me or none")


def _number(name: str, default: int, most: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= most):
        raise InvalidInput(name, given, f"use 1 to {most}")
    return int(given)
