"""Settling: one finance officer reckons up, another agrees to exactly that, and it is booked with every remittance in it.

`SETTLEMENT +total / FX -total`: headquarters owes the mission no longer what it paid out, because it is counted against the
mission's allotment, or transferred (`transferring`). A confirmed settlement has no way back, because a settled remittance has
none but a dispute; what was wrong is put right there.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.missions import missions
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import hold
from remittance.ledger.months import BOOKS_ZONE
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import FX, SETTLEMENT
from remittance.money.amounts import Money
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.requests.states import SETTLE
from remittance.settlement.models import Settlement, SettlementItem
from remittance.settlement.reckoning import Payout, digest_of, payouts
from remittance.settlement.states import ALLOTMENT, PREPARED, SETTLEMENT_RUN, WAYS
from remittance.tills.access import checked_words, only

ABOUT = "settlement"
FIRST_DAY = date(2000, 1, 1)


def prepare(
    session: Session, clock: Clock, actor: Actor, mission_id: int, currency: str, last_day: date, way: str = ALLOTMENT
) -> Settlement:
    """Reckon up what a mission paid out up to a day (of the ministry's calendar), which waits for a second officer.

    Raises NotFound, InvalidInput for a day to come, Refused where another one waits (`settlement-waiting`), where there is
    nothing (`nothing-to-settle`), or where the books differ (`books-differ`).
    """
    officer_id = _demand(actor)
    mission, way = missions.get(session, mission_id), only(WAYS, way, "way")
    today = clock.now().astimezone(BOOKS_ZONE).date()
    if not FIRST_DAY <= last_day <= today:
        raise InvalidInput("last_day", last_day.isoformat(), f"give a day up to today, {today}")
    account = account_for(session, clock, SETTLEMENT, currency, mission_id=mission.id)
    hold(session, [account])
    waiting = select(Settlement.id).where(
        Settlement.mission_id == mission.id, Settlement.currency == currency, Settlement.state == PREPARED
    )
    if session.scalar(waiting) is not None:
        raise Refused("Another settlement of this mission waits.", code="settlement-waiting")
    found = payouts(session, mission.id, currency, last_day)
    if not found:
        raise Refused("Nothing of this mission waits to be settled.", code="nothing-to-settle")
    made = Settlement(
        mission_id=mission.id, currency=currency, last_day=last_day, way=way, state=PREPARED, remittances=len(found),
        total_minor=sum(each.minor for each in found), digest=digest_of(mission.id, currency, found),
        prepared_by_id=officer_id, prepared_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(_item(made.id, each) for each in found)
    recorded(session, clock, actor, made, "prepared")
    return made


def confirm(session: Session, clock: Clock, actor: Actor, settlement_id: int, digest: str) -> Settlement:
    """Agree as a second officer to what was reckoned up (`digest` is what was read), book it and settle every remittance of it.

    Raises NotFound, Forbidden (`four-eyes`), Refused when it does not wait any more, or when a remittance of it changed since
    (`settlement-changed`): it is withdrawn and reckoned up anew.
    """
    one = locked(session, settlement_id)
    state = SETTLEMENT_RUN.next_state(one.state, "confirm", actor)
    if actor.id is None or actor.id == one.prepared_by_id:
        raise Forbidden("Whoever prepared a settlement cannot confirm it; another officer does.", code="four-eyes")
    items = items_of(session, one.id)
    # All rows before the first change: each change takes the audit trail's lock, and whoever holds a row may wait for that.
    rows = session.scalars(
        select(Remittance)
        .where(Remittance.id.in_([item.remittance_id for item in items]))
        .order_by(Remittance.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    found = payouts(session, one.mission_id, one.currency, None, only=[row.id for row in rows])
    if digest != one.digest or digest_of(one.mission_id, one.currency, found) != one.digest:
        raise Refused("Something of this settlement has changed; prepare it anew.", code="settlement-changed")
    total = Money(one.total_minor, one.currency)
    owed = account_for(session, clock, SETTLEMENT, one.currency, mission_id=one.mission_id)
    exchange = account_for(session, clock, FX, one.currency)
    hold(session, [owed])
    posted = post(
        session, clock, actor, key=f"settlement:{one.id}", occurred_at=clock.now(), memo="Payouts of a mission settled",
        about=About(ABOUT, one.id), lines=[Line(owed, total), Line(exchange, -total)],
    )  # fmt: skip
    one.state, one.journal_id, one.decided_by_id, one.decided_at = state, posted.journal_id, actor.id, clock.now()
    for item in items:
        item.settled = True
    session.flush()
    for row in rows:
        moving.move(session, clock, actor, row, "settle", settlement_id=one.id)
    recorded(session, clock, actor, one, "confirmed")
    return one


def withdraw(session: Session, clock: Clock, actor: Actor, settlement_id: int, note: str) -> Settlement:
    """Call off what was reckoned up and nobody has confirmed, with the reason; by any finance officer."""
    one = locked(session, settlement_id)
    state = SETTLEMENT_RUN.next_state(one.state, "withdraw", actor)
    one.note = checked_words("note", note)
    one.state, one.decided_by_id, one.decided_at = state, actor.id, clock.now()
    recorded(session, clock, actor, one, "withdrawn")
    return one


def items_of(session: Session, settlement_id: int) -> list[SettlementItem]:
    """Return what a settlement settles, in the order of the payouts."""
    return list(
        session.scalars(
            select(SettlementItem)
            .where(SettlementItem.settlement_id == settlement_id)
            .order_by(SettlementItem.paid_at, SettlementItem.remittance_id)
        )
    )


def _item(settlement_id: int, payout: Payout) -> SettlementItem:
    return SettlementItem(
        settlement_id=settlement_id, remittance_id=payout.remittance_id, version=payout.version, minor=payout.minor,
        paid_at=payout.paid_at,
    )  # fmt: skip


def _demand(actor: Actor) -> int:
    if actor.id is None or not actor.may(SETTLE):
        raise Forbidden(f"This needs the permission {SETTLE}.")
    return actor.id


def locked(session: Session, settlement_id: int) -> Settlement:
    """Return a settlement that nobody else changes until commit; raises NotFound."""
    found = session.get(Settlement, settlement_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("settlement", settlement_id)
    return found


def recorded(session: Session, clock: Clock, actor: Actor, one: Settlement, action: str) -> None:
    """Write what was done with a settlement into the audit trail."""
    session.flush()
    audit.record(
        session, clock, actor, f"settlement.{action}", "settlement", one.id,
        after={"state": one.state, "mission_id": one.mission_id, "currency": one.currency, "total_minor": one.total_minor,
               "remittances": one.remittances, "digest": one.digest, "journal_id": one.journal_id, "way": one.way},
    )  # fmt: skip
