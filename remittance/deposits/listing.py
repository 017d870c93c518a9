"""Statements, what waits in suspense, and what is to be refunded, as lists in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import NotFound
from remittance.deposits.candidates import MORE
from remittance.deposits.holding import AFTER_RELEASE, going_back, held_for, something_held
from remittance.deposits.matching import OVER
from remittance.deposits.models import BankEntry, BankStatement
from remittance.deposits.states import ASSIGNED, REFUND_ORDERED, SUSPENSE, WAITING
from remittance.names.likeness import likeness
from remittance.quotes.standing import latest_quotes
from remittance.requests.access import only_visible
from remittance.requests.models import Remittance
from remittance.requests.reference import plain
from remittance.requests.states import DEPOSITED, REFUND_PENDING

PAGE_ROWS, MAX_SEARCH_CHARS = 50, 80
MAX_REFUNDS = 200
MAX_PAIRS = 20


@dataclass(frozen=True)
class Suggestion:
    """A remittance that an entry might be for, what is due and held, and how alike the names are, 0 to 100."""

    remittance: Remittance
    due: int
    held: int
    currency: str
    alike: int


@dataclass(frozen=True)
class Owed:
    """What goes back for a remittance, in minor units, and from whose deposits it came."""

    remittance: Remittance
    minor: int
    currency: str
    deposits: tuple[BankEntry, ...]


def waiting(
    session: Session, *, state: str = "", search: str = "", after: int = 0, limit: int = PAGE_ROWS
) -> Sequence[BankEntry]:
    """Return entries that are still in suspense, the oldest first; `after` is the id after which the page begins."""
    statement = select(BankEntry).where(BankEntry.state.in_(WAITING), BankEntry.id > after)
    if state in WAITING:
        statement = statement.where(BankEntry.state == state)
    words = search.strip()[:MAX_SEARCH_CHARS]
    if words:
        texts = (BankEntry.payer, BankEntry.details, BankEntry.reference, BankEntry.bank_reference)
        found = [column.icontains(words, autoescape=True) for column in texts]
        digits = plain(words)
        if digits.isdigit() and len(digits) < 16:
            found.append(func.abs(BankEntry.amount_minor) == int(digits))
        statement = statement.where(or_(*found))
    return session.scalars(statement.order_by(BankEntry.id).limit(limit)).all()


def suggestions(session: Session, actor: Actor, entries: Sequence[BankEntry]) -> dict[int, list[Suggestion]]:
    """Return for each entry the remittances it might be for, as far as the actor sees them, the likeliest first."""
    wanted = {number for each in entries for number in each.suggestions}
    if not wanted:
        return {}
    found = session.scalars(only_visible(session, actor, select(Remittance).where(Remittance.id.in_(wanted)))).all()
    ones = {one.id: one for one in found}
    quotes, held = latest_quotes(session, list(ones)), held_for(session, list(ones))
    shown = dict[int, list[Suggestion]]()
    for entry in entries:
        for number in entry.suggestions:
            if (one := ones.get(number)) is not None:
                quote = quotes.get(number)
                due, currency = (quote.due_minor, quote.due_currency) if quote is not None else (0, entry.currency)
                alike = round(likeness(entry.payer, one.payer_name))
                made = Suggestion(one, due, held.get((number, currency), 0), currency, alike)
                shown.setdefault(entry.id, []).append(made)
    return shown


def statements(
    session: Session, *, bank_account_id: int | None = None, before: int = 0, limit: int = PAGE_ROWS
) -> Sequence[BankStatement]:
    """Return statements, the latest first; `before` is the id under which the page begins."""
    statement = select(BankStatement)
    if bank_account_id is not None:
        statement = statement.where(BankStatement.bank_account_id == bank_account_id)
    if before:
        statement = statement.where(BankStatement.id < before)
    return session.scalars(statement.order_by(BankStatement.id.desc()).limit(limit)).all()


def get_statement(session: Session, statement_id: int) -> BankStatement:
    """Return a statement; raises NotFound."""
    found = session.get(BankStatement, statement_id)
    if found is None:
        raise NotFound("statement", statement_id)
    return found


def entries_of(session: Session, statement_id: int, *, after: int = 0, limit: int = PAGE_ROWS) -> Sequence[BankEntry]:
    """Return a statement's entries in its order; `after` is the number after which the page begins."""
    return session.scalars(
        select(BankEntry)
        .where(BankEntry.statement_id == statement_id, BankEntry.nth > after)
        .order_by(BankEntry.nth)
        .limit(limit)
    ).all()


def of_remittance(session: Session, remittance_id: int) -> Sequence[BankEntry]:
    """Return everything that came and went for a remittance, the oldest first."""
    return session.scalars(
        select(BankEntry).where(BankEntry.remittance_id == remittance_id).order_by(BankEntry.id).limit(200)
    ).all()


def pairs_for(session: Session, entry: BankEntry) -> Sequence[BankEntry]:
    """Return the ordered refunds that an outgoing entry may be."""
    return session.scalars(
        select(BankEntry)
        .where(
            BankEntry.bank_account_id == entry.bank_account_id, BankEntry.amount_minor == -entry.amount_minor,
            BankEntry.state == REFUND_ORDERED,
        )
        .order_by(BankEntry.id).limit(MAX_PAIRS)
    ).all()  # fmt: skip


def numbers_of(session: Session, actor: Actor, remittance_ids: Sequence[int | None]) -> Mapping[int, str]:
    """Return the numbers of these remittances, as far as the actor sees them."""
    wanted = {number for number in remittance_ids if number is not None}
    if not wanted:
        return {}
    found = session.scalars(only_visible(session, actor, select(Remittance).where(Remittance.id.in_(wanted))))
    return {one.id: one.number for one in found}


def refunds(session: Session, actor: Actor) -> list[Owed]:
    """Return what goes back now: all of what was ordered, and surpluses of remittances that go on; the oldest first."""
    surplus = select(BankEntry.remittance_id).where(
        BankEntry.event.in_((OVER, MORE, "deposit_other")), BankEntry.state == ASSIGNED
    )
    ones = session.scalars(
        only_visible(session, actor, select(Remittance))
        .where(
            or_(
                Remittance.state == REFUND_PENDING,
                Remittance.state.in_((DEPOSITED, *AFTER_RELEASE)) & Remittance.id.in_(surplus) & something_held(),
            )
        )
        .order_by(Remittance.updated_at)
        .limit(MAX_REFUNDS)
    ).all()
    quotes, held = latest_quotes(session, [one.id for one in ones]), held_for(session, [one.id for one in ones])
    found = list[Owed]()
    for one in ones:
        for (number, currency), minor in held.items():
            quote = quotes.get(one.id)
            due = quote.due_minor if quote is not None and quote.due_currency == currency else 0
            if number == one.id and (back := going_back(one, minor, due)):
                came = tuple(
                    each for each in of_remittance(session, one.id) if each.amount_minor > 0 and each.state == ASSIGNED
                )
                found.append(Owed(one, back, currency, came))
    return found


def in_suspense(session: Session) -> int:
    """Return how many entries wait for a person."""
    return int(session.scalar(select(func.count()).select_from(BankEntry).where(BankEntry.state == SUSPENSE)) or 0)
