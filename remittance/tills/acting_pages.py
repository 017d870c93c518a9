"""What is done at a till: counting it, moving cash, and what a second person says to either; and explaining differences."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.auth.identity import actor
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.money import denominations
from remittance.money.currencies import exponents
from remittance.money.wording import parse_amount
from remittance.tills import access, cash_moves, counting, differences, overview
from remittance.tills.cash_moves import CashMove
from remittance.tills.counting import Counted
from remittance.tills.models import TillCount, TillDifference, TillMove
from remittance.tills.pages import frame
from remittance.tills.states import CLOSING, COUNT, READ, REPLENISH, SETTLE

blueprint = Blueprint("till_acts", __name__, template_folder="templates")
Row = TillCount | TillMove | TillDifference
Form = MultiDict[str, str] | dict[str, str]


@blueprint.get("/tills/<int:mission_id>/count")
@permit(COUNT)
def count_form(mission_id: int) -> ResponseReturnValue:
    """Show the form for counting; it does not say what the books expect."""
    asked = request.args.get("currency", "")
    return _count_form(mission_id, {"currency": asked, "kind": CLOSING, "key": secrets.token_urlsafe(12)})


@blueprint.post("/tills/<int:mission_id>/count")
@permit(COUNT)
def count(mission_id: int) -> ResponseReturnValue:
    """Write the count down."""
    services, form = current(), request.form
    currency = form.get("currency", "")
    try:
        given = Counted(
            mission_id=mission_id, currency=currency, kind=form.get("kind", ""), key=form.get("key", ""),
            pieces={value: _pieces(form.get(f"piece-{value}", "")) for value in denominations.pieces(currency)},
        )  # fmt: skip
        with services.db.transaction() as session:
            made = counting.count(session, services.clock, actor(), given)
    except (NotFound, Forbidden):
        raise
    except HotlineError as error:
        return _count_form(mission_id, form, error)
    flash(gettext("Written down. A second person witnesses the count."), "good")
    return _back(made)


def _count_form(mission_id: int, given: Form, error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        mission = access.demand(session, actor(), mission_id)
        found = [each for each in overview.tills(session, services.clock.now(), missions=[mission.id]) if each.is_open]
    currencies = [each.currency for each in found]
    chosen = given.get("currency", "")
    currency = chosen if chosen in currencies else next(iter(currencies), "")
    page = render_template(
        "tills/count.html",
        **frame(
            mission=mission, currency=currency, currencies=currencies, given=given,
            notes=denominations.notes(currency) if currency else (),
            coins=[
                each for each in denominations.coins(currency) if each not in denominations.notes(currency)
            ] if currency else [],
            **_faults(error),
        ),
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.get("/tills/<int:mission_id>/move")
@permit(READ)
def move_form(mission_id: int) -> ResponseReturnValue:
    """Show the form for cash that is put in or taken out."""
    access.demand_any(actor(), COUNT, SETTLE)
    given = {name: request.args.get(name, "") for name in ("currency", "kind")}
    return _move_form(mission_id, given | {"key": secrets.token_urlsafe(12)})


@blueprint.post("/tills/<int:mission_id>/move")
@permit(READ)
def move(mission_id: int) -> ResponseReturnValue:
    """Write down what is to be moved; cashiers and finance officers may."""
    services, form = current(), request.form
    try:
        given = CashMove(
            mission_id=mission_id, kind=form.get("kind", ""), source=form.get("source", ""), reason=form.get("reason", ""),
            amount=parse_amount(form.get("amount", ""), form.get("currency", "").strip().upper()), key=form.get("key", ""),
        )  # fmt: skip
        with services.db.transaction() as session:
            made = cash_moves.prepare(session, services.clock, actor(), given)
    except (NotFound, Forbidden):
        raise
    except HotlineError as error:
        return _move_form(mission_id, form, error)
    flash(gettext("Written down. It is booked when a second person confirms it."), "good")
    return _back(made)


def _move_form(mission_id: int, given: Form, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        mission = access.demand(session, actor(), mission_id)
    page = render_template(
        "tills/move.html",
        **frame(
            mission=mission,
            given=given,
            kind=given.get("kind") or REPLENISH,
            known=sorted(exponents()),
            **_faults(error),
        ),
    )
    return page, error.status if error is not None else 200


@blueprint.post("/tills/counts/<int:row_id>/<act>")
@permit(READ)
def decide_count(row_id: int, act: str) -> ResponseReturnValue:
    """Witness, refuse or take back a count; the table of transitions says who may."""
    clock, note = current().clock, request.form.get("note", "")
    acts: dict[str, Callable[[Session], Row]] = {
        "witness": lambda session: counting.witness(session, clock, actor(), row_id),
        "refuse": lambda session: counting.refuse(session, clock, actor(), row_id, note),
        "withdraw": lambda session: counting.withdraw(session, clock, actor(), row_id),
    }
    return _decide(TillCount, row_id, acts, act)


@blueprint.post("/tills/moves/<int:row_id>/<act>")
@permit(READ)
def decide_move(row_id: int, act: str) -> ResponseReturnValue:
    """Confirm, refuse or take back a move of cash."""
    clock, note = current().clock, request.form.get("note", "")
    acts: dict[str, Callable[[Session], Row]] = {
        "confirm": lambda session: cash_moves.confirm(session, clock, actor(), row_id),
        "refuse": lambda session: cash_moves.refuse(session, clock, actor(), row_id, note),
        "withdraw": lambda session: cash_moves.withdraw(session, clock, actor(), row_id),
    }
    return _decide(TillMove, row_id, acts, act)


@blueprint.post("/tills/differences/<int:row_id>/<act>")
@permit(SETTLE)
def decide_difference(row_id: int, act: str) -> ResponseReturnValue:
    """Say why the cash differs, agree to what another officer said, or give it back."""
    clock, note = current().clock, request.form.get("note", "")
    acts: dict[str, Callable[[Session], Row]] = {
        "ask": lambda session: differences.ask(session, clock, actor(), row_id, note),
        "give_back": lambda session: differences.give_back(session, clock, actor(), row_id, note),
        "explain": lambda session: differences.explain(session, clock, actor(), row_id),
    }
    return _decide(TillDifference, row_id, acts, act)


def _decide(kind: type[Row], row_id: int, acts: dict[str, Callable[[Session], Row]], act: str) -> ResponseReturnValue:
    if act not in acts:
        raise NotFound("act", act)
    try:
        with current().db.transaction() as session:
            row = acts[act](session)
    except NotFound:
        raise
    except HotlineError as error:
        flash(explain(error, "till"), "warn")
        with current().db.transaction() as session:
            row = cast(Row, session.get_one(kind, row_id))
    else:
        flash(gettext("Done."), "good")
    return _back(row)


def _back(row: Row) -> ResponseReturnValue:
    return redirect(url_for("tills.book", mission_id=row.mission_id, currency=row.currency))


def _pieces(given: str) -> int:
    text = given.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise InvalidInput("denominations", given, "give whole numbers of pieces", code="note-count")
    return int(text)


def _faults(error: HotlineError | None) -> dict[str, Any]:
    fields = error if isinstance(error, (InvalidInput, SeveralFaults)) else None
    return {
        "errors": explain_fields(fields, "till") if fields is not None else {},
        "error": explain(error, "till") if error is not None and fields is None else None,
    }
