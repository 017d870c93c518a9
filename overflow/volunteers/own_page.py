"""`/v/{token}`: a volunteer's own page on the phone. The link is the authority; nobody signs in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, current_app, make_response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.core.errors import NotFound
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Panel, Registry
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from overflow.volunteers import certificates, desk_door, reading, words
from overflow.volunteers.fields import written_minute
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.models import Volunteer
from overflow.volunteers.states import APPROVED
from overflow.volunteers.worked import Worked, minutes_worked

blueprint = Blueprint("volunteer_page", __name__, template_folder="templates")
HISTORY_ROWS = 12
PAUSES = (
    (4, gettext_noop("4 hours")), (12, gettext_noop("12 hours")), (24, gettext_noop("a day")),
    (72, gettext_noop("three days")), (168, gettext_noop("a week")), (720, gettext_noop("30 days")),
)  # fmt: skip
"""Hours for which somebody says "not now", and how they are called."""


@blueprint.get("/v/<token>")
@permit(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """Show the page with the parts that other rooms bring: shifts, briefings, call-outs."""
    return guarded(lambda services: _shown(services, token))


def _shown(services: Services, token: str) -> ResponseReturnValue:
    now = services.clock.now()
    with services.db.transaction() as session:
        volunteer = volunteer_of(session, services, token)
        context: dict[str, Any] = {
            "hours": reading.hours_of(session, volunteer.id), "away": reading.away_of(session, volunteer.id),
            "certificates": [each for each in certificates.of(session, volunteer.id) if each.withdrawn_at is None],
            "desk_until": desk_door.duty_until(session, services.clock, volunteer) if volunteer.state == APPROVED else None,
            "worked": _worked(session, volunteer, now), "history": reading.history(session, volunteer.id)[:HISTORY_ROWS],
        }  # fmt: skip
    page = render_template(
        "volunteers/own.html", volunteer=volunteer, words=words, panels=_panels(volunteer), now=now,
        minute=written_minute, pauses=PAUSES, labels=_registry().action_labels, **context,
    )  # fmt: skip
    return private(page, 200)


def _worked(session: Session, volunteer: Volunteer, now: datetime) -> Worked:
    if volunteer.agent_id is None:
        return Worked(0, 0)
    return minutes_worked(session, now, [volunteer.agent_id])[volunteer.agent_id]


@blueprint.get("/v/<token>/times")
@permit(PUBLIC)
def times(token: str) -> ResponseReturnValue:
    """Show hours of the week and days away, to add to and take from."""
    return guarded(lambda services: _times(services, token))


def _times(services: Services, token: str) -> ResponseReturnValue:
    with services.db.transaction() as session:
        volunteer = volunteer_of(session, services, token)
        hours, away = reading.hours_of(session, volunteer.id), reading.away_of(session, volunteer.id)
    today = services.clock.now().astimezone(ZoneInfo(volunteer.zone)).date()
    page = render_template(
        "volunteers/own_times.html", volunteer=volunteer, hours=hours, away=away, words=words, minute=written_minute,
        today=today,
    )  # fmt: skip
    return private(page, 200)


@blueprint.get("/v/<token>/profile")
@permit(PUBLIC)
def profile(token: str) -> ResponseReturnValue:
    """Show languages, hours and addresses to change."""
    return guarded(lambda services: _profile(services, token))


def _profile(services: Services, token: str) -> ResponseReturnValue:
    with services.db.transaction() as session:
        volunteer = volunteer_of(session, services, token)
    return profile_page(volunteer, words.form_values(volunteer), {})


def profile_page(volunteer: Volunteer, values: dict[str, Any], errors: dict[str, str]) -> ResponseReturnValue:
    """Return the form with these values and what is wrong with them."""
    page = render_template(
        "volunteers/own_profile.html", volunteer=volunteer, values=values, errors=errors,
        zones=sorted(available_timezones()),
    )  # fmt: skip
    return private(page, 422 if errors else 200)


def guarded(act: Callable[[Services], ResponseReturnValue]) -> ResponseReturnValue:
    """Answer a link that opens nothing with a page that says how to get a new one."""
    try:
        return act(current())
    except NotFound as error:
        return private(render_template("volunteers/no_link.html", code=error.code), error.status)


def private(html: str, status: int) -> ResponseReturnValue:
    """Return a page that no search engine keeps."""
    response = make_response(html, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _registry() -> Registry:
    registry: Registry = current_app.extensions["registry"]
    return registry


def _panels(volunteer: Volunteer) -> list[tuple[Panel, Markup]]:
    return [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](volunteer_id=volunteer.id)))  # noqa: S704
        for panel in sorted(_registry().volunteer_panels, key=lambda panel: panel.order)
    ]
