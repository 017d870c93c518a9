"""Cash put into a till or taken back: prepared by one person, confirmed by another, booked once.

`MISSION_CASH +x / SETTLEMENT -x`: what a mission puts into its till headquarters owes it until what was paid out is settled.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import MISSION_CASH, SETTLEMENT
from remittance.money.amounts import Money
from remittance.quotes.standing import reserved
from remittance.tills import access
from remittance.tills.models import TillMove
from remittance.tills.states import COUNT, MOVE_KINDS, MOVED, PREPARED, REPLENISH, RETURN, SETTLE, WITNESS

ABOUT = "till_move"
MAX_SOURCE_CHARS = 200
MAX_PREPARED = 20
"""Moves of one till that may wait at the same time."""
MEMOS = {REPLENISH: "Cash put into the till", RETURN: "Cash taken out of the till"}


@dataclass(frozen=True, kw_only=True)
class CashMove:
    """What is to be put into a till or taken back. The same `key` for the same till again is the same move."""

    mission_id: int
    kind: str
    amount: Money
    source: str
    reason: str
    key: str


def prepare(session: Session, clock: Clock, actor: Actor, given: CashMove) -> TillMove:
    """Write down cash that is to be moved, which waits for a second person; the same key again returns what was written.

    The first cash in a currency opens the till. Raises InvalidInput naming the field, NotFound for another mission's till,
    Refused for more than is free (`till-short`), for a key that stands for another move, and when too many wait.
    """
    officer_id = access.demand_any(actor, COUNT, SETTLE)
    mission = access.demand(session, actor, given.mission_id)
    key, kind = access.checked_key(given.key), access.only(MOVE_KINDS, given.kind, "kind")
    if given.amount.minor <= 0:
        raise InvalidInput("amount", str(given.amount), "give an amount of more than zero")
    source = access.checked_words("source", given.source, MAX_SOURCE_CHARS)
    reason = access.checked_words("reason", given.reason)
    currency = given.amount.currency
    if kind == REPLENISH:
        account_for(session, clock, MISSION_CASH, currency, mission_id=mission.id)
    cash = access.held_till(session, mission.id, currency)
    before = session.scalar(
        select(TillMove).where(TillMove.mission_id == mission.id, TillMove.currency == currency, TillMove.key == key)
    )
    if before is not None:
        said = (before.kind, before.amount_minor, before.source, before.reason, before.prepared_by_id)
        if said != (kind, given.amount.minor, source, reason, officer_id):
            raise Refused("This key stands for another move.", code="key-taken", params={"key": key})
        return before
    _demand_free(session, mission.id, kind, given.amount, cash)
    _demand_few(session, mission.id, currency)
    made = TillMove(
        mission_id=mission.id, currency=currency, kind=kind, state=PREPARED, key=key, amount_minor=given.amount.minor,
        source=source, reason=reason, prepared_by_id=officer_id, prepared_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, clock, actor, "till.move_prepared", "till_move", made.id,
        after={"mission_id": mission.id, "currency": currency, "kind": kind, "amount_minor": made.amount_minor},
    )  # fmt: skip
    return made


def confirm(session: Session, clock: Clock, actor: Actor, move_id: int) -> TillMove:
    """Confirm as a second person that the cash was moved, and book it.

    Raises NotFound, Forbidden (`four-eyes`) for the one who prepared it, Refused when it does not wait any more, or when more
    would be taken than is free (`till-short`).
    """
    one, cash = _locked(session, actor, move_id)
    state = MOVED.next_state(one.state, "confirm" if actor.may(WITNESS) else "confirm_afar", actor)
    if actor.id is None or actor.id == one.prepared_by_id:
        raise Forbidden("Whoever prepared a move of cash cannot confirm it; another person does.", code="four-eyes")
    amount = Money(one.amount_minor, one.currency)
    _demand_free(session, one.mission_id, one.kind, amount, cash)
    into = amount if one.kind == REPLENISH else -amount
    till = account_for(session, clock, MISSION_CASH, one.currency, mission_id=one.mission_id)
    owed = account_for(session, clock, SETTLEMENT, one.currency, mission_id=one.mission_id)
    posted = post(
        session, clock, actor, key=f"till-move:{one.id}", occurred_at=clock.now(), memo=MEMOS[one.kind],
        about=About(ABOUT, one.id), lines=[Line(till, into), Line(owed, -into)],
    )  # fmt: skip
    one.journal_id = posted.journal_id
    return _decided(session, clock, actor, one, state, "move_confirmed", "")


def refuse(session: Session, clock: Clock, actor: Actor, move_id: int, note: str) -> TillMove:
    """Turn down what somebody else prepared, with the reason."""
    one, _ = _locked(session, actor, move_id)
    state = MOVED.next_state(one.state, "refuse" if actor.may(WITNESS) else "refuse_afar", actor)
    if actor.id == one.prepared_by_id:
        raise Forbidden("Whoever prepared a move takes it back; another person refuses it.", code="four-eyes")
    return _decided(session, clock, actor, one, state, "move_refused", access.checked_words("note", note))


def withdraw(session: Session, clock: Clock, actor: Actor, move_id: int) -> TillMove:
    """Take back what one prepared oneself."""
    one, _ = _locked(session, actor, move_id)
    state = MOVED.next_state(one.state, "withdraw" if actor.may(COUNT) else "withdraw_afar", actor)
    if actor.id != one.prepared_by_id:
        raise Forbidden("Only whoever prepared a move takes it back.", code="not-yours")
    return _decided(session, clock, actor, one, state, "move_withdrawn", "")


def free_of(session: Session, mission_id: int, currency: str, cash: int) -> int:
    """Return what of the cash is not reserved for travellers, in minor units; hold the till first to decide by it."""
    return cash - reserved(session, mission_id, currency)


def _demand_free(session: Session, mission_id: int, kind: str, amount: Money, cash: int) -> None:
    free = free_of(session, mission_id, amount.currency, cash)
    if kind == RETURN and amount.minor > free:
        shown = Money(free, amount.currency).grouped()
        raise Refused(f"Only {shown} of this till are free.", code="till-short", params={"free": shown})


def _demand_few(session: Session, mission_id: int, currency: str) -> None:
    waiting = session.scalars(
        select(TillMove.id)
        .where(TillMove.mission_id == mission_id, TillMove.currency == currency, TillMove.state == PREPARED)
        .limit(MAX_PREPARED)
    ).all()
    if len(waiting) >= MAX_PREPARED:
        raise Refused(f"{MAX_PREPARED} moves of this till wait; have them confirmed first.", code="too-many-moves")


def _locked(session: Session, actor: Actor, move_id: int) -> tuple[TillMove, int]:
    found = session.get(TillMove, move_id)
    allowed = access.seen(session, actor)
    if found is None or (allowed is not None and found.mission_id not in allowed):
        raise NotFound("move", move_id)
    cash = access.held_till(session, found.mission_id, found.currency)
    session.refresh(found, with_for_update=True)
    return found, cash


def _decided(
    session: Session, clock: Clock, actor: Actor, one: TillMove, state: str, action: str, note: str
) -> TillMove:
    one.state, one.note, one.decided_by_id, one.decided_at = state, note, actor.id, clock.now()
    session.flush()
    audit.record(
        session, clock, actor, f"till.{action}", "till_move", one.id, before={"state": PREPARED},
        after={"state": state, "journal_id": one.journal_id},
    )  # fmt: skip
    return one
