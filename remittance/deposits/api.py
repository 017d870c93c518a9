"""`/api/v1/statements` and `/api/v1/suspense`: taking banks' files over, and giving what waits to remittances."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.description import MAX_ID, query, takes
from hotline.core.errors import InvalidInput, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import permit
from remittance.banks.models import BankAccount
from remittance.deposits import assigning, deciding, importing, listing, undoing
from remittance.deposits.listing import MAX_SEARCH_CHARS, PAGE_ROWS
from remittance.deposits.models import BankEntry, BankStatement, DepositUndo
from remittance.deposits.statement import MAX_BYTES, demand_size
from remittance.deposits.states import IMPORT, READ, WAITING
from remittance.requests import moving
from remittance.requests.states import DEPOSITS

blueprint = APIBlueprint("api_statements", __name__, url_prefix="/api/v1", tag="Statements")
FORMS = ("application/xml", "text/csv", "text/plain", "application/octet-stream")


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AssignIn(_Given):
    """Whose deposit, or refund, an entry is, and why that is known."""

    remittance_id: int = Field(ge=1, le=MAX_ID)
    reason: str = Field(min_length=1, max_length=300)


class UndoIn(_Given):
    """Why an assignment was a mistake, or why it was none."""

    reason: str = Field(min_length=1, max_length=300)


class UndoShown(BaseModel):
    """An assignment that was, or is to be, taken back; `state` is `asked` while a second officer has to agree."""

    id: int
    entry_id: int
    state: str
    needs_two: bool
    remittance_id: int
    remittance_state: str
    version: int


class DepositDecisionIn(_Given):
    """What is made of a deposit that came otherwise than asked. `version` is the one that was read."""

    reason: str = Field(min_length=1, max_length=300)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class FileTaken(BaseModel):
    """What became of a file; `new` is false for one that was taken over before."""

    file_id: int
    new: bool
    statements: int
    entries: int
    known: int


class BankStatementShown(BaseModel):
    """A statement; balances are minor units of its account's currency."""

    id: int
    account: str
    currency: str
    number: str
    opened_on: date
    closed_on: date
    opening_minor: int
    closing_minor: int
    entries: int
    known: int


class BankStatementList(BaseModel):
    """Statements, the latest first; `next_before` asks for older ones, where there are any."""

    statements: list[BankStatementShown]
    next_before: int | None


class BankEntryShown(BaseModel):
    """An entry of a statement. `suggestions` are remittances it might be for; `amount_minor` is negative for what left."""

    id: int
    statement_id: int
    amount_minor: int
    currency: str
    booked_on: date
    payer: str
    details: str
    reference: str
    bank_reference: str
    state: str
    why: str
    event: str
    suggestions: list[int]
    remittance_id: int | None
    decided_at: datetime | None


class SuspenseList(BaseModel):
    """Entries that wait, the oldest first; `next_after` asks for later ones, where there are any."""

    entries: list[BankEntryShown]
    next_after: int | None


class DepositDecided(BaseModel):
    """What a decision made of a remittance."""

    remittance_id: int
    state: str
    version: int


