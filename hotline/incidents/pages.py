"""The pages of incidents: the list, one incident with its team and log, opening and changing one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.registry import Panel, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import log, opening, prefill, reading, team, telling, words
from hotline.incidents.form import read_form, values_of
from hotline.incidents.models import Incident
from hotline.incidents.states import INCIDENT, STATES, WRITE

blueprint = Blueprint("incidents", __name__, template_folder="templates")
LOG_ROWS = 50


def name_of(incident: Incident) -> str:
    """Return an incident's name in the reader's language."""
    return incident.name_ko if str(get_locale()) == "ko" else incident.name_en


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"incident_words": words, "incident_name": name_of}


@blueprint.get("/incidents")
@permit("incidents.read")
def index() -> ResponseReturnValue:
    """List incidents."""
    with current().db.transaction() as session:
        chosen, before = _chosen()
        page = reading.listed(session, state=chosen, before=before)
    return render_template("incidents/list.html", page=page, chosen=chosen, before=before)


@blueprint.get("/incidents/rows")
@permit("incidents.read")
def rows() -> ResponseReturnValue:
    """Return the list's rows, for an open page."""
    with current().db.transaction() as session:
        chosen, before = _chosen()
        page = reading.listed(session, state=chosen, before=before)
    return render_template("incidents/_rows.html", page=page, chosen=chosen)


def _chosen() -> tuple[str, int | None]:
    state = request.args.get("state", "")
    return state if state in STATES else "", _number(request.args.get("before", "")) or None


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


@blueprint.get("/incidents/new")
@permit("incidents.write")
def new() -> ResponseReturnValue:
    """Show the form for a new incident, prefilled from what it is opened from (`from`), where that is said."""
    source = request.args.get("from", "")[:40]
    with current().db.transaction() as session:
        known = opening.of_source(session, source)
        given = prefill.values(session, source)
    if known is not None:
        flash(gettext("An incident is open for this already."), "note")
        return redirect(url_for("incidents.show", incident_id=known.id))
    now = current().clock.now().astimezone(_zone())
    values = {"began_at": f"{now:%Y-%m-%dT%H:%M}", "severity": "Severe"} | values_of(given, _zone())
    return render_template("incidents/form.html", values=values, errors={}, incident=None)


@blueprint.post("/incidents")
@permit("incidents.write")
def create() -> ResponseReturnValue:
    """Open an incident."""
    services = current()
    try:
        given = read_form(request.form, _zone())
        with services.db.transaction() as session:
            made = opening.open_incident(session, services.clock, actor(), given)
    except (InvalidInput, SeveralFaults) as error:
        return _form_again(error, None)
    except HotlineError as error:
        flash(explain(error, "incident"), "warn")
        return redirect(url_for("incidents.index"))
    telling.tell(services, made.id)
    flash(gettext("The drill is open.") if made.drill else gettext("The incident is open."), "good")
    return redirect(url_for("incidents.show", incident_id=made.id))


def _form_again(error: InvalidInput | SeveralFaults, incident: Incident | None) -> ResponseReturnValue:
    errors = explain_fields(error, "incident")
    page = render_template("incidents/form.html", values=request.form, errors=errors, incident=incident)
    return page, error.status


def _zone() -> ZoneInfo:
    return ZoneInfo(g.officer.zone)


@blueprint.get("/incidents/<int:incident_id>")
@permit("incidents.read")
def show(incident_id: int) -> ResponseReturnValue:
    """Show one incident."""
    return _one(incident_id)


def _one(incident_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = opening.get(session, incident_id)
        members = team.members(session, incident_id)
        lines = log.lines(session, incident_id, most=LOG_ROWS)
        officers = team.officers(session) if actor().may(WRITE) and found.state == "open" else []
    correct = _number(request.args.get("correct", "")) or _number(request.form.get("corrects_id", ""))
    page = render_template(
        "incidents/show.html", incident=found, members=members, lines=lines, officers=officers, correct=correct,
        may_do=INCIDENT.events_for(found.state, actor()), panels=panels_of(incident_id), topic=telling.topic_of(incident_id),
        values=request.form if error is not None else {},
        errors=explain_fields(error, "incident") if isinstance(error, (InvalidInput, SeveralFaults)) else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


def panels_of(incident_id: int) -> list[tuple[Panel, Markup]]:
    """Return the parts that rooms bring and the reader may see, in their order."""
    registry: Registry = current_app.extensions["registry"]
    return [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](incident_id=incident_id)))  # noqa: S704
        for panel in sorted(registry.incident_panels, key=lambda panel: panel.order)
        if actor().may(panel.permission)
    ]


