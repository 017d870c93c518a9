"""The roster in the console: finding volunteers, one with everything about them, decisions, certificates and links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.identity import actor
from hotline.console.rendering import reader_zone
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.registry import Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.notices import lanes
from overflow.volunteers import certificates, deciding, inviting, keeping, leaving, links, reading, words
from overflow.volunteers.fields import CHECKS, written_minute
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import Wanted
from overflow.volunteers.states import APPROVE, READ, STATES, VOLUNTEER, WRITE
from overflow.volunteers.worked import Worked, minutes_worked

blueprint = Blueprint("volunteers", __name__, template_folder="templates")
PAGE_ROWS = 50
MAX_CURSOR = 2**63 - 1
MAX_FORM_CHARS = 2_500


@blueprint.get("/volunteers")
@permit(READ)
def index() -> ResponseReturnValue:
    """Find volunteers by name or number, state, skill, language, and whose certificate ends soon."""
    wanted, cursor = wanted_of_request(), request.args.get("cursor", type=int)
    if cursor is not None and not 0 < cursor <= MAX_CURSOR:
        cursor = None
    with current().db.transaction() as session:
        page = reading.search(session, wanted, current().clock.now(), cursor=cursor, limit=PAGE_ROWS)
        counts, certified = reading.counts(session), reading.certified_skills(session)
    return render_template(
        "volunteers/list.html", page=page, wanted=wanted, cursor=cursor, counts=counts, words=words, states=STATES,
        certified=certified, asked={name: value for name, value in request.args.items() if name != "cursor" and value},
    )  # fmt: skip


def wanted_of_request() -> Wanted:
    """Return what the address asks for; a state that is none is left out."""
    asked = request.args
    state = asked.get("state", "")
    return Wanted(
        asked.get("q", "").strip()[: reading.MAX_TEXT_CHARS], state if state in STATES else "",
        asked.get("skill", "").strip()[:30], asked.get("language", "").strip()[:3], asked.get("expiring") == "1",
        asked.get("site", "").strip()[: reading.MAX_TEXT_CHARS],
    )  # fmt: skip


@blueprint.post("/volunteers/certified-skills")
@permit(APPROVE)
def certified_skills() -> ResponseReturnValue:
    """Save which skills count only with a certificate."""
    given = request.form.get("skills", "")[:MAX_FORM_CHARS].replace(",", " ").split()
    return _acted(lambda session: keeping.set_certified(session, current().clock, actor(), given), url_for(".index"))


@blueprint.get("/volunteers/<int:volunteer_id>")
@permit(READ)
def show(volunteer_id: int) -> ResponseReturnValue:
    """Show one volunteer."""
    who, now = actor(), current().clock.now()
    with current().db.transaction() as session:
        volunteer = reading.get(session, volunteer_id)
        agent = session.get(Agent, volunteer.agent_id) if volunteer.agent_id is not None else None
        worked = minutes_worked(session, now, [agent.id])[agent.id] if agent is not None else Worked(0, 0)
        context: dict[str, Any] = {
            "volunteer": volunteer, "agent": agent, "worked": worked, "certificates": certificates.of(session, volunteer.id),
            "hours": reading.hours_of(session, volunteer.id), "away": reading.away_of(session, volunteer.id),
            "history": reading.history(session, volunteer.id), "certified": reading.certified_skills(session),
        }  # fmt: skip
    registry: Registry = current_app.extensions["registry"]
    return render_template(
        "volunteers/show.html", **context, words=words, minute=written_minute, now=now, may_events=_events(volunteer),
        expires=(now + timedelta(days=365)).date(), labels=registry.action_labels, soon=now + reading.EXPIRES_SOON,
        writes=who.may(WRITE) and volunteer.state in ("applied", "approved", "suspended"),
    )  # fmt: skip


def _events(volunteer: Volunteer) -> list[str]:
    possible = VOLUNTEER.events_for(volunteer.state, actor())
    return [event for event in deciding.EVENTS if event in possible]


@blueprint.post("/volunteers/<int:volunteer_id>/decide")
@permit(APPROVE)
def decide(volunteer_id: int) -> ResponseReturnValue:
    """Approve, refuse, suspend, reinstate or remove."""
    event, reason = request.form.get("event", ""), request.form.get("reason", "")[:MAX_FORM_CHARS]

    def act(session: Session) -> None:
        deciding.decide(session, current().clock, actor(), volunteer_id, event, reason)

    return _acted(act, url_for(".show", volunteer_id=volunteer_id))


@blueprint.post("/volunteers/<int:volunteer_id>/erase")
@permit(APPROVE)
def erase(volunteer_id: int) -> ResponseReturnValue:
    """Erase what names somebody who left or was not taken."""

    def act(session: Session) -> None:
        leaving.erase(session, current().clock, actor(), volunteer_id)

    return _acted(act, url_for(".index"))


@blueprint.post("/volunteers/<int:volunteer_id>/certificates")
@permit(APPROVE)
def give_certificate(volunteer_id: int) -> ResponseReturnValue:
    """Give a certificate that holds to the end of a day in the reader's zone."""
    form = request.form

    def act(session: Session) -> None:
        certificates.give(
            session, current().clock, actor(), volunteer_id, skill=form.get("skill", "").strip().lower()[:60],
            level=form.get("level", type=int) or 0, source=form.get("source", "")[:MAX_FORM_CHARS],
            expires_at=_end_of(form.get("expires", "")),
        )  # fmt: skip

    return _acted(act, url_for(".show", volunteer_id=volunteer_id))


