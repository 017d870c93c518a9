"""Disputes: raised by one finance officer, ended by another; a refund takes payout and release back, upholding nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.services import Services
from remittance.payouts import disputing
from remittance.requests import moving
from remittance.tills import counting, differences, returned
from remittance.tills.counting import Counted
from remittance.tills.models import TillDifference
from tests.auth.conftest import Visitor
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
        disputing.decide(
            session, services.clock, other, remittance_id, "refund", reason="Never handed out", cash="in_till"
        )
    assert counter.state(remittance_id) == "refund_pending"
    assert counter.till() == 1_000_000 and counter.owed() == (-DUE, 0) and counter.books().findings == []


def refunded(counter: Counter, services: Services, cash: str) -> tuple[int, Actor, Actor]:
    remittance_id, _ = counter.paid()
    with services.db.transaction() as session:
        one, other = (make_actor(session, services.clock, "finance_officer") for _ in range(2))
        disputing.decide(session, services.clock, one, remittance_id, "dispute", reason="The traveller says no")
    with services.db.transaction() as session:
        disputing.decide(session, services.clock, other, remittance_id, "refund", reason="Never handed out", cash=cash)
    return remittance_id, one, other


def counted(counter: Counter, services: Services, minor: int) -> int:
    """Count the till with a witness; what it found that was not known."""
    given = Counted(
        mission_id=counter.mission, currency="USD", kind="closing", key=f"k{minor}", pieces={10_000: minor // 10_000}
    )
    with services.db.transaction() as session:
        made = counting.count(session, services.clock, counter.cashier, given)
        return counting.witness(session, services.clock, counter.witness, made.id).fresh_minor


def test_a_refund_asks_where_the_cash_is(counter: Counter, services: Services) -> None:
    with pytest.raises(InvalidInput, match="say where the cash is"):
        refunded(counter, services, "")
    assert counter.till() == 1_000_000 - PAID


def test_cash_that_is_missing_is_an_open_difference_that_two_explain(counter: Counter, services: Services) -> None:
    remittance_id, one, other = refunded(counter, services, "missing")
    with services.db.transaction() as session:
        missing = session.scalars(select(TillDifference)).one()
        assert (missing.remittance_id, missing.minor, missing.state) == (remittance_id, -PAID, "open")
        assert returned.uncounted(session, counter.mission, "USD") == []
    assert counted(counter, services, 1_000_000 - PAID) == 0, "it is known already, and found once"
    with services.db.transaction() as session:
        differences.ask(session, services.clock, one, missing.id, "The cashier kept it")
    with services.db.transaction() as session:
        differences.explain(session, services.clock, other, missing.id)
    assert counter.till() == 1_000_000 - PAID and counter.books().findings == []


def test_cash_that_is_there_is_counted_and_if_it_is_not_the_count_says_so(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id, _, _ = refunded(counter, services, "in_till")
    with services.db.transaction() as session:
        assert session.scalars(select(TillDifference)).all() == []
        assert [(each.remittance_id, each.minor) for each in returned.uncounted(session, counter.mission, "USD")] == [
            (remittance_id, PAID)
        ]
    clock.advance(timedelta(minutes=5))
    assert counted(counter, services, 1_000_000 - PAID) == -PAID
    with services.db.transaction() as session:
        assert returned.uncounted(session, counter.mission, "USD") == []


def test_cashier_and_finance_see_it_on_their_pages(counter: Counter, services: Services, app: Any) -> None:
    remittance_id, _, other = refunded(counter, services, "in_till")
    visitor = Visitor(app.test_client())
    with services.db.transaction() as session:
        cashier, finance = (session.get_one(Officer, who.id).name for who in (counter.cashier, other))
    visitor.sign_in(cashier)
    page = visitor.get(f"/tills/{counter.mission}?currency=USD").get_data(as_text=True)
    assert "is in the till again by the books" in page and "USD 1,000.00" in page
    visitor.post("/sign-out")
    disputed, _, _ = refunded(counter, services, "missing")
    visitor.sign_in(finance)
    page = visitor.get(f"/tills/{counter.mission}?currency=USD").get_data(as_text=True)
    assert "was taken back after a dispute" in page and f"/remittances/{disputed}" in page and remittance_id != disputed


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
        (one, "refund", "Nothing to refund", "not-disputed"),  # said before anybody is asked about cash
    ):
        with pytest.raises(HotlineError) as refused, services.db.transaction() as session:
            disputing.decide(session, services.clock, actor, remittance_id, event, reason=reason)
        assert refused.value.code == code
    assert payout.state == "paid" and counter.state(remittance_id) == "paid"
