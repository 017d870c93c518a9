"""`/api/v1/tills` and a mission's till: what is in it, its movements, and counting, moving and explaining cash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit
from remittance.money.amounts import Money
from remittance.money.currencies import exponent
from remittance.tills import access, cash_book, cash_moves, counting, differences, overview
from remittance.tills.cash_moves import CashMove
from remittance.tills.counting import Counted
from remittance.tills.models import TillCount, TillDifference, TillMove
from remittance.tills.overview import CHOICES, MAX_SEARCH_CHARS, Till
from remittance.tills.pages import Days
from remittance.tills.states import COUNT, READ, SETTLE

blueprint = APIBlueprint("api_tills", __name__, url_prefix="/api/v1", tag="Tills")
TOLD = {404: "There is no such thing, or it is another mission's", 409: "It cannot be done now, or not by you"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
DAY = {"type": "string", "format": "date"}


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TillCountIn(_Given):
    """A count: number of pieces by value in minor units (`{"10000": 3}`); the same `key` again is the same count."""

    currency: str = Field(min_length=3, max_length=3)
    kind: Literal["opening", "closing", "spot"]
    key: str = Field(min_length=1, max_length=80, pattern=r"^[!-~]+$")
    pieces: dict[int, int] = Field(max_length=60)


class TillMoveIn(_Given):
    """Cash that is put into a till or taken out, in minor units; the same `key` again is the same move."""

    currency: str = Field(min_length=3, max_length=3)
    kind: Literal["replenish", "return"]
    amount_minor: int = Field(ge=1, le=10**15)
    source: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=300)
    key: str = Field(min_length=1, max_length=80, pattern=r"^[!-~]+$")


class TillCountDecisionIn(_Given):
    """What a second person says to a count; `note` says why it is refused."""

    act: Literal["witness", "refuse", "withdraw"]
    note: str = Field(default="", max_length=300)


class TillMoveDecisionIn(_Given):
    """What a second person says to a move of cash."""

    act: Literal["confirm", "refuse", "withdraw"]
    note: str = Field(default="", max_length=300)


class TillDifferenceDecisionIn(_Given):
    """What a finance officer says to a difference; `note` says why it differs, or why the explanation does not hold."""

    act: Literal["ask", "give_back", "explain"]
    note: str = Field(default="", max_length=300)


class TillOut(BaseModel):
    """One till, in minor units of its currency; `unsettled` by age: up to 30 days, 31 to 60, 61 to 90, more."""

    mission_id: int
    currency: str
    cash: int
    reserved: int
    free: int
    owed: int
    unsettled: list[int]
    oldest_days: int | None
    counted_at: datetime | None
    differences: int
    difference: int


class TillList(BaseModel):
    """Tills by mission and currency."""

    tills: list[TillOut]


class TillMovementOut(BaseModel):
    """One movement with the balance after it; more than zero is into the till."""

    id: int
    journal_id: int
    at: datetime
    memo: str
    about_kind: str
    about_id: int | None
    minor: int
    balance: int


class TillCountOut(BaseModel):
    """One count."""

    id: int
    mission_id: int
    currency: str
    kind: str
    state: str
    counted_minor: int
    book_minor: int
    difference_minor: int
    counted_at: datetime
    decided_at: datetime | None


class TillMoveOut(BaseModel):
    """One move of cash."""

    id: int
    mission_id: int
    currency: str
    kind: str
    state: str
    amount_minor: int
    prepared_at: datetime
    decided_at: datetime | None
    journal_id: int | None


class TillDifferenceOut(BaseModel):
    """One difference; more than zero is cash beyond the books."""

    id: int
    mission_id: int
    currency: str
    state: str
    minor: int
    count_id: int | None
    """Empty for the cash of a payout that was taken back after a dispute: then `remittance_id` names it."""
    remittance_id: int | None
    opened_at: datetime
    explained_at: datetime | None
    journal_id: int | None


class TillBookOut(BaseModel):
    """A mission's cash book in one currency; `next_after` continues the movements, null ends them."""

    mission_id: int
    currency: str
    opening: int
    closing: int
    movements: list[TillMovementOut]
    next_after: int | None
    counts: list[TillCountOut]
    moves: list[TillMoveOut]
    differences: list[TillDifferenceOut]


