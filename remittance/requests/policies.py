"""The policy that holds: Korea's comes with the software, any other is kept as a new version; old requests keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, Refused, SeveralFaults, Unavailable
from remittance.money.amounts import Money
from remittance.money.currencies import LARGEST_MINOR, exponent
from remittance.requests.models import Policy
from remittance.requests.states import RULES

REASONS = ("robbed", "lost", "accident", "illness", "stranded", "disaster", "bereavement")
"""For what emergency money can be given; a policy takes some of them. Every other purpose is none of an emergency: drugs,
gambling, unlawful and commercial ones are refused by every ministry that gives this help."""
BEGINNING = datetime(2007, 6, 1, tzinfo=UTC)
"""When Korea's rule began; its limit is the equivalent of 3,000 US dollars for an incident."""
MAX_CURRENCIES = 40
BOUNDS = {
    "limit": (1, LARGEST_MINOR), "fee": (0, LARGEST_MINOR), "spread": (0, 1_000), "open_per_person": (1, 10),
    "quote_minutes": (15, 7 * 24 * 60), "rate_hours": (1, 120), "payout_currencies": (1, MAX_CURRENCIES),
    "reasons": (1, len(REASONS)),
}  # fmt: skip
"""The least and the most of each number; of currencies and reasons, how many."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A policy to be kept; money in minor units, the spread in hundredths of a per cent."""

    limit: Money
    reasons: Sequence[str]
    deposit_currency: str
    payout_currencies: Sequence[str]
    fee_minor: int = 0
    spread_basis_points: int = 0
    open_per_person: int = 1
    quote_minutes: int = 24 * 60
    rate_hours: int = 24


KOREA = Rules(
    limit=Money(300_000, "USD"),
    reasons=REASONS,
    deposit_currency="KRW",
    payout_currencies=("USD", "EUR", "GBP", "JPY", "CNY", "HKD"),
)


def current(session: Session, at: datetime) -> Policy:
    """Return the policy that holds at a moment; raises Unavailable before any begins."""
    found = session.scalar(
        select(Policy).where(Policy.begins_at <= at).order_by(Policy.begins_at.desc(), Policy.id.desc()).limit(1)
    )
    if found is None:
        raise Unavailable("No policy for remittances holds yet.", code="no-policy")
    return found


def history(session: Session) -> Sequence[Policy]:
    """Return every version, the newest first."""
    return session.scalars(select(Policy).order_by(Policy.begins_at.desc(), Policy.id.desc()).limit(100)).all()


def keep(session: Session, clock: Clock, actor: Actor, rules: Rules, *, version: int | None = None) -> Policy:
    """Keep a new version, which holds from now on; whatever was asked for before goes by its own.

    `version` is the one that was read; without it whatever holds is meant. Raises Forbidden without the permission,
    SeveralFaults naming each field, Refused when another version was kept meanwhile.
    """
    if not actor.may(RULES) and actor.kind != "system":
        raise Forbidden(f"This needs the permission {RULES}.")
    _check(rules)
    now = clock.now()
    session.execute(select(Policy.id).order_by(Policy.id).limit(1).with_for_update())  # one version after the other
    before = current(session, now)
    if version is not None and version != before.id:
        raise Refused("Another policy was kept meanwhile.", code="policy-changed")
    policy = Policy(
        begins_at=now, limit_minor=rules.limit.minor, limit_currency=rules.limit.currency, reasons=sorted(set(rules.reasons)),
        open_per_person=rules.open_per_person, deposit_currency=rules.deposit_currency,
        payout_currencies=sorted(set(rules.payout_currencies)), fee_minor=rules.fee_minor,
        spread_basis_points=rules.spread_basis_points, quote_minutes=rules.quote_minutes, rate_hours=rules.rate_hours,
        kept_by_id=actor.id, created_at=now,
    )  # fmt: skip
    session.add(policy)
    session.flush()
    audit.record(
        session,
        clock,
        actor,
        "remittance_policy.kept",
        "remittance_policy",
        policy.id,
        before=shown(before),
        after=shown(policy),
    )
    return policy


def shown(policy: Policy) -> dict[str, object]:
    """Return what a policy says, for the audit trail."""
    names = (
        "limit_minor", "limit_currency", "reasons", "open_per_person", "deposit_currency", "payout_currencies", "fee_minor",
        "spread_basis_points", "quote_minutes", "rate_hours",
    )  # fmt: skip
    return {name: getattr(policy, name) for name in names}


def _check(rules: Rules) -> None:
    faults: list[HotlineError] = []
    for field, currency in (
        ("limit_currency", rules.limit.currency), ("deposit_currency", rules.deposit_currency),
        *(("payout_currencies", each) for each in rules.payout_currencies),
    ):  # fmt: skip
        try:
            exponent(currency)
        except InvalidInput as error:
            faults.append(InvalidInput(field, currency, error.mend))
    values = {
        "limit": rules.limit.minor, "fee": rules.fee_minor, "spread": rules.spread_basis_points,
        "open_per_person": rules.open_per_person, "quote_minutes": rules.quote_minutes, "rate_hours": rules.rate_hours,
        "payout_currencies": len(rules.payout_currencies), "reasons": len(rules.reasons),
    }  # fmt: skip
    faults += [
        InvalidInput(name, values[name], f"use {least} to {most}")
        for name, (least, most) in BOUNDS.items()
        if not least <= values[name] <= most
    ]
    faults += [
        InvalidInput("reasons", reason, f"use some of {', '.join(REASONS)}")
        for reason in rules.reasons
        if reason not in REASONS
    ]
    if faults:
        raise SeveralFaults(
            [
                {"field": each.field, "value": each.shown_value, "mend": each.mend}
                for each in faults
                if isinstance(each, InvalidInput)
            ]
        )
