"""A volunteer's own briefings on the phone: the part of their page, reading one, and answering it. The link is the authority."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from overflow.briefing import answering, passing, reading, words
from overflow.briefing.pages import number_of, tell
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.models import Volunteer
from overflow.volunteers.own_page import guarded, private

blueprint = Blueprint("own_briefings", __name__, template_folder="templates")


@blueprint.get("/briefings/of-volunteer/<int:volunteer_id>")
@permit("volunteers.read")
def panel(volunteer_id: int) -> str:
    """Return the part of a volunteer's own page: what is to be passed, and what has been."""
    with current().db.transaction() as session:
        due = passing.outstanding(session, volunteer_id)
        done = reading.passed_by(session, volunteer_id)
    return render_template("briefing/_own.html", due=due, done=done, token=g.get("volunteer_token", ""))


@blueprint.get("/v/<token>/briefings/<int:incident_id>")
@permit(PUBLIC)
def show(token: str, incident_id: int) -> ResponseReturnValue:
    """Show a briefing and its three questions."""
    return guarded(lambda services: _shown(services, token, incident_id))


def _shown(services: Services, token: str, incident_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with services.db.transaction() as session:
        volunteer = volunteer_of(session, services, token)
        reading.demand_theirs(session, volunteer, incident_id)
        sheet = answering.sheet(session, agent_of(volunteer), incident_id)
    several = isinstance(error, InvalidInput | SeveralFaults)
    page = render_template(
        "briefing/own.html", sheet=sheet, token=token, words=words, values=request.form,
        error=explain(error, "briefing") if error is not None and not several else None,
        errors=explain_fields(error, "briefing") if isinstance(error, InvalidInput | SeveralFaults) else {},
        action=url_for("own_briefings.answer", token=token, incident_id=incident_id),
    )  # fmt: skip
    return private(page, error.status if error is not None else 200)


def agent_of(volunteer: Volunteer) -> int:
    """Return the agent that a volunteer is; raises Refused before they are approved."""
    if volunteer.agent_id is None:
        raise Refused("Your registration is not approved yet.", code="volunteer-not-approved")
    return volunteer.agent_id


def volunteer_actor(volunteer: Volunteer) -> Actor:
    """Return who acts by a volunteer's link, as the audit trail names them: by number, for it cannot be erased."""
    return Actor("person", volunteer.id, f"volunteer {volunteer.id}", via="link")


@blueprint.post("/v/<token>/briefings/<int:incident_id>")
@permit(PUBLIC)
def answer(token: str, incident_id: int) -> ResponseReturnValue:
    """Take a volunteer's answers."""
    return guarded(lambda services: _answered(services, token, incident_id))


def _answered(services: Services, token: str, incident_id: int) -> ResponseReturnValue:
    try:
        with services.db.transaction() as session:
            outcome = _take(session, services, token, incident_id)
    except NotFound:
        raise
    except HotlineError as error:
        return _shown(services, token, incident_id, error)
    tell(outcome)
    if outcome.passed:
        return redirect(url_for("volunteer_page.show", token=token))
    return redirect(url_for("own_briefings.show", token=token, incident_id=incident_id))


def _take(session: Session, services: Services, token: str, incident_id: int) -> answering.Outcome:
    volunteer = volunteer_of(session, services, token)
    reading.demand_theirs(session, volunteer, incident_id)
    return answering.answer(
        session, services.clock, agent_of(volunteer), incident_id, number_of("version"), number_of("try"), request.form,
        by=volunteer_actor(volunteer),
    )  # fmt: skip
