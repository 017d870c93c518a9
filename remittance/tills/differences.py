"""Explaining a difference: one finance officer writes down why, another agrees, and the books follow what was counted.

`MISSION_CASH +d / SETTLEMENT -d`: what a mission has too much it is owed, what is missing it owes.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import MISSION_CASH, SETTLEMENT
from remittance.money.amounts import Money
from remittance.tills import access
from remittance.tills.models import TillDifference
from remittance.tills.states import DIFFERED

ABOUT = "till_difference"
MEMOS = {True: "Cash beyond the books, explained", False: "Missing cash, explained"}


def ask(session: Session, clock: Clock, actor: Actor, difference_id: int, reason: str) -> TillDifference:
    """Write down why the cash differs, which waits for a second finance officer. Raises NotFound, Forbidden, Refused."""
    one = _locked(session, actor, difference_id)
    before, state = one.state, DIFFERED.next_state(one.state, "ask", actor)
    one.reason, one.note = access.checked_words("reason", reason), ""
    one.state, one.asked_by_id, one.asked_at = state, actor.id, clock.now()
    return _recorded(session, clock, actor, one, before, "difference_asked")


def give_back(session: Session, clock: Clock, actor: Actor, difference_id: int, note: str) -> TillDifference:
    """Open a difference again whose explanation does not hold, with the reason; by anybody who may explain."""
    one = _locked(session, actor, difference_id)
    before, state = one.state, DIFFERED.next_state(one.state, "return", actor)
    one.note = access.checked_words("note", note)
    one.state = state
    return _recorded(session, clock, actor, one, before, "difference_returned")


def explain(session: Session, clock: Clock, actor: Actor, difference_id: int) -> TillDifference:
    """Agree to another officer's explanation and book the difference. Raises Forbidden (`four-eyes`) for the one who wrote it."""
    one = _locked(session, actor, difference_id)
    before, state = one.state, DIFFERED.next_state(one.state, "explain", actor)
    if actor.id is None or actor.id == one.asked_by_id:
        raise Forbidden("Whoever explained a difference cannot agree to it; another officer does.", code="four-eyes")
    found = Money(one.minor, one.currency)
    till = account_for(session, clock, MISSION_CASH, one.currency, mission_id=one.mission_id)
    owed = account_for(session, clock, SETTLEMENT, one.currency, mission_id=one.mission_id)
    posted = post(
        session, clock, actor, key=f"till-difference:{one.id}", occurred_at=clock.now(), memo=MEMOS[one.minor > 0],
        about=About(ABOUT, one.id), lines=[Line(till, found), Line(owed, -found)],
    )  # fmt: skip
    one.state, one.journal_id = state, posted.journal_id
    one.explained_by_id, one.explained_at = actor.id, clock.now()
    return _recorded(session, clock, actor, one, before, "difference_explained")


def _locked(session: Session, actor: Actor, difference_id: int) -> TillDifference:
    found = session.get(TillDifference, difference_id)
    allowed = access.seen(session, actor)
    if found is None or (allowed is not None and found.mission_id not in allowed):
        raise NotFound("difference", difference_id)
    access.held_till(session, found.mission_id, found.currency)
    session.refresh(found, with_for_update=True)
    return found


def _recorded(
    session: Session, clock: Clock, actor: Actor, one: TillDifference, before: str, action: str
) -> TillDifference:
    session.flush()
    audit.record(
        session, clock, actor, f"till.{action}", "till_difference", one.id, before={"state": before},
        after={"state": one.state, "minor": one.minor, "currency": one.currency, "journal_id": one.journal_id},
    )  # fmt: skip
    return one
