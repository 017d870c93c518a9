"""`/volunteer`: people register themselves as volunteers with a code by text; who lost their link comes to their page so too.

The code, its limits and its silence about known numbers are those of `hotline.registration.checks`. No script is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, SeveralFaults, TooLarge
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext, pick_language
from hotline.core.phone import PhoneNumber
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit
from hotline.notices import lanes
from hotline.people.fields import checked_region
from hotline.registration import checks
from hotline.registration.checks import Asked, Proof
from hotline.registration.pages import HOME_REGION, regions
from overflow.volunteers import fields, keeping, words
from overflow.volunteers.links import token_for
from overflow.volunteers.models import Volunteer

blueprint = Blueprint("volunteer_joining", __name__, url_prefix="/volunteer", template_folder="templates")
COOKIE_KEY = "volunteer_joining"
LANGUAGES = ("ko", "en", "zh", "ja", "vi", "th", "es", "fr", "ru", "ar", "id", "mn", "uz", "tl", "de")
"""Proposed as boxes; any other is typed by its code."""
TYPED = ("name", "email", "speaks", "zone", "max_hours_day", "max_hours_week", "quiet_from", "quiet_to")
MAX_FIELD_CHARS = 255
MAX_FORM_BYTES = 16 * 1024
THEMSELVES = Actor(kind="person", id=None, name="volunteer", via="link")
"""The trail says that the person did it themselves; who it was is the entry's subject."""


@blueprint.get("")
@permit(PUBLIC)
def form() -> ResponseReturnValue:
    """Show the empty form."""
    return _form({"speaks": pick_language(), "region": HOME_REGION, "languages": [pick_language()], "zone": "Asia/Seoul",
                  "max_hours_day": "6", "max_hours_week": "20", "quiet_from": "22:00", "quiet_to": "07:00"})  # fmt: skip


@blueprint.post("")
@permit(PUBLIC)
def ask() -> ResponseReturnValue:
    """Take the form and send a code; the answer does not tell whether the number is known."""
    demand_small()
    values = _values()
    errors: dict[str, str] = {}
    number = _number(values, errors)
    try:
        fields.checked({name: values[name] for name in (*TYPED, "languages")})
    except SeveralFaults as error:
        errors |= explain_fields(error, "volunteer")
    if not request.form.get("agreed"):
        errors["agreed"] = gettext("Without your consent nothing may be kept.")
    if errors or number is None:
        return _form(values, errors)
    wishes = {name: values[name] for name in (*TYPED, "languages")} | {"words": keeping.CONSENT_WORDS}
    return _ask(number, values["speaks"], wishes)


@blueprint.get("/link")
@permit(PUBLIC)
def link() -> ResponseReturnValue:
    """Show the form for somebody whose link is lost: only the number."""
    return _link_form({"region": HOME_REGION}, {})


@blueprint.post("/link")
@permit(PUBLIC)
def ask_link() -> ResponseReturnValue:
    """Send a code to a number; the answer does not tell whether it is known."""
    demand_small()
    values, errors = _values(), dict[str, str]()
    number = _number(values, errors)
    if number is None:
        return _link_form(values, errors)
    return _ask(number, pick_language(), None)


@blueprint.get("/code")
@permit(PUBLIC)
def code() -> ResponseReturnValue:
    """Show the field for the code."""
    asked = asked_of(COOKIE_KEY)
    return _code_page(asked) if asked is not None else redirect(url_for(".form"))


@blueprint.post("/code")
@permit(PUBLIC)
def check_code() -> ResponseReturnValue:
    """Check the code; when it is right, write down who registered, and open their own page."""
    demand_small()
    services, asked = current(), asked_of(COOKIE_KEY)
    if asked is None:
        return redirect(url_for(".form"))
    with services.db.transaction() as db_session:
        proof = checks.give(services, db_session, asked, request.form.get("code", "")[:MAX_FIELD_CHARS])
        volunteer = _enrolled(db_session, proof) if proof is not None else None
        if proof is not None:
            checks.end(db_session, services.clock, proof.check_id)
    if proof is None:
        return _code_page(asked, wrong=True)
    session.pop(COOKIE_KEY, None)
    if volunteer is None:
        return render_template("volunteers/unknown.html")
    return redirect(url_for("volunteer_page.show", token=token_for(services, volunteer.id)))


