"""Journeys on a traveller's page: shown, added, changed and deleted, with their legs and companions.

The form works without a script: it always offers some empty rows, rows left empty are ignored, and "More rows" shows more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from hotline.auth.identity import actor
from hotline.console.rendering import country_options
from hotline.console.travellers_pages import blueprint
from hotline.core.errors import Conflict, InvalidInput, NotFound, Refused
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.people import itineraries, travellers
from hotline.people.itineraries import MAX_COMPANIONS, CompanionFields, ItineraryFields
from hotline.people.legs import MAX_LEGS, LegFields
from hotline.people.models import Itinerary, Traveller

SOURCE = "console"
SPARE_LEGS, SPARE_COMPANIONS = 3, 2
LEG_PARTS = ("from_date", "to_date", "place", "country", "means", "lat", "lon", "named")
COMPANION_PARTS = ("name", "phone")


@dataclass(frozen=True)
class Draft:
    """What stands in the form: the rows that say something, with their numbers on the page, and the values as typed."""

    legs: list[tuple[int, LegFields]]
    companions: list[tuple[int, CompanionFields]]


@blueprint.get("/travellers/<int:traveller_id>/journeys/new")
@permit("travellers.write")
def new_journey(traveller_id: int) -> ResponseReturnValue:
    """Show an empty form."""
    with current().db.transaction() as session:
        return _form(travellers.get(session, traveller_id), None, [], [])


@blueprint.post("/travellers/<int:traveller_id>/journeys/new")
@permit("travellers.write")
def add_journey(traveller_id: int) -> ResponseReturnValue:
    """Add a journey."""
    return _save(traveller_id, None)


@blueprint.get("/travellers/<int:traveller_id>/journeys/<int:itinerary_id>")
@permit("travellers.write")
def edit_journey(traveller_id: int, itinerary_id: int) -> ResponseReturnValue:
    """Show the form with what is known."""
    with current().db.transaction() as session:
        itinerary = _own(itineraries.get(session, itinerary_id), traveller_id)
        companions = [
            {"name": name, "phone": person.phone if person is not None else ""}
            for name, person in itineraries.companions_of(session, itinerary)
        ]
        return _form(travellers.get(session, traveller_id), itinerary, _leg_rows(itinerary), companions)


@blueprint.post("/travellers/<int:traveller_id>/journeys/<int:itinerary_id>")
@permit("travellers.write")
def save_journey(traveller_id: int, itinerary_id: int) -> ResponseReturnValue:
    """Save the form."""
    return _save(traveller_id, itinerary_id)


@blueprint.post("/travellers/<int:traveller_id>/journeys/<int:itinerary_id>/delete")
@permit("travellers.write")
def delete_journey(traveller_id: int, itinerary_id: int) -> ResponseReturnValue:
    """Delete a journey."""
    services = current()
    with services.db.transaction() as session:
        _own(itineraries.get(session, itinerary_id), traveller_id)
        itineraries.delete(session, services.clock, actor(), itinerary_id)
    flash(gettext("The journey is deleted."), "good")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))


def _save(traveller_id: int, itinerary_id: int | None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        traveller = travellers.get(session, traveller_id)
        itinerary = None if itinerary_id is None else _own(itineraries.get(session, itinerary_id), traveller_id)
    if "more" in request.form:
        return _form(traveller, itinerary, *_typed_rows(request.form), spare=SPARE_LEGS)
    numbers: dict[str, list[int]] = {}
    try:
        draft = _read(request.form, numbers)
        with services.db.transaction() as session:
            _store(session, traveller_id, itinerary_id, draft)
    except InvalidInput as error:
        return _form(traveller, itinerary, *_typed_rows(request.form), errors=_errors(error, numbers))
    except (Refused, Conflict) as error:
        return _form(traveller, itinerary, *_typed_rows(request.form), errors={"page": explain(error)})
    flash(gettext("The journey is saved."), "good")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))


def _store(session: Any, traveller_id: int, itinerary_id: int | None, draft: Draft) -> None:
    clock, who = current().clock, actor()
    legs, companions = [leg for _, leg in draft.legs], [each for _, each in draft.companions]
    if itinerary_id is None:
        given = ItineraryFields(legs=legs, companions=companions)
        itineraries.add(session, clock, who, traveller_id, given, source=SOURCE)
        return
    itineraries.change(
        session, clock, who, itinerary_id, legs=legs, companions=companions,
        version=request.form.get("version", 0, type=int),
    )  # fmt: skip


def _own(itinerary: Itinerary, traveller_id: int) -> Itinerary:
    if itinerary.traveller_id != traveller_id:
        raise NotFound("itinerary", itinerary.id)
    return itinerary


def _leg_rows(itinerary: Itinerary) -> list[dict[str, str]]:
    return [
        {
            "from_date": leg.first_date.isoformat(), "to_date": leg.last_date.isoformat(), "place": leg.place,
            "country": leg.country if leg.country != "ZZ" else "", "means": leg.means,
            # A place that was given in degrees keeps them as long as nobody gives it another name.
            "lat": repr(leg.lat) if leg.precision == "city" else "",
            "lon": repr(leg.lon) if leg.precision == "city" else "", "named": f"{leg.place}|{leg.country}",
        }
        for leg in itinerary.legs
    ]  # fmt: skip


def _typed_rows(form: MultiDict[str, str]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return what was typed, row by row, whatever sense it makes."""
    legs = [{part: form.get(f"leg-{n}-{part}", "") for part in LEG_PARTS} for n in range(_rows(form, "legs", MAX_LEGS))]
    people = _rows(form, "companions", MAX_COMPANIONS)
    companions = [{part: form.get(f"companion-{n}-{part}", "") for part in COMPANION_PARTS} for n in range(people)]
    return legs, companions


