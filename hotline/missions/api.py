"""`/api/v1/missions`: embassies and consulates, and which country each looks after."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.description import query, takes
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from hotline.missions.api_schemas import MissionChange, MissionIn, MissionList, MissionOut
from hotline.missions.missions import MissionChanges, MissionFields
from hotline.missions.models import Mission

blueprint = APIBlueprint("api_missions", __name__, url_prefix="/api/v1", tag="Missions")


@blueprint.post("/missions")
@blueprint.input(MissionIn, location="json", arg_name="given")
@blueprint.output(MissionOut, status_code=201)
@blueprint.doc(
    summary="Add a mission",
    description="The same `code` again brings that mission up to date, reopens it if it was closed, and answers 200.",
    responses={200: "The mission with this code was brought up to date", 422: "Every fault, by name"},
)
@permit("missions.write")
def create(given: MissionIn) -> ResponseReturnValue:
    """Add a mission."""
    services = current()
    values = given.model_dump()
    with services.db.transaction() as session:
        mission = missions.save(session, services.clock, actor(), MissionFields(**values))
        response = jsonify(mission_json(mission))
    response.status_code = 201 if mission.fresh else 200
    response.headers["Location"] = url_for("api_missions.show", mission_id=mission.id)
    return response


@blueprint.get("/missions")
@blueprint.output(MissionList)
@blueprint.doc(summary="List missions")
@takes(
    query("country", {"type": "string"}, "Only those that look after this country (ISO 3166)"),
    query("closed", {"type": "string", "enum": ["1"]}, "`1` lists closed ones too"),
)
@permit("missions.read")
def index() -> ResponseReturnValue:
    """List missions."""
    with current().db.transaction() as session:
        found = missions.list_missions(
            session, country=request.args.get("country"), with_closed=request.args.get("closed") == "1"
        )
        return jsonify(missions=[mission_json(mission) for mission in found])


@blueprint.get("/missions/<int:mission_id>")
@blueprint.output(MissionOut)
@blueprint.doc(summary="Show one mission", responses={404: "There is no such mission"})
@permit("missions.read")
def show(mission_id: int) -> ResponseReturnValue:
    """Show one mission."""
    with current().db.transaction() as session:
        return jsonify(mission_json(missions.get(session, mission_id)))


@blueprint.patch("/missions/<int:mission_id>")
@blueprint.input(MissionChange, location="json", arg_name="given")
@blueprint.output(MissionOut)
@blueprint.doc(summary="Change, close or reopen a mission", responses={404: "There is no such mission"})
@permit("missions.write")
def change(mission_id: int, given: MissionChange) -> ResponseReturnValue:
    """Change a mission."""
    services = current()
    values = given.model_dump(exclude={"closed"})
    with services.db.transaction() as session:
        mission = missions.update(session, services.clock, actor(), mission_id, MissionChanges(**values))
        if given.closed is not None:
            act = missions.close if given.closed else missions.reopen
            act(session, services.clock, actor(), mission_id)
        return jsonify(mission_json(mission))


def mission_json(mission: Mission) -> dict[str, Any]:
    """Return a mission as the API shows it; times are ISO 8601 in UTC."""
    return {
        "id": mission.id,
        "code": mission.code,
        "name_en": mission.name_en,
        "name_ko": mission.name_ko,
        "country": mission.country,
        "countries": mission.countries,
        "city": mission.city,
        "lat": mission.lat,
        "lon": mission.lon,
        "zone": mission.zone,
        "phone": mission.phone,
        "emergency_phone": mission.emergency_phone,
        "kind": mission.kind,
        "languages": mission.languages,
        "regions": mission.regions,
        "services_ko": mission.services_ko,
        "services_en": mission.services_en,
        "email": mission.email,
        "partner_id": mission.partner_id,
        "created_at": mission.created_at.isoformat(),
        "updated_at": mission.updated_at.isoformat(),
        "closed_at": mission.closed_at.isoformat() if mission.closed_at else None,
    }
