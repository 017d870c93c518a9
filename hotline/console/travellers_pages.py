"""Travellers as officers look for them: search, one person with their place, adding, changing, opting out, erasing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.auth.identity import actor
from hotline.console.degrees import read_degrees
from hotline.core.errors import InvalidInput, Refused, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.registry import Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.people import itineraries, travellers
from hotline.people.fields import PositionFields, TravellerChanges, TravellerFields
from hotline.people.models import PRECISIONS, Itinerary, Traveller
from hotline.people.placing import sightings_of
from hotline.people.search import search

blueprint = Blueprint("travellers", __name__)
PAGE_ROWS = 50
LANGUAGES = ("ko", "en", "zh-hans", "zh-hant", "ja", "vi", "th", "es", "fr", "ru", "ar", "id", "mn", "uz")
"""Proposed in the form; any other language code may be typed."""
MAX_CURSOR = 2**63 - 1


@blueprint.get("/travellers")
@permit("travellers.read")
def list_travellers() -> ResponseReturnValue:
    """Find travellers by name, number or reference; the latest added first."""
    wanted = request.args.get("q", "").strip()
    cursor = request.args.get("cursor", type=int)
    if cursor is not None and not 0 < cursor <= MAX_CURSOR:
        cursor = None
    with current().db.transaction() as session:
        page = search(session, wanted, cursor=cursor, limit=PAGE_ROWS)
    return render_template("people/list.html", page=page, q=wanted, cursor=cursor)


@blueprint.get("/travellers/<int:traveller_id>")
@permit("travellers.read")
def show_traveller(traveller_id: int) -> ResponseReturnValue:
    """Show one traveller."""
    return _person_page(traveller_id)


def _person_page(traveller_id: int, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    who = actor()
    registry: Registry = current_app.extensions["registry"]
    with current().db.transaction() as session:
        traveller = travellers.get(session, traveller_id)
        position = travellers.position_of(session, traveller_id)
        sightings = sightings_of(session, traveller_id)
        journeys = [
            (each, _fellows(session, each, traveller_id)) for each in itineraries.of_traveller(session, traveller_id)
        ]
    panels = [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](traveller_id=traveller_id)))  # noqa: S704
        for panel in sorted(registry.traveller_panels, key=lambda panel: panel.order)
        if who.may(panel.permission)
    ]
    page = render_template(
        "people/show.html",
        traveller=traveller,
        position=position,
        sightings=sightings,
        journeys=journeys,
        now=current().clock.now(),
        panels=panels,
        precisions=PRECISIONS,
        errors=errors or {},
        form=request.form,
    )
    return page, 422 if errors else 200


def _fellows(session: Session, itinerary: Itinerary, traveller_id: int) -> list[tuple[str, Traveller | None]]:
    """Return who else makes a journey: first whose it is, where that is somebody else, then the other companions."""
    found = itineraries.companions_of(session, itinerary)
    if itinerary.traveller_id == traveller_id:
        return found
    owner = travellers.get(session, itinerary.traveller_id)
    return [(owner.name, owner), *(each for each in found if each[1] is None or each[1].id != traveller_id)]


@blueprint.get("/travellers/new")
@permit("travellers.write")
def new_traveller() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None)


@blueprint.post("/travellers/new")
@permit("travellers.write")
def add_traveller() -> ResponseReturnValue:
    """Add a traveller, with a place where one is given."""
    services = current()
    try:
        position = _read_place(request.form) if request.form.get("lat") or request.form.get("lon") else None
        with services.db.transaction() as session:
            given = TravellerFields(**_read_form(request.form))
            traveller = travellers.add(session, services.clock, actor(), given, position)
    except (InvalidInput, SeveralFaults) as error:
        return _form(None, explain_fields(error, "traveller"))
    if traveller.fresh:
        flash(gettext("Saved."), "good")
    else:
        flash(gettext("This reference was known; the traveller was brought up to date."), "note")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller.id))


@blueprint.get("/travellers/<int:traveller_id>/edit")
@permit("travellers.write")
def edit_traveller(traveller_id: int) -> ResponseReturnValue:
    """Show the form with what is known."""
    with current().db.transaction() as session:
        traveller = travellers.get(session, traveller_id)
    return _form(traveller)


@blueprint.post("/travellers/<int:traveller_id>/edit")
@permit("travellers.write")
def save_traveller(traveller_id: int) -> ResponseReturnValue:
    """Save the form."""
    services = current()
    with services.db.transaction() as session:
        traveller = travellers.get(session, traveller_id)
    try:
        with services.db.transaction() as session:
            changes = TravellerChanges(**_read_form(request.form))
            travellers.update(session, services.clock, actor(), traveller_id, changes)
    except (InvalidInput, SeveralFaults) as error:
        return _form(traveller, explain_fields(error, "traveller"))
    except Refused as error:
        return _form(traveller, {"reference" if error.code == "reference-taken" else "page": explain(error)})
    flash(gettext("Saved."), "good")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))


@blueprint.post("/travellers/<int:traveller_id>/position")
@permit("travellers.write")
def save_position(traveller_id: int) -> ResponseReturnValue:
    """Take over where the traveller is now."""
    services = current()
    try:
        with services.db.transaction() as session:
            placed = travellers.set_position(
                session, services.clock, actor(), traveller_id, _read_place(request.form), source="console"
            )
    except InvalidInput as error:
        return _person_page(traveller_id, explain_fields(error, "traveller"))
    if placed.taken:
        flash(gettext("The place is saved."), "good")
    else:
        flash(gettext("A fresher or more exact place is known; it was kept, and this one stands by."), "warn")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))


@blueprint.post("/travellers/<int:traveller_id>/opt-out")
@permit("travellers.write")
def opt_out(traveller_id: int) -> ResponseReturnValue:
    """Keep the traveller's wish to get no texts."""
    return _set_opted_out(traveller_id, True, gettext("No texts go to this traveller from now on."))


