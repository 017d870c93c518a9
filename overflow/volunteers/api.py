"""`/api/v1/volunteers`: the roster, decisions about people on it, and lists of them from other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from hotline.auth.identity import actor
from hotline.core.description import PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput, TooLarge, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import permit
from hotline.notices import lanes
from overflow.volunteers import certificates, deciding, fields, keeping, leaving, reading
from overflow.volunteers.api_schemas import (
    RosterImport,
    VolunteerChange,
    VolunteerDecisionIn,
    VolunteerIn,
    VolunteerList,
    VolunteerOut,
    VolunteerWhole,
)
from overflow.volunteers.fields import Away, written_minute
from overflow.volunteers.importing import MAX_BYTES, TABLE, import_roster
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import Wanted
from overflow.volunteers.states import APPROVE, READ, STATES, WRITE
from overflow.volunteers.worked import Worked, minutes_worked

blueprint = APIBlueprint("api_volunteers", __name__, url_prefix="/api/v1", tag="Volunteers")
DEFAULT_PAGE = 50
MAX_NUMBER_DIGITS = 18
_PLAIN = (
    "id", "state", "name", "phone", "email", "speaks", "languages", "skills", "zone", "site", "senior", "drill",
    "max_hours_day", "max_hours_week", "consent_words", "officer_id", "agent_id", "note",
)  # fmt: skip
_TIMES = (
    "phone_verified_at", "not_before", "consent_at", "created_at", "updated_at", "decided_at", "left_at", "erased_at",
)  # fmt: skip


@blueprint.post("/volunteers")
@blueprint.input(VolunteerIn, location="json", arg_name="given")
@blueprint.output(VolunteerOut, status_code=201)
@blueprint.doc(
    summary="Add a volunteer",
    description="They wait for a decision, and nobody is taken on before they have confirmed their number and agreed.",
    responses={409: "The number is on the roster already", 422: "Every fault, by name"},
)
@permit(WRITE)
def create(given: VolunteerIn) -> ResponseReturnValue:
    """Add a volunteer."""
    services = current()
    with services.db.transaction() as session:
        made = keeping.add(session, services.clock, actor(), given.model_dump())
        response = jsonify(_shown(made))
    response.status_code = 201
    response.headers["Location"] = url_for("api_volunteers.show", volunteer_id=made.id)
    return response


@blueprint.get("/volunteers")
@blueprint.output(VolunteerList)
@blueprint.doc(summary="Find volunteers", description="Erased people are not found.")
@takes(
    query("search", {"type": "string"}, "Any part of the name, or three digits or more of the number"),
    query("state", {"type": "string", "enum": list(STATES)}, "Only volunteers in this state"),
    query("skill", {"type": "string"}, "Only who has this skill"),
    query("language", {"type": "string"}, "Only who speaks this language (ISO 639)"),
    query("site", {"type": "string"}, "Any part of where somebody can come to; who helps from home only has no site"),
    query("limit", PAGE_LIMIT, "Volunteers on one page"),
    query("cursor", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "`next_cursor` of the page before"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """Find volunteers."""
    asked = request.args
    wanted = Wanted(
        asked.get("search", ""), asked.get("state", ""), asked.get("skill", "")[:60], asked.get("language", "")[:10],
        site=asked.get("site", ""),
    )  # fmt: skip
    with current().db.transaction() as session:
        page = reading.search(
            session, wanted, current().clock.now(), cursor=_number("cursor", None), limit=_number("limit", DEFAULT_PAGE) or 0
        )  # fmt: skip
    following = str(page.next_cursor) if page.next_cursor else None
    return jsonify(volunteers=[_shown(each) for each in page.found], next_cursor=following)


@blueprint.get("/volunteers/<int:volunteer_id>")
@blueprint.output(VolunteerWhole)
@blueprint.doc(summary="Show one volunteer", responses={404: "There is no such volunteer"})
@permit(READ)
def show(volunteer_id: int) -> ResponseReturnValue:
    """Show one volunteer."""
    with current().db.transaction() as session:
        return _whole(session, reading.get(session, volunteer_id))


@blueprint.patch("/volunteers/<int:volunteer_id>")
@blueprint.input(VolunteerChange, location="json", arg_name="given")
@blueprint.output(VolunteerWhole)
@blueprint.doc(
    summary="Change a volunteer",
    responses={404: "There is no such volunteer", 409: "They are gone, or the number is theirs to change or taken"},
)
@permit(WRITE)
def change(volunteer_id: int, given: VolunteerChange) -> ResponseReturnValue:
    """Change a volunteer."""
    services, who = current(), actor()
    values = given.model_dump(exclude={"hours", "away", "not_before"}, exclude_none=True)
    with services.db.transaction() as session:
        volunteer = keeping.change(session, services.clock, who, volunteer_id, values)
        if "not_before" in given.model_fields_set:
            keeping.set_not_before(session, services.clock, who, volunteer_id, given.not_before)
        if given.hours is not None:
            rows = fields.checked_hours([each.model_dump(by_alias=True) for each in given.hours])
            keeping.set_hours(session, services.clock, who, volunteer_id, rows)
        if given.away is not None:
            away = fields.checked_away([Away(each.first, each.last) for each in given.away])
            keeping.set_away(session, services.clock, who, volunteer_id, away)
        return _whole(session, volunteer)


@blueprint.post("/volunteers/<int:volunteer_id>/decisions")
@blueprint.input(VolunteerDecisionIn, location="json", arg_name="given")
@blueprint.output(VolunteerOut)
@blueprint.doc(
    summary="Approve, refuse, suspend, reinstate or remove a volunteer",
    responses={404: "There is no such volunteer", 409: "Impossible in this state, or number or consent is missing"},
)
@permit(APPROVE)
def decide(volunteer_id: int, given: VolunteerDecisionIn) -> ResponseReturnValue:
    """Decide about a volunteer."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(
            _shown(deciding.decide(session, services.clock, actor(), volunteer_id, given.event, given.reason))
        )


