"""`/api/v1/missions/{id}/…`: hours, lines, holidays, exceptions, one tap, duty chain, bulletins and staff; and lists as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.description import query, takes
from hotline.core.errors import InvalidInput, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import api_schemas as shapes
from hotline.missions import duty, importing, keeping, missions, opening, staff, yearly
from hotline.missions.duty import Contact, Line
from hotline.missions.hours import Opening

blueprint = APIBlueprint("api_mission_details", __name__, url_prefix="/api/v1/missions", tag="Missions")
PREVIEW = timedelta(days=14)
NO_MISSION = {404: "There is no such mission"}


@blueprint.get("/<int:mission_id>/hours")
@blueprint.output(shapes.HoursOut)
@blueprint.doc(summary="Show a mission's hours and whether it is open now", responses=NO_MISSION)
@permit("missions.read")
def show_hours(mission_id: int) -> ResponseReturnValue:
    """Show the hours."""
    with current().db.transaction() as session:
        return jsonify(_hours_json(session, mission_id))


@blueprint.put("/<int:mission_id>/hours")
@blueprint.input(shapes.HoursIn, location="json", arg_name="given")
@blueprint.output(shapes.HoursOut)
@blueprint.doc(
    summary="Give a mission its hours",
    description="In the OSM `opening_hours` notation; what two evaluators read differently is refused with what to write.",
    responses=NO_MISSION,
)
@permit("missions.read")
def put_hours(mission_id: int, given: shapes.HoursIn) -> ResponseReturnValue:
    """Keep the hours."""
    services = current()
    with services.db.transaction() as session:
        keeping.set_hours(session, services.clock, actor(), mission_id, given.hours, given.holiday_hours)
        return jsonify(_hours_json(session, mission_id))


@blueprint.get("/<int:mission_id>/lines")
@blueprint.output(shapes.LinesOut)
@blueprint.doc(summary="List a mission's lines", responses=NO_MISSION)
@permit("missions.read")
def show_lines(mission_id: int) -> ResponseReturnValue:
    """List the lines in use."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_lines_json(session, mission_id))


@blueprint.put("/<int:mission_id>/lines")
@blueprint.input(shapes.LinesIn, location="json", arg_name="given")
@blueprint.output(shapes.LinesOut)
@blueprint.doc(summary="Say which lines a mission has; those left out are closed", responses=NO_MISSION)
@permit("missions.read")
def put_lines(mission_id: int, given: shapes.LinesIn) -> ResponseReturnValue:
    """Keep exactly these lines."""
    services = current()
    with services.db.transaction() as session:
        wanted = [Line(**line.model_dump()) for line in given.lines]
        duty.set_lines(session, services.clock, actor(), mission_id, wanted)
        return jsonify(_lines_json(session, mission_id))


@blueprint.get("/<int:mission_id>/holidays")
@blueprint.output(shapes.HolidaysOut)
@blueprint.doc(summary="Holidays of host country and home, and which of them a mission keeps", responses=NO_MISSION)
@takes(query("year", {"type": "integer", "minimum": 2000, "maximum": 2100}, "This year when left out"))
@permit("missions.read")
def show_holidays(mission_id: int) -> ResponseReturnValue:
    """List what is proposed and chosen."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_holidays_json(session, mission_id, _year(request.args.get("year"))))


@blueprint.put("/<int:mission_id>/holidays/<int:year>")
@blueprint.input(shapes.HolidaysIn, location="json", arg_name="given")
@blueprint.output(shapes.HolidaysOut)
@blueprint.doc(summary="Choose a year's holidays", responses=NO_MISSION)
@permit("missions.read")
def put_holidays(mission_id: int, year: int, given: shapes.HolidaysIn) -> ResponseReturnValue:
    """Keep exactly these."""
    services = current()
    with services.db.transaction() as session:
        chosen = [(one.day, one.calendar) for one in given.chosen]
        yearly.choose(session, services.clock, actor(), mission_id, year, chosen)
        return jsonify(_holidays_json(session, mission_id, year))


@blueprint.post("/<int:mission_id>/holidays")
@blueprint.input(shapes.OwnHolidayIn, location="json", arg_name="given")
@blueprint.output(shapes.HolidaysOut)
@blueprint.doc(summary="Add a holiday of the mission's own", responses=NO_MISSION)
@permit("missions.read")
def add_holiday(mission_id: int, given: shapes.OwnHolidayIn) -> ResponseReturnValue:
    """Add a day."""
    services = current()
    with services.db.transaction() as session:
        yearly.add_own(session, services.clock, actor(), mission_id, given.day, given.name_ko, given.name_en)
        return jsonify(_holidays_json(session, mission_id, given.day.year))


@blueprint.get("/<int:mission_id>/exceptions")
@blueprint.output(shapes.ExceptionsOut)
@blueprint.doc(summary="List the days with hours of their own, from today on", responses=NO_MISSION)
@permit("missions.read")
def show_exceptions(mission_id: int) -> ResponseReturnValue:
    """List the exceptions."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_exceptions_json(session, mission_id))


