"""Where a statement goes on from what is known of its account: nothing is taken twice and nothing is passed over; pure.

A bank sends the same days again: in another form, or as a table whose period overlaps the last one. Entries are told apart by
day, amount, the balance before them and, where both have one, the bank's own reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from remittance.deposits.statement import Entry, Statement


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that is in the books; `balance` is what the account held after it, in minor units."""

    booked_on: date
    amount: int
    balance: int
    bank_reference: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Where the books of an account end: the last statement's closing balance and day."""

    closing: int
    closed_on: date


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a statement does not go on from what is known, and how that is mended."""

    value: str
    mend: str


def moving(statement: Statement) -> tuple[Entry, ...]:
    """Return the entries that move money; a line of zero only tells something."""
    return tuple(entry for entry in statement.entries if entry.amount)


def first_day(statement: Statement) -> date:
    """Return the first day from which known entries can be among these."""
    return min((entry.booked_on for entry in statement.entries), default=statement.opened_on)


def align(statement: Statement, known: Sequence[Known], end: End | None) -> int | Misfit:
    """Return how many of the statement's first entries are known; all of them means that it brings nothing new.

    `known` are the account's entries from `first_day` on, the oldest first; `end` is None before the first statement.
    """
    if end is None:
        return 0
    entries = moving(statement)
    # Not by the opening day: banks date it as the closing before, and give two statements of one day the same.
    goes_on = statement.opening == end.closing and statement.closed_on >= end.closed_on
    places = [
        at
        for at, one in enumerate(known)
        if one.balance - one.amount == statement.opening and entries and _same(entries, known[at:])
    ]
    counts = [min(len(entries), len(known) - at) for at in places]
    if not places:
        return 0 if goes_on else _misfit(statement, end)
    if not goes_on or any(_surely(entries, known[at:]) for at in places):
        return max(counts)
    return Misfit(
        statement.number or str(statement.opened_on),
        "its entries look like the last known ones, and could also be new ones of the same amounts; send the statement in a"
        " form that gives the bank's reference of each entry",
    )


def _same(entries: Sequence[Entry], known: Sequence[Known]) -> bool:
    """Say whether the entries and the known ones are alike for as long as both go on."""
    return all(
        (one.booked_on, one.amount) == (other.booked_on, other.amount)
        and (one.bank_reference == other.bank_reference or not one.bank_reference or not other.bank_reference)
        for one, other in zip(entries, known, strict=False)
    )


def _surely(entries: Sequence[Entry], known: Sequence[Known]) -> bool:
    return all(
        one.bank_reference and one.bank_reference == other.bank_reference
        for one, other in zip(entries, known, strict=False)
    )


def _misfit(statement: Statement, end: End) -> Misfit:
    value = f"{statement.opening} {statement.currency} on {statement.opened_on}"
    if statement.closed_on < end.closed_on or statement.opened_on < end.closed_on:
        return Misfit(
            value,
            f"the books are kept up to {end.closed_on} and hold {end.closing} in minor units there; this statement is of known"
            " days and does not agree with them",
        )
    return Misfit(
        value,
        f"the statements of {end.closed_on} to {statement.opened_on} are missing: the last one closed with {end.closing} in minor"
        " units; take them over first",
    )
