"""`/api/v1/remittance-policies`: the ministry's policy in versions; the newest holds for requests made from then on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID
from hotline.core.services import current
from hotline.core.web import permit
from remittance.money.amounts import Money
from remittance.money.currencies import LARGEST_MINOR
from remittance.requests import policies
from remittance.requests.models import Policy
from remittance.requests.policies import BOUNDS, MAX_CURRENCIES, Rules
from remittance.requests.states import READ
from remittance.requests.states import RULES as MAY_KEEP

blueprint = APIBlueprint("api_remittance_policies", __name__, url_prefix="/api/v1", tag="Remittance policies")


class PolicyRules(BaseModel):
    """What a policy says. Amounts are minor units, the surcharge on the rate hundredths of a per cent."""

    limit_minor: int = Field(ge=1, le=LARGEST_MINOR)
    limit_currency: str = Field(min_length=3, max_length=3)
    reasons: list[str] = Field(min_length=1, max_length=BOUNDS["reasons"][1])
    deposit_currency: str = Field(min_length=3, max_length=3)
    payout_currencies: list[str] = Field(min_length=1, max_length=MAX_CURRENCIES)
    fee_minor: int = Field(default=0, ge=0, le=LARGEST_MINOR)
    spread_basis_points: int = Field(default=0, ge=0, le=BOUNDS["spread"][1])
    open_per_person: int = Field(default=1, ge=1, le=BOUNDS["open_per_person"][1])
    quote_minutes: int = Field(default=1_440, ge=BOUNDS["quote_minutes"][0], le=BOUNDS["quote_minutes"][1])
    rate_hours: int = Field(default=24, ge=1, le=BOUNDS["rate_hours"][1])


class PolicyIn(PolicyRules):
    """A new version; `version` is the id of the one that was read, and without it whatever holds is meant."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=1, le=MAX_ID)


class PolicyShown(PolicyRules):
    """A version; `begins_at` is UTC, and `kept_by_id` is empty for the one that comes with the software."""

    id: int
    begins_at: datetime
    kept_by_id: int | None


class PolicyList(BaseModel):
    """The latest versions (100 at most), the newest first: that one holds."""

    policies: list[PolicyShown]


@blueprint.get("/remittance-policies")
@blueprint.output(PolicyList)
@blueprint.doc(summary="List the policies for remittances")
@permit(READ)
def index() -> ResponseReturnValue:
    """List policies."""
    with current().db.transaction() as session:
        return jsonify(policies=[_plain(each) for each in policies.history(session)])


@blueprint.post("/remittance-policies")
@blueprint.input(PolicyIn, location="json", arg_name="given")
@blueprint.output(PolicyShown, status_code=201)
@blueprint.doc(
    summary="Keep a new policy, which holds for requests from now on",
    responses={409: "Another policy was kept meanwhile"},
)
@permit(MAY_KEEP)
def keep(given: PolicyIn) -> ResponseReturnValue:
    """Keep a policy."""
    services, values = current(), given.model_dump(exclude={"version", "limit_minor", "limit_currency"})
    rules = Rules(limit=Money(given.limit_minor, given.limit_currency), **values)
    with services.db.transaction() as session:
        response = jsonify(_plain(policies.keep(session, services.clock, actor(), rules, version=given.version)))
    response.status_code = 201
    return response


def _plain(policy: Policy) -> dict[str, Any]:
    return policies.shown(policy) | {
        "id": policy.id, "begins_at": policy.begins_at.isoformat(), "kept_by_id": policy.kept_by_id,
    }  # fmt: skip
