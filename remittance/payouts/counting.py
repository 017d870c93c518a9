"""What a cashier counted, held to the amount that is to be handed out; pure."""

from __future__ import annotations

from collections.abc import Iterable

from hotline.core.errors import InvalidInput
from remittance.money.amounts import Money
from remittance.money.denominations import proposal, total

MAX_KINDS = 40
"""More kinds of notes and coins no currency has."""


def counted(given: Iterable[tuple[int, int]], amount: Money) -> list[list[int]]:
    """Return what was counted as `[[value, count], …]` in minor units, the largest first, when it makes up exactly the amount.

    Raises InvalidInput naming `notes`: a value that the currency does not have or that is given twice, a count that cannot be, or
    another sum.
    """
    pairs = list(given)
    counts = dict(pairs)
    if len(pairs) > MAX_KINDS or len(counts) < len(pairs):
        raise InvalidInput("notes", len(pairs), f"give each note and coin once, at most {MAX_KINDS} kinds")
    try:
        found = total(counts, amount.currency)
    except InvalidInput as error:
        raise InvalidInput("notes", error.value, error.mend, code=error.code) from None
    if found != amount.minor:
        raise InvalidInput("notes", str(Money(found, amount.currency)), f"count exactly {amount}", code="notes-differ")
    return [[value, count] for value, count in sorted(counts.items(), reverse=True) if count]


def suggested(amount: Money) -> dict[int, int]:
    """Return counts by value that make up an amount; empty where notes and coins do not."""
    try:
        return proposal(amount.minor, amount.currency)
    except InvalidInput:
        return {}