@blueprint.get("/tills")
@blueprint.output(TillList)
@blueprint.doc(summary="List tills with what is free, owed and unsettled; staff of missions see their missions' own")
@takes(
    query("currency", CURRENCY, "Only tills of this currency"),
    query("q", {"type": "string", "maxLength": MAX_SEARCH_CHARS}, "A part of the mission's name, code or city"),
    query("only", {"type": "string", "enum": list(CHOICES)}, "Only tills of which this is true"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List tills."""
    given = request.args
    with current().db.transaction() as session:
        found = overview.tills(
            session, current().clock.now(), missions=access.seen(session, actor()), currency=given.get("currency", ""),
            search=given.get("q", ""), only=given.get("only", ""),
        )  # fmt: skip
    return jsonify(tills=[_till(each) for each in found])


@blueprint.get("/missions/<int:mission_id>/till")
@blueprint.output(TillBookOut)
@blueprint.doc(summary="Show a mission's cash book in one currency", responses={404: TOLD[404]})
@takes(
    query("currency", CURRENCY, "Which till; dollars where it is left out"),
    query("from", DAY, "Only movements since this day of the mission's"),
    query("to", DAY, "Only movements up to this day"),
    query("after", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only movements after this one"),
)
@permit(READ)
def book(mission_id: int) -> ResponseReturnValue:
    """Show a cash book."""
    given = request.args
    currency, after = given.get("currency", "USD"), given.get("after", "")
    first, last = Days(given.get("from", ""), given.get("to", "")).read()
    exponent(currency)
    with current().db.transaction() as session:
        mission = access.demand(session, actor(), mission_id)
        account = access.account_of(session, mission.id, currency)
        found = cash_book.Book(0, 0, 0, [], None)
        if account is not None:
            number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
            found = cash_book.book(session, account, *cash_book.days_of(mission.zone, first, last), after=number)
        beside = cash_book.beside(session, mission.id, currency)
    return jsonify(
        mission_id=mission_id, currency=currency, opening=found.opening, closing=found.closing, next_after=found.next_after,
        movements=[
            {"id": each.posting_id, "journal_id": each.journal_id, "at": each.at.isoformat(), "memo": each.memo,
             "about_kind": each.about_kind, "about_id": each.about_id, "minor": each.minor, "balance": each.balance}
            for each in found.movements
        ],
        counts=[_count(each) for each in beside.counts], moves=[_move(each) for each in beside.moves],
        differences=[_difference(each) for each in beside.differences],
    )  # fmt: skip


@blueprint.post("/missions/<int:mission_id>/till/counts")
@blueprint.input(TillCountIn, location="json", arg_name="given")
@blueprint.output(TillCountOut, status_code=201)
@blueprint.doc(summary="Write down a count, which waits for its witness", responses=TOLD)
@permit(COUNT)
def count(mission_id: int, given: TillCountIn) -> ResponseReturnValue:
    """Count a till."""
    services = current()
    with services.db.transaction() as session:
        made = counting.count(session, services.clock, actor(), Counted(mission_id=mission_id, **given.model_dump()))
    return _made(_count(made))


@blueprint.post("/missions/<int:mission_id>/till/moves")
@blueprint.input(TillMoveIn, location="json", arg_name="given")
@blueprint.output(TillMoveOut, status_code=201)
@blueprint.doc(summary="Write down cash that is to be moved, which waits for a second person", responses=TOLD)
@permit(READ)
def move(mission_id: int, given: TillMoveIn) -> ResponseReturnValue:
    """Prepare a move of cash; cashiers and finance officers may."""
    services, said = current(), given.model_dump(exclude={"amount_minor", "currency"})
    amount = Money(given.amount_minor, given.currency)
    with services.db.transaction() as session:
        wish = CashMove(mission_id=mission_id, amount=amount, **said)
        made = cash_moves.prepare(session, services.clock, actor(), wish)
    return _made(_move(made))


@blueprint.post("/tills/counts/<int:count_id>")
@blueprint.input(TillCountDecisionIn, location="json", arg_name="given")
@blueprint.output(TillCountOut)
@blueprint.doc(summary="Witness, refuse or take back a count", responses=TOLD)
@permit(READ)
def decide_count(count_id: int, given: TillCountDecisionIn) -> ResponseReturnValue:
    """Decide about a count; the table of transitions says who may."""
    services = current()
    acts: dict[str, Callable[[Session], TillCount]] = {
        "witness": lambda session: counting.witness(session, services.clock, actor(), count_id),
        "refuse": lambda session: counting.refuse(session, services.clock, actor(), count_id, given.note),
        "withdraw": lambda session: counting.withdraw(session, services.clock, actor(), count_id),
    }
    with services.db.transaction() as session:
        return jsonify(_count(acts[given.act](session)))


@blueprint.post("/tills/moves/<int:move_id>")
@blueprint.input(TillMoveDecisionIn, location="json", arg_name="given")
@blueprint.output(TillMoveOut)
@blueprint.doc(summary="Confirm, refuse or take back a move of cash", responses=TOLD)
@permit(READ)
def decide_move(move_id: int, given: TillMoveDecisionIn) -> ResponseReturnValue:
    """Decide about a move of cash."""
    services = current()
    acts: dict[str, Callable[[Session], TillMove]] = {
        "confirm": lambda session: cash_moves.confirm(session, services.clock, actor(), move_id),
        "refuse": lambda session: cash_moves.refuse(session, services.clock, actor(), move_id, given.note),
        "withdraw": lambda session: cash_moves.withdraw(session, services.clock, actor(), move_id),
    }
    with services.db.transaction() as session:
        return jsonify(_move(acts[given.act](session)))


@blueprint.post("/tills/differences/<int:difference_id>")
@blueprint.input(TillDifferenceDecisionIn, location="json", arg_name="given")
@blueprint.output(TillDifferenceOut)
@blueprint.doc(summary="Say why cash differs, agree to what another officer said, or give it back", responses=TOLD)
@permit(SETTLE)
def decide_difference(difference_id: int, given: TillDifferenceDecisionIn) -> ResponseReturnValue:
    """Decide about a difference."""
    services = current()
    acts: dict[str, Callable[[Session], TillDifference]] = {
        "ask": lambda session: differences.ask(session, services.clock, actor(), difference_id, given.note),
        "give_back": lambda session: differences.give_back(session, services.clock, actor(), difference_id, given.note),
        "explain": lambda session: differences.explain(session, services.clock, actor(), difference_id),
    }
    with services.db.transaction() as session:
        return jsonify(_difference(acts[given.act](session)))


def _made(shown: dict[str, Any]) -> ResponseReturnValue:
    response = jsonify(shown)
    response.status_code = 201
    return response


def _till(each: Till) -> dict[str, Any]:
    names = ("mission_id", "currency", "cash", "reserved", "free", "owed", "oldest_days", "differences", "difference")
    return {name: getattr(each, name) for name in names} | {
        "unsettled": list(each.ages), "counted_at": each.counted_at.isoformat() if each.counted_at else None
    }  # fmt: skip


def _plain(row: object, names: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in times}
    return {name: getattr(row, name) for name in ("id", "mission_id", "currency", "state", *names)} | {
        name: at.isoformat() if at is not None else None for name, at in moments.items()
    }


def _count(row: TillCount) -> dict[str, Any]:
    return _plain(
        row, ("kind", "counted_minor", "book_minor", "difference_minor"), ("counted_at", "decided_at")
    )  # fmt: skip


def _move(row: TillMove) -> dict[str, Any]:
    return _plain(row, ("kind", "amount_minor", "journal_id"), ("prepared_at", "decided_at"))


def _difference(row: TillDifference) -> dict[str, Any]:
    return _plain(row, ("minor", "count_id", "remittance_id", "journal_id"), ("opened_at", "explained_at"))
