"""`/api/v1/incidents`: opening incidents, changing, closing and reopening them, their teams and logs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import log, opening, reading, telling
from hotline.incidents.fields import IncidentFields
from hotline.incidents.log import Line
from hotline.incidents.models import Incident
from hotline.incidents.states import KINDS, SEVERITIES

blueprint = APIBlueprint("api_incidents", __name__, url_prefix="/api/v1", tag="Incidents")


class IncidentIn(BaseModel):
    """A new incident. Countries are ISO 3166 codes; degrees are WGS 84 and come with a radius in km, or not at all."""

    model_config = ConfigDict(extra="forbid")

    name_ko: str
    name_en: str
    kind: str = Field(json_schema_extra={"enum": list(KINDS)})
    severity: str = Field("Unknown", json_schema_extra={"enum": list(SEVERITIES)})
    countries: list[str]
    began_at: AwareDatetime
    place: str = ""
    lat: float | None = Field(None, allow_inf_nan=False)
    lon: float | None = Field(None, allow_inf_nan=False)
    radius_km: float | None = Field(None, allow_inf_nan=False)
    summary: str = ""
    drill: bool = False
    source: str = ""


class IncidentChange(BaseModel):
    """What shall change of the incident as it stood in `version`; fields left out stay."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1)
    name_ko: str | None = None
    name_en: str | None = None
    kind: str | None = Field(None, json_schema_extra={"enum": [*KINDS, None]})
    severity: str | None = Field(None, json_schema_extra={"enum": [*SEVERITIES, None]})
    countries: list[str] | None = None
    began_at: AwareDatetime | None = None
    place: str | None = None
    lat: float | None = Field(None, allow_inf_nan=False)
    lon: float | None = Field(None, allow_inf_nan=False)
    radius_km: float | None = Field(None, allow_inf_nan=False)
    summary: str | None = None


class IncidentOut(BaseModel):
    """One incident; times are UTC."""

    id: int
    version: int
    state: Literal["open", "closed"]
    drill: bool
    name_ko: str
    name_en: str
    kind: str
    severity: str
    countries: list[str]
    place: str
    lat: float | None
    lon: float | None
    radius_km: float | None
    summary: str
    source: str
    began_at: datetime
    opened_at: datetime
    opened_by_id: int
    updated_at: datetime
    closed_at: datetime | None


class IncidentList(BaseModel):
    """Incidents, the latest first; `next_before` asks for older ones, where there are any."""

    incidents: list[IncidentOut]
    next_before: int | None


class LogNoteIn(BaseModel):
    """A line for the log; `corrects_id` names the line that it corrects."""

    model_config = ConfigDict(extra="forbid")

    words: str
    corrects_id: int | None = Field(None, ge=1, le=MAX_ID)


class LogLineOut(BaseModel):
    """A line of the log: `note` by an officer, or `fact` told by the service. Times are UTC."""

    id: int
    at: datetime
    kind: Literal["note", "fact"]
    by: str
    by_id: int | None
    words: str
    facts: dict[str, Any]
    corrects_id: int | None
    corrected: bool


class LogOut(BaseModel):
    """The log, the latest line first; `next_before` asks for older ones, where there are any."""

    lines: list[LogLineOut]
    next_before: int | None


_BEFORE = query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only those before this id")


@blueprint.post("/incidents")
@blueprint.input(IncidentIn, location="json", arg_name="given")
@blueprint.output(IncidentOut, status_code=201)
@blueprint.doc(
    summary="Open an incident",
    responses={409: "One that was opened from the same source is open", 422: "Every fault, by name"},
)
@permit("incidents.write")
def create(given: IncidentIn) -> ResponseReturnValue:
    """Open an incident."""
    services = current()
    values = given.model_dump() | {"countries": tuple(given.countries)}
    with services.db.transaction() as session:
        made = opening.open_incident(session, services.clock, actor(), IncidentFields(**values))
        response = jsonify(incident_json(made))
    telling.tell(services, made.id)
    response.status_code = 201
    response.headers["Location"] = url_for("api_incidents.show", crisis_id=made.id)
    return response


@blueprint.get("/incidents")
@blueprint.output(IncidentList)
@blueprint.doc(summary="List incidents")
@takes(query("state", {"type": "string", "enum": ["open", "closed"]}, "Only those in this state"), _BEFORE)
@permit("incidents.read")
def index() -> ResponseReturnValue:
    """List incidents."""
    with current().db.transaction() as session:
        page = reading.listed(session, state=request.args.get("state", ""), before=_before())
        return jsonify(incidents=[incident_json(each) for each in page.incidents], next_before=page.next_before)


@blueprint.get("/incidents/<int:crisis_id>")
@blueprint.output(IncidentOut)
@blueprint.doc(summary="Show one incident")
@permit("incidents.read")
def show(crisis_id: int) -> ResponseReturnValue:
    """Show one incident."""
    with current().db.transaction() as session:
        return jsonify(incident_json(opening.get(session, crisis_id)))