@blueprint.post("/volunteers/<int:volunteer_id>/erase")
@blueprint.output(VolunteerOut)
@blueprint.doc(
    summary="Erase for good what names somebody who left or was not taken",
    description="Hours worked stay for statistics, without a name. May be repeated.",
    responses={404: "There is no such volunteer", 409: "They are on the roster; they leave it first"},
)
@permit(APPROVE)
def erase(volunteer_id: int) -> ResponseReturnValue:
    """Erase a volunteer."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_shown(leaving.erase(session, services.clock, actor(), volunteer_id)))


@blueprint.post("/volunteers/import")
@blueprint.output(RosterImport)
@blueprint.doc(
    summary="Take over a roster",
    description=(
        f"Send `text/csv` (UTF-8 or code page 949) with a header line, up to {MAX_BYTES // 1_000_000} MB. The columns are "
        f"{', '.join(TABLE.columns)}, in any order; name, phone and languages are needed. People are known by their number; "
        "an empty cell leaves what is kept. Bad rows are named and stop nothing."
    ),
    responses={413: "The list is too large for one request", 415: "It is not CSV", 422: "An unusable header"},
)
@takes(
    query("dry", {"type": "boolean"}, "Say what would become of the list, and change nothing"),
    query("invite", {"type": "boolean"}, "Send each new volunteer a link to confirm their number and agree"),
    bodies={"text/csv": "Rows under a line that names the columns"},
)
@permit(WRITE)
def import_list() -> ResponseReturnValue:
    """Take over a roster."""
    if request.mimetype != "text/csv":
        raise UnsupportedMediaType(f"Content-Type {request.mimetype or '(none)'} cannot be read; send text/csv.")
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise TooLarge(f"A roster has at most {MAX_BYTES // 1_000_000} MB; divide the file.") from error
    services, dry, invite = current(), _flag("dry"), _flag("invite")
    report = import_roster(services, actor(), data, dry=dry, invite=invite)
    if invite and not dry:
        lanes.hurry(services)
    return jsonify(report.to_json())


def _shown(volunteer: Volunteer) -> dict[str, Any]:
    return (
        {name: getattr(volunteer, name) for name in _PLAIN}
        | {name: _iso(getattr(volunteer, name)) for name in _TIMES}
        | {name: written_minute(getattr(volunteer, name)) for name in ("quiet_from", "quiet_to")}
    )


def _whole(session: Session, volunteer: Volunteer) -> Response:
    agent_id, now = volunteer.agent_id, current().clock.now()
    worked = minutes_worked(session, now, [agent_id])[agent_id] if agent_id is not None else Worked(0, 0)
    return jsonify(
        _shown(volunteer)
        | {
            "certificates": [
                {name: getattr(each, name) for name in ("id", "skill", "level", "source")}
                | {name: _iso(getattr(each, name)) for name in ("issued_at", "expires_at", "withdrawn_at")}
                for each in certificates.of(session, volunteer.id)
            ],
            "hours": [
                {
                    "weekday": each.weekday, "from": written_minute(each.starts),
                    "to": written_minute((each.starts + each.minutes) % 1440),
                }
                for each in reading.hours_of(session, volunteer.id)
            ],
            "away": [
                {"first": each.first.isoformat(), "last": each.last.isoformat()}
                for each in reading.away_of(session, volunteer.id)
            ],
            "worked_minutes_day": worked.day, "worked_minutes_week": worked.week,
        }
    )  # fmt: skip


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None


def _flag(name: str) -> bool:
    value = request.args.get(name, "").lower()
    if value not in ("", "true", "false", "1", "0"):
        raise InvalidInput(name, value, "use true or false")
    return value in ("true", "1")


def _number(name: str, default: int | None) -> int | None:
    value = request.args.get(name)
    if value is None or value == "":
        return default
    if not (value.isascii() and value.isdigit()) or len(value) > MAX_NUMBER_DIGITS:
        raise InvalidInput(name, value, "use a whole number")
    return int(value)
