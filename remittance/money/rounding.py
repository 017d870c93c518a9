"""One rounding in each quote, and its residue as an amount of its own: up on what is due, down on what is paid.

All arithmetic is exact (fractions); the one place where a digit is dropped is named in each function. For every quote
`due = fee + value + residue`, in whole minor units of the currency that is deposited.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money
from remittance.money.currencies import units

SMALLEST_NOTES: dict[str, int] = {
    "USD": 100, "EUR": 500, "GBP": 500, "JPY": 1_000, "KRW": 1_000, "CNY": 100, "HKD": 1_000, "TWD": 10_000, "THB": 2_000,
    "VND": 10_000, "PHP": 2_000, "IDR": 1_000_00, "MYR": 100, "SGD": 200, "AUD": 500, "NZD": 500, "CAD": 500, "CHF": 1_000,
    "INR": 1_000, "MNT": 1_000, "KHR": 100_00, "LAK": 500_00, "MMK": 100_00, "TRY": 500, "AED": 500, "SAR": 500,
    "BHD": 500, "KWD": 250, "OMR": 100, "JOD": 1_000, "IQD": 250_000, "TND": 5_000, "CLP": 1_000, "ISK": 500, "UGX": 1_000,
}  # fmt: skip
"""Smallest note that is commonly in a till, in minor units; a mission's own list of notes goes before it."""
DUE_STEPS: dict[str, int] = {"KRW": 10}
"""What a deposit is rounded up to, in minor units: a relative is told a sum that is easily typed; elsewhere the minor unit."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Everything that shapes a quote.

    `rate` is how much of the deposit's currency one unit of the paid currency costs, both in major units; `spread` is added to
    it as a share (Fraction(1, 100) is one per cent). `note` is the mission's smallest note and `step` what a deposit is rounded
    up to, both in minor units.
    """

    rate: Fraction
    fee: Money
    spread: Fraction = Fraction(0)
    note: int = 0
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class Rounded:
    """What a quote comes to: `due` is deposited and consists of `value`, `fee` and `residue`; `paid` is handed out."""

    due: Money
    paid: Money
    value: Money
    fee: Money
    residue: Money


def smallest_note(currency: str) -> int:
    """Return the smallest note of the table in minor units; where it has none, one major unit."""
    return SMALLEST_NOTES.get(currency, units(currency))


def due_step(currency: str) -> int:
    """Return what a deposit in this currency is rounded up to, in minor units."""
    return DUE_STEPS.get(currency, 1)


def for_payout(paid: Money, rules: Rules) -> Rounded:
    """Return what must be deposited for an amount in cash: the deposit is rounded, up to the step.

    Raises InvalidInput when the mission's notes do not make up `paid`: the one who asks chooses another sum, nobody rounds it.
    """
    note = rules.note or smallest_note(paid.currency)
    if paid.minor <= 0 or paid.minor % note:
        raise InvalidInput(
            "amount",
            str(paid),
            f"give a multiple of {Money(note, paid.currency)}, the smallest note",
            code="not-in-notes",
        )
    exact = _cost(paid, rules)
    step = rules.step or due_step(rules.fee.currency)
    due = _up(exact + rules.fee.minor, step)
    return _quote(due, paid, exact, rules)


def from_deposit(due: Money, paid_currency: str, rules: Rules) -> Rounded:
    """Return what can be handed out for a deposit: the cash is rounded, down to the smallest note, and may be nothing.

    Raises InvalidInput when the deposit does not cover the fee.
    """
    net = due - rules.fee
    if net.minor < 0:
        raise InvalidInput("amount", str(due), f"deposit more than the fee of {rules.fee}", code="less-than-fee")
    note = rules.note or smallest_note(paid_currency)
    minor_cost = _cost(Money(1, paid_currency), rules)
    paid = Money(net.minor // (minor_cost * note) * note, paid_currency)
    return _quote(due.minor, paid, _cost(paid, rules), rules)


def _cost(paid: Money, rules: Rules) -> Fraction:
    """Minor units of the deposit's currency that `paid` costs, exactly."""
    if rules.rate <= 0 or rules.spread < 0:
        raise InvalidInput(
            "rate", str(rules.rate), "a rate is more than zero and a spread not less", code="impossible-rate"
        )
    return paid.fraction() * rules.rate * (1 + rules.spread) * units(rules.fee.currency)


def _quote(due_minor: int, paid: Money, exact: Fraction, rules: Rules) -> Rounded:
    currency = rules.fee.currency
    due, value = Money(due_minor, currency), Money(int(exact), currency)
    residue = due - rules.fee - value
    assert residue.minor >= 0, "nothing is rounded to the loss of the house"
    return Rounded(due=due, paid=paid, value=value, fee=rules.fee, residue=residue)


def _up(exact: Fraction, step: int) -> int:
    return -(-exact // step) * step
