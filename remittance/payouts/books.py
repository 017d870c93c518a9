"""What releases and payouts write into the books, and how both are taken back; always under the remittance's lock."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balances, hold
from remittance.ledger.models import LedgerJournal
from remittance.ledger.posting import About, Line, Posted, post, reverse
from remittance.ledger.standing import standing
from remittance.ledger.states import DEPOSITS, FEES, FX, PAYOUTS, ROUNDING
from remittance.money.amounts import Money
from remittance.quotes.models import Quote
from remittance.quotes.standing import reserved
from remittance.requests.models import Remittance
from remittance.tills import access

SUBJECT = "remittance"


def held(session: Session, remittance_id: int, currency: str) -> int:
    """Return the minor units of deposits that are held for a remittance."""
    return -standing(session, DEPOSITS, SUBJECT, remittance_id).get(currency, 0)


def till_of(session: Session, mission_id: int, currency: str, *, holding: bool = True) -> int | None:
    """Return the account of a mission's till, None where no cash was ever in it.

    It is held until the transaction ends, so that whoever decides on its cash waits; not so where somebody only looks.
    """
    account = access.account_of(session, mission_id, currency)
    if account is not None and holding:
        hold(session, [account])
    return account


def cash_in(session: Session, account_id: int | None) -> int:
    """Return what a till holds by the books, in minor units."""
    return balances(session, [account_id])[account_id] if account_id is not None else 0


def free_for(session: Session, account_id: int | None, one: Remittance, currency: str) -> int:
    """Return the minor units of a held till's cash that no other quote has spoken for."""
    return cash_in(session, account_id) - reserved(session, one.mission_id, currency, but=one.id)


def release(session: Session, clock: Clock, actor: Actor, one: Remittance, quote: Quote) -> Posted:
    """Turn the deposit into what the traveller may fetch: value, fee and residue leave it, the cash is owed to the traveller."""

    def account(kind: str, currency: str) -> int:
        return account_for(session, clock, kind, currency)

    due, paid = quote.due_currency, quote.currency
    amounts = (
        (DEPOSITS, due, quote.due_minor), (FX, due, -quote.value_minor), (FEES, due, -quote.fee_minor),
        (ROUNDING, due, -quote.residue_minor), (FX, paid, quote.paid_minor), (PAYOUTS, paid, -quote.paid_minor),
    )  # fmt: skip
    lines = [Line(account(kind, currency), Money(minor, currency)) for kind, currency, minor in amounts if minor]
    nth = 1 + _count(session, f"release:{one.id}:{quote.nth}:%")
    return post(
        session, clock, actor, key=f"release:{one.id}:{quote.nth}:{nth}", occurred_at=clock.now(), late=True,
        memo=f"{one.number} released for payout", about=About(SUBJECT, one.id), lines=lines,
    )  # fmt: skip


def pay(session: Session, clock: Clock, actor: Actor, one: Remittance, quote: Quote, till_id: int) -> Posted:
    """Take the cash out of the till; the key lets it happen once for a remittance, whatever else fails."""
    owed = account_for(session, clock, PAYOUTS, quote.currency)
    lines = [
        Line(owed, Money(quote.paid_minor, quote.currency)), Line(till_id, Money(-quote.paid_minor, quote.currency)),
    ]  # fmt: skip
    return post(
        session, clock, actor, key=f"payout:{one.id}", occurred_at=clock.now(), late=True,
        memo=f"{one.number} paid out in cash", about=About(SUBJECT, one.id), lines=lines,
    )  # fmt: skip


def take_back(session: Session, clock: Clock, actor: Actor, one: Remittance, kind: str) -> int:
    """Reverse what stands of a remittance's `release` or `payout`; how many journals that were. Again finds nothing."""
    reversal = aliased(LedgerJournal)
    found = session.scalars(
        select(LedgerJournal.id)
        .outerjoin(reversal, reversal.reverses_id == LedgerJournal.id)
        .where(
            LedgerJournal.about_kind == SUBJECT, LedgerJournal.about_id == one.id, LedgerJournal.reverses_id.is_(None),
            LedgerJournal.key.like(f"{kind}:{one.id}%"), reversal.id.is_(None),
        )
        .order_by(LedgerJournal.id)
    ).all()  # fmt: skip
    for journal_id in found:
        reverse(
            session, clock, actor, key=f"undo:{kind}:{one.id}:{journal_id}", journal_id=journal_id,
            memo=f"{one.number}: {kind} taken back",
        )  # fmt: skip
    return len(found)


def _count(session: Session, pattern: str) -> int:
    counted = session.scalar(select(func.count()).select_from(LedgerJournal).where(LedgerJournal.key.like(pattern)))
    return int(counted or 0)
