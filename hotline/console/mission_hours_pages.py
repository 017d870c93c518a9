"""When a mission is open: its week, holidays and exceptions, and open or closed by one tap."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.console.mission_view import DAYS_AHEAD, act, explained, name_of, weekday, why_label
from hotline.console.missions_pages import blueprint
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import keeping, missions, opening, staff, yearly
from hotline.missions.details_api import read_day_of_year
from hotline.missions.hours import Calendar
from hotline.missions.models import Mission
from hotline.missions.notation import Hours, compose, read_day, read_hours
from hotline.missions.weekly import DAYS, SPELLS, days_ahead, read_week, week_of
from hotline.people.local_days import midnight

ENDS_H = (1, 2, 4, 8, 24, 72)
"""Hours after which what was tapped ends; beside them the end of the mission's day."""


@blueprint.get("/missions/<int:mission_id>/hours")
@permit("missions.read")
def hours_form(mission_id: int) -> ResponseReturnValue:
    """Show the week and the text of the hours."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return _hours_page(session, mission_id)


@blueprint.post("/missions/<int:mission_id>/hours")
@permit("missions.read")
def save_hours(mission_id: int) -> ResponseReturnValue:
    """Save the hours, or show what they would mean in the next 14 days (`act=preview`)."""
    services = current()
    try:
        with services.db.transaction() as session:
            staff.demand(session, actor(), mission_id, change=True)
            text = read_week(request.form) if request.form.get("by") == "week" else request.form.get("hours", "")
            holiday = request.form.get("holiday_hours", "off")
            if request.form.get("act") == "preview":
                read = read_hours(text)
                tried = Hours(read.ordinary, read_day(holiday or "off", field="holiday_hours"))
                return _hours_page(session, mission_id, tried=tried)
            keeping.set_hours(session, services.clock, actor(), mission_id, text, holiday)
    except (InvalidInput, SeveralFaults) as error:
        with services.db.transaction() as session:
            return _hours_page(session, mission_id, fault=_which_day(error) + explained(error)), 422
    flash(gettext("Saved."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission_id))


def _which_day(error: HotlineError) -> str:
    """Return the weekday that a fault of the weekly form is about, as the form calls it, or nothing."""
    day = str(error.value).split(" ")[0] if isinstance(error, InvalidInput) and error.field == "week" else ""
    return f"{weekday(day)}: " if day in DAYS else ""


def _hours_page(session: Session, mission_id: int, *, tried: Hours | None = None, fault: str = "") -> str:
    mission = missions.get(session, mission_id)
    calendar = opening.calendar_of(session, mission_id)
    kept = keeping.hours_of(session, mission_id)
    shown = tried or (Hours(kept.hours, kept.holiday_hours) if kept else Hours("Mo-Fr 09:00-12:00,13:00-18:00"))
    if tried is not None:
        calendar = _with(session, mission_id, calendar, tried)
    week = week_of(shown.ordinary)
    values = request.form if fault else _week_fields(week)
    return render_template(
        "missions/hours.html", mission=mission, name_of=name_of, kept=kept, tried=tried, fault=fault, week=week,
        values=values, text=request.form.get("hours", "") if fault else shown.ordinary,
        holiday=request.form.get("holiday_hours", "") if fault else shown.holiday,
        days=[(code, weekday(code)) for code in DAYS], spells=range(1, SPELLS + 1), why_label=why_label,
        ahead=days_ahead(calendar, current().clock.now(), DAYS_AHEAD),
        changes=staff.may_change(session, actor(), mission_id),
    )  # fmt: skip


def _with(session: Session, mission_id: int, calendar: Calendar, tried: Hours) -> Calendar:
    """The mission's calendar as it would be with other hours."""
    mission = missions.get(session, mission_id)
    today = keeping.local_day(mission, current().clock.now())
    changed = {one.day: one.hours for one in keeping.exceptions_of(session, mission_id, today)}
    return Calendar(
        zone=calendar.zone, expression=compose(tried, calendar.holidays, changed), holidays=calendar.holidays,
        exceptions={day: calendar.exceptions.get(day, "") for day in changed}, overrides=calendar.overrides,
    )  # fmt: skip


def _week_fields(week: dict[str, list[tuple[str, str]]] | None) -> dict[str, str]:
    fields: dict[str, str] = {}
    for day, spells in (week or {}).items():
        for number, (start, end) in enumerate(spells, start=1):
            fields[f"{day}_{number}_from"], fields[f"{day}_{number}_to"] = start, end
    return fields


