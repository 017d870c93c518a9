"""`/api/v1/remittances/{id}/payout` and what belongs to it: preparing, confirming, codes, exceptions from hours, disputes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import NotFound
from hotline.core.services import current
from hotline.core.web import permit
from remittance.payouts import disputing, paying, releasing
from remittance.payouts.counting import MAX_KINDS
from remittance.payouts.models import Payout
from remittance.payouts.paying import Checked
from remittance.payouts.states import DOCUMENTS, TEXT
from remittance.requests import access
from remittance.requests.states import APPROVE, PAY, READ, SETTLE, WITNESS, WRITE

blueprint = APIBlueprint("api_payouts", __name__, url_prefix="/api/v1", tag="Remittances")
TOLD = {404: "There is no such remittance, or no payout of it", 409: "It cannot be done now, or not by you"}
Document = Literal[
    "passport", "emergency_passport", "travel_certificate", "identity_card", "residence_card", "second_factor"
]
assert set(DOCUMENTS) == set(Document.__args__), "the description names every document"  # type: ignore[attr-defined]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoteCountIn(_Given):
    """So many pieces of a note or coin; its value is in minor units."""

    value_minor: int = Field(ge=1, le=10**12)
    count: int = Field(ge=0, le=10**6)


class PayoutIn(_Given):
    """What the cashier saw and counted. Of the document's number only a keyed hash and its last three characters are kept."""

    code: str = Field(min_length=1, max_length=40)
    document_kind: Document
    document_name: str = Field(min_length=1, max_length=120)
    document_number: str = Field(default="", max_length=60)
    notes: list[NoteCountIn] = Field(min_length=1, max_length=MAX_KINDS)


class PayoutReasonIn(_Given):
    """Why."""

    reason: str = Field(min_length=1, max_length=300)


class DisputeIn(PayoutReasonIn):
    """What is decided, and why: `uphold` leads back to where it stood; a `refund` says where the `cash` is.

    `in_till`: it is there, and the mission counts it; `missing`: it is not, and the till has an open difference.
    """

    event: Literal["dispute", "uphold", "refund"]
    cash: Literal["", "in_till", "missing"] = ""


class PayoutShown(BaseModel):
    """A payout; times are UTC, money is in minor units. The payee's name and document stay with the page."""

    id: int
    remittance_id: int
    mission_id: int
    state: str
    currency: str
    paid_minor: int
    notes: list[NoteCountIn]
    document_kind: str
    prepared_at: datetime
    prepared_by_id: int
    witness_id: int | None
    paid_at: datetime | None
    outside_hours: bool


class PickupCodeShown(BaseModel):
    """A code that was sent to the traveller by text; the code itself is shown to nobody."""

    nth: int
    made_at: datetime
    expires_at: datetime


class HoursExceptionShown(BaseModel):
    """Leave to pay while the mission is closed."""

    id: int
    expires_at: datetime


class DisputedShown(BaseModel):
    """The state of a remittance after a decision about its dispute."""

    id: int
    state: str
    version: int


@blueprint.get("/remittances/<int:remittance_id>/payout")
@blueprint.output(PayoutShown)
@blueprint.doc(summary="Show the payout that is prepared or paid", responses={404: TOLD[404]})
@permit(READ)
def show(remittance_id: int) -> ResponseReturnValue:
    """Show the payout."""
    with current().db.transaction() as session:
        access.demand(session, actor(), remittance_id)
        return jsonify(_plain(_standing(session, remittance_id)))


@blueprint.post("/remittances/<int:remittance_id>/payout")
@blueprint.input(PayoutIn, location="json", arg_name="given")
@blueprint.output(PayoutShown, status_code=201)
@blueprint.doc(summary="Prepare the payout, as the mission's cashier; a wrong code counts for good", responses=TOLD)
@permit(PAY)
def prepare(remittance_id: int, given: PayoutIn) -> ResponseReturnValue:
    """Prepare the payout."""
    checked = Checked(
        code=given.code, document_kind=given.document_kind, document_name=given.document_name,
        document_number=given.document_number, notes=[(each.value_minor, each.count) for each in given.notes],
    )  # fmt: skip
    response = jsonify(_plain(paying.prepare(current(), actor(), remittance_id, checked)))
    response.status_code = 201
    return response


