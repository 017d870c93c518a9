"""Remittances that entries of a statement might be for: those that await a deposit, and those whose references stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from remittance.deposits.holding import going_back, held_for
from remittance.deposits.matching import BY_REFERENCE, CLOSED_ONE, Awaited, Match, match
from remittance.deposits.models import BankEntry
from remittance.deposits.statement import Entry
from remittance.deposits.states import LATE, OTHER_CURRENCY, TOO_MUCH
from remittance.ledger.months import BOOKS_ZONE
from remittance.names.likeness import UNLIKE, likeness
from remittance.quotes.models import Quote
from remittance.quotes.standing import latest_quotes
from remittance.requests.models import Remittance
from remittance.requests.reference import found_in
from remittance.requests.states import CANCELLED, DEPOSITED, EXPIRED, OVERPAID, PARTIAL, QUOTED, REFUND_PENDING

MORE, REFUND = "deposit_more", "refund_paid"
"""A further deposit where enough is there already (an event of the lifecycle); money that went back to whom it came from."""
MAX_AWAITED, MAX_REFERENCES = 5_000, 20_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A remittance as deposits see it: what is due, in which currency, until which day, and what is held."""

    id: int
    reference: str
    state: str
    currency: str
    due: int
    held: int
    names: tuple[str, ...]
    last_day: date | None
    back: int = 0
    """What is to go back, as decided: a refund, or a surplus while the rest goes on."""

    def awaited(self, entry: BankEntry) -> Awaited:
        """Return how matching sees it for an entry: waiting only in the entry's currency, and within the quote's time."""
        in_time = self.state == PARTIAL or (self.last_day is not None and entry.booked_on <= self.last_day)
        waiting = self.state in (QUOTED, PARTIAL) and self.currency == entry.currency and in_time
        return Awaited(self.id, self.reference, self.due, self.held, self.names, waiting)


def value_of(entry: BankEntry) -> Entry:
    """Return a kept entry as matching reads it."""
    return Entry(
        entry.line, entry.amount_minor, entry.booked_on, entry.value_on, entry.reference, entry.bank_reference, entry.payer,
        "", entry.details, entry.taken_back,
    )  # fmt: skip


def references_in(entries: Iterable[BankEntry]) -> set[str]:
    """Return everything in these entries that could be a reference."""
    texts = (text for each in entries for text in (each.reference, each.details, f"{each.payer} {each.bank_reference}"))
    return {found for text in texts for found in found_in(text)}


def find(session: Session, entries: Sequence[BankEntry], *, only: int | None = None) -> list[Candidate]:
    """Return the remittances that these entries might be for; `only` names one by id."""
    wanted = sorted(references_in(entries))[:MAX_REFERENCES]
    statement = select(Remittance).where(
        or_(Remittance.state.in_((QUOTED, PARTIAL)), Remittance.reference.in_(wanted))
        if only is None
        else Remittance.id == only
    )
    rows = session.scalars(statement.order_by(Remittance.id.desc()).limit(MAX_AWAITED)).all()
    quotes = latest_quotes(session, [one.id for one in rows])
    held = held_for(session, [one.id for one in rows])
    return [_candidate(one, quotes.get(one.id), held) for one in rows]


def _candidate(one: Remittance, quote: Quote | None, held: Mapping[tuple[int, str], int]) -> Candidate:
    names = (one.payer_name,) if one.payer_name else ()
    if quote is None:
        return Candidate(one.id, one.reference, one.state, "", 0, 0, names, None)
    last_day = quote.expires_at.astimezone(BOOKS_ZONE).date()
    currency, minor = quote.due_currency, held.get((one.id, quote.due_currency), 0)
    back = going_back(one, minor, quote.due_minor)
    return Candidate(one.id, one.reference, one.state, currency, quote.due_minor, minor, names, last_day, back)


def judge(entry: BankEntry, candidates: Sequence[Candidate]) -> Match:
    """Return what an entry is, with what the books know beyond what `matching` sees."""
    found = match(value_of(entry), [each.awaited(entry) for each in candidates])
    if len(found.suggestions) != 1:
        return found
    one = next(each for each in candidates if each.id == found.suggestions[0])
    if entry.amount_minor < 0:
        return _going_back(entry, one, found)
    if found.why == CLOSED_ONE:
        return _not_waiting(entry, one, found)
    return found


def _not_waiting(entry: BankEntry, one: Candidate, found: Match) -> Match:
    """A further deposit of the same payer, where one was taken already; else why it is not taken."""
    if one.currency and one.currency != entry.currency:
        return replace(found, why=OTHER_CURRENCY)
    if one.state in (OVERPAID, DEPOSITED) and not unlike(entry, one.names):
        return Match(one.id, MORE, BY_REFERENCE)
    if one.state in (EXPIRED, CANCELLED, QUOTED):
        return replace(found, why=LATE)
    return found


def _going_back(entry: BankEntry, one: Candidate, found: Match) -> Match:
    """Money out with the reference of a remittance of which something is to go back is that refund, up to so much."""
    if (one.state != REFUND_PENDING and one.back == 0) or one.currency != entry.currency:
        return found
    if -entry.amount_minor > one.back:
        return replace(found, why=TOO_MUCH)
    return Match(one.id, REFUND, BY_REFERENCE)


def unlike(entry: BankEntry, names: Sequence[str]) -> bool:
    """Say whether an entry names somebody, and surely none of these."""
    return bool(entry.payer and names) and max(likeness(entry.payer, name) for name in names) < UNLIKE