def _enrolled(db_session: Session, proof: Proof) -> Volunteer | None:
    """Return who holds the proved number, written down now when they filled in the form; None for a number that is unknown."""
    clock, known = current().clock, keeping.of_phone(db_session, proof.phone)
    if known is not None:
        # Whoever was entered by a list and now registers has proved the number and agreed.
        return keeping.confirm(db_session, clock, THEMSELVES, known.id) if proof.wishes is not None else known
    if proof.wishes is None:
        return None
    values = {name: value for name, value in proof.wishes.items() if name != "words"} | {"phone": proof.phone}
    return keeping.add(db_session, clock, THEMSELVES, values, verified=True, consented=True)


def demand_small() -> None:
    """Raise TooLarge for a form larger than any of ours can be; before it is read."""
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise TooLarge(f"The form is larger than {MAX_FORM_BYTES // 1024} KiB.")


def asked_of(key: str) -> Asked | None:
    """Return the check that this browser began, kept in its signed cookie under `key`."""
    kept = session.get(key)
    if isinstance(kept, list) and len(kept) == 2 and isinstance(kept[0], int) and isinstance(kept[1], str):
        return Asked(kept[0], kept[1])
    return None


def _ask(number: PhoneNumber, language: str, wishes: dict[str, Any] | None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as db_session:
        asked = checks.ask(
            services, db_session, number, address=request.remote_addr or "", language=language, wishes=wishes
        )
    lanes.hurry(services)
    session[COOKIE_KEY] = [asked.check_id, asked.token]
    return redirect(url_for(".code"))


def _number(values: Mapping[str, Any], errors: dict[str, str]) -> PhoneNumber | None:
    try:
        return checks.checked_mobile(values["phone"], checked_region(values["region"]))
    except InvalidInput as error:
        errors |= explain_fields(error, "registration")
        return None


def _values() -> dict[str, Any]:
    form = request.form
    values: dict[str, Any] = {name: form.get(name, "")[:MAX_FIELD_CHARS] for name in (*TYPED, "phone", "region")}
    more = form.get("more_languages", "")[:MAX_FIELD_CHARS]
    chosen = [code[:10] for code in form.getlist("languages")[:30]]
    values["languages"] = list(dict.fromkeys([*chosen, *more.replace(",", " ").split()]))[:30]
    return values | {"more_languages": more}


def _code_page(asked: Asked, *, wrong: bool = False) -> ResponseReturnValue:
    return code_page(
        asked, action=url_for(".check_code"), another=url_for(".link"), again=url_for(".form"), wrong=wrong
    )


def code_page(asked: Asked, *, action: str, another: str, again: str, wrong: bool = False) -> ResponseReturnValue:
    """Return the field for a code, sent to `action`; `another` is where the next one is asked for, `again` the form before."""
    services = current()
    with services.db.transaction() as db_session:
        left = checks.tries_left(db_session, services.clock, asked)
    page = render_template(
        "volunteers/code.html", wrong=wrong, left=left, minutes=checks.CODE_LIFE.seconds // 60,
        most=checks.PER_NUMBER[0][0], action=action, another=another, again=again,
    )  # fmt: skip
    return page, 422 if wrong else 200


def _form(values: Mapping[str, Any], errors: dict[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "volunteers/join.html", values=values, errors=errors or {}, regions=regions(), languages=LANGUAGES, words=words,
        zones=sorted(available_timezones()), agreed=bool(request.form.get("agreed")),
    )  # fmt: skip
    return page, 422 if errors else 200


def _link_form(values: Mapping[str, Any], errors: dict[str, str]) -> ResponseReturnValue:
    page = render_template("volunteers/link.html", values=values, errors=errors, regions=regions())
    return page, 422 if errors else 200