@blueprint.post("/statements")
@blueprint.output(FileTaken)
@blueprint.doc(
    summary="Take a bank's file over; the same file again, or the same statement in another file, changes nothing",
    description=f"Send the bytes of a CAMT.053, MT940 or CSV file, at most {MAX_BYTES // 1_000_000} MB. It is taken over"
    " whole or refused whole, with the line of each fault.",
    responses={404: "There is no such bank account", 409: "A rule forbids it", 413: "The file is too large"},
)
@takes(
    query("name", {"type": "string", "maxLength": importing.MAX_NAME_CHARS}, "What the file is called"),
    query("account", {"type": "string", "maxLength": 40}, "Short name of the bank account, for tables (CSV)"),
    bodies=dict.fromkeys(FORMS, "The bytes of the file"),
)
@permit(IMPORT)
def take() -> ResponseReturnValue:
    """Take a file over."""
    if request.mimetype not in FORMS:
        raise UnsupportedMediaType(
            f"Content-Type {request.mimetype or '(none)'} cannot be read; send {', '.join(FORMS)}."
        )
    demand_size(request.content_length or 0)
    services, code = current(), request.args.get("account", "")
    account = None
    if code:
        with services.db.transaction() as session:
            account = session.scalar(select(BankAccount.id).where(BankAccount.code == code))
        if account is None:
            raise InvalidInput("account", code, "give the short name of a bank account")
    name = request.args.get("name", "") or "statement"
    taken = importing.take(services, actor(), request.get_data(cache=False), name=name, bank_account_id=account)
    return jsonify(
        file_id=taken.file_id, new=taken.new, statements=taken.statements, entries=taken.entries, known=taken.known
    )


