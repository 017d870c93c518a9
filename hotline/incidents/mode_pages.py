"""Disaster mode on the pages: the part of an incident's page, the page on which a plan is chosen and read, and each act."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core.i18n import gettext
from hotline.core.registry import ModeStep, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import carrying, opening, plans, steps, switching, words
from hotline.incidents.filling import place_of
from hotline.incidents.mode_models import ModeRun, ModeRunStep
from hotline.incidents.models import Incident
from hotline.incidents.pages import act, name_of
from hotline.incidents.plan_pages import known_steps, shown_params
from hotline.incidents.states import MODE, SWITCH

blueprint = Blueprint("disaster", __name__, template_folder="templates")


@blueprint.get("/incidents/<int:incident_id>/mode/part")
@permit("incidents.read")
def part(incident_id: int) -> str:
    """Return the part of an incident's page: what is asked for, or on, and each step with its state."""
    with current().db.transaction() as session:
        incident = opening.get(session, incident_id)
        run = switching.latest(session, incident_id)
        shown = _run(session, run, incident) if run is not None else {}
        offered = plans.fitting(session, incident) if incident.state == "open" else []
    return render_template(
        "incidents/_mode.html", incident=incident, run=run, offered=offered, words=words,
        may_switch=actor().may(SWITCH), own=run is not None and _own(run), **shown,
    )  # fmt: skip


def _own(run: ModeRun) -> bool:
    """Say whether the reader asked for what waits for a second person."""
    return actor().id == (run.asked_by_id if run.state == "asked" else run.off_asked_by_id)


def _run(session: Session, run: ModeRun, incident: Incident) -> dict[str, object]:
    found, known = switching.steps_of(session, run.id), known_steps()
    names = dict(
        session.execute(
            select(Officer.id, Officer.display_name).where(
                Officer.id.in_([run.asked_by_id, run.agreed_by_id, run.off_asked_by_id, run.off_agreed_by_id])
            )
        )
        .tuples()
        .all()
    )
    return {
        "plan": plans.get(session, run.plan_id), "names": names, "may_do": MODE.events_for(run.state, actor()),
        "steps": [(each, *_told(session, known, each, incident), steps.possible(run, each, actor())) for each in found],
    }  # fmt: skip


def _told(session: Session, known: dict[str, ModeStep], each: ModeRunStep, incident: Incident) -> tuple[str, str, str]:
    """Return a step's label, what it does, and why it failed or is held, in the reader's language."""
    registry: Registry = current_app.extensions["registry"]
    step = known.get(each.kind)
    why = each.reason
    if why:
        text = registry.explanations.get(why["code"])
        reason = gettext(text, **why.get("params", {})) if text else why.get("message", "")
    else:
        reason = ""
    if step is None:
        return each.kind, "", reason
    return gettext(step.label), filled(step.describe(session, shown_params(each.kind, each.params)), incident), reason


def filled(told: str, incident: Incident) -> str:
    """Return what a step does with the incident's own names in it."""
    language = str(get_locale())
    for name, value in (("incident", name_of(incident)), ("place", place_of(incident, language))):
        told = told.replace(f"{{{name}}}", value)
    return told


@blueprint.get("/incidents/<int:incident_id>/mode")
@permit("incidents.switch")
def choose(incident_id: int) -> ResponseReturnValue:
    """Show the plans for an incident and what the chosen one (`plan`) does, before it is asked for."""
    known = known_steps()
    with current().db.transaction() as session:
        incident = opening.get(session, incident_id)
        offered = plans.fitting(session, incident)
        chosen = next((each for each in offered if each.id == request.args.get("plan", type=int)), None)
        chosen = chosen or (offered[0] if offered else None)
        told = []
        if chosen is not None:
            for each in plans.version_of(session, chosen.id, chosen.version).steps:
                step = known.get(each["kind"])
                words_of_step = filled(step.describe(session, each["params"]), incident) if step else ""
                told.append((gettext(step.label) if step else each["kind"], words_of_step))
    return render_template("incidents/mode.html", incident=incident, offered=offered, chosen=chosen, told=told)


@blueprint.post("/incidents/<int:incident_id>/mode/ask")
@permit("incidents.switch")
def ask(incident_id: int) -> ResponseReturnValue:
    """Ask for disaster mode by a plan."""
    plan_id = request.form.get("plan", type=int) or 0
    return _act(
        incident_id,
        lambda session: switching.ask(session, current().clock, actor(), incident_id, plan_id),
        gettext("Asked for. A second person must agree within half an hour."),
    )


@blueprint.post("/incidents/<int:incident_id>/mode/agree")
@permit("incidents.switch")
def agree(incident_id: int) -> ResponseReturnValue:
    """Agree to what was asked for, or to its end."""
    clock, digest = current().clock, request.form.get("digest", "")[:64]
    if request.form.get("off") == "1":
        return _act(
            incident_id,
            lambda session: switching.agree_off(session, clock, actor(), incident_id),
            gettext("Agreed. Everything is being taken back."),
        )
    return _act(
        incident_id,
        lambda session: switching.agree(session, clock, actor(), incident_id, digest),
        gettext("Agreed. The steps are being done."),
    )


@blueprint.post("/incidents/<int:incident_id>/mode/decline")
@permit("incidents.switch")
def decline(incident_id: int) -> ResponseReturnValue:
    """Decline, or take one's own request back."""
    return _act(
        incident_id,
        lambda session: switching.decline(session, current().clock, actor(), incident_id),
        gettext("The request is gone."),
    )


@blueprint.post("/incidents/<int:incident_id>/mode/off")
@permit("incidents.switch")
def ask_off(incident_id: int) -> ResponseReturnValue:
    """Ask for its end."""
    return _act(
        incident_id,
        lambda session: switching.ask_off(session, current().clock, actor(), incident_id),
        gettext("Asked for. A second person must agree within half an hour."),
    )


@blueprint.post("/incidents/<int:incident_id>/mode/steps/<int:position>")
@permit("incidents.switch")
def step(incident_id: int, position: int) -> ResponseReturnValue:
    """Do one thing to one step."""
    event = request.form.get("do", "")[:20]
    return _act(
        incident_id,
        lambda session: steps.act(session, current().clock, actor(), incident_id, position, event),
        gettext("Done."),
    )


def _act(incident_id: int, stage: Callable[[Session], object], done: str) -> ResponseReturnValue:
    answer = act(incident_id, stage, done, "mode")
    carrying.wake(current())
    return answer
