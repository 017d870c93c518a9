"""`/api/v1/travellers/{id}/itineraries`: journeys with their legs and companions, and what is known of where somebody is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from apiflask import APIBlueprint
from flask import jsonify, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import NotFound
from hotline.core.services import current
from hotline.core.web import permit
from hotline.people import itineraries, travellers
from hotline.people.fields import MAX_NAME_CHARS, MAX_REFERENCE_CHARS
from hotline.people.itineraries import MAX_COMPANIONS, CompanionFields, ItineraryFields
from hotline.people.legs import MAX_LEGS, MAX_MEANS_CHARS, MAX_PLACE_CHARS, LegFields
from hotline.people.models import Itinerary, Sighting
from hotline.people.placing import sightings_of

blueprint = APIBlueprint("api_itineraries", __name__, url_prefix="/api/v1", tag="Travellers")
SOURCE = "api"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LegIn(_Strict):
    """One stay, from the first to the last day in the local time of the place.

    The place is a city by name (`place`, better with `country`), degrees with a name, or only a `country` (ISO 3166).
    """

    from_date: date
    to_date: date
    place: str = Field("", max_length=MAX_PLACE_CHARS)
    country: str = Field("", max_length=2)
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    means: str = Field("", max_length=MAX_MEANS_CHARS)

    def fields(self) -> LegFields:
        """Return what the stage takes."""
        return LegFields(**self.model_dump())


class CompanionIn(_Strict):
    """Somebody who travels along; with a phone they are a traveller of their own and get texts too."""

    name: str = Field(max_length=MAX_NAME_CHARS)
    phone: str = Field("", max_length=40)

    def fields(self) -> CompanionFields:
        """Return what the stage takes."""
        return CompanionFields(**self.model_dump())


class ItineraryIn(_Strict):
    """A journey; the same `reference` of the same traveller again replaces it."""

    reference: str | None = Field(None, max_length=MAX_REFERENCE_CHARS)
    legs: list[LegIn] = Field(min_length=1, max_length=MAX_LEGS)
    companions: list[CompanionIn] = Field(default_factory=list, max_length=MAX_COMPANIONS)


class ItineraryChange(_Strict):
    """Other legs or companions in the place of all; what is left out stays. `version` is the one that was read."""

    version: int = Field(ge=1, le=2**31 - 1)
    legs: list[LegIn] | None = Field(None, min_length=1, max_length=MAX_LEGS)
    companions: list[CompanionIn] | None = Field(None, max_length=MAX_COMPANIONS)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.legs is None and self.companions is None:
            raise ValueError("give legs, companions or both")
        return self


class LegOut(BaseModel):
    """One stay; it counts from `starts_at` until `ends_at` (UTC)."""

    from_date: date
    to_date: date
    place: str
    country: str
    precision: str
    lat: float
    lon: float
    zone: str
    means: str
    starts_at: datetime
    ends_at: datetime


class CompanionOut(BaseModel):
    """A companion; `traveller_id` is null for whoever has no phone of their own."""

    name: str
    traveller_id: int | None


class ItineraryOut(BaseModel):
    """A journey; `traveller_id` is whose it is, also where a companion's journeys are listed."""

    id: int
    traveller_id: int
    reference: str | None
    source: str
    version: int
    created_at: datetime
    updated_at: datetime
    legs: list[LegOut]
    companions: list[CompanionOut]


class ItineraryList(BaseModel):
    """The journeys that a person makes or goes along with, the latest to begin first."""

    itineraries: list[ItineraryOut]


class SightingOut(BaseModel):
    """What one source last said of a place with one precision, and until when that counts."""

    precision: str
    source: str
    lat: float
    lon: float
    country: str
    observed_at: datetime
    valid_until: datetime


class SightingList(BaseModel):
    """Everything that was seen of a person, the latest first; at most one for each source and precision."""

    sightings: list[SightingOut]


@blueprint.get("/travellers/<int:traveller_id>/positions")
@blueprint.output(SightingList)
@blueprint.doc(summary="Show what each source knows of where a traveller is", responses={404: "No such traveller"})
@permit("travellers.read")
def sightings(traveller_id: int) -> ResponseReturnValue:
    """Show sightings."""
    with current().db.transaction() as session:
        travellers.get(session, traveller_id)
        return jsonify(sightings=[_sighting_json(each) for each in sightings_of(session, traveller_id)])


@blueprint.get("/travellers/<int:traveller_id>/itineraries")
@blueprint.output(ItineraryList)
@blueprint.doc(summary="Show a traveller's journeys", responses={404: "There is no such traveller"})
@permit("travellers.read")
def index(traveller_id: int) -> ResponseReturnValue:
    """Show journeys."""
    with current().db.transaction() as session:
        travellers.get(session, traveller_id)
        shown = [itinerary_json(session, each) for each in itineraries.of_traveller(session, traveller_id)]
    return jsonify(itineraries=shown)


