"""What pages and the API show of payouts: a cashier's list, one payout with the names of who took part, the panel's facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.missions import opening, staff
from hotline.missions.hours import Opening
from hotline.missions.models import Mission
from remittance.money.amounts import Money
from remittance.payouts import codes, paying, releasing
from remittance.payouts.models import HoursException, Payout, PickupCode
from remittance.payouts.states import MAX_WRONG_TRIES, PREPARED
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests.models import Remittance
from remittance.requests.states import DEPOSITED, DISPUTED, READY

PAGE_ROWS = 50


@dataclass(frozen=True)
class Waiting:
    """One line of a cashier's list: what is ready, and the payout that waits for a witness, if there is one."""

    one: Remittance
    paid: Money
    prepared: Payout | None


@dataclass(frozen=True)
class Standing:
    """Where the payout of one remittance stands, for its page."""

    one: Remittance
    hindrance: str | None
    """Why it is not released, while it is deposited."""
    code: PickupCode | None
    tries_left: int
    payout: Payout | None
    exception: HoursException | None
    opening: Opening
    quote: Quote | None

    @property
    def silent(self) -> bool:
        """Say whether there is nothing to show."""
        return self.one.state not in (DEPOSITED, READY, DISPUTED) and self.payout is None


def waiting(session: Session, actor: Actor, *, before: int = 0) -> Sequence[Waiting]:
    """Return what is ready at the missions where the actor works, the oldest first; `before` is the id after which it goes on."""
    mine = staff.missions_of(session, actor.id or 0)
    found = session.scalars(
        select(Remittance)
        .where(Remittance.state == READY, Remittance.mission_id.in_(mine), Remittance.id > before)
        .order_by(Remittance.id)
        .limit(PAGE_ROWS + 1)
    ).all()
    numbers = [one.id for one in found]
    prepared = {
        each.remittance_id: each
        for each in session.scalars(select(Payout).where(Payout.remittance_id.in_(numbers), Payout.state == PREPARED))
    }
    quotes = {one.id: quote_of(session, one.id) for one in found}
    return [
        Waiting(one, Money(quote.paid_minor, quote.currency), prepared.get(one.id))
        for one in found
        if (quote := quotes[one.id]) is not None
    ]


def missions_of(session: Session, actor: Actor) -> Sequence[Mission]:
    """Return the missions where the actor works."""
    mine = staff.missions_of(session, actor.id or 0)
    return session.scalars(select(Mission).where(Mission.id.in_(mine)).order_by(Mission.name_en)).all()


def standing(session: Session, clock: Clock, one: Remittance) -> Standing:
    """Return where the payout of a remittance stands."""
    now, quote = clock.now(), quote_of(session, one.id)
    code = codes.live(session, one.id)
    payout = paying.standing_of(session, one.id)
    return Standing(
        one, releasing.hindrance(session, one, quote) if one.state == DEPOSITED else None, code,
        MAX_WRONG_TRIES - code.wrong_tries if code is not None else 0, payout,
        paying.live_exception(session, one.id, now), opening.at(session, one.mission_id, now), quote,
    )  # fmt: skip
