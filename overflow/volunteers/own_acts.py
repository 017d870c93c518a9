"""What a volunteer does on their own page: confirm, "not now", hours and days away, their profile, another number, leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents.presence import get_agent
from hotline.core import audit
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import Services
from hotline.core.web import PUBLIC, permit
from hotline.notices import lanes
from hotline.people.fields import checked_region
from hotline.registration import checks
from hotline.registration.pages import HOME_REGION, regions
from overflow.volunteers import fields, keeping, leaving, reading
from overflow.volunteers.approving import keep_as_agent
from overflow.volunteers.fields import Away
from overflow.volunteers.joining_pages import MAX_FIELD_CHARS, THEMSELVES, asked_of, demand_small
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.models import Volunteer
from overflow.volunteers.own_page import PAUSES, blueprint, guarded, private, profile_page
from overflow.volunteers.states import APPROVED

PHONE_KEY = "volunteer_phone"
PROFILE = ("email", "speaks", "zone", "site", "max_hours_day", "max_hours_week", "quiet_from", "quiet_to")
Act = Callable[[Services, Session, Volunteer], str]


@blueprint.post("/v/<token>/do")
@permit(PUBLIC)
def act(token: str) -> ResponseReturnValue:
    """Do what a button says, and show the part of the page it stands in."""
    demand_small()
    name = request.form.get("act", "")
    doing, back = ACTS.get(name, (None, "show"))
    if doing is None:
        return redirect(url_for("volunteer_page.show", token=token))
    return guarded(lambda services: _done(services, token, doing, back))


def _done(services: Services, token: str, doing: Act, back: str) -> ResponseReturnValue:
    return act_from_page(
        lambda db_session: doing(services, db_session, volunteer_of(db_session, services, token)), str,
        about="volunteer", back=url_for(f"volunteer_page.{back}", token=token),
    )  # fmt: skip


def _confirm(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    if not request.form.get("agreed"):
        return gettext("Tick the box first, if you agree.")
    keeping.confirm(db_session, services.clock, THEMSELVES, volunteer.id)
    return gettext("Thank you. Your number is confirmed.")


def _not_now(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    hours = request.form.get("hours", type=int)
    if hours is None or hours not in dict(PAUSES):
        raise InvalidInput("until", str(hours), "choose how long")
    keeping.set_not_before(
        db_session, services.clock, THEMSELVES, volunteer.id, services.clock.now() + timedelta(hours=hours)
    )
    return gettext("We do not ask you before then.")


def _again(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    keeping.set_not_before(db_session, services.clock, THEMSELVES, volunteer.id, None)
    return gettext("You can be asked again. Thank you.")


def _hours_of(db_session: Session, volunteer: Volunteer) -> list[fields.Hours]:
    return [
        fields.Hours(each.weekday, each.starts, each.minutes) for each in reading.hours_of(db_session, volunteer.id)
    ]


def _add_hours(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    days = [int(day) for day in request.form.getlist("weekday")[:7] if day in "0123456" and len(day) == 1]
    if not days:
        raise InvalidInput("hours", "", "choose a day of the week")
    given = [{"weekday": day, **{name: request.form.get(name, "")[:5] for name in ("from", "to")}} for day in days]
    rows = sorted(
        {*_hours_of(db_session, volunteer), *fields.checked_hours(given)}, key=lambda each: (each.weekday, each.starts)
    )
    if len(rows) > fields.MAX_HOURS_ROWS:
        raise InvalidInput("hours", len(rows), f"give at most {fields.MAX_HOURS_ROWS} times of a week")
    keeping.set_hours(db_session, services.clock, THEMSELVES, volunteer.id, rows)
    return gettext("Saved.")


def _drop_hours(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    wanted = request.form.get("row", "")
    kept = [
        each for each in _hours_of(db_session, volunteer) if f"{each.weekday}-{each.starts}-{each.minutes}" != wanted
    ]
    keeping.set_hours(db_session, services.clock, THEMSELVES, volunteer.id, kept)
    return gettext("Saved.")


def _away_of(db_session: Session, volunteer: Volunteer) -> list[Away]:
    return [Away(each.first, each.last) for each in reading.away_of(db_session, volunteer.id)]


def _add_away(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    first = request.form.get("first", "")[:10]
    new = Away(_day(first), _day(request.form.get("last", "")[:10] or first))
    rows = fields.checked_away([*_away_of(db_session, volunteer), new])
    keeping.set_away(db_session, services.clock, THEMSELVES, volunteer.id, rows)
    return gettext("Saved.")


def _drop_away(services: Services, db_session: Session, volunteer: Volunteer) -> str:
    wanted = request.form.get("row", "")
    kept = [each for each in _away_of(db_session, volunteer) if f"{each.first}_{each.last}" != wanted]
    keeping.set_away(db_session, services.clock, THEMSELVES, volunteer.id, kept)
    return gettext("Saved.")


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InvalidInput("away", given, "choose a day") from None


ACTS: dict[str, tuple[Act, str]] = {
    "confirm": (_confirm, "show"),
    "not_now": (_not_now, "show"),
    "again": (_again, "show"),
    "add_hours": (_add_hours, "times"),
    "drop_hours": (_drop_hours, "times"),
    "add_away": (_add_away, "times"),
    "drop_away": (_drop_away, "times"),
}
"""What a button may ask for, and the page it stands on."""


@blueprint.post("/v/<token>/profile")
@permit(PUBLIC)
def save_profile(token: str) -> ResponseReturnValue:
    """Save what the form says."""
    demand_small()
    return guarded(lambda services: _save_profile(services, token))


def _save_profile(services: Services, token: str) -> ResponseReturnValue:
    values: dict[str, Any] = {name: request.form.get(name, "")[:MAX_FIELD_CHARS] for name in PROFILE}
    values["languages"] = request.form.get("languages", "")[:MAX_FIELD_CHARS]
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
    try:
        with services.db.transaction() as db_session:
            keeping.change(db_session, services.clock, THEMSELVES, volunteer.id, values)
    except (InvalidInput, SeveralFaults) as error:
        return profile_page(volunteer, values, explain_fields(error, "volunteer"))
    flash(gettext("Saved."), "good")
    return redirect(url_for(".profile", token=token))


@blueprint.get("/v/<token>/phone")
@permit(PUBLIC)
def phone(token: str) -> ResponseReturnValue:
    """Show the field for another number, or for the code that was sent to it."""
    return guarded(lambda services: _phone_page(services, token))


def _phone_page(services: Services, token: str, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    asked = asked_of(PHONE_KEY)
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
        left = checks.tries_left(db_session, services.clock, asked) if asked is not None else 0
    page = render_template(
        "volunteers/own_phone.html", volunteer=volunteer, errors=errors or {}, left=left, regions=regions(),
        values=request.form if errors else {"region": HOME_REGION},
    )  # fmt: skip
    return private(page, 422 if errors else 200)


@blueprint.post("/v/<token>/phone")
@permit(PUBLIC)
def change_phone(token: str) -> ResponseReturnValue:
    """Send a code to another number, or take the code that came there."""
    demand_small()
    doing = _take_code if request.form.get("code") else _send_code
    return guarded(lambda services: doing(services, token))


def _send_code(services: Services, token: str) -> ResponseReturnValue:
    form = request.form
    try:
        number = checks.checked_mobile(
            form.get("phone", "")[:MAX_FIELD_CHARS], checked_region(form.get("region", "")[:9])
        )
    except InvalidInput as error:
        return _phone_page(services, token, explain_fields(error, "registration"))
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
        asked = checks.ask(
            services, db_session, number, address=request.remote_addr or "", language=volunteer.speaks,
            wishes={"volunteer": volunteer.id},
        )  # fmt: skip
    lanes.hurry(services)
    session[PHONE_KEY] = [asked.check_id, asked.token]
    return redirect(url_for(".phone", token=token))


def _take_code(services: Services, token: str) -> ResponseReturnValue:
    asked = asked_of(PHONE_KEY)
    if asked is None:
        return redirect(url_for(".phone", token=token))
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
        proof = checks.give(services, db_session, asked, request.form.get("code", "")[:MAX_FIELD_CHARS])
    # A check begun on somebody else's page proves nothing for this one.
    if proof is None or proof.wishes != {"volunteer": volunteer.id}:
        return _phone_page(services, token, {"code": gettext("The code is not right, or too old.")})
    try:
        with services.db.transaction() as db_session:
            _take_phone(services, db_session, volunteer.id, proof.phone)
    except HotlineError as error:
        flash(explain(error, "volunteer"), "warn")
    else:
        flash(gettext("Your new number is confirmed."), "good")
    session.pop(PHONE_KEY, None)
    return redirect(url_for(".show", token=token))


def _take_phone(services: Services, db_session: Session, volunteer_id: int, phone: str) -> None:
    volunteer = reading.get(db_session, volunteer_id, lock=True)
    keeping.demand_there(volunteer)
    keeping.set_phone(db_session, volunteer, phone, services.clock.now())
    if volunteer.agent_id is not None:
        get_agent(db_session, volunteer.agent_id, lock=True)
        keep_as_agent(db_session, services.clock, THEMSELVES, volunteer, active=volunteer.state == APPROVED)
    audit.record(db_session, services.clock, THEMSELVES, "volunteer.phone_changed", "volunteer", volunteer.id)


@blueprint.get("/v/<token>/leave")
@permit(PUBLIC)
def leave_form(token: str) -> ResponseReturnValue:
    """Ask whether they really want to leave, and what shall become of their data."""
    return guarded(lambda services: _leave_page(services, token))


def _leave_page(services: Services, token: str, *, unsure: bool = False) -> ResponseReturnValue:
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
    days = leaving.LEFT_KEPT_FOR.days
    page = render_template("volunteers/own_leave.html", volunteer=volunteer, unsure=unsure, days=days)
    return private(page, 422 if unsure else 200)


@blueprint.post("/v/<token>/leave")
@permit(PUBLIC)
def leave(token: str) -> ResponseReturnValue:
    """Leave the roster, and be erased at once where that is wished."""
    demand_small()
    return guarded(lambda services: _leave(services, token))


def _leave(services: Services, token: str) -> ResponseReturnValue:
    erased = request.form.get("data") == "erase"
    if not request.form.get("sure"):
        return _leave_page(services, token, unsure=True)
    with services.db.transaction() as db_session:
        volunteer_id = volunteer_of(db_session, services, token).id
        leaving.leave(db_session, services.clock, THEMSELVES, volunteer_id)
        if erased:
            leaving.erase(db_session, services.clock, THEMSELVES, volunteer_id)
    return private(render_template("volunteers/own_gone.html", erased=erased), 200)
