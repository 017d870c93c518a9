"""The limit of an incident in whatever currencies: amounts are weighed in the policy's currency by rates that count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from hotline.cases.persons import get_person, members
from hotline.core.errors import Refused
from remittance.money.amounts import Money
from remittance.money.currencies import units
from remittance.quotes import rates
from remittance.quotes.crossing import Crossed, KnownRate, cross
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests.asking import ENDED_WITHOUT_CASH
from remittance.requests.models import Policy, Remittance

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 39))")


def known_rates(session: Session, policy: Policy, now: datetime) -> list[KnownRate]:
    """Return the rates that a quote under this policy may use now."""
    return rates.counting(session, now, timedelta(hours=policy.rate_hours))


def demand_rate(known: Sequence[KnownRate], wanted: str, paid_in: str, policy: Policy, now: datetime) -> Crossed:
    """Return what one unit of `wanted` costs in `paid_in`; raises Refused (`no-rate`) where no fresh rate says."""
    found = cross(known, wanted, paid_in, now, timedelta(hours=policy.rate_hours))
    if found is None:
        raise Refused(
            f"No rate of the last {policy.rate_hours} hours says what {wanted} costs in {paid_in}.", code="no-rate",
            params={"wanted": wanted, "paid_in": paid_in, "hours": policy.rate_hours},
        )  # fmt: skip
    return found


def weigh(amount: Money, known: Sequence[KnownRate], policy: Policy, now: datetime) -> Money:
    """Return an amount as the equivalent in the policy's limit currency, rounded up; raises Refused (`no-rate`)."""
    limit = policy.limit_currency
    if amount.currency == limit:
        return amount
    rate = demand_rate(known, amount.currency, limit, policy, now)
    exact = amount.fraction() * rate.value * units(limit)
    return Money(-(-exact.numerator // exact.denominator), limit)


def demand_within_limit(
    session: Session, one: Remittance, weight: Money, known: Sequence[KnownRate], now: datetime, *, lock: bool = True
) -> None:
    """Raise Refused (`remittance-limit`) where this would pass the incident's limit with what the person was quoted before.

    With `lock` two remittances of one person are weighed one after the other, until commit. The lock is an advisory one: one
    on the person's row would stand in the way of everything else that names the person.
    """
    policy = session.get_one(Policy, one.policy_id)
    had = quoted_before(session, one, known, now, lock=lock)
    if had.minor + weight.minor > policy.limit_minor:
        left = Money(max(0, policy.limit_minor - had.minor), policy.limit_currency)
        raise Refused(
            f"The limit of this incident leaves {left}.", code="remittance-limit", params={"left": left.grouped()}
        )


def quoted_before(session: Session, one: Remittance, known: Sequence[KnownRate], now: datetime, *, lock: bool) -> Money:
    """Return what other remittances of the person and incident come to, in the limit's currency.

    Counted are those whose quote holds and those that were paid; what was only asked for is weighed at its own quote. Somebody
    who was merged into the person is the person, and without an incident it goes by the case.
    """
    policy = session.get_one(Policy, one.policy_id)
    person = get_person(session, one.person_id)
    person = get_person(session, person.merged_into_id or person.id)
    if lock:
        session.execute(_LOCK, {"key": f"limit:{person.id}"})
    by_case = Remittance.case_id == one.case_id
    others = session.scalars(
        select(Remittance).where(
            Remittance.person_id.in_([person.id, *members(session, person.id)]),
            by_case if one.incident_id is None else or_(by_case, Remittance.incident_id == one.incident_id),
            Remittance.state.not_in(ENDED_WITHOUT_CASH),
            Remittance.id != one.id,
        )
    ).all()
    total = 0
    for other in others:
        quote = quote_of(session, other.id)
        if quote is not None:
            total += _weight_of(session, other, quote, policy, known, now)
    return Money(total, policy.limit_currency)


def _weight_of(
    session: Session, other: Remittance, quote: Quote, policy: Policy, known: Sequence[KnownRate], now: datetime
) -> int:
    """Minor units of the limit's currency; a quote given under a policy with another limit currency is weighed anew."""
    if session.get_one(Policy, other.policy_id).limit_currency == policy.limit_currency:
        return quote.limit_minor
    return weigh(Money(quote.paid_minor, quote.currency), known, policy, now).minor
