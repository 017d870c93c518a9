"""Whose deposit an entry of the bank's statement is: by reference, then by amount and name; pure.

What is not certain goes to suspense with suggestions, for a finance officer to decide: money is never given to the likeliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from remittance.deposits.statement import Entry
from remittance.names.likeness import SAME, UNLIKE, likeness
from remittance.requests.reference import found_in

EXACT, PART, OVER, OTHER = "deposit", "deposit_part", "deposit_over", "deposit_other"
"""What a deposit is to its remittance, by the names of the lifecycle's events."""
BY_REFERENCE, BY_AMOUNT_AND_NAME, RETURNED = "reference", "amount_and_name", "returned"
NO_REFERENCE, SEVERAL_REFERENCES, SEVERAL_LIKE, OUTGOING, CLOSED_ONE, NOTHING = (
    "no_reference", "several_references", "several_alike", "outgoing", "not_waiting", "unknown",
)  # fmt: skip
MAX_SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Awaited:
    """A remittance whose deposit is awaited, or that had one; amounts in minor units of the deposit's currency.

    `names` are those under which the relative is known, in any script.
    """

    id: int
    reference: str
    due: int
    received: int
    names: tuple[str, ...]
    waiting: bool = True
    """A deposit can be taken: quoted, or partly paid."""


@dataclass(frozen=True, slots=True)
class Match:
    """What an entry is: a remittance's deposit of a kind, or suspense with a reason and remittances it might be for."""

    remittance_id: int | None
    event: str = ""
    how: str = ""
    why: str = ""
    suggestions: tuple[int, ...] = field(default=())


def match(entry: Entry, awaited: Sequence[Awaited]) -> Match:
    """Return what an entry is; the caller asks for entries in the order of the statement, with what came before taken in."""
    if entry.amount < 0:
        return Match(None, why=RETURNED if entry.returned else OUTGOING, suggestions=_named(entry, awaited))
    by_reference = _named(entry, awaited)
    if len(by_reference) > 1:
        return Match(None, why=SEVERAL_REFERENCES, suggestions=by_reference)
    if by_reference:
        return _of_reference(entry, next(each for each in awaited if each.id == by_reference[0]))
    return _of_amount_and_name(entry, awaited)


def _named(entry: Entry, awaited: Sequence[Awaited]) -> tuple[int, ...]:
    """Return the remittances whose references stand in the entry, in the field for it or anywhere in the words."""
    known = {each.reference: each.id for each in awaited}
    for text in (entry.reference, entry.details, f"{entry.payer} {entry.bank_reference}"):
        found = dict.fromkeys(known[each] for each in found_in(text) if each in known)
        if found:
            return tuple(found)[:MAX_SUGGESTIONS]
    return ()


def _of_reference(entry: Entry, one: Awaited) -> Match:
    if not one.waiting:
        return Match(None, how=BY_REFERENCE, why=CLOSED_ONE, suggestions=(one.id,))
    if entry.payer and one.names and max(likeness(entry.payer, name) for name in one.names) < UNLIKE:
        return Match(one.id, OTHER, BY_REFERENCE)
    return Match(one.id, event_of(one, entry.amount), BY_REFERENCE)


def event_of(one: Awaited, amount: int) -> str:
    """Return what an amount is to what is still due."""
    after = one.received + amount
    return EXACT if after == one.due else PART if after < one.due else OVER


def _of_amount_and_name(entry: Entry, awaited: Sequence[Awaited]) -> Match:
    """Without a reference: the one remittance with exactly this amount open and this depositor, if there is only one."""
    fits = [each for each in awaited if each.waiting and each.due - each.received == entry.amount]
    measures = {each.id: max((likeness(entry.payer, name) for name in each.names), default=0.0) for each in fits}
    alike = [each for each in fits if measures[each.id] >= SAME]
    if len(alike) == 1 and sum(measure >= UNLIKE for measure in measures.values()) == 1:
        return Match(alike[0].id, EXACT, BY_AMOUNT_AND_NAME)
    likely = tuple(sorted(measures, key=lambda number: -measures[number]))[:MAX_SUGGESTIONS]
    return Match(None, why=SEVERAL_LIKE if alike else NO_REFERENCE if likely else NOTHING, suggestions=likely)
