"""The public pages of registration: fill in, type the code, see and change one's own entry. They work without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.explain import explain_fields
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext, pick_language
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit
from hotline.notices import lanes
from hotline.people.fields import checked_region
from hotline.registration import checks, people, wishes
from hotline.registration.checks import Asked, Proof
from hotline.registration.trips import trips_of

blueprint = Blueprint("registration", __name__, url_prefix="/register", template_folder="templates")
COOKIE_KEY = "registration"
HOME_REGION = "KR"
LANGUAGES = ("ko", "en", "zh-hans", "zh-hant", "ja", "vi", "th", "es", "fr", "ru", "ar", "id", "mn", "uz")
FIELDS = ("name", "phone", "region", "language", "country", "city", "first_date", "last_date", "email")
MAX_FIELD_CHARS = 255
"""One more than the longest e-mail address, so that a longer one is refused and not cut to somebody else's."""


@blueprint.get("")
@permit(PUBLIC)
def form() -> ResponseReturnValue:
    """Show the empty form."""
    return _form({"language": pick_language(), "region": HOME_REGION})


@blueprint.post("")
@permit(PUBLIC)
def ask() -> ResponseReturnValue:
    """Take the form and send a code; the answer does not tell whether the number is known."""
    values = _values()
    faults: dict[str, str] = {}
    wanted = number = None
    try:
        wanted = wishes.read(values, _today())
    except SeveralFaults as error:
        faults |= explain_fields(error, "registration")
    try:
        number = checks.checked_mobile(values["phone"], checked_region(values["region"]))
    except InvalidInput as error:
        faults |= explain_fields(error, "registration")
    if not request.form.get("agreed"):
        faults["agreed"] = gettext("Without your consent nothing may be kept.")
    if faults or wanted is None or number is None:
        return _form(values, faults)
    return _ask(number, wanted.language, wanted.to_json())


@blueprint.get("/change")
@permit(PUBLIC)
def change() -> ResponseReturnValue:
    """Show the form for somebody who is registered already: only the number."""
    return render_template("registration/change.html", values={"region": HOME_REGION}, regions=regions(), errors={})


@blueprint.post("/change")
@permit(PUBLIC)
def ask_change() -> ResponseReturnValue:
    """Send a code to a number; the answer does not tell whether it is known."""
    values = _values()
    try:
        number = checks.checked_mobile(values["phone"], checked_region(values["region"]))
    except InvalidInput as error:
        page = render_template(
            "registration/change.html", values=values, regions=regions(), errors=explain_fields(error, "registration")
        )
        return page, 422
    return _ask(number, pick_language(), None)


@blueprint.get("/code")
@permit(PUBLIC)
def code() -> ResponseReturnValue:
    """Show the field for the code."""
    asked = _asked()
    if asked is None:
        return redirect(url_for(".form"))
    return _code_page(asked)


@blueprint.post("/code")
@permit(PUBLIC)
def check_code() -> ResponseReturnValue:
    """Check the code; when it is right, act upon what was filled in."""
    services, asked = current(), _asked()
    if asked is None:
        return redirect(url_for(".form"))
    with services.db.transaction() as db_session:
        proof = checks.give(services, db_session, asked, request.form.get("code", "")[:MAX_FIELD_CHARS])
    if proof is None:
        return _code_page(asked, wrong=True)
    with services.db.transaction() as db_session:
        enrolled = people.enrol(db_session, services.clock, proof)
    if enrolled is not None:
        flash(gettext("You are registered. Warnings for the place where you are will reach this number."), "good")
    return redirect(url_for(".me"))


@blueprint.get("/me")
@permit(PUBLIC)
def me() -> ResponseReturnValue:
    """Show who is on record with the proved number; acts upon the wishes where their own request broke off before that."""
    services, proof = current(), _proof()
    if proof is None:
        return redirect(url_for(".change"))
    with services.db.transaction() as db_session:
        people.enrol(db_session, services.clock, proof)
    return _me(proof)


