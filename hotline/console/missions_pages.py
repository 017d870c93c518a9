"""Embassies and consulates: whom to call, where they are, what time it is there; and keeping that up to date."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.auth.identity import actor
from hotline.console.degrees import read_degrees
from hotline.console.mission_view import name_of, show, why_label
from hotline.console.rendering import country_name
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions, opening
from hotline.missions.missions import MissionChanges, MissionFields
from hotline.missions.models import Mission

blueprint = Blueprint("missions", __name__)
TEXT_FIELDS = (
    "name_en", "name_ko", "country", "city", "zone", "phone", "emergency_phone", "kind", "services_ko", "services_en", "email",
    "partner",
)  # fmt: skip
PAGE = 50


@blueprint.get("/missions")
@permit("missions.read")
def list_missions() -> ResponseReturnValue:
    """List missions by country with their local time and whether they are open; `q` narrows by name, country, city or code."""
    wanted = request.args.get("q", "").strip()[:80]
    only = request.args.get("state", "")
    services = current()
    now = services.clock.now()
    with services.db.transaction() as session:
        found = missions.list_missions(session, with_closed=bool(request.args.get("closed")))
        calendars = opening.calendars(session, [mission.id for mission in found], since=now)
    openings = {mission.id: calendars[mission.id].opening(now) for mission in found}
    shown = [mission for mission in found if _fits(mission, wanted.casefold())]
    if only in ("open", "closed"):
        shown = [mission for mission in shown if openings[mission.id].open == (only == "open")]
    shown.sort(key=lambda mission: (country_name(mission.country), name_of(mission)))
    page = _page_number(request.args.get("page", ""), len(shown))
    return render_template(
        "missions/list.html", missions=shown[(page - 1) * PAGE : page * PAGE], count=len(shown), page=page,
        pages=-(-len(shown) // PAGE), q=wanted, state=only, openings=openings, name_of=name_of, why_label=why_label,
    )  # fmt: skip


def _page_number(text: str, count: int) -> int:
    """The page asked for, within those there are; an address typed by hand does no harm."""
    last = max(1, -(-count // PAGE))
    return min(int(text), last) if text.isascii() and text.isdecimal() and 0 < len(text) < 5 and int(text) else 1


def _fits(mission: Mission, wanted: str) -> bool:
    words = [mission.name_en, mission.name_ko, mission.city, mission.code, mission.country, *mission.regions]
    words += [country_name(code) for code in mission.countries]
    return all(any(part in word.casefold() for word in words) for part in wanted.split())


@blueprint.get("/missions/<int:mission_id>")
@permit("missions.read")
def show_mission(mission_id: int) -> ResponseReturnValue:
    """Show one mission with everything that belongs to it, as far as the reader may see it."""
    return show(mission_id)


@blueprint.get("/missions/new")
@permit("missions.write")
def new_mission() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None)


@blueprint.post("/missions/new")
@permit("missions.write")
def add_mission() -> ResponseReturnValue:
    """Add a mission."""
    services = current()
    try:
        with services.db.transaction() as session:
            code = request.form.get("code", "").strip().lower()
            _require_free_code(session, code)
            given = MissionFields(code=code, **_read_form(request.form))
            mission = missions.save(session, services.clock, actor(), given)
    except (InvalidInput, SeveralFaults) as error:
        return _form(None, explain_fields(error, "mission"))
    flash(gettext("Saved."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission.id))


def _require_free_code(session: Session, code: str) -> None:
    """Raise InvalidInput when a mission has this code already: saving it again would overwrite that one."""
    if session.scalar(select(Mission.id).where(Mission.code == code)):
        raise InvalidInput("code", code, "choose a code that no other mission has", code="mission-code-taken")


@blueprint.get("/missions/<int:mission_id>/edit")
@permit("missions.write")
def edit_mission(mission_id: int) -> ResponseReturnValue:
    """Show the form with what is known."""
    with current().db.transaction() as session:
        mission = missions.get(session, mission_id)
    return _form(mission)


@blueprint.post("/missions/<int:mission_id>/edit")
@permit("missions.write")
def save_mission(mission_id: int) -> ResponseReturnValue:
    """Save the form."""
    services = current()
    with services.db.transaction() as session:
        mission = missions.get(session, mission_id)
    try:
        with services.db.transaction() as session:
            changes = MissionChanges(**_read_form(request.form))
            missions.update(session, services.clock, actor(), mission_id, changes)
    except (InvalidInput, SeveralFaults) as error:
        return _form(mission, explain_fields(error, "mission"))
    flash(gettext("Saved."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission_id))


@blueprint.post("/missions/<int:mission_id>/close")
@permit("missions.write")
def close_mission(mission_id: int) -> ResponseReturnValue:
    """Close a mission; it stays on record and no text names it any more."""
    services = current()
    with services.db.transaction() as session:
        missions.close(session, services.clock, actor(), mission_id)
    flash(gettext("The mission is closed."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission_id))


@blueprint.post("/missions/<int:mission_id>/reopen")
@permit("missions.write")
def reopen_mission(mission_id: int) -> ResponseReturnValue:
    """Reopen a closed mission with everything that was known of it."""
    services = current()
    with services.db.transaction() as session:
        missions.reopen(session, services.clock, actor(), mission_id)
    flash(gettext("The mission is open again."), "good")
    return redirect(url_for("missions.show_mission", mission_id=mission_id))


def _read_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the form's values in the types the stage takes; raises InvalidInput for a place that is no number."""
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in TEXT_FIELDS}
    values["countries"] = tuple(form.get("countries", "").replace(",", " ").upper().split())
    if values["country"] and values["country"] not in values["countries"]:
        values["countries"] = (values["country"], *values["countries"])
    values["kind"] = values["kind"] or None
    values["languages"] = tuple(form.get("languages", "").replace(",", " ").split())
    values["regions"] = tuple(part.strip() for part in form.get("regions", "").split(",") if part.strip())
    for name in ("lat", "lon"):
        values[name] = read_degrees(name, form.get(name, ""))
    return values


def _code_of(mission_id: int | None) -> str:
    if mission_id is None:
        return ""
    with current().db.transaction() as session:
        return missions.get(session, mission_id).code


def _form(mission: Mission | None, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    if request.method == "POST":
        values: dict[str, Any] = request.form.to_dict()
    elif mission is not None:
        values = {name: getattr(mission, name) for name in (*TEXT_FIELDS, "lat", "lon", "code") if name != "partner"}
        values["languages"], values["regions"] = ", ".join(mission.languages), ", ".join(mission.regions)
        values["partner"] = _code_of(mission.partner_id)
        values["countries"] = ", ".join(code for code in mission.countries if code != mission.country)
    else:
        values = {}
    page = render_template(
        "missions/form.html",
        mission=mission,
        values=values,
        errors=errors or {},
        zones=sorted(available_timezones()),
        name_of=name_of,
    )
    return page, 422 if errors else 200
