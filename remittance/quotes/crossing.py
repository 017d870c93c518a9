"""From rates on record to the one rate of a quote: direct, turned round, or across a third currency of one source; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class KnownRate:
    """One unit of `base` costs `value` units of `quoted`; `at` is the moment for which the source gave it (UTC)."""

    id: int
    base: str
    quoted: str
    value: Fraction
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Crossed:
    """What one unit of the wanted currency costs, by which rates; `at` is the oldest of them."""

    value: Fraction
    at: datetime
    source: str
    rate_ids: tuple[int, ...]


def cross(rates: Iterable[KnownRate], wanted: str, paid_in: str, now: datetime, oldest: timedelta) -> Crossed | None:
    """Return what one unit of `wanted` costs in `paid_in`; None where no fresh rate, or pair of rates, says.

    The newest answer is taken, of equally new ones the one with fewer rates. A rate of the future is no rate yet.
    """
    if wanted == paid_in:
        return Crossed(Fraction(1), now, "same", ())
    fresh = [rate for rate in rates if now - oldest <= rate.at <= now]
    direct = [
        Crossed(value, rate.at, rate.source, (rate.id,))
        for rate in fresh
        if (value := _between(rate, wanted, paid_in)) is not None
    ]
    over = [
        Crossed(first * second, min(one.at, other.at), one.source, (one.id, other.id))
        for one in fresh if wanted in (one.base, one.quoted)
        for other in fresh if paid_in in (other.base, other.quoted)
        if one.id != other.id and one.source == other.source
        and (third := _other_end(one, wanted)) not in (None, paid_in)
        and (first := _between(one, wanted, str(third))) is not None
        and (second := _between(other, str(third), paid_in)) is not None
    ]  # fmt: skip
    return max([*direct, *over], key=lambda found: (found.at, -len(found.rate_ids), found.rate_ids), default=None)


def _other_end(rate: KnownRate, currency: str) -> str | None:
    if currency not in (rate.base, rate.quoted):
        return None
    return rate.quoted if rate.base == currency else rate.base


def _between(rate: KnownRate, wanted: str, paid_in: str) -> Fraction | None:
    if (rate.base, rate.quoted) == (wanted, paid_in):
        return rate.value
    if (rate.quoted, rate.base) == (wanted, paid_in):
        return 1 / rate.value
    return None