@blueprint.post("/remittances/<int:remittance_id>/payout/confirm")
@blueprint.output(PayoutShown)
@blueprint.doc(
    summary="Confirm the payout, as a witness who is not the cashier: the cash is paid, once", responses=TOLD
)
@permit(WITNESS)
def confirm(remittance_id: int) -> ResponseReturnValue:
    """Confirm the payout."""
    services = current()
    with services.db.transaction() as session:
        access.demand(session, actor(), remittance_id, lock=True)
        payout = _standing(session, remittance_id)
        return jsonify(_plain(paying.confirm(session, services.clock, actor(), payout.id)))


@blueprint.post("/remittances/<int:remittance_id>/payout/withdraw")
@blueprint.output(PayoutShown)
@blueprint.doc(summary="Give up a prepared payout", responses=TOLD)
@permit(WITNESS)
def withdraw(remittance_id: int) -> ResponseReturnValue:
    """Give it up."""
    services = current()
    with services.db.transaction() as session:
        access.demand(session, actor(), remittance_id, lock=True)
        payout = _standing(session, remittance_id)
        return jsonify(_plain(paying.withdraw(session, services.clock, actor(), payout.id)))


@blueprint.post("/remittances/<int:remittance_id>/pickup-code")
@blueprint.output(PickupCodeShown, status_code=201)
@blueprint.doc(summary="Send the traveller a new pickup code by text; the one before is dead", responses=TOLD)
@permit(WRITE)
def new_code(remittance_id: int) -> ResponseReturnValue:
    """Send a new code."""
    made, _ = releasing.new_code(current(), actor(), remittance_id, way=TEXT)
    response = jsonify(nth=made.nth, made_at=made.made_at.isoformat(), expires_at=made.expires_at.isoformat())
    response.status_code = 201
    return response


@blueprint.post("/remittances/<int:remittance_id>/outside-hours")
@blueprint.input(PayoutReasonIn, location="json", arg_name="given")
@blueprint.output(HoursExceptionShown, status_code=201)
@blueprint.doc(summary="Let it be paid while the mission is closed, for twelve hours", responses=TOLD)
@permit(APPROVE)
def outside_hours(remittance_id: int, given: PayoutReasonIn) -> ResponseReturnValue:
    """Allow it."""
    services = current()
    with services.db.transaction() as session:
        made = paying.allow_outside_hours(session, services.clock, actor(), remittance_id, reason=given.reason)
        response = jsonify(id=made.id, expires_at=made.expires_at.isoformat())
    response.status_code = 201
    return response


@blueprint.post("/remittances/<int:remittance_id>/dispute")
@blueprint.input(DisputeIn, location="json", arg_name="given")
@blueprint.output(DisputedShown)
@blueprint.doc(summary="Dispute a payout, uphold it, or order the refund", responses=TOLD)
@permit(SETTLE)
def dispute(remittance_id: int, given: DisputeIn) -> ResponseReturnValue:
    """Decide about a dispute."""
    services = current()
    with services.db.transaction() as session:
        one = disputing.decide(
            session, services.clock, actor(), remittance_id, given.event, reason=given.reason, cash=given.cash
        )
        return jsonify(id=one.id, state=one.state, version=one.version)


def _standing(session: Session, remittance_id: int) -> Payout:
    found = paying.standing_of(session, remittance_id)
    if found is None:
        raise NotFound("payout of remittance", remittance_id)
    return found


def _plain(payout: Payout) -> dict[str, Any]:
    names = (
        "id", "remittance_id", "mission_id", "state", "currency", "paid_minor", "document_kind", "prepared_by_id", "witness_id",
    )  # fmt: skip
    return {name: getattr(payout, name) for name in names} | {
        "notes": [{"value_minor": value, "count": count} for value, count in payout.notes],
        "prepared_at": payout.prepared_at.isoformat(),
        "paid_at": payout.paid_at.isoformat() if payout.paid_at is not None else None,
        "outside_hours": payout.hours_exception_id is not None,
    }
