"""What pages of missions show together, and how small forms are answered: saved and back, or the page with the fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.console.assets import blueprint as console
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.services import current
from hotline.missions import duty, keeping, missions, opening, staff
from hotline.missions.models import Mission
from hotline.missions.weekly import days_ahead

DAYS_AHEAD = 14
EMPTY_ROWS = 2
"""Empty rows under those that are filled in, for adding without JavaScript."""


def name_of(mission: Mission) -> str:
    """Return the mission's name in the reader's language."""
    return mission.name_ko if str(get_locale()) == "ko" else mission.name_en


def weekday(code: str) -> str:
    """Return the name of a day of the week in the reader's language by its letters in the notation."""
    names = {
        "Mo": gettext("Monday"), "Tu": gettext("Tuesday"), "We": gettext("Wednesday"), "Th": gettext("Thursday"),
        "Fr": gettext("Friday"), "Sa": gettext("Saturday"), "Su": gettext("Sunday"),
    }  # fmt: skip
    return names[code]


@console.app_template_filter("weekday_date")
def weekday_date(day: date) -> str:
    """Return a day with its day of the week in the reader's language, such as `Thu 2026-11-26`."""
    return f"{format_date(day, 'EEE')} {day.isoformat()}"


@console.app_template_filter("mission_mend")
def mission_mend(refused: dict[str, Any]) -> str:
    """Return what to mend in a refused row: the exact words in English, in other languages those for its column."""
    if str(get_locale()) == DEFAULT_LANGUAGE:
        return str(refused["mend"])
    return explain(InvalidInput(str(refused["field"]), refused["value"], str(refused["mend"])), "mission")


def why_label(why: str) -> str:
    """Return in the reader's language why a mission is open or closed."""
    names = {
        "hours": gettext("ordinary hours"), "holiday": gettext("holiday"), "exception": gettext("exception"),
        "closed_now": gettext("closed by one tap"), "open_now": gettext("opened by one tap"),
        "unknown": gettext("hours not known yet"),
    }  # fmt: skip
    return names[why]


def act(mission_id: int, form: str, do: Callable[[Session], object], done: str = "") -> ResponseReturnValue:
    """Do something in one transaction and go back to the mission's page, or show it with the fault beside the form."""
    try:
        with current().db.transaction() as session:
            do(session)
    except (InvalidInput, SeveralFaults) as error:
        return show(mission_id, faults={form: explained(error)}), 422
    except HotlineError as error:
        if error.status != 409:
            raise
        return show(mission_id, faults={form: explain(error, "mission")}), 409
    flash(done or gettext("Saved."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission_id) + f"#{form}")


def explained(error: InvalidInput | SeveralFaults) -> str:
    """Return all faults as one text; a field such as `2.phone` says which row is meant."""
    if isinstance(error, InvalidInput):
        return _of_field(error.field, error)
    said = [
        _of_field(str(fault["field"]), InvalidInput(str(fault["field"]), fault["value"], str(fault["mend"])))
        for fault in error.faults
    ]
    return " ".join(dict.fromkeys(said))


def _of_field(field: str, error: InvalidInput) -> str:
    row, dot, name = field.partition(".")
    if not dot or not row.isdecimal():
        return explain(error, "mission")
    text = explain(InvalidInput(name, error.value, error.mend), "mission_row")
    return gettext("Row %(number)s: %(text)s", number=row, text=text)


def show(mission_id: int, *, faults: dict[str, str] | None = None) -> str:
    """Return the mission's page; `faults` by form, whose typed values are shown again."""
    services = current()
    now = services.clock.now()
    values: dict[str, Any] = {}
    with services.db.transaction() as session:
        mission = missions.get(session, mission_id)
        calendar = opening.calendar_of(session, mission_id)
        sees = staff.may_see(session, actor(), mission_id)
        if sees:
            values = {
                "lines": duty.lines_of(session, mission_id),
                "chain": duty.duty_of(session, mission_id),
                "notices": duty.notices_of(session, mission_id, now),
                "people": staff.people_of(session, mission_id),
                "exceptions": keeping.spells_of(session, mission_id, keeping.local_day(mission, now)),
                "live": keeping.live_override(session, mission_id, now),
            }
        values["changes"] = staff.may_change(session, actor(), mission_id)
        values["partner"] = missions.get(session, mission.partner_id) if mission.partner_id else None
    return render_template(
        "missions/show.html", mission=mission, name_of=name_of, opening=calendar.opening(now), sees=sees,
        ahead=days_ahead(calendar, now, DAYS_AHEAD), today=keeping.local_day(mission, now), why_label=why_label,
        faults=faults or {}, typed=request.form if faults else {}, empty_rows=EMPTY_ROWS, **values,
    )  # fmt: skip