@blueprint.post("/me")
@permit(PUBLIC)
def act() -> ResponseReturnValue:
    """Do what a button of that page says: save, opt out or in, erase, leave."""
    services, proof = current(), _proof()
    if proof is None:
        return redirect(url_for(".change"))
    values, wanted = _values(), request.form.get("act", "")
    traveller_id = request.form.get("traveller", type=int) or 0
    if wanted == "erase" and not request.form.get("sure"):
        flash(gettext("Tick the box first if everything about you shall be erased."), "warn")
        return redirect(url_for(".me"))
    try:
        with services.db.transaction() as db_session:
            gone = _do(wanted, proof, db_session, traveller_id, values)
    except (InvalidInput, SeveralFaults) as error:
        return _me(proof, explain_fields(error, "registration"), values, traveller_id)
    if gone:
        session.pop(COOKIE_KEY, None)
        return render_template("registration/gone.html", erased=wanted == "erase")
    return redirect(url_for(".me"))


def _do(wanted: str, proof: Proof, db_session: Any, traveller_id: int, values: Mapping[str, str]) -> bool:
    """Act in the caller's transaction; True when the visitor is done here."""
    clock = current().clock
    if wanted == "save":
        people.change(db_session, clock, proof, traveller_id, wishes.read(values, _today()))
        flash(gettext("Saved."), "good")
    elif wanted in ("opt_out", "opt_in"):
        people.set_opted_out(db_session, clock, proof, wanted == "opt_out")
    elif wanted == "erase":
        if people.erase(db_session, clock, proof, traveller_id):
            return True
        flash(gettext("Erased."), "good")
    elif wanted == "leave":
        checks.end(db_session, clock, proof.check_id)
        return True
    return False


def _ask(number: Any, language: str, wanted: dict[str, Any] | None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as db_session:
        asked = checks.ask(
            services, db_session, number, address=request.remote_addr or "", language=language, wishes=wanted
        )
    lanes.hurry(services)
    session[COOKIE_KEY] = [asked.check_id, asked.token]
    return redirect(url_for(".code"))


def _asked() -> Asked | None:
    kept = session.get(COOKIE_KEY)
    if isinstance(kept, list) and len(kept) == 2 and isinstance(kept[0], int) and isinstance(kept[1], str):
        return Asked(kept[0], kept[1])
    return None


def _proof() -> Proof | None:
    asked, services = _asked(), current()
    if asked is None:
        return None
    with services.db.transaction() as db_session:
        return checks.proof_of(db_session, services.clock, asked)


def _code_page(asked: Asked, *, wrong: bool = False) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as db_session:
        if checks.proof_of(db_session, services.clock, asked) is not None:
            return redirect(url_for(".me"))
        left = checks.tries_left(db_session, services.clock, asked)
    page = render_template(
        "registration/code.html", wrong=wrong, left=left, minutes=checks.CODE_LIFE.seconds // 60,
        most=checks.PER_NUMBER[0][0], action=url_for(".check_code"), another=url_for(".change"), again=url_for(".form"),
    )  # fmt: skip
    return page, 422 if wrong else 200


def _me(
    proof: Proof, errors: dict[str, str] | None = None, values: Mapping[str, str] | None = None, faulty: int = 0
) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as db_session:
        found = people.holders(db_session, proof.phone)
        trips = {each.id: trips_of(db_session, each.id, _today()) for each in found}
    page = render_template(
        "registration/me.html",
        proof=proof,
        found=found,
        trips=trips,
        languages=_languages([each.language for each in found]),
        errors=errors or {},
        values=values or {},
        faulty=faulty,
        today=_today(),
    )
    return page, 422 if errors else 200


def _form(values: Mapping[str, str], errors: dict[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "registration/form.html",
        values=values,
        errors=errors or {},
        regions=regions(),
        languages=_languages([values.get("language", "")]),
        agreed=bool(request.form.get("agreed")),
        today=_today(),
    )
    return page, 422 if errors else 200


def _values() -> dict[str, str]:
    return {name: request.form.get(name, "")[:MAX_FIELD_CHARS] for name in FIELDS}


def _languages(more: list[str]) -> list[str]:
    return list(dict.fromkeys([*LANGUAGES, *(code for code in more if code)]))


def regions() -> list[tuple[str, str]]:
    """Return (ISO country, name and calling code) of every country that has numbers, by name in the reader's language."""
    names = (get_locale() or Locale(DEFAULT_LANGUAGE)).territories
    found = [
        (code, f"{names.get(code, code)} +{phonenumbers.country_code_for_region(code)}")
        for code in phonenumbers.SUPPORTED_REGIONS
    ]
    return sorted(found, key=lambda pair: pair[1])


def _today() -> date:
    services = current()
    return services.clock.now().astimezone(ZoneInfo(services.settings.home_zone)).date()
