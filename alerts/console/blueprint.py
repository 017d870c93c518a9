"""The blueprint of the alerts' pages, and the few things that all of them use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.console.problems import explain
from hotline.auth.models import Officer
from hotline.core.errors import HotlineError, InvalidInput
from hotline.missions.models import Mission

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"

blueprint = Blueprint("alerts", __name__, template_folder="templates")


def json_body() -> dict[str, Any]:
    """Return the JSON object that a page's script sent; raises InvalidInput when there is none."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise InvalidInput("body", request.get_data(as_text=True)[:80], "send one JSON object")
    return given


def problem_json(error: HotlineError) -> ResponseReturnValue:
    """Answer a page's script with an error in the reader's language."""
    shown = explain(error)
    response = jsonify(code=error.code, detail=shown.text, errors=[fault.as_json() for fault in shown.faults])
    response.status_code = error.status
    return response


def officer_names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    """Return the names that pages show for officers."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(wanted)))
    return {officer_id: name for officer_id, name in rows.tuples()}


def mission_name(mission: Mission, language: str) -> str:
    """Return a mission's name in the reader's language."""
    return mission.name_ko if language == "ko" else mission.name_en
