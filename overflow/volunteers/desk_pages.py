"""`/volunteer/desk`: a volunteer comes to the desk with a code by text, on a computer or on the telephone, without an account.

The code and its limits are those of `hotline.registration.checks`; what happens after it is `desk_door`.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.console import enter
from hotline.auth.sessions import SignedIn
from hotline.core.errors import InvalidInput, Refused
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import pick_language
from hotline.core.phone import PhoneNumber, parse_e164
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from hotline.notices import lanes
from hotline.people.fields import checked_region
from hotline.registration import checks
from hotline.registration.pages import HOME_REGION, regions
from overflow.volunteers import desk_door, keeping
from overflow.volunteers.joining_pages import MAX_FIELD_CHARS, asked_of, code_page, demand_small
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.own_page import guarded

blueprint = Blueprint("volunteer_desk", __name__, template_folder="templates")
COOKIE_KEY = "volunteer_desk"


@blueprint.get("/volunteer/desk")
@permit(PUBLIC)
def form() -> ResponseReturnValue:
    """Ask for the number of somebody who sits at a computer."""
    return _form({"region": HOME_REGION}, {})


@blueprint.post("/volunteer/desk")
@permit(PUBLIC)
def ask() -> ResponseReturnValue:
    """Send a code to a number; the answer does not tell whether it is known."""
    demand_small()
    values = {name: request.form.get(name, "")[:MAX_FIELD_CHARS] for name in ("phone", "region")}
    try:
        number = checks.checked_mobile(values["phone"], checked_region(values["region"]))
    except InvalidInput as error:
        return _form(values, explain_fields(error, "registration"))
    return _send(current(), number, pick_language())


@blueprint.post("/v/<token>/desk")
@permit(PUBLIC)
def ask_own(token: str) -> ResponseReturnValue:
    """Send a code to the number of the volunteer whose page this is."""
    demand_small()
    return guarded(lambda services: _ask_own(services, token))


def _ask_own(services: Services, token: str) -> ResponseReturnValue:
    with services.db.transaction() as db_session:
        volunteer = volunteer_of(db_session, services, token)
    return _send(services, parse_e164(volunteer.phone, None), volunteer.speaks)


def _send(services: Services, number: PhoneNumber, language: str) -> ResponseReturnValue:
    with services.db.transaction() as db_session:
        asked = checks.ask(
            services, db_session, number, address=request.remote_addr or "", language=language, wishes=None
        )
    lanes.hurry(services)
    session[COOKIE_KEY] = [asked.check_id, asked.token]
    return redirect(url_for(".code"))


@blueprint.get("/volunteer/desk/code")
@permit(PUBLIC)
def code() -> ResponseReturnValue:
    """Show the field for the code."""
    asked = asked_of(COOKIE_KEY)
    if asked is None:
        return redirect(url_for(".form"))
    return code_page(asked, action=url_for(".check"), another=url_for(".form"), again=url_for(".form"))


@blueprint.post("/volunteer/desk/code")
@permit(PUBLIC)
def check() -> ResponseReturnValue:
    """Check the code; a right one opens the desk of whoever holds the number, while there is work for them."""
    demand_small()
    services, asked = current(), asked_of(COOKIE_KEY)
    if asked is None:
        return redirect(url_for(".form"))
    with services.db.transaction() as db_session:
        proof = checks.give(services, db_session, asked, request.form.get("code", "")[:MAX_FIELD_CHARS])
        if proof is not None:
            checks.end(db_session, services.clock, proof.check_id)
    if proof is None:
        return code_page(asked, action=url_for(".check"), another=url_for(".form"), again=url_for(".form"), wrong=True)
    session.pop(COOKIE_KEY, None)
    try:
        with services.db.transaction() as db_session:
            signed_in = _admitted(db_session, services, proof.phone)
    except Refused as refusal:
        return render_template("volunteers/no_desk.html", said=explain(refusal, "volunteer")), refusal.status
    return enter(signed_in, url_for("desk.show"))


def _admitted(db_session: Session, services: Services, phone: str) -> SignedIn:
    volunteer = keeping.of_phone(db_session, phone)
    if volunteer is None:
        raise Refused("Only who is on the roster has a desk.", code="not-on-roster")
    agent = request.headers.get("User-Agent", "")
    return desk_door.admit(db_session, services.clock, volunteer, address=request.remote_addr or "", user_agent=agent)


def _form(values: dict[str, str], errors: dict[str, str]) -> ResponseReturnValue:
    page = render_template("volunteers/desk.html", values=values, errors=errors, regions=regions())
    return page, 422 if errors else 200
