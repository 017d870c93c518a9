"""`/api/v1/rates`: exchange rates on record, typed by one officer and agreed to by another."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.quotes import rates
from remittance.quotes.models import ExchangeRate
from remittance.quotes.states import READ, WRITE

blueprint = APIBlueprint("api_rates", __name__, url_prefix="/api/v1", tag="Exchange rates")
PAGE_ROWS = 100
TOLD = {404: "There is no such rate", 409: "It cannot be done now"}


class RateIn(BaseModel):
    """A rate to be agreed to: one unit of `base` costs `value` units of `quoted`, as `source` gave it at `at`.

    `value` is a decimal text, so that nothing is rounded on the way; `at` a moment of the last seven days, with its zone.
    """

    model_config = ConfigDict(extra="forbid")

    base: str = Field(min_length=3, max_length=3)
    quoted: str = Field(min_length=3, max_length=3)
    value: str = Field(min_length=1, max_length=30)
    source: str = Field(min_length=2, max_length=20)
    at: AwareDatetime


class RateShown(BaseModel):
    """A rate; times are UTC. It is used in quotes while its state is `counts` and it is young enough for the policy."""

    id: int
    base: str
    quoted: str
    value: str
    source: str
    at: datetime
    state: Literal["waiting", "counts", "refused"]
    entered_at: datetime
    agreed_at: datetime | None


class RateList(BaseModel):
    """Rates, the latest entered first; `next_before` asks for older ones, where there are any."""

    rates: list[RateShown]
    next_before: int | None


class RatesDecided(BaseModel):
    """What was decided in one go: a rate, and with it what waited of the same table."""

    rates: list[RateShown]


@blueprint.get("/rates")
@blueprint.output(RateList)
@blueprint.doc(summary="List exchange rates")
@takes(
    query("waiting", {"type": "string", "enum": ["1"]}, "Only those that wait for the second officer"),
    query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only rates before this id"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List rates."""
    before = request.args.get("before", "")
    with current().db.transaction() as session:
        found = rates.listed(
            session, waiting=request.args.get("waiting") == "1",
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0, limit=PAGE_ROWS + 1,
        )  # fmt: skip
        shown = [_plain(one) for one in found[:PAGE_ROWS]]
    return jsonify(rates=shown, next_before=found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None)


@blueprint.post("/rates")
@blueprint.input(RateIn, location="json", arg_name="given")
@blueprint.output(RateShown, status_code=201)
@blueprint.doc(
    summary="Type a rate; it counts when another officer agrees", responses={409: "The source gave one for that moment"}
)
@permit(WRITE)
def type_in(given: RateIn) -> ResponseReturnValue:
    """Write a rate down."""
    services = current()
    with services.db.transaction() as session:
        rate = rates.type_in(session, services.clock, actor(), rates.Typed(**given.model_dump()))
        response = jsonify(_plain(rate))
    response.status_code = 201
    return response


@blueprint.post("/rates/<int:rate_id>/agree")
@blueprint.output(RatesDecided)
@blueprint.doc(summary="Agree to a rate, as somebody who did not enter it", responses=TOLD)
@permit(WRITE)
def agree(rate_id: int) -> ResponseReturnValue:
    """Agree."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(rates=[_plain(one) for one in rates.agree(session, services.clock, actor(), rate_id)])


@blueprint.post("/rates/<int:rate_id>/refuse")
@blueprint.output(RatesDecided)
@blueprint.doc(summary="Keep a rate out of use, also one that counts", responses=TOLD)
@permit(WRITE)
def refuse(rate_id: int) -> ResponseReturnValue:
    """Take it out of use."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(rates=[_plain(one) for one in rates.refuse(session, services.clock, actor(), rate_id)])


def _plain(rate: ExchangeRate) -> dict[str, Any]:
    names = ("id", "base", "quoted", "value", "source")
    return {name: getattr(rate, name) for name in names} | {
        "at": rate.at.isoformat(), "state": rates.state_of(rate), "entered_at": rate.entered_at.isoformat(),
        "agreed_at": rate.agreed_at.isoformat() if rate.agreed_at is not None else None,
    }  # fmt: skip