def _rows(form: MultiDict[str, str], name: str, at_most: int) -> int:
    return max(0, min(form.get(name, 0, type=int), at_most))


def _read(form: MultiDict[str, str], numbers: dict[str, list[int]]) -> Draft:
    """Read the rows that say something; `numbers` learns which rows of the page they are. Raises InvalidInput."""
    legs, companions = _typed_rows(form)
    numbers["legs"] = [n for n, row in enumerate(legs) if any(row[part].strip() for part in LEG_PARTS[:5])]
    numbers["companions"] = [n for n, row in enumerate(companions) if any(row.values())]
    return Draft(
        [(n, _leg(n, legs[n])) for n in numbers["legs"]],
        [(n, CompanionFields(**companions[n])) for n in numbers["companions"]],
    )


def _leg(number: int, row: dict[str, str]) -> LegFields:
    renamed = row["named"] != f"{' '.join(row['place'].split())}|{row['country'].strip().upper()}"
    degrees: dict[str, float] = {}
    if not renamed and row["lat"] and row["lon"]:
        try:
            degrees = {"lat": float(row["lat"]), "lon": float(row["lon"])}
        except ValueError:
            raise InvalidInput(f"row.{number}.place", row["place"], "name the place again") from None
    return LegFields(
        from_date=_date(number, "from_date", row["from_date"]), to_date=_date(number, "to_date", row["to_date"]),
        place=row["place"], country=row["country"], means=row["means"], **degrees,
    )  # fmt: skip


def _date(number: int, part: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"row.{number}.{part}", text, "give a date") from None


def _errors(error: InvalidInput, numbers: dict[str, list[int]]) -> dict[str, str]:
    """Return the fault under the name of the page's own field."""
    kind, *rest = error.field.split(".")
    if len(rest) != 2:
        return {"page": explain(InvalidInput(kind, error.value, error.mend), "journey")}
    number = int(rest[0]) if kind == "row" else numbers[kind][int(rest[0])]
    name = "companion" if kind == "companions" else "leg"
    return {f"{name}-{number}-{rest[1]}": explain(InvalidInput(rest[1], error.value, error.mend), f"journey.{name}")}


def _form(
    traveller: Traveller,
    itinerary: Itinerary | None,
    legs: list[dict[str, str]],
    companions: list[dict[str, str]],
    *,
    errors: dict[str, str] | None = None,
    spare: int = 0,
) -> ResponseReturnValue:
    """Show the form with its rows and some empty ones."""
    no_leg, nobody = dict.fromkeys(LEG_PARTS, ""), dict.fromkeys(COMPANION_PARTS, "")
    blank_legs = spare or max(0, SPARE_LEGS - len(legs)) or (0 if errors else 1)
    blank_people = spare or max(0, SPARE_COMPANIONS - len(companions)) or (0 if errors else 1)
    page = render_template(
        "people/journey.html",
        traveller=traveller,
        itinerary=itinerary,
        version=request.form.get("version") or (itinerary.version if itinerary is not None else ""),
        legs=[*legs, *[no_leg] * blank_legs][:MAX_LEGS],
        companions=[*companions, *[nobody] * blank_people][:MAX_COMPANIONS],
        countries=country_options(),
        errors=errors or {},
    )
    return page, 422 if errors else 200
