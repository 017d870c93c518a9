"""Disputes: raised by one finance officer, ended by another; a refund takes payout and release back, upholding nothing."""

from __future__ import annotations

import pytest

from hotline.core.actor import SYSTEM
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from remittance.payouts import disputing
from remittance.requests import moving
from tests.remittance.payouts.making import DUE, PAID, Counter
from tests.remittance.requests.making import make_actor


@pytest.mark.parametrize("settled", [False, True])
def test_an_upheld_payout_goes_back_to_where_it_stood(counter: Counter, services: Services, settled: bool) -> None:
    remittance_id, _ = counter.paid()
    with services.db.transaction() as session:
        one, other = (make_actor(session, services.clock, "finance_officer") for _ in range(2))
        if settled:
            moving.move(session, services.clock, SYSTEM, moving.get(session, remittance_id, lock=True), "settle")
    with services.db.transaction() as session:
        disputing.decide(session, services.clock, one, remittance_id, "dispute", reason="The traveller says no")
    with pytest.raises(HotlineError) as refused, services.db.transaction() as session:
        disputing.decide(session, services.clock, one, remittance_id, "uphold", reason="I looked")
    assert refused.value.code == "same-officer-dispute"
    with services.db.transaction() as session:
        disputing.decide(session, services.clock, other, remittance_id, "uphold", reason="The voucher is signed")
    assert counter.state(remittance_id) == ("settled" if settled else "paid")
    assert counter.till() == 1_000_000 - PAID and counter.owed() == (0, 0)


def test_a_refund_takes_payout_and_release_back(counter: Counter, services: Services) -> None:
    remittance_id, _ = counter.paid()
    with services.db.transaction() as session:
        one, other = (make_actor(session, services.clock, "finance_officer") for _ in range(2))
        disputing.decide(session, services.clock, one, remittance_id, "dispute", reason="The traveller says no")
    with services.db.transaction() as session:
        disputing.decide(session, services.clock, other, remittance_id, "refund", reason="Never handed out")
    assert counter.state(remittance_id) == "refund_pending"
    assert counter.till() == 1_000_000 and counter.owed() == (-DUE, 0) and counter.books().findings == []


def test_whoever_paid_or_witnessed_has_no_say_and_each_decision_has_its_reason(
    counter: Counter, services: Services
) -> None:
    remittance_id, payout = counter.paid()
    cashier = counter.cashier.trusted_with("remittances.settle")
    with services.db.transaction() as session:
        one = make_actor(session, services.clock, "finance_officer")
    for actor, event, reason, code in (
        (cashier, "dispute", "It was me", "had-a-part-payout"),
        (counter.agent, "dispute", "I think so", "forbidden"),
        (one, "dispute", " ", "invalid-input"),
        (one, "burn", "Why not", "invalid-input"),
        (one, "uphold", "Nothing to uphold", "not-disputed"),
        (one, "refund", "Nothing to refund", "not-disputed"),
    ):
        with pytest.raises(HotlineError) as refused, services.db.transaction() as session:
            disputing.decide(session, services.clock, actor, remittance_id, event, reason=reason)
        assert refused.value.code == code
    assert payout.state == "paid" and counter.state(remittance_id) == "paid"