@blueprint.get("/statements")
@blueprint.output(BankStatementList)
@blueprint.doc(summary="List statements, the latest first")
@takes(query("before", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only statements before this id"))
@permit(READ)
def index() -> ResponseReturnValue:
    """List statements."""
    with current().db.transaction() as session:
        found = listing.statements(session, before=_id("before"), limit=PAGE_ROWS + 1)
        accounts = {each.id: each for each in session.scalars(select(BankAccount))}
    shown = [_statement(one, accounts[one.bank_account_id]) for one in found[:PAGE_ROWS]]
    return jsonify(statements=shown, next_before=found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None)


@blueprint.get("/suspense")
@blueprint.output(SuspenseList)
@blueprint.doc(summary="List entries of statements that wait for a person, the oldest first")
@takes(
    query("state", {"type": "string", "enum": list(WAITING)}, "Only those in this state"),
    query(
        "q", {"type": "string", "maxLength": MAX_SEARCH_CHARS}, "A part of a name or text, or an amount in minor units"
    ),
    query("after", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only entries after this id"),
)
@permit(READ)
def suspense() -> ResponseReturnValue:
    """List what waits."""
    state, search = request.args.get("state", ""), request.args.get("q", "")
    with current().db.transaction() as session:
        found = listing.waiting(session, state=state, search=search, after=_id("after"), limit=PAGE_ROWS + 1)
    return jsonify(
        entries=[_entry(one) for one in found[:PAGE_ROWS]],
        next_after=found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None,
    )


@blueprint.post("/suspense/<int:bank_entry_id>/assign")
@blueprint.input(AssignIn, location="json", arg_name="given")
@blueprint.output(BankEntryShown)
@blueprint.doc(
    summary="Give an entry to a remittance, as its deposit or its refund",
    responses={404: "There is no such entry or remittance", 409: "It waits no more, or the remittance takes none"},
)
@permit(DEPOSITS)
def assign(bank_entry_id: int, given: AssignIn) -> ResponseReturnValue:
    """Give an entry to a remittance."""
    services = current()
    with services.db.transaction() as session:
        assigning.assign(session, services.clock, actor(), bank_entry_id, given.remittance_id, reason=given.reason)
        return jsonify(_entry(assigning.get_entry(session, bank_entry_id)))


@blueprint.post("/suspense/<int:bank_entry_id>/undo")
@blueprint.input(UndoIn, location="json", arg_name="given")
@blueprint.output(UndoShown)
@blueprint.doc(
    summary="Take back that an entry was given to a remittance; where two officers are needed, ask for it",
    responses={404: "There is no such entry", 409: "Cash was paid out, the money went back, or it is given to nothing"},
)
@permit(DEPOSITS)
def undo(bank_entry_id: int, given: UndoIn) -> ResponseReturnValue:
    """Take an assignment back, or ask for it."""
    services = current()
    with services.db.transaction() as session:
        made = undoing.take_off(session, services.clock, actor(), bank_entry_id, reason=given.reason)
        return jsonify(_undo(session, made))


@blueprint.post("/suspense/<int:bank_entry_id>/undo/agree")
@blueprint.output(UndoShown)
@blueprint.doc(
    summary="Agree, as another officer, that an assignment is taken back",
    responses={404: "There is no such entry", 409: "Nobody asked for it, or you did, or it is not possible now"},
)
@permit(DEPOSITS)
def agree_to_undo(bank_entry_id: int) -> ResponseReturnValue:
    """Agree to what was asked."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(_undo(session, undoing.agree(session, services.clock, actor(), bank_entry_id)))


@blueprint.post("/suspense/<int:bank_entry_id>/undo/refuse")
@blueprint.input(UndoIn, location="json", arg_name="given")
@blueprint.output(UndoShown)
@blueprint.doc(
    summary="Say that an assignment stays, or take one's own asking back",
    responses={404: "There is no such entry", 409: "Nobody asked for it"},
)
@permit(DEPOSITS)
def refuse_undo(bank_entry_id: int, given: UndoIn) -> ResponseReturnValue:
    """Refuse what was asked."""
    services = current()
    with services.db.transaction() as session:
        made = undoing.refuse(session, services.clock, actor(), bank_entry_id, reason=given.reason)
        return jsonify(_undo(session, made))


@blueprint.post("/remittances/<int:remittance_id>/deposit/accept")
@blueprint.input(DepositDecisionIn, location="json", arg_name="given")
@blueprint.output(DepositDecided)
@blueprint.doc(
    summary="Accept a part, too much, or another's deposit for what it is",
    responses={404: "There is no such remittance", 409: "There is nothing to accept, or not by you"},
)
@permit(DEPOSITS)
def accept(remittance_id: int, given: DepositDecisionIn) -> ResponseReturnValue:
    """Accept what came."""
    services = current()
    with services.db.transaction() as session:
        one = deciding.accept(
            session, services.clock, actor(), remittance_id, reason=given.reason, version=given.version
        )
        return jsonify(remittance_id=one.id, state=one.state, version=one.version)


@blueprint.post("/remittances/<int:remittance_id>/deposit/refund")
@blueprint.input(DepositDecisionIn, location="json", arg_name="given")
@blueprint.output(DepositDecided)
@blueprint.doc(
    summary="Order that everything that came goes back",
    responses={404: "There is no such remittance", 409: "Nothing is held that could go back now"},
)
@permit(DEPOSITS)
def refund(remittance_id: int, given: DepositDecisionIn) -> ResponseReturnValue:
    """Order a refund."""
    services = current()
    with services.db.transaction() as session:
        one = deciding.refund(
            session, services.clock, actor(), remittance_id, reason=given.reason, version=given.version
        )
        return jsonify(remittance_id=one.id, state=one.state, version=one.version)


def _undo(session: Session, made: DepositUndo) -> dict[str, Any]:
    one = moving.get(session, made.remittance_id)
    plain = {name: getattr(made, name) for name in ("id", "entry_id", "state", "needs_two", "remittance_id")}
    return plain | {"remittance_state": one.state, "version": one.version}


def _statement(one: BankStatement, account: BankAccount) -> dict[str, Any]:
    plain = ("id", "number", "opening_minor", "closing_minor", "entries", "known")
    days = {name: getattr(one, name).isoformat() for name in ("opened_on", "closed_on")}
    return {name: getattr(one, name) for name in plain} | days | {"account": account.code, "currency": account.currency}


def _entry(one: BankEntry) -> dict[str, Any]:
    plain = (
        "id", "statement_id", "amount_minor", "currency", "payer", "details", "reference", "bank_reference", "state", "why",
        "event", "suggestions", "remittance_id",
    )  # fmt: skip
    return {name: getattr(one, name) for name in plain} | {
        "booked_on": one.booked_on.isoformat(),
        "decided_at": one.decided_at.isoformat() if one.decided_at is not None else None,
    }


def _id(name: str) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
