"""`/api/v1/travellers`: the people who receive alerts, where they are, and lists of them from other systems."""

from __future__ import annotations

import io
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from hotline.auth.identity import actor
from hotline.core.description import PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput, TooLarge, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import MAX_BODY_BYTES, permit
from hotline.people import travellers
from hotline.people.api_schemas import (
    ImportOut,
    PlacedOut,
    PositionReport,
    TravellerChange,
    TravellerIn,
    TravellerList,
    TravellerOut,
)
from hotline.people.fields import TravellerChanges, TravellerFields
from hotline.people.importing import import_travellers
from hotline.people.models import Position, Traveller
from hotline.people.search import search

blueprint = APIBlueprint("api_travellers", __name__, url_prefix="/api/v1", tag="Travellers")
IMPORT_FORMATS = {"text/csv": "csv", "application/x-ndjson": "ndjson"}
SOURCE = "api"
DEFAULT_PAGE = 50
MAX_NUMBER_DIGITS = 18
_TAKEN = "The position was taken over."
_NOT_TAKEN = "A newer or more exact position is held, or this one holds no more; it was ignored for now."


@blueprint.post("/travellers")
@blueprint.input(TravellerIn, location="json", arg_name="given")
@blueprint.output(TravellerOut, status_code=201)
@blueprint.doc(
    summary="Add a traveller",
    description="The same `reference` again brings that traveller up to date and answers 200.",
    responses={200: "The traveller with this reference was brought up to date", 422: "Every fault, by name"},
)
@permit("travellers.write")
def create(given: TravellerIn) -> ResponseReturnValue:
    """Add a traveller."""
    services = current()
    fields = TravellerFields(**given.model_dump(include={"name", "phone", "language", "reference", "drill", "email"}))
    place = given.position.fields() if given.position else None
    with services.db.transaction() as session:
        traveller = travellers.add(session, services.clock, actor(), fields, place, source=SOURCE)
        response = _shown(session, traveller)
    response.status_code = 201 if traveller.fresh else 200
    response.headers["Location"] = url_for("api_travellers.show", traveller_id=traveller.id)
    return response


@blueprint.get("/travellers")
@blueprint.output(TravellerList)
@blueprint.doc(
    summary="Find travellers",
    description="Erased people are not found.",
)
@takes(
    query("search", {"type": "string"}, "Words of the name, first or last digits of the number, or a reference"),
    query("limit", PAGE_LIMIT, "Travellers on one page"),
    query("cursor", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "`next_cursor` of the page before"),
)
@permit("travellers.read")
def index() -> ResponseReturnValue:
    """Find travellers."""
    with current().db.transaction() as session:
        page = search(
            session,
            request.args.get("search", ""),
            cursor=_query_number("cursor", None),
            limit=_query_number("limit", DEFAULT_PAGE) or 0,
        )
        shown = [traveller_json(found.traveller, found.position) for found in page.found]
    return jsonify(travellers=shown, next_cursor=str(page.next_cursor) if page.next_cursor else None)


@blueprint.get("/travellers/<int:traveller_id>")
@blueprint.output(TravellerOut)
@blueprint.doc(summary="Show one traveller", responses={404: "There is no such traveller"})
@permit("travellers.read")
def show(traveller_id: int) -> ResponseReturnValue:
    """Show one traveller."""
    with current().db.transaction() as session:
        return _shown(session, travellers.get(session, traveller_id))


@blueprint.patch("/travellers/<int:traveller_id>")
@blueprint.input(TravellerChange, location="json", arg_name="given")
@blueprint.output(TravellerOut)
@blueprint.doc(
    summary="Change a traveller",
    responses={404: "There is no such traveller", 409: "Erased, or the reference is taken"},
)
@permit("travellers.write")
def change(traveller_id: int, given: TravellerChange) -> ResponseReturnValue:
    """Change a traveller."""
    services = current()
    changes = TravellerChanges(**given.model_dump(exclude={"opted_out"}))
    with services.db.transaction() as session:
        traveller = travellers.update(session, services.clock, actor(), traveller_id, changes)
        if given.opted_out is not None:
            travellers.set_opted_out(session, services.clock, actor(), traveller_id, given.opted_out)
        return _shown(session, traveller)


