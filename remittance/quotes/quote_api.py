"""`/api/v1/remittances/{id}/quote`: quoting a remittance, and every quote of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.core.services import current
from hotline.core.web import permit
from remittance.quotes import quoting
from remittance.quotes.models import Quote
from remittance.quotes.standing import quotes_of
from remittance.requests import access
from remittance.requests.api import TOLD, VersionIn
from remittance.requests.states import QUOTE, READ

blueprint = APIBlueprint("api_quotes", __name__, url_prefix="/api/v1", tag="Remittances")


class QuoteShown(BaseModel):
    """One quote; times are UTC, money is in minor units: `due = value + fee + residue`.

    `rate` is what one unit of the paid currency costs in the deposit's, as an exact fraction. `limit_minor` is what is
    paid as the equivalent in the limit's currency. `kind` is `accepted` for a deposit that was accepted otherwise than asked.
    """

    nth: int
    kind: Literal["quote", "accepted"]
    bank_account_id: int
    rate: str
    rate_source: str
    rate_at: datetime
    spread_basis_points: int
    currency: str
    paid_minor: int
    due_currency: str
    due_minor: int
    value_minor: int
    fee_minor: int
    residue_minor: int
    limit_minor: int
    expires_at: datetime
    quoted_at: datetime


class QuoteList(BaseModel):
    """Every quote of a remittance, the one that holds first."""

    quotes: list[QuoteShown]


@blueprint.post("/remittances/<int:remittance_id>/quote")
@blueprint.input(VersionIn, location="json", arg_name="given")
@blueprint.output(QuoteShown)
@blueprint.doc(
    summary="Quote an approved remittance, or quote it again",
    responses={404: TOLD[404], 409: "It cannot be quoted now: no fresh rate, no account, the limit, the till, a drill"},
)
@permit(QUOTE)
def ask(remittance_id: int, given: VersionIn) -> ResponseReturnValue:
    """Quote."""
    services = current()
    with services.db.transaction() as session:
        made = quoting.quote(session, services.clock, actor(), remittance_id, version=given.version)
        return jsonify(_plain(made))


@blueprint.get("/remittances/<int:remittance_id>/quotes")
@blueprint.output(QuoteList)
@blueprint.doc(summary="List a remittance's quotes", responses={404: TOLD[404]})
@permit(READ)
def index(remittance_id: int) -> ResponseReturnValue:
    """List quotes."""
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        return jsonify(quotes=[_plain(each) for each in quotes_of(session, one.id)])


def _plain(made: Quote) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value := getattr(made, name), datetime) else value
        for name in QuoteShown.model_fields
    }