@blueprint.post("/travellers/<int:traveller_id>/itineraries")
@blueprint.input(ItineraryIn, location="json", arg_name="given")
@blueprint.output(ItineraryOut, status_code=201)
@blueprint.doc(
    summary="Add a journey",
    description=(
        "Each leg counts on its dates in the local time of its place and gives a position by city or country while "
        "nothing fresher was seen of the person; it ends by itself."
    ),
    responses={
        200: "The journey with this reference was replaced",
        404: "No such traveller",
        409: "The person was erased",
    },
)
@permit("travellers.write")
def create(traveller_id: int, given: ItineraryIn) -> ResponseReturnValue:
    """Add a journey."""
    services = current()
    fields = ItineraryFields(
        legs=[leg.fields() for leg in given.legs],
        companions=[each.fields() for each in given.companions],
        reference=given.reference,
    )
    with services.db.transaction() as session:
        itinerary = itineraries.add(session, services.clock, actor(), traveller_id, fields, source=SOURCE)
        response = jsonify(itinerary_json(session, itinerary))
    response.status_code = 201 if itinerary.version == 1 else 200
    response.headers["Location"] = url_for(
        "api_itineraries.show", traveller_id=traveller_id, itinerary_id=itinerary.id
    )  # fmt: skip
    return response


@blueprint.get("/travellers/<int:traveller_id>/itineraries/<int:itinerary_id>")
@blueprint.output(ItineraryOut)
@blueprint.doc(summary="Show one journey", responses={404: "There is no such journey of this traveller"})
@permit("travellers.read")
def show(traveller_id: int, itinerary_id: int) -> ResponseReturnValue:
    """Show a journey."""
    with current().db.transaction() as session:
        return jsonify(itinerary_json(session, _own(session, traveller_id, itinerary_id)))


@blueprint.patch("/travellers/<int:traveller_id>/itineraries/<int:itinerary_id>")
@blueprint.input(ItineraryChange, location="json", arg_name="given")
@blueprint.output(ItineraryOut)
@blueprint.doc(
    summary="Change a journey",
    responses={404: "There is no such journey of this traveller", 409: "It was changed since that version"},
)
@permit("travellers.write")
def change(traveller_id: int, itinerary_id: int, given: ItineraryChange) -> ResponseReturnValue:
    """Change a journey."""
    services = current()
    with services.db.transaction() as session:
        _own(session, traveller_id, itinerary_id)
        itinerary = itineraries.change(
            session,
            services.clock,
            actor(),
            itinerary_id,
            version=given.version,
            legs=None if given.legs is None else [leg.fields() for leg in given.legs],
            companions=None if given.companions is None else [each.fields() for each in given.companions],
        )
        return jsonify(itinerary_json(session, itinerary))


@blueprint.delete("/travellers/<int:traveller_id>/itineraries/<int:itinerary_id>")
@blueprint.doc(
    summary="Delete a journey", responses={204: "It is deleted", 404: "There is no such journey of this traveller"}
)
@permit("travellers.write")
def delete(traveller_id: int, itinerary_id: int) -> ResponseReturnValue:
    """Delete a journey."""
    services = current()
    with services.db.transaction() as session:
        _own(session, traveller_id, itinerary_id)
        itineraries.delete(session, services.clock, actor(), itinerary_id)
    return "", 204


def _own(session: Session, traveller_id: int, itinerary_id: int) -> Itinerary:
    itinerary = itineraries.get(session, itinerary_id)
    if itinerary.traveller_id != traveller_id:
        raise NotFound("itinerary", itinerary_id)
    return itinerary


def itinerary_json(session: Session, itinerary: Itinerary) -> dict[str, Any]:
    """Return a journey as the API shows it; times are ISO 8601 in UTC."""
    return {
        "id": itinerary.id,
        "traveller_id": itinerary.traveller_id,
        "reference": itinerary.reference,
        "source": itinerary.source,
        "version": itinerary.version,
        "created_at": itinerary.created_at.isoformat(),
        "updated_at": itinerary.updated_at.isoformat(),
        "legs": [
            {
                "from_date": leg.first_date.isoformat(),
                "to_date": leg.last_date.isoformat(),
                **{
                    name: getattr(leg, name)
                    for name in ("place", "country", "precision", "lat", "lon", "zone", "means")
                },
                "starts_at": leg.starts_at.isoformat(),
                "ends_at": leg.ends_at.isoformat(),
            }
            for leg in itinerary.legs
        ],
        "companions": [
            {"name": name, "traveller_id": traveller.id if traveller is not None else None}
            for name, traveller in itineraries.companions_of(session, itinerary)
        ],
    }


def _sighting_json(sighting: Sighting) -> dict[str, Any]:
    return {
        **{name: getattr(sighting, name) for name in ("precision", "source", "lat", "lon", "country")},
        "observed_at": sighting.observed_at.isoformat(),
        "valid_until": sighting.valid_until.isoformat(),
    }
