"""Deposits with the rooms around them: quoted, deposited, released, called off and sent back; the books end where they began."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from hotline.missions.models import Mission
from remittance.deposits import deciding, listing
from remittance.payouts import releasing
from remittance.quotes import quoting
from remittance.quotes.standing import quote_of
from remittance.requests import reviewing
from remittance.requests.models import Remittance
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.deposits.test_placing import assign, last
from tests.remittance.payouts.making import Counter
from tests.remittance.quotes.making import make_rates
from tests.remittance.requests.making import make_approved


@pytest.fixture
def counter(bank: Bank) -> Counter:
    """Return a mission with a till, beside the bank."""
    return Counter(bank.services)


def quoted_at(bank: Bank, counter: Counter) -> Remittance:
    with bank.services.db.transaction() as session:
        mission = session.get_one(Mission, counter.mission)
    return bank.quoted(mission=mission)


def owed(bank: Bank) -> list[int]:
    with bank.services.db.transaction() as session:
        return [each.minor for each in listing.refunds(session, bank.officer)]


def test_a_surplus_goes_back_while_the_cash_is_ready_and_the_rest_when_it_is_called_off(
    bank: Bank, counter: Counter
) -> None:
    one = quoted_at(bank, counter)
    bank.send(bank.entry(DUE + 5_000, reference=one.reference))
    with bank.services.db.transaction() as session:
        deciding.accept(session, bank.services.clock, bank.officer, one.id, reason="The rest goes back")
    assert releasing.release(bank.services, one.id) == "" and bank.state(one) == "ready"
    assert (bank.held(one), owed(bank)) == (5_000, [5_000])
    bank.send(bank.entry(-5_000, payer="김영자"))
    assign(bank, last(bank), one, reason="The surplus")
    assert (bank.state(one), owed(bank)) == ("ready", [])
    bank.send(bank.entry(7, reference=one.reference))
    assert (last(bank).state, last(bank).why, last(bank).suggestions) == ("suspense", "not_waiting", [one.id])
    with bank.services.db.transaction() as session:
        reviewing.decide(
            session, bank.services.clock, counter.agent, one.id, "cancel", reason="They found their wallet"
        )
    assert bank.state(one) == "refund_pending" and owed(bank) == [DUE]
    bank.send(bank.entry(-DUE, payer="김영자", reference=one.reference))
    assert bank.state(one) == "refunded" and owed(bank) == []
    assert bank.books() == {"bank": 7, "suspense": -7}
    sound(bank)


def test_a_real_quote_is_paid_in_part_accepted_and_released_for_less(
    bank: Bank, counter: Counter, services: Services
) -> None:
    clock = services.clock
    with services.db.transaction() as session:
        bank.account.main = True
        session.merge(bank.account)
        make_rates(session, clock)
        one = make_approved(session, clock, mission=session.get_one(Mission, counter.mission))
    with services.db.transaction() as session:
        quote = quoting.quote(session, clock, bank.officer, one.id)
    bank.send(bank.entry(quote.due_minor // 2, reference=one.reference))
    assert bank.state(one) == "partial"
    with services.db.transaction() as session:
        deciding.accept(session, clock, bank.officer, one.id, reason="They need less")
    assert releasing.release(services, one.id) == ""
    with services.db.transaction() as session:
        held = quote_of(session, one.id)
        assert held is not None and held.kind == "accepted" and held.paid_minor < quote.paid_minor
    assert bank.state(one) == "ready" and bank.held(one) == 0
    sound(bank)