@blueprint.put("/<int:mission_id>/exceptions/<day>")
@blueprint.input(shapes.ExceptionIn, location="json", arg_name="given")
@blueprint.output(shapes.ExceptionsOut)
@blueprint.doc(summary="Give one day, or the days up to `last_day`, hours of their own", responses=NO_MISSION)
@permit("missions.read")
def put_exception(mission_id: int, day: str, given: shapes.ExceptionIn) -> ResponseReturnValue:
    """Keep the exceptions."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id, change=True)
        first = read_day_of_year(day)
        keeping.set_exceptions(
            session, services.clock, actor(), mission_id, first, given.last_day, given.hours, given.note
        )
        return jsonify(_exceptions_json(session, mission_id))


@blueprint.delete("/<int:mission_id>/exceptions/<day>")
@blueprint.output(shapes.ExceptionsOut)
@blueprint.doc(
    summary="Take the exception of a day back, or of the days up to `last_day`",
    responses={404: "There is no such mission or exception"},
)
@takes(query("last_day", {"type": "string", "format": "date"}, "The last of the days, at most 92 in all"))
@permit("missions.read")
def delete_exception(mission_id: int, day: str) -> ResponseReturnValue:
    """Remove the exceptions."""
    services, last = current(), request.args.get("last_day", "")
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id, change=True)
        until = read_day_of_year(last, field="last_day") if last else None
        keeping.remove_exceptions(session, services.clock, actor(), mission_id, read_day_of_year(day), until)
        return jsonify(_exceptions_json(session, mission_id))


@blueprint.post("/<int:mission_id>/overrides")
@blueprint.input(shapes.OverrideIn, location="json", arg_name="given")
@blueprint.output(shapes.HoursOut)
@blueprint.doc(summary="Open or close a mission now, until an end", responses=NO_MISSION)
@permit("missions.read")
def tap(mission_id: int, given: shapes.OverrideIn) -> ResponseReturnValue:
    """Open or close now."""
    services = current()
    with services.db.transaction() as session:
        keeping.tap(session, services.clock, actor(), mission_id, given.kind, given.reason, given.ends_at)
        return jsonify(_hours_json(session, mission_id))


@blueprint.delete("/<int:mission_id>/overrides")
@blueprint.output(shapes.HoursOut)
@blueprint.doc(
    summary="Let the hours count again",
    responses={**NO_MISSION, 409: "The mission follows its hours already"},
)
@permit("missions.read")
def undo(mission_id: int) -> ResponseReturnValue:
    """End what was opened or closed."""
    services = current()
    with services.db.transaction() as session:
        keeping.undo(session, services.clock, actor(), mission_id)
        return jsonify(_hours_json(session, mission_id))


@blueprint.get("/<int:mission_id>/duty")
@blueprint.output(shapes.DutyOut)
@blueprint.doc(summary="Show the duty phone and its deputies", responses=NO_MISSION)
@permit("missions.read")
def show_duty(mission_id: int) -> ResponseReturnValue:
    """Show the chain."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_duty_json(session, mission_id))


@blueprint.put("/<int:mission_id>/duty")
@blueprint.input(shapes.DutyIn, location="json", arg_name="given")
@blueprint.output(shapes.DutyOut)
@blueprint.doc(summary="Say who has the duty phone, and the deputies in their order", responses=NO_MISSION)
@permit("missions.read")
def put_duty(mission_id: int, given: shapes.DutyIn) -> ResponseReturnValue:
    """Keep the chain."""
    services = current()
    with services.db.transaction() as session:
        chain = [Contact(one.name, one.phone) for one in given.chain]
        duty.set_duty(session, services.clock, actor(), mission_id, chain)
        return jsonify(_duty_json(session, mission_id))