@blueprint.get("/incidents/<int:incident_id>/log")
@permit("incidents.read")
def log_part(incident_id: int) -> ResponseReturnValue:
    """Return the log's lines: the part of an open page, or older ones as a page of their own."""
    before = _number(request.args.get("before", "")) or None
    with current().db.transaction() as session:
        found = opening.get(session, incident_id)
        lines = log.lines(session, incident_id, before=before, most=LOG_ROWS)
    template = "incidents/log.html" if before else "incidents/_log.html"
    return render_template(template, incident=found, lines=lines)


@blueprint.get("/incidents/<int:incident_id>/team")
@permit("incidents.read")
def team_part(incident_id: int) -> ResponseReturnValue:
    """Return the team, for an open page."""
    with current().db.transaction() as session:
        found = opening.get(session, incident_id)
        members = team.members(session, incident_id)
    return render_template("incidents/_team.html", incident=found, members=members)


@blueprint.get("/incidents/<int:incident_id>/change")
@permit("incidents.write")
def edit(incident_id: int) -> ResponseReturnValue:
    """Show the form for changing an incident."""
    with current().db.transaction() as session:
        found = opening.get(session, incident_id)
    return render_template(
        "incidents/form.html", values=values_of(prefill.of_incident(found), _zone()), errors={}, incident=found
    )


@blueprint.post("/incidents/<int:incident_id>/change")
@permit("incidents.write")
def change(incident_id: int) -> ResponseReturnValue:
    """Change an incident."""
    services, version = current(), _number(request.form.get("version", ""))

    def stage(session: Session) -> None:
        given = read_form(request.form, _zone())
        opening.change(session, services.clock, actor(), incident_id, version, given)

    def again(error: InvalidInput | SeveralFaults) -> ResponseReturnValue:
        with services.db.transaction() as session:
            return _form_again(error, opening.get(session, incident_id))

    return act_from_page(
        stage, gettext("Saved."), about="incident", back=url_for("incidents.show", incident_id=incident_id), form=again,
        after=lambda _: telling.tell(services, incident_id),
    )  # fmt: skip


def act(incident_id: int, stage: Callable[[Session], object], done: str, at: str = "") -> ResponseReturnValue:
    """Do one thing to an incident and show its page again, at an anchor; what is refused is said there."""
    return act_from_page(
        stage, done, about="incident", back=url_for("incidents.show", incident_id=incident_id, _anchor=at or None),
        form=partial(_one, incident_id), after=lambda _: telling.tell(current(), incident_id),
    )  # fmt: skip


@blueprint.post("/incidents/<int:incident_id>/close")
@permit("incidents.write")
def close(incident_id: int) -> ResponseReturnValue:
    """Close an incident."""
    clock = current().clock
    return act(incident_id, lambda session: opening.close(session, clock, actor(), incident_id), gettext("Closed."))


@blueprint.post("/incidents/<int:incident_id>/reopen")
@permit("incidents.write")
def reopen(incident_id: int) -> ResponseReturnValue:
    """Reopen an incident."""
    clock = current().clock
    return act(
        incident_id, lambda session: opening.reopen(session, clock, actor(), incident_id), gettext("Open again.")
    )


@blueprint.post("/incidents/<int:incident_id>/log")
@permit("incidents.write")
def write_note(incident_id: int) -> ResponseReturnValue:
    """Write a note into the log, or correct a line."""
    form, clock = request.form, current().clock
    corrects = _number(form.get("corrects_id", "")) or None

    def stage(session: Session) -> object:
        return log.note(session, clock, actor(), incident_id, form.get("words", ""), corrects_id=corrects)

    return act(incident_id, stage, gettext("Written into the log."), "log")


@blueprint.post("/incidents/<int:incident_id>/team")
@permit("incidents.write")
def add_member(incident_id: int) -> ResponseReturnValue:
    """Give an officer a part."""
    form, clock = request.form, current().clock
    officer_id = _number(form.get("officer_id", ""))

    def stage(session: Session) -> object:
        return team.add(session, clock, actor(), incident_id, officer_id, form.get("part", ""))

    return act(incident_id, stage, gettext("Added to the team."), "team")


@blueprint.post("/incidents/<int:incident_id>/team/<int:member_id>/end")
@permit("incidents.write")
def remove_member(incident_id: int, member_id: int) -> ResponseReturnValue:
    """End a part."""
    clock = current().clock

    def stage(session: Session) -> object:
        team.remove(session, clock, actor(), incident_id, member_id)
        return None

    return act(incident_id, stage, gettext("Taken off the team."), "team")