@blueprint.get("/missions/<int:mission_id>/holidays")
@permit("missions.read")
def holidays_form(mission_id: int) -> ResponseReturnValue:
    """Show a year's holidays of host country and home, those that are kept ticked."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        mission = missions.get(session, mission_id)
        this_year = keeping.local_day(mission, services.clock.now()).year
        year = _year(request.args.get("year", ""), this_year)
        return _holidays_page(session, mission, year, this_year)


@blueprint.post("/missions/<int:mission_id>/holidays")
@permit("missions.read")
def save_holidays(mission_id: int) -> ResponseReturnValue:
    """Keep exactly the ticked ones, and add one of the mission's own where its day is given."""
    services = current()
    with services.db.transaction() as session:
        staff.demand(session, actor(), mission_id, change=True)
        mission = missions.get(session, mission_id)
        this_year = keeping.local_day(mission, services.clock.now()).year
    year = _year(request.form.get("year", ""), this_year)
    try:
        with services.db.transaction() as session:
            chosen = [_key(text) for text in request.form.getlist("chosen")[:200]]
            yearly.choose(session, services.clock, actor(), mission_id, year, chosen)
            if request.form.get("day", "").strip():
                day = read_day_of_year(request.form["day"].strip())
                names = request.form.get("name_ko", ""), request.form.get("name_en", "")
                yearly.add_own(session, services.clock, actor(), mission_id, day, *names)
    except (InvalidInput, SeveralFaults) as error:
        with services.db.transaction() as session:
            return _holidays_page(session, mission, year, this_year, fault=explained(error)), 422
    flash(gettext("Saved."), "good")
    return redirect(url_for("missions.holidays_form", mission_id=mission_id, year=year))


def _holidays_page(session: Session, mission: Mission, year: int, this_year: int, fault: str = "") -> str:
    return render_template(
        "missions/holidays.html", mission=mission, name_of=name_of, year=year, fault=fault,
        years=range(this_year, this_year + 3), days=yearly.of_year(session, mission.id, year),
        changes=staff.may_change(session, actor(), mission.id), typed=request.form if fault else {},
    )  # fmt: skip


def _key(text: str) -> tuple[date, str]:
    day, _, calendar = text.partition(" ")
    return read_day_of_year(day), calendar


def _year(text: str, this_year: int) -> int:
    """The year asked for when it can be chosen, else this one: an address typed by hand does no harm."""
    return int(text) if text in {str(this_year + more) for more in (-1, 0, 1, 2)} else this_year


@blueprint.post("/missions/<int:mission_id>/exceptions")
@permit("missions.read")
def add_exception(mission_id: int) -> ResponseReturnValue:
    """Give one day, or several in a row, hours of their own."""
    form = request.form

    def do(session: Session) -> None:
        staff.demand(session, actor(), mission_id, change=True)
        hours = form.get("day_hours", "").strip() or "off"
        first, last = read_day_of_year(form.get("day", "")), form.get("last_day", "").strip()
        until = read_day_of_year(last, field="last_day") if last else None
        keeping.set_exceptions(session, current().clock, actor(), mission_id, first, until, hours, form.get("note", ""))

    return act(mission_id, "exceptions", do)


@blueprint.post("/missions/<int:mission_id>/exceptions/<day>/remove")
@permit("missions.read")
def remove_exception(mission_id: int, day: str) -> ResponseReturnValue:
    """Take the exception of a day back, or of the days in a row that the page shows as one."""
    last = request.form.get("last_day", "").strip()

    def do(session: Session) -> None:
        staff.demand(session, actor(), mission_id, change=True)
        until = read_day_of_year(last, field="last_day") if last else None
        keeping.remove_exceptions(session, current().clock, actor(), mission_id, read_day_of_year(day), until)

    return act(mission_id, "exceptions", do)


@blueprint.post("/missions/<int:mission_id>/tap")
@permit("missions.read")
def tap_mission(mission_id: int) -> ResponseReturnValue:
    """Open or close the mission now."""
    form: Any = request.form
    kind = form.get("kind", "")
    done = gettext("The mission is closed now.") if kind == "closed_now" else gettext("The mission is open now.")

    def do(session: Session) -> None:
        ends_at = _end(form.get("ends", ""), missions.get(session, mission_id))
        keeping.tap(session, current().clock, actor(), mission_id, kind, form.get("reason", ""), ends_at)

    return act(mission_id, "state", do, done)


@blueprint.post("/missions/<int:mission_id>/untap")
@permit("missions.read")
def untap_mission(mission_id: int) -> ResponseReturnValue:
    """Let the hours count again."""
    return act(
        mission_id, "state", lambda session: keeping.undo(session, current().clock, actor(), mission_id),
        gettext("The mission follows its hours again."),
    )  # fmt: skip


def _end(text: str, mission: Mission) -> datetime:
    now = current().clock.now()
    if text == "day":
        return midnight(keeping.local_day(mission, now) + timedelta(days=1), mission.zone)
    if text not in {str(hours) for hours in ENDS_H}:
        raise InvalidInput("ends_at", text, "choose when it ends")
    return now + timedelta(hours=int(text))