@blueprint.post("/volunteers/<int:volunteer_id>/certificates/<int:certificate_id>/withdraw")
@permit(APPROVE)
def withdraw_certificate(volunteer_id: int, certificate_id: int) -> ResponseReturnValue:
    """Withdraw a certificate for a reason."""

    def act(session: Session) -> None:
        certificates.withdraw(
            session, current().clock, actor(), volunteer_id, certificate_id, request.form.get("reason", "")[:MAX_FORM_CHARS]
        )  # fmt: skip

    return _acted(act, url_for(".show", volunteer_id=volunteer_id))


@blueprint.post("/volunteers/<int:volunteer_id>/link")
@permit(WRITE)
def send_link(volunteer_id: int) -> ResponseReturnValue:
    """Send them the link to their own page."""
    services = current()
    answer = _acted(
        lambda session: inviting.send_link(services, session, actor(), volunteer_id),
        url_for(".show", volunteer_id=volunteer_id), gettext("The link is on its way to their number."),
    )  # fmt: skip
    lanes.hurry(services)
    return answer


@blueprint.post("/volunteers/<int:volunteer_id>/end-links")
@permit(WRITE)
def end_links(volunteer_id: int) -> ResponseReturnValue:
    """End every link sent so far, for a phone that was lost."""
    return _acted(
        lambda session: links.end_links(session, current().clock, actor(), volunteer_id),
        url_for(".show", volunteer_id=volunteer_id),
    )


@blueprint.get("/volunteers/new")
@permit(WRITE)
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None, {"speaks": "ko", "languages": "ko", "zone": "Asia/Seoul", "max_hours_day": 6, "max_hours_week": 20,
                        "quiet_from": "22:00", "quiet_to": "07:00"})  # fmt: skip


@blueprint.post("/volunteers/new")
@permit(WRITE)
def add() -> ResponseReturnValue:
    """Add a volunteer by hand."""
    services, values = current(), _values()
    try:
        with services.db.transaction() as session:
            made = keeping.add(session, services.clock, actor(), values)
    except (InvalidInput, SeveralFaults) as error:
        return _form(None, values, explain_fields(error, "volunteer"))
    except HotlineError as error:
        return _form(None, values, {"page": explain(error, "volunteer")})
    flash(gettext("Saved. Send them the link, so that they confirm their number and agree."), "good")
    return redirect(url_for(".show", volunteer_id=made.id))


@blueprint.get("/volunteers/<int:volunteer_id>/edit")
@permit(WRITE)
def edit(volunteer_id: int) -> ResponseReturnValue:
    """Show the form with what is kept."""
    with current().db.transaction() as session:
        volunteer = reading.get(session, volunteer_id)
    return _form(volunteer, words.form_values(volunteer))


@blueprint.post("/volunteers/<int:volunteer_id>/edit")
@permit(WRITE)
def save(volunteer_id: int) -> ResponseReturnValue:
    """Save what the form says."""
    services, values = current(), _values()
    with services.db.transaction() as session:
        volunteer = reading.get(session, volunteer_id)
    try:
        with services.db.transaction() as session:
            keeping.change(session, services.clock, actor(), volunteer_id, values)
    except (InvalidInput, SeveralFaults) as error:
        return _form(volunteer, values, explain_fields(error, "volunteer"))
    except NotFound:
        raise
    except HotlineError as error:
        return _form(volunteer, values, {"page": explain(error, "volunteer")})
    flash(gettext("Saved."), "good")
    return redirect(url_for(".show", volunteer_id=volunteer_id))


def _values() -> dict[str, Any]:
    """Return the form's fields; boxes that are not ticked are sent by no browser."""
    given: dict[str, Any] = {
        name: request.form.get(name, "")[:MAX_FORM_CHARS] for name in CHECKS if name not in ("senior", "drill")
    }
    return given | {name: request.form.get(name) == "1" for name in ("senior", "drill")}


def _form(
    volunteer: Volunteer | None, values: dict[str, Any], errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    page = render_template(
        "volunteers/form.html", volunteer=volunteer, values=values, errors=errors or {}, zones=sorted(available_timezones())
    )  # fmt: skip
    return page, 422 if errors else 200


def _acted(act: Callable[[Session], object], back: str, said: str = "") -> ResponseReturnValue:
    return act_from_page(act, said or gettext("Saved."), about="volunteer", back=back)


def _end_of(given: str) -> datetime:
    try:
        day = date.fromisoformat(given[:10]) + timedelta(days=1)
        return datetime.combine(day, time(), ZoneInfo(reader_zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("expires_at", given, "choose a day within the coming five years") from None
