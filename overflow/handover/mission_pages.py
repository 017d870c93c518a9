"""The mission's own page: what is handed over, what the centre has in hand, the night's calls, promises, figures and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import words as call_words
from hotline.cases import words as case_words
from hotline.core import live
from hotline.core.errors import Forbidden, InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.phone import mask
from hotline.core.registry import Panel, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions.missions import get as get_mission
from hotline.missions.models import Mission
from hotline.missions.opening import calendar_of
from overflow.forwarding import take_all
from overflow.handover import reading, statistics, words
from overflow.handover.access import demand_sight, is_staff, own_missions
from overflow.handover.states import OWN, READ, is_urgent

blueprint = Blueprint("mission_page", __name__, template_folder="templates")
CALL_ROWS, HISTORY_ROWS = 30, 10
LATEST_CALLS = timedelta(hours=16)
"""So far back the calls are shown while a mission is open: its last night."""
HOURS_ENDPOINTS = ("missions.hours_form", "missions.show_mission")
"""Where hours are changed, the best one first; rooms that are not there are left out."""


@blueprint.get("/mission")
@permit(OWN)
def own() -> ResponseReturnValue:
    """Show the page of one's own mission, the chosen one of several."""
    with current().db.transaction() as session:
        mine = own_missions(session, actor())
        wanted = _number("m")
        chosen = next((each for each in mine if each.id == wanted), mine[0] if mine else None)
        if chosen is None:
            return render_template("handover/no_mission.html")
        return _page(session, chosen)


@blueprint.get("/mission/<int:mission_id>")
@permit(READ)
def show(mission_id: int) -> ResponseReturnValue:
    """Show the page of one mission, to its staff and to the centre."""
    with current().db.transaction() as session:
        mission = get_mission(session, mission_id)
        demand_sight(session, actor(), mission.id)
        return _page(session, mission)


@blueprint.get("/mission/<int:mission_id>/part")
@permit(READ)
def part(mission_id: int) -> ResponseReturnValue:
    """Return what changes by itself, for open pages."""
    with current().db.transaction() as session:
        mission = get_mission(session, mission_id)
        demand_sight(session, actor(), mission.id)
        context = _context(session, mission)
    return render_template("handover/_mission.html", **context)


def _page(session: Session, mission: Mission) -> str:
    context, before = _context(session, mission), _number("before")
    wanted = reading.Wanted(missions=[mission.id])
    return render_template(
        "handover/mission.html", **context, tiles=_tops(context), own=own_missions(session, actor()),
        figures=(found := statistics.figures(session, mission.id, mission.zone, current().clock.now())),
        history=reading.list_handovers(session, wanted, before=before, limit=HISTORY_ROWS), charts=_charts(found),
        panels=_panels(mission.id), hours=_hours(mission.id), before=before,
    )  # fmt: skip


@blueprint.post("/mission/<int:mission_id>/take-all")
@permit(OWN)
def take_all_calls(mission_id: int) -> ResponseReturnValue:
    """Ask the centre to take all calls until a moment on the mission's wall, or take that back."""
    services, who, form = current(), actor(), request.form
    try:
        with services.db.transaction() as session:
            mission = get_mission(session, mission_id)
            if not is_staff(session, who, mission.id):
                raise Forbidden("Only staff of this mission can do this.", code="not-mission-staff")
            if form.get("act") == "end":
                take_all.end(session, services.clock, who, mission.id)
            else:
                until = _local(form.get("until", ""), mission.zone)
                take_all.request(session, services.clock, who, mission.id, until, form.get("reason", ""))
    except InvalidInput as error:
        flash(explain(error, "take_all"), "warn")
    else:
        live.notify(services.redis, f"mission:{mission_id}")
        flash(gettext("Noted: the centre has been told."), "good")
    return redirect(url_for("mission_page.show", mission_id=mission_id))


def _local(given: str, zone: str) -> datetime:
    try:
        return datetime.strptime(given[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError as error:
        raise InvalidInput("until", given, "choose a day and a time") from error


def _context(session: Session, mission: Mission) -> dict[str, Any]:
    who, now = actor(), current().clock.now()
    staff = is_staff(session, who, mission.id)
    opening = calendar_of(session, mission.id).opening(now)
    open_ids = reading.open_of(session, mission.id)
    return {
        "mission": mission, "staff": staff, "opening": opening, "words": words, "case_words": case_words,
        "call_words": call_words, "ref": reference, "mask": mask, "is_urgent": is_urgent,
        "handovers": [reading.whole(session, each, persons=staff) for each in open_ids],
        "centre": reading.at_the_centre(session, mission.id, now),
        "taken": take_all.current(session, mission.id, now),
        "promises": reading.open_promises(session, mission.id),
        "calls": reading.calls_of(session, mission.id, now - LATEST_CALLS, now, limit=CALL_ROWS),
    }  # fmt: skip


def _tops(context: dict[str, Any]) -> dict[str, int]:
    waiting = [each for whole in context["handovers"] for each in whole.waiting]
    return {"waiting": len(waiting), "urgent": sum(is_urgent(each.item.urgency) for each in waiting)}


def _charts(found: statistics.Figures) -> dict[str, int]:
    return {"day": max((calls for _, calls, _ in found.by_day), default=0), "hour": max(found.by_hour, default=0)}


def _panels(mission_id: int) -> list[tuple[Panel, Markup]]:
    """Return what other rooms bring to a mission's page (tests of its lines, its forwarded calls), to whom they let see it."""
    registry: Registry = current_app.extensions["registry"]
    return [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](mission_id=mission_id)))  # noqa: S704
        for panel in sorted(registry.mission_panels, key=lambda panel: panel.order)
        if actor().may(panel.permission)
    ]


def _hours(mission_id: int) -> str:
    """Return the address of the page on which hours are changed."""
    known = next((each for each in HOURS_ENDPOINTS if each in current_app.view_functions), "")
    return url_for(known, mission_id=mission_id) if known else ""


def _number(name: str) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
