"""`/api/v1/settlements`: what missions paid out, reckoned up by one finance officer and agreed to by another."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.requests.states import SETTLE
from remittance.settlement import reading, settling, transferring
from remittance.settlement.models import Settlement
from remittance.settlement.reading import PAGE_ROWS
from remittance.settlement.states import STATES
from remittance.tills.states import READ

blueprint = APIBlueprint("api_settlements", __name__, url_prefix="/api/v1", tag="Settlements")
TOLD = {404: "There is no such thing, or it is another mission's", 409: "It cannot be done now, or not by you"}
ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SettlementIn(_Given):
    """What is to be settled: a mission's payouts in one currency up to a day of the ministry's calendar."""

    mission_id: int = Field(ge=1, le=MAX_ID)
    currency: str = Field(min_length=3, max_length=3)
    last_day: date
    way: Literal["allotment", "transfer"] = "allotment"


class SettlementPaidIn(_Given):
    """The outgoing entry of the bank that paid it."""

    bank_entry_id: int = Field(ge=1, le=MAX_ID)


class SettlementAgreedIn(_Given):
    """The digest that was read: exactly these remittances and amounts are agreed to."""

    digest: str = Field(min_length=64, max_length=64)


class SettlementNoteIn(_Given):
    """Why it is called off."""

    note: str = Field(min_length=1, max_length=300)


class SettlementOut(BaseModel):
    """One settlement, in minor units of its currency."""

    id: int
    mission_id: int
    currency: str
    last_day: date
    state: str
    remittances: int
    total_minor: int
    digest: str
    prepared_at: datetime
    decided_at: datetime | None
    journal_id: int | None
    way: str
    bank_entry_id: int | None


class SettlementItemOut(BaseModel):
    """One payout of a settlement."""

    remittance_id: int
    number: str
    minor: int
    paid_at: datetime


class SettlementDetailOut(SettlementOut):
    """A settlement with its payouts, the oldest first."""

    items: list[SettlementItemOut]


class SettlementList(BaseModel):
    """Settlements, the latest first; `next_before` continues, null ends."""

    settlements: list[SettlementOut]
    next_before: int | None


@blueprint.get("/settlements")
@blueprint.output(SettlementList)
@blueprint.doc(summary="List settlements; staff of missions see their missions' own")
@takes(
    query("state", {"type": "string", "enum": list(STATES)}, "Only those in this state"),
    query("mission_id", ID, "Only those of this mission"),
    query("before", ID, "Only settlements before this id"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List settlements."""
    given = request.args
    with current().db.transaction() as session:
        found = reading.listed(
            session, actor(), state=given.get("state", ""), mission_id=_number(given.get("mission_id", "")),
            before=_number(given.get("before", "")), limit=PAGE_ROWS + 1,
        )  # fmt: skip
    more = found[PAGE_ROWS - 1][0].id if len(found) > PAGE_ROWS else None
    return jsonify(settlements=[_plain(one) for one, _ in found[:PAGE_ROWS]], next_before=more)


@blueprint.post("/settlements")
@blueprint.input(SettlementIn, location="json", arg_name="given")
@blueprint.output(SettlementOut, status_code=201)
@blueprint.doc(summary="Reckon up what a mission paid out", responses=TOLD)
@permit(SETTLE)
def prepare(given: SettlementIn) -> ResponseReturnValue:
    """Prepare a settlement."""
    services = current()
    with services.db.transaction() as session:
        made = settling.prepare(
            session, services.clock, actor(), given.mission_id, given.currency, given.last_day, given.way
        )  # fmt: skip
    response = jsonify(_plain(made))
    response.status_code = 201
    response.headers["Location"] = url_for("api_settlements.show", settlement_id=made.id)
    return response


@blueprint.get("/settlements/<int:settlement_id>")
@blueprint.output(SettlementDetailOut)
@blueprint.doc(summary="Show one settlement with its payouts", responses={404: TOLD[404]})
@permit(READ)
def show(settlement_id: int) -> ResponseReturnValue:
    """Show one."""
    with current().db.transaction() as session:
        whole = reading.whole(session, actor(), settlement_id)
    items = [
        {"remittance_id": item.remittance_id, "number": number, "minor": item.minor, "paid_at": item.paid_at.isoformat()}
        for item, number in whole.items
    ]  # fmt: skip
    return jsonify(_plain(whole.one) | {"items": items})


@blueprint.post("/settlements/<int:settlement_id>/confirm")
@blueprint.input(SettlementAgreedIn, location="json", arg_name="given")
@blueprint.output(SettlementOut)
@blueprint.doc(summary="Agree as a second officer, and settle", responses=TOLD)
@permit(SETTLE)
def confirm(settlement_id: int, given: SettlementAgreedIn) -> ResponseReturnValue:
    """Confirm."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_plain(settling.confirm(session, services.clock, actor(), settlement_id, given.digest)))


@blueprint.post("/settlements/<int:settlement_id>/withdraw")
@blueprint.input(SettlementNoteIn, location="json", arg_name="given")
@blueprint.output(SettlementOut)
@blueprint.doc(summary="Call off what nobody has confirmed", responses=TOLD)
@permit(SETTLE)
def withdraw(settlement_id: int, given: SettlementNoteIn) -> ResponseReturnValue:
    """Withdraw."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_plain(settling.withdraw(session, services.clock, actor(), settlement_id, given.note)))


@blueprint.post("/settlements/<int:settlement_id>/pay")
@blueprint.input(SettlementPaidIn, location="json", arg_name="given")
@blueprint.output(SettlementOut)
@blueprint.doc(summary="Say which outgoing entry of the bank paid it", responses=TOLD)
@permit(SETTLE)
def pay(settlement_id: int, given: SettlementPaidIn) -> ResponseReturnValue:
    """Pay."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_plain(transferring.pay(session, services.clock, actor(), settlement_id, given.bank_entry_id)))


def _plain(one: Settlement) -> dict[str, Any]:
    names = (
        "id",
        "mission_id",
        "currency",
        "state",
        "remittances",
        "total_minor",
        "digest",
        "journal_id",
        "way",
        "bank_entry_id",
    )
    return {name: getattr(one, name) for name in names} | {
        "last_day": one.last_day.isoformat(), "prepared_at": one.prepared_at.isoformat(),
        "decided_at": one.decided_at.isoformat() if one.decided_at is not None else None,
    }  # fmt: skip


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
