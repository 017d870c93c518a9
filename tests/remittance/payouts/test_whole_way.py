"""The whole way of the money, with every room's own rules: quoted, deposited by the bank's statement, paid, settled, disputed."""

from __future__ import annotations

from sqlalchemy import select

from hotline.core.outbox import OutboxEvent, deliver_due
from hotline.core.services import Services
from hotline.missions import missions
from remittance.deposits.holding import held_for
from remittance.ledger import sealing
from remittance.ledger.states import BANK, DEPOSITS, FEES, FX, MISSION_CASH, PAYOUTS, ROUNDING, SETTLEMENT, SUSPENSE
from remittance.payouts import disputing, paying, vouchers
from remittance.payouts.models import Voucher
from remittance.quotes import quoting
from remittance.quotes.models import Quote
from remittance.requests import moving
from remittance.settlement import settling
from tests.remittance.deposits.making import TODAY, Bank
from tests.remittance.payouts.making import PAID, Counter, seen
from tests.remittance.quotes.making import make_policy, make_rates
from tests.remittance.requests.making import make_actor, make_approved
from wsgi import build_registry


def delivered(services: Services) -> None:
    """Deliver every fact as a worker does, and see that no handler failed."""
    handlers = build_registry().handlers
    while deliver_due(services, handlers, limit=500):
        pass
    with services.db.transaction() as session:
        failed = session.scalars(select(OutboxEvent.last_error).where(OutboxEvent.last_error.is_not(None))).all()
    assert list(failed) == []


def quoted(services: Services, counter: Counter, bank: Bank) -> Quote:
    """Have somebody's request approved and quoted by the rates on record."""
    with services.db.transaction() as session:
        bank.account = session.merge(bank.account)
        bank.account.main = True
        make_policy(session, services.clock)
        make_rates(session, services.clock)
        one = make_approved(session, services.clock, mission=missions.get(session, counter.mission))
        senior = make_actor(session, services.clock, "senior_agent")
        return quoting.quote(session, services.clock, senior, one.id)


def test_from_the_quote_to_the_settlement_and_back_after_a_dispute(counter: Counter, services: Services) -> None:
    bank = Bank(services)
    quote = quoted(services, counter, bank)
    with services.db.transaction() as session:
        reference = moving.get(session, quote.remittance_id).reference
    delivered(services)
    bank.send(bank.entry(quote.due_minor, reference=reference))
    assert counter.state(quote.remittance_id) == "deposited"
    delivered(services)
    assert counter.state(quote.remittance_id) == "ready", "the fact of the deposit releases it"
    code = counter.code(quote.remittance_id)
    payout = paying.prepare(services, counter.cashier, quote.remittance_id, seen(code))
    with services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.witness, payout.id)
    delivered(services)
    with services.db.transaction() as session:
        assert session.scalars(select(Voucher.payout_id)).all() == [payout.id]
        one, other = (make_actor(session, services.clock, "finance_officer") for _ in range(2))
        made = settling.prepare(session, services.clock, one, counter.mission, "USD", TODAY)
    with services.db.transaction() as session:
        settling.confirm(session, services.clock, other, made.id, made.digest)
    assert counter.state(quote.remittance_id) == "settled"
    due = {kind: counter.standing(kind, "KRW") for kind in (SUSPENSE, DEPOSITS, FEES, ROUNDING, FX)}
    assert due == {
        SUSPENSE: 0, DEPOSITS: 0, FEES: -quote.fee_minor, ROUNDING: -quote.residue_minor, FX: -quote.value_minor,
    }  # fmt: skip
    assert counter.standing(BANK, "KRW", reference=bank.account.code) == quote.due_minor
    paid = [counter.standing(PAYOUTS, "USD"), counter.standing(FX, "USD"), counter.till()]
    assert paid == [0, 0, 1_000_000 - PAID]
    assert counter.standing(SETTLEMENT, "USD", mission_id=counter.mission) == PAID - 1_000_000
    with services.db.transaction() as session:
        disputing.decide(session, services.clock, one, quote.remittance_id, "dispute", reason="Not the payee")
    with services.db.transaction() as session:
        disputing.decide(
            session,
            services.clock,
            other,
            quote.remittance_id,
            "refund",
            reason="Paid to somebody else",
            cash="in_till",
        )
    delivered(services)
    with services.db.transaction() as session:
        held = held_for(session, [quote.remittance_id])
    assert held == {(quote.remittance_id, "KRW"): quote.due_minor}
    assert counter.standing(MISSION_CASH, "USD", mission_id=counter.mission) == 1_000_000
    assert counter.standing(SETTLEMENT, "USD", mission_id=counter.mission) == -1_000_000
    assert vouchers.of_payout(services, payout.id).payout_id == payout.id
    sealing.run()
    assert counter.books().findings == []