@blueprint.patch("/incidents/<int:crisis_id>")
@blueprint.input(IncidentChange, location="json", arg_name="given")
@blueprint.output(IncidentOut)
@blueprint.doc(
    summary="Change an open incident", responses={409: "It is closed, or somebody else changed it meanwhile"}
)
@permit("incidents.write")
def change(crisis_id: int, given: IncidentChange) -> ResponseReturnValue:
    """Change an incident."""
    services = current()
    asked = {name: value for name, value in given.model_dump(exclude_unset=True, exclude={"version"}).items()}
    with services.db.transaction() as session:
        found = opening.get(session, crisis_id, lock=True)
        values = fields_of(found) | {
            k: v for k, v in asked.items() if v is not None or k in ("lat", "lon", "radius_km")
        }
        values["countries"] = tuple(values["countries"])
        done = opening.change(session, services.clock, actor(), crisis_id, given.version, IncidentFields(**values))
        response = jsonify(incident_json(done))
    telling.tell(services, crisis_id)
    return response


@blueprint.post("/incidents/<int:crisis_id>/close")
@blueprint.output(IncidentOut)
@blueprint.doc(summary="Close an incident")
@permit("incidents.write")
def close(crisis_id: int) -> ResponseReturnValue:
    """Close an incident."""
    services = current()
    with services.db.transaction() as session:
        response = jsonify(incident_json(opening.close(session, services.clock, actor(), crisis_id)))
    telling.tell(services, crisis_id)
    return response


@blueprint.post("/incidents/<int:crisis_id>/reopen")
@blueprint.output(IncidentOut)
@blueprint.doc(summary="Reopen a closed incident")
@permit("incidents.write")
def reopen(crisis_id: int) -> ResponseReturnValue:
    """Reopen an incident."""
    services = current()
    with services.db.transaction() as session:
        response = jsonify(incident_json(opening.reopen(session, services.clock, actor(), crisis_id)))
    telling.tell(services, crisis_id)
    return response


@blueprint.get("/incidents/<int:crisis_id>/log")
@blueprint.output(LogOut)
@blueprint.doc(summary="Read an incident's log")
@takes(_BEFORE)
@permit("incidents.read")
def read_log(crisis_id: int) -> ResponseReturnValue:
    """Read the log."""
    with current().db.transaction() as session:
        opening.get(session, crisis_id)
        found = log.lines(session, crisis_id, before=_before(), most=log.PAGE_ROWS + 1)
    following = found[log.PAGE_ROWS - 1].entry.id if len(found) > log.PAGE_ROWS else None
    return jsonify(lines=[_line(each) for each in found[: log.PAGE_ROWS]], next_before=following)


@blueprint.post("/incidents/<int:crisis_id>/log")
@blueprint.input(LogNoteIn, location="json", arg_name="given")
@blueprint.output(LogLineOut, status_code=201)
@blueprint.doc(summary="Write a line into an incident's log, or correct one")
@permit("incidents.write")
def note(crisis_id: int, given: LogNoteIn) -> ResponseReturnValue:
    """Write a line."""
    services = current()
    with services.db.transaction() as session:
        entry = log.note(session, services.clock, actor(), crisis_id, given.words, corrects_id=given.corrects_id)
        response = jsonify(_line(log.shown(session, [entry])[0]))
    telling.tell(services, crisis_id)
    response.status_code = 201
    return response


def _before() -> int | None:
    given = request.args.get("before")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= len(given) <= 18 and int(given) >= 1):
        raise InvalidInput("before", given, f"give an id from 1 to {MAX_ID}")
    return int(given)


def fields_of(incident: Incident) -> dict[str, Any]:
    """Return an incident as the fields it could be opened with."""
    return {name: getattr(incident, name) for name in IncidentFields.__dataclass_fields__}


def incident_json(each: Incident) -> dict[str, Any]:
    """Return an incident as the API shows it; times are ISO 8601 in UTC."""
    names = (
        "id", "version", "state", "drill", "name_ko", "name_en", "kind", "severity", "countries", "place", "lat", "lon",
        "radius_km", "summary", "source", "opened_by_id",
    )  # fmt: skip
    times = ("began_at", "opened_at", "updated_at", "closed_at")
    return {name: getattr(each, name) for name in names} | {name: _iso(getattr(each, name)) for name in times}


def _line(each: Line) -> dict[str, Any]:
    entry = each.entry
    return {
        "id": entry.id, "at": _iso(entry.at), "kind": entry.kind, "by": entry.by, "by_id": entry.by_id, "words": each.words,
        "facts": entry.facts, "corrects_id": entry.corrects_id, "corrected": each.corrected,
    }  # fmt: skip


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None