@blueprint.post("/travellers/<int:traveller_id>/opt-in")
@permit("travellers.write")
def opt_in(traveller_id: int) -> ResponseReturnValue:
    """Lift the wish to get no texts, when the traveller asks for it."""
    return _set_opted_out(traveller_id, False, gettext("Texts go to this traveller again."))


def _set_opted_out(traveller_id: int, opted_out: bool, message: str) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        travellers.set_opted_out(session, services.clock, actor(), traveller_id, opted_out)
    flash(message, "good")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))


@blueprint.post("/travellers/<int:traveller_id>/erase")
@permit("travellers.write")
def erase(traveller_id: int) -> ResponseReturnValue:
    """Remove everything that names or finds the person."""
    services = current()
    with services.db.transaction() as session:
        travellers.erase(session, services.clock, actor(), traveller_id)
    flash(gettext("The person is erased."), "good")
    return redirect(url_for("travellers.list_travellers"))


def _read_form(form: MultiDict[str, str]) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "phone": form.get("phone", ""),
        "language": form.get("language", ""),
        "reference": form.get("reference", ""),
        "drill": form.get("drill") == "1",
        "email": form.get("email", ""),
    }


def _read_place(form: MultiDict[str, str]) -> PositionFields:
    return PositionFields(
        lat=read_degrees("lat", form.get("lat", "")),
        lon=read_degrees("lon", form.get("lon", "")),
        precision=form.get("precision", "exact"),
    )


def _form(traveller: Traveller | None, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    if request.method == "POST":
        values: dict[str, Any] = request.form.to_dict()
    elif traveller is not None:
        values = {name: getattr(traveller, name) for name in ("name", "phone", "language", "reference", "email")}
        values["drill"] = "1" if traveller.drill else ""
    else:
        values = {"language": "ko"}
    page = render_template(
        "people/form.html",
        traveller=traveller,
        values=values,
        errors=errors or {},
        languages=LANGUAGES,
    )
    return page, 422 if errors else 200
