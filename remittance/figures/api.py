"""`GET /api/v1/remittances/figures`: the figures of a period."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.core.description import query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.figures import counting
from remittance.figures.counting import BY
from remittance.figures.pages import asked_for
from remittance.requests.states import READ

blueprint = APIBlueprint("api_remittance_figures", __name__, url_prefix="/api/v1", tag="Remittances")


class RemittanceStageFigures(BaseModel):
    """How many went through a stage, and the seconds that half and nine of ten of them took at most."""

    count: int
    median_s: float | None
    slow_s: float | None


class RemittanceFigureLine(BaseModel):
    """One line; `key` is a mission's id, a reason, a month, or empty. Amounts are minor units of `currency`."""

    key: str
    currency: str
    asked: int
    approved: int
    rejected: int
    paid: int
    lapsed: int
    refunded: int
    open_now: int
    asked_minor: int
    paid_minor: int
    stages: dict[str, RemittanceStageFigures]


class RemittanceFigures(BaseModel):
    """Figures of what was asked for in a period, days of the centre's zone."""

    first: date
    last: date
    drill: bool
    by: str
    lines: list[RemittanceFigureLine]


@blueprint.get("/remittances/figures")
@blueprint.output(RemittanceFigures)
@blueprint.doc(summary="Figures of remittances; officers of missions see their missions' own")
@takes(
    query("from", {"type": "string", "format": "date"}, "The first day; the year's first where it is left out"),
    query("to", {"type": "string", "format": "date"}, "The last day; today where it is left out"),
    query("by", {"type": "string", "enum": list(BY)}, "What the lines are told apart by, besides the currency"),
    query("drill", {"type": "string", "enum": ["0", "1"]}, "1: those of drills"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """Return the figures."""
    services = current()
    period, by = asked_for()
    with services.db.transaction() as session:
        lines = counting.count(session, actor(), period, by, services.settings.home_zone)
    return jsonify(
        first=period.first.isoformat(), last=period.last.isoformat(), drill=period.drill, by=by,
        lines=[asdict(line) for line in lines],
    )  # fmt: skip