@blueprint.post("/import")
@blueprint.output(shapes.MissionsImported)
@blueprint.doc(
    summary="Take over a list of missions, all of it or nothing",
    description=(
        f"Send `text/csv` with a header line. The columns are {', '.join(importing.COLUMNS)}, of which the first ten are needed; "
        "several values in one cell are parted by `|`. `exceptions` are days with hours of their own, such as "
        "`2026-12-24/2026-12-31 off (moving house)|2027-01-04 10:00-12:00`; days that are over are passed over. "
        "With anything in `refused` nothing was changed. The same list again "
        "changes nothing."
    ),
    responses={415: "No CSV", 422: "An unusable header"},
)
@takes(bodies={"text/csv": "Rows under a line that names the columns"})
@permit("missions.write")
def import_list() -> ResponseReturnValue:
    """Take over a list."""
    if request.mimetype != "text/csv":
        raise UnsupportedMediaType(f"Content-Type {request.mimetype or '(none)'} cannot be read; send text/csv.")
    services = current()
    with services.db.transaction() as session:
        report = importing.import_missions(session, services.clock, actor(), request.get_data(cache=False))
    return jsonify(report.to_json())


def read_day_of_year(text: str, *, field: str = "day") -> date:
    """Return the day written as 2027-02-06; raises InvalidInput naming the field."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, text, "write a day as 2027-02-06") from None


def _year(text: str | None) -> int:
    now = current().clock.now().year
    if text is None:
        return now
    if not text.isascii() or not text.isdecimal() or not 2000 <= int(text[:5]) <= 2100:
        raise InvalidInput("year", text, "use 2000 to 2100")
    return int(text)


def _hours_json(session: Session, mission_id: int) -> dict[str, Any]:
    now = current().clock.now()
    calendar = opening.calendar_of(session, mission_id)
    kept = keeping.hours_of(session, mission_id)
    return {
        "hours": kept.hours if kept else None,
        "holiday_hours": kept.holiday_hours if kept else None,
        "zone": calendar.zone,
        "now": _opening_json(calendar.opening(now), staff.may_see(session, actor(), mission_id)),
        "next_days": [
            {"opens_at": start.isoformat(), "closes_at": end.isoformat()}
            for start, end in calendar.spans(now, now + PREVIEW)
        ],
    }


def _opening_json(found: Opening, sees_all: bool) -> dict[str, Any]:
    """The reason that somebody gave for closing is for those who see everything of the mission; a holiday's name for all."""
    note = found.note if sees_all or found.why == "holiday" else ""
    until = found.until.isoformat() if found.until else None
    return {"open": found.open, "why": found.why, "note": note, "until": until}


def _lines_json(session: Session, mission_id: int) -> dict[str, Any]:
    names = ("id", "number", "pool_number", "return_number", "label", "technique")
    return {"lines": [{name: getattr(row, name) for name in names} for row in duty.lines_of(session, mission_id)]}


def _holidays_json(session: Session, mission_id: int, year: int) -> dict[str, Any]:
    days = yearly.of_year(session, mission_id, year)
    return {
        "year": year,
        "holidays": [
            {
                "day": one.day.isoformat(), "calendar": one.calendar, "name_ko": one.name_ko, "name_en": one.name_en,
                "chosen": one.chosen,
            }
            for one in days
        ],
    }  # fmt: skip


def _exceptions_json(session: Session, mission_id: int) -> dict[str, Any]:
    today = keeping.local_day(missions.get(session, mission_id), current().clock.now())
    found = keeping.exceptions_of(session, mission_id, today)
    return {"exceptions": [{"day": one.day.isoformat(), "hours": one.hours, "note": one.note} for one in found]}


def _duty_json(session: Session, mission_id: int) -> dict[str, Any]:
    chain = duty.duty_of(session, mission_id)
    return {"chain": [{"position": one.position, "name": one.name, "phone": one.phone} for one in chain]}
