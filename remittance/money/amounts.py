"""An amount: whole minor units and their currency. There is no float in it and no way to one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from hotline.core.errors import InvalidInput
from remittance.money.currencies import LARGEST_MINOR, exponent, units


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency` (ISO 4217): Money(1050, "USD") is ten dollars fifty, Money(1050, "KRW") 1,050 won.

    Raises InvalidInput for an unknown currency and for more than LARGEST_MINOR units; TypeError for anything but an integer.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        exponent(self.currency)
        if abs(self.minor) > LARGEST_MINOR:
            raise InvalidInput(
                "amount", self.minor, f"give at most {LARGEST_MINOR} minor units", code="amount-too-large"
            )

    @property
    def exponent(self) -> int:
        """How many of the digits stand after the point."""
        return exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def grouped(self) -> str:
        """Return it for a sentence, as in `USD 1,000.00`: the same in every language."""
        return f"{self.currency} {self.decimal():,}"

    def decimal(self) -> Decimal:
        """Return the amount in major units, exactly, with every digit that ISO 4217 gives the currency."""
        with localcontext() as context:
            context.prec = 40
            return Decimal(self.minor).scaleb(-self.exponent)

    def fraction(self) -> Fraction:
        """Return the amount in major units, for exact arithmetic with rates."""
        return Fraction(self.minor, units(self.currency))

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix without a rate")
        return other.minor


def from_decimal(amount: Decimal, currency: str) -> Money:
    """Return an amount given in major units.

    Raises InvalidInput where it has more digits than the currency: nothing is rounded here, silently least of all.
    """
    digits = exponent(currency)
    if not amount.is_finite():
        raise InvalidInput("amount", str(amount), "give a number", code="not-an-amount")
    places = amount.as_tuple().exponent
    if amount.adjusted() > 20 or (isinstance(places, int) and places < -20):
        raise InvalidInput("amount", str(amount), f"give at most {LARGEST_MINOR} minor units", code="amount-too-large")
    minor = Fraction(amount) * units(currency)
    if minor.denominator != 1:
        raise InvalidInput(
            "amount", str(amount), f"{currency} has {digits} digits after the point", code="too-many-digits"
        )
    return Money(int(minor), currency)
