"""Quoting: what a relative is asked to deposit for the cash that was approved, and by when; the till keeps the cash for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from remittance.banks import accounts as banks
from remittance.banks.models import BankAccount
from remittance.money.amounts import Money
from remittance.money.rounding import Rounded, Rules, for_payout, from_deposit
from remittance.quotes import floats, weighing
from remittance.quotes.crossing import Crossed
from remittance.quotes.models import Quote
from remittance.quotes.standing import MAX_QUOTES, quote_of
from remittance.requests import access
from remittance.requests.models import Policy, Remittance
from remittance.requests.moving import demand_version, move
from remittance.requests.states import QUOTED, REMITTANCE

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Offer:
    """What a quote comes to now: amounts, the rate behind them, where to deposit, its weight in the limit, how long it holds."""

    rounded: Rounded
    rate: Crossed
    bank: BankAccount
    weight: Money
    spread_basis_points: int
    expires_at: datetime


def reckon(session: Session, now: datetime, one: Remittance, *, lock: bool = True) -> Offer:
    """Return what a quote would come to at a moment; changes nothing.

    `lock` keeps the person's other quotes waiting until commit.

    Raises Refused for a drill (`drill-money`), without a fresh rate (`no-rate`) or an account (`no-bank-account`), and past the
    incident's limit (`remittance-limit`); InvalidInput (`not-in-notes`) where the till's notes do not make up the amount.
    """
    if one.drill:
        raise Refused("A drill's remittance never reaches the books: it is not quoted.", code="drill-money")
    policy = session.get_one(Policy, one.policy_id)
    known = weighing.known_rates(session, policy, now)
    paid = Money(one.wanted_minor, one.currency)
    rate = weighing.demand_rate(known, one.currency, policy.deposit_currency, policy, now)
    rounded = for_payout(
        paid,
        Rules(
            rate=rate.value,
            fee=Money(policy.fee_minor, policy.deposit_currency),
            spread=Fraction(policy.spread_basis_points, BASIS_POINTS),
        ),
    )
    weight = weighing.weigh(paid, known, policy, now)
    weighing.demand_within_limit(session, one, weight, known, now, lock=lock)
    bank = banks.main_of(session, policy.deposit_currency)
    return Offer(rounded, rate, bank, weight, policy.spread_basis_points, now + timedelta(minutes=policy.quote_minutes))


def preview(session: Session, now: datetime, one: Remittance) -> Offer:
    """Return what a quote would come to, for looking only: nothing is locked or kept. Raises as `quote` does."""
    offer = reckon(session, now, one, lock=False)
    floats.demand_free(session, one, offer.rounded.paid)
    return offer


def quote(session: Session, clock: Clock, actor: Actor, remittance_id: int, *, version: int | None = None) -> Quote:
    """Quote an approved remittance, or quote it again, and keep the mission's cash for it until the quote is over.

    Raises what `reckon` raises; Refused (`float-short`) where the till cannot promise the cash, (`wrong-state`) where it is not
    the time; Forbidden; NotFound; Conflict (`remittance-changed`) for another version than the one given.
    """
    one = access.demand(session, actor, remittance_id, lock=True)
    demand_version(one, version)
    event = "quote_again" if one.state == QUOTED else "quote"
    REMITTANCE.next_state(one.state, event, actor)
    before, now = quote_of(session, one.id), clock.now()
    if before is not None and before.nth >= MAX_QUOTES:
        raise Refused(f"It was quoted {MAX_QUOTES} times. Call it off and ask anew.", code="too-many-quotes")
    offer = reckon(session, now, one)
    floats.demand_cash(session, clock, one, offer.rounded.paid)
    made = _row(one, offer, before.nth + 1 if before is not None else 1, now, actor)
    session.add(made)
    session.flush()
    move(
        session, clock, actor, one, event, **_facts(made)
    )  # the effect of this room sets the time of the state to the quote's
    return made


def accepted_quote(session: Session, clock: Clock, actor: Actor, remittance: Remittance, used_minor: int) -> Quote:
    """Write the quote for a deposit that is used otherwise than asked: the same rate, and never more cash than was approved.

    `used_minor` is in minor units of the deposit's currency. What is due already keeps all as it is, also for more than that:
    the rest stays a deposit, to be refunded. Less buys what it buys, rounded down to the smallest note. The remittance is
    locked by the caller, whose `move` says the quote in the trail.

    Raises Refused: `not-quoted`; `nothing-to-pay` where it buys no note.
    """
    before = quote_of(session, remittance.id)
    if before is None:
        raise Refused("It was never quoted.", code="not-quoted")
    bought = buys(before, used_minor)
    made = Quote(
        remittance_id=remittance.id, nth=before.nth + 1, kind="accepted", bank_account_id=before.bank_account_id,
        rate=before.rate, rate_source=before.rate_source, rate_at=before.rate_at, rate_ids=list(before.rate_ids),
        spread_basis_points=before.spread_basis_points, currency=bought.paid.currency, paid_minor=bought.paid.minor,
        due_currency=bought.due.currency, due_minor=bought.due.minor, value_minor=bought.value.minor,
        fee_minor=bought.fee.minor, residue_minor=bought.residue.minor,
        limit_minor=-(-before.limit_minor * bought.paid.minor // before.paid_minor), expires_at=before.expires_at,
        quoted_at=clock.now(), quoted_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def buys(held: Quote, used_minor: int) -> Rounded:
    """Return what a part of a deposit (minor units of its currency) buys under a quote; raises Refused (`nothing-to-pay`)."""
    currency = held.due_currency
    same = Rounded(
        due=Money(held.due_minor, currency), paid=Money(held.paid_minor, held.currency), value=Money(held.value_minor, currency),
        fee=Money(held.fee_minor, currency), residue=Money(held.residue_minor, currency),
    )  # fmt: skip
    if used_minor >= held.due_minor:
        return same
    nothing = Refused("So little buys no note. Order the refund.", code="nothing-to-pay")
    if used_minor < held.fee_minor:
        raise nothing
    used = Money(used_minor, currency)
    rules = Rules(rate=Fraction(held.rate), fee=same.fee, spread=Fraction(held.spread_basis_points, BASIS_POINTS))
    bought = from_deposit(used, held.currency, rules)
    if bought.paid.minor <= 0:
        raise nothing
    if bought.paid < same.paid:
        return bought
    # It lacks less than what was rounded up: the same cash for a smaller residue.
    return Rounded(due=used, paid=same.paid, value=same.value, fee=same.fee, residue=used - same.fee - same.value)


def _row(one: Remittance, offer: Offer, nth: int, now: datetime, actor: Actor) -> Quote:
    rounded, rate = offer.rounded, offer.rate
    return Quote(
        remittance_id=one.id, nth=nth, kind="quote", bank_account_id=offer.bank.id,
        rate=f"{rate.value.numerator}/{rate.value.denominator}", rate_source=rate.source, rate_at=rate.at,
        rate_ids=list(rate.rate_ids), spread_basis_points=offer.spread_basis_points, currency=rounded.paid.currency,
        paid_minor=rounded.paid.minor, due_currency=rounded.due.currency, due_minor=rounded.due.minor,
        value_minor=rounded.value.minor, fee_minor=rounded.fee.minor, residue_minor=rounded.residue.minor,
        limit_minor=offer.weight.minor, expires_at=offer.expires_at, quoted_at=now, quoted_by_id=actor.id,
    )  # fmt: skip


def _facts(made: Quote) -> dict[str, Any]:
    return {
        "nth": made.nth, "paid_minor": made.paid_minor, "currency": made.currency, "due_minor": made.due_minor,
        "due_currency": made.due_currency, "rate": made.rate, "rate_source": made.rate_source,
    }  # fmt: skip
