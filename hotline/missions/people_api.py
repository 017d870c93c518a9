"""`/api/v1/missions/{id}/notices` and `/staff`: bulletins of a mission, and who works there."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import api_schemas as shapes
from hotline.missions import duty, staff

blueprint = APIBlueprint("api_mission_people", __name__, url_prefix="/api/v1/missions", tag="Missions")
NO_MISSION = {404: "There is no such mission"}


@blueprint.get("/<int:mission_id>/notices")
@blueprint.output(shapes.NoticesOut)
@blueprint.doc(summary="List the bulletins that hold now", responses=NO_MISSION)
@permit("missions.read")
def show_notices(mission_id: int) -> ResponseReturnValue:
    """List the bulletins."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_notices_json(session, mission_id))


@blueprint.post("/<int:mission_id>/notices")
@blueprint.input(shapes.NoticeIn, location="json", arg_name="given")
@blueprint.output(shapes.NoticesOut, status_code=201)
@blueprint.doc(summary="Add a bulletin", responses=NO_MISSION)
@permit("missions.read")
def add_notice(mission_id: int, given: shapes.NoticeIn) -> ResponseReturnValue:
    """Add a bulletin."""
    services = current()
    with services.db.transaction() as session:
        duty.add_notice(session, services.clock, actor(), mission_id, given.text_ko, given.text_en, given.valid_until)
        response = jsonify(_notices_json(session, mission_id))
    response.status_code = 201
    return response


@blueprint.delete("/<int:mission_id>/notices/<int:notice_id>")
@blueprint.output(shapes.NoticesOut)
@blueprint.doc(summary="Take a bulletin back", responses={404: "There is no such mission or bulletin"})
@permit("missions.read")
def withdraw_notice(mission_id: int, notice_id: int) -> ResponseReturnValue:
    """Withdraw a bulletin."""
    services = current()
    with services.db.transaction() as session:
        duty.withdraw_notice(session, services.clock, actor(), mission_id, notice_id)
        return jsonify(_notices_json(session, mission_id))


@blueprint.get("/<int:mission_id>/staff")
@blueprint.output(shapes.StaffOut)
@blueprint.doc(summary="List who works at a mission", responses=NO_MISSION)
@permit("missions.read")
def show_staff(mission_id: int) -> ResponseReturnValue:
    """List the officers."""
    with current().db.transaction() as session:
        staff.demand(session, actor(), mission_id)
        return jsonify(_staff_json(session, mission_id))


@blueprint.post("/<int:mission_id>/staff")
@blueprint.input(shapes.StaffIn, location="json", arg_name="given")
@blueprint.output(shapes.StaffOut)
@blueprint.doc(summary="Put an officer on a mission's staff", responses=NO_MISSION)
@permit("missions.write")
def add_staff(mission_id: int, given: shapes.StaffIn) -> ResponseReturnValue:
    """Add an officer."""
    services = current()
    with services.db.transaction() as session:
        staff.add(session, services.clock, actor(), mission_id, given.name)
        return jsonify(_staff_json(session, mission_id))


@blueprint.delete("/<int:mission_id>/staff/<int:officer_id>")
@blueprint.output(shapes.StaffOut)
@blueprint.doc(summary="Take an officer off a mission's staff", responses=NO_MISSION)
@permit("missions.write")
def remove_staff(mission_id: int, officer_id: int) -> ResponseReturnValue:
    """Remove an officer."""
    services = current()
    with services.db.transaction() as session:
        staff.remove(session, services.clock, actor(), mission_id, officer_id)
        return jsonify(_staff_json(session, mission_id))


def _notices_json(session: Session, mission_id: int) -> dict[str, Any]:
    found = duty.notices_of(session, mission_id, current().clock.now())
    return {
        "notices": [
            {
                "id": one.id,
                "text_ko": one.text_ko,
                "text_en": one.text_en,
                "valid_from": one.valid_from.isoformat(),
                "valid_until": one.valid_until.isoformat() if one.valid_until else None,
            }
            for one in found
        ]
    }


def _staff_json(session: Session, mission_id: int) -> dict[str, Any]:
    people = staff.people_of(session, mission_id)
    return {"staff": [{"officer_id": one.id, "name": one.name, "display_name": one.display_name} for one in people]}