@blueprint.post("/travellers/<int:traveller_id>/positions")
@blueprint.input(PositionReport, location="json", arg_name="given")
@blueprint.output(PlacedOut)
@blueprint.doc(
    summary="Report where a traveller is",
    description=(
        "The freshest exact place counts, then the freshest city, then the country; each until `valid_until`, or for the "
        "time that this installation sets by source and precision. `taken` is false when something fresher or more exact "
        "is known: the report is then kept behind it, or ignored when its source has said something newer."
    ),
    responses={404: "There is no such traveller", 409: "The person was erased"},
)
@permit("travellers.write")
def place(traveller_id: int, given: PositionReport) -> ResponseReturnValue:
    """Take over a position."""
    services = current()
    with services.db.transaction() as session:
        placed = travellers.set_position(
            session, services.clock, actor(), traveller_id, given.fields(), source=given.source
        )
        detail = _TAKEN if placed.taken else _NOT_TAKEN
        return jsonify(taken=placed.taken, detail=detail, position=_position_json(placed.position))


@blueprint.post("/travellers/<int:traveller_id>/erase")
@blueprint.output(TravellerOut)
@blueprint.doc(
    summary="Erase a traveller's personal data for good",
    description="Name, number, reference and position are removed and cannot be brought back. May be repeated.",
    responses={404: "There is no such traveller"},
)
@permit("travellers.write")
def erase(traveller_id: int) -> ResponseReturnValue:
    """Erase a traveller."""
    services = current()
    with services.db.transaction() as session:
        return _shown(session, travellers.erase(session, services.clock, actor(), traveller_id))


@blueprint.post("/travellers/import")
@blueprint.output(ImportOut)
@blueprint.doc(
    summary="Take over a list of travellers",
    description=(
        "Send `text/csv` with a header line or `application/x-ndjson`, up to 4 MiB; larger lists are taken over by "
        "`hotline travellers import FILE`. The columns are reference, name, phone (both needed), language, lat, lon, "
        "precision, place, country, observed_at, valid_until, drill and email, in any order. A row with from_date and to_date "
        "(first and last day) tells a leg of the person's journey, with means and journey (the source's key of it); a "
        "person has as many such rows as legs. People are known by their reference, "
        "without one by their number. Bad rows are named and stop nothing."
    ),
    responses={413: "The list is too large for one request", 415: "Neither CSV nor NDJSON", 422: "An unusable header"},
)
@takes(
    query("region", {"type": "string"}, "Whose numbers are written without a plus sign (ISO 3166), such as KR"),
    bodies={"text/csv": "Rows under a line that names the columns", "application/x-ndjson": "One JSON object a line"},
)
@permit("travellers.write")
def import_list() -> ResponseReturnValue:
    """Take over a list."""
    format_ = IMPORT_FORMATS.get(request.mimetype)
    if format_ is None:
        raise UnsupportedMediaType(
            f"Content-Type {request.mimetype or '(none)'} cannot be read; send text/csv or application/x-ndjson."
        )
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        limit_mib = MAX_BODY_BYTES // (1024 * 1024)
        raise TooLarge(
            f"A list of more than {limit_mib} MiB is taken over on the server: hotline travellers import FILE."
        ) from error
    region = request.args.get("region")
    return jsonify(import_travellers(current(), actor(), io.BytesIO(data), format_, region=region).to_json())


def traveller_json(traveller: Traveller, position: Position | None) -> dict[str, Any]:
    """Return a traveller as the API shows them; times are ISO 8601 in UTC."""
    return {
        "id": traveller.id,
        "reference": traveller.reference,
        "name": traveller.name,
        "phone": traveller.phone,
        "phone_region": traveller.phone_region,
        "language": traveller.language,
        "drill": traveller.drill,
        "opted_out_at": traveller.opted_out_at.isoformat() if traveller.opted_out_at else None,
        "number_bad_at": traveller.number_bad_at.isoformat() if traveller.number_bad_at else None,
        "email": traveller.email,
        "email_bad_at": traveller.email_bad_at.isoformat() if traveller.email_bad_at else None,
        "erased_at": traveller.erased_at.isoformat() if traveller.erased_at else None,
        "created_at": traveller.created_at.isoformat(),
        "updated_at": traveller.updated_at.isoformat(),
        "position": _position_json(position),
    }


def _position_json(position: Position | None) -> dict[str, Any] | None:
    if position is None or position.lat is None:
        return None
    return {
        "lat": position.lat,
        "lon": position.lon,
        "country": position.country,
        "precision": position.precision,
        "source": position.source,
        "observed_at": position.observed_at.isoformat(),
        "valid_until": position.valid_until.isoformat() if position.valid_until else None,
    }


def _shown(session: Session, traveller: Traveller) -> Response:
    return jsonify(traveller_json(traveller, travellers.position_of(session, traveller.id)))


def _query_number(name: str, default: int | None) -> int | None:
    value = request.args.get(name)
    if value is None or value == "":
        return default
    if not (value.isascii() and value.isdigit()) or len(value) > MAX_NUMBER_DIGITS:
        raise InvalidInput(name, value, "use a whole number")
    return int(value)
