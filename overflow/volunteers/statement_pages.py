"""The statement of hours to download: from the roster for those who lead, and from their own page for volunteers."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Response, request
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from overflow.volunteers import own_page, pages, statement
from overflow.volunteers.joining_pages import THEMSELVES
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.reading import get
from overflow.volunteers.states import READ

USUAL = timedelta(days=365)


@pages.blueprint.get("/volunteers/<int:volunteer_id>/hours.pdf")
@permit(READ)
def of_volunteer(volunteer_id: int) -> ResponseReturnValue:
    """Send the statement about somebody."""
    return _sent(current(), actor(), volunteer_id)


@own_page.blueprint.get("/v/<token>/hours.pdf")
@permit(PUBLIC)
def own(token: str) -> ResponseReturnValue:
    """Send somebody the statement about themselves."""

    def send(services: Services) -> ResponseReturnValue:
        with services.db.transaction() as session:
            volunteer_id = volunteer_of(session, services, token).id
        return _sent(services, THEMSELVES, volunteer_id)

    return own_page.guarded(send)


def _sent(services: Services, who: Actor, volunteer_id: int) -> Response:
    """Return the statement of the period that the address names: `first` and `last`, the last year where it names none."""
    with services.db.transaction() as session:
        zone = ZoneInfo(get(session, volunteer_id).zone)
        last = _day("last", services.clock.now().astimezone(zone).date())
        found = statement.state(session, services.clock, who, volunteer_id, _day("first", last - USUAL), last)
    response = Response(statement.as_pdf(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="hours-{found.last.isoformat()}.pdf"'
    return response


def _day(name: str, usual: date) -> date:
    given = request.args.get(name, "")
    if not given:
        return usual
    try:
        day = date.fromisoformat(given[:10])
    except ValueError:
        raise InvalidInput(name, given, "write the day as 2026-11-21") from None
    statement.demand_year(name, day)  # already here, where days are counted back from it
    return day
