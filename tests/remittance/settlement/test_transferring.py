"""Settled payouts of the real counter: paid by the bank, taken back by a dispute, and the books agree after each step."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.services import Services
from remittance.deposits import placing
from remittance.deposits.models import BankEntry
from remittance.ledger.states import FX, SETTLEMENT, SUSPENSE
from remittance.payouts import disputing
from remittance.settlement import settling, transferring
from remittance.settlement.models import Settlement
from tests.auth.conftest import Visitor
from tests.remittance.deposits.making import TODAY, Bank
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import PAID, VALUE, Counter
from tests.remittance.requests.making import make_actor
from wsgi import build_registry

COST = 1_401_300


class Desk:
    """Two finance officers over a counter whose payouts went the whole way."""

    def __init__(self, services: Services) -> None:
        self.services, self.counter = services, Counter(services)
        with services.db.transaction() as session:
            self.one, self.two = (make_actor(session, services.clock, "finance_officer") for _ in range(2))

    def do(self, act: Any, *args: Any) -> Any:
        with self.services.db.transaction() as session:
            return act(session, self.services.clock, *args)

    def refused(self, act: Any, *args: Any) -> str:
        with pytest.raises(HotlineError) as told:
            self.do(act, *args)
        return told.value.code

    def settled(self, way: str = "transfer") -> Settlement:
        made = self.do(settling.prepare, self.one, self.counter.mission, "USD", TODAY, way)
        done: Settlement = self.do(settling.confirm, self.two, made.id, made.digest)
        return done

    def outgoing(self, amount: int = -COST) -> int:
        bank = Bank(self.services, number=f"110-999-{abs(amount):06d}")
        bank.send(bank.entry(amount, payer="Consulate General in Hong Kong", reference="allotment"))
        placing.place_new(self.services)
        with self.services.db.transaction() as session:
            return session.scalars(select(BankEntry.id).order_by(BankEntry.id.desc())).first() or 0


@pytest.fixture
def desk(services: Services, clock: FrozenClock) -> Desk:
    """Return a desk, with the effects of all rooms."""
    build_registry()
    return Desk(services)


def test_an_outgoing_entry_pays_a_settlement_once_and_leaves_suspense(desk: Desk, services: Services) -> None:
    desk.counter.paid()
    made = desk.settled()
    assert made.awaits_transfer and desk.counter.standing(FX, "USD") == 0
    assert desk.counter.standing(FX, "KRW") == -VALUE
    entry, other = desk.outgoing(), desk.outgoing(-7)
    assert desk.counter.standing(SUSPENSE, "KRW") == COST + 7
    with services.db.transaction() as session:
        assert [each.id for each in transferring.offered(session)] == [other, entry]
    assert desk.refused(transferring.pay, desk.one, made.id, entry) == "four-eyes"
    assert desk.refused(transferring.pay, desk.counter.cashier, made.id, entry) == "forbidden"
    assert desk.refused(transferring.pay, desk.two, made.id, desk.outgoing(5)) == "not-outgoing"
    results = at_once([partial(desk.do, transferring.pay, desk.two, made.id, each) for each in (entry, entry, entry)])
    assert sum(isinstance(each, Settlement) for each in results) == 1
    assert {each.code for each in results if isinstance(each, HotlineError)} == {"no-transfer-awaited"}
    assert desk.counter.standing(SUSPENSE, "KRW") == 7 - 5, "the others wait on"
    assert desk.counter.standing(FX, "KRW") == COST - VALUE, "what the exchange cost beyond what was deposited for it"
    assert desk.counter.books().findings == []
    with services.db.transaction() as session:
        assert session.get_one(BankEntry, entry).state == "explained"
    with pytest.raises(NotFound):
        desk.do(transferring.pay, desk.two, 10**9, other)


def test_one_entry_does_not_pay_two_settlements_nor_one_of_the_allotment(desk: Desk) -> None:
    desk.counter.paid()
    first, entry = desk.settled(), desk.outgoing()
    desk.counter.paid()
    second = desk.settled()
    desk.do(transferring.pay, desk.two, first.id, entry)
    assert desk.refused(transferring.pay, desk.two, second.id, entry) == "wrong-state"
    with pytest.raises(NotFound):
        desk.do(transferring.pay, desk.two, second.id, 10**9)
    desk.counter.paid()
    with pytest.raises(InvalidInput, match="way"):
        desk.do(settling.prepare, desk.one, desk.counter.mission, "USD", TODAY, "cheque")
    assert desk.refused(transferring.pay, desk.two, desk.settled("allotment").id, desk.outgoing(-9)) == (
        "no-transfer-awaited"
    )


@pytest.mark.parametrize("way", ["allotment", "transfer"])
def test_a_settled_payout_that_is_refunded_takes_its_part_back(desk: Desk, way: str) -> None:
    remittance_id, _ = desk.counter.paid()
    desk.counter.paid()
    made = desk.settled(way)
    owed = desk.counter.standing(SETTLEMENT, "USD", mission_id=desk.counter.mission)
    assert -owed == desk.counter.till() == 1_000_000 - 2 * PAID
    desk.do(partial(disputing.decide, reason="The traveller says no"), desk.one, remittance_id, "dispute")
    desk.do(partial(disputing.decide, reason="Never handed out", cash="in_till"), desk.two, remittance_id, "refund")
    assert desk.counter.state(remittance_id) == "refund_pending"
    owed = desk.counter.standing(SETTLEMENT, "USD", mission_id=desk.counter.mission)
    assert -owed == desk.counter.till() == 1_000_000 - PAID, "the cash is the mission's to put back, and owed to it"
    assert desk.counter.standing(FX, "USD") == 0
    assert desk.counter.books().findings == []
    assert made.remittances == 2


def test_a_refund_of_what_was_never_settled_touches_no_settlement(desk: Desk) -> None:
    remittance_id, _ = desk.counter.paid()
    desk.do(partial(disputing.decide, reason="The traveller says no"), desk.one, remittance_id, "dispute")
    desk.do(partial(disputing.decide, reason="Never handed out", cash="in_till"), desk.two, remittance_id, "refund")
    owed = desk.counter.standing(SETTLEMENT, "USD", mission_id=desk.counter.mission)
    assert -owed == desk.counter.till() == 1_000_000


def test_the_cash_book_tells_of_payouts_in_the_readers_language(app: Any, desk: Desk, services: Services) -> None:
    remittance_id, _ = desk.counter.paid()
    desk.do(partial(disputing.decide, reason="The traveller says no"), desk.one, remittance_id, "dispute")
    desk.do(partial(disputing.decide, reason="Never handed out", cash="in_till"), desk.two, remittance_id, "refund")
    with services.db.transaction() as session:
        name = session.get_one(Officer, desk.one.id).name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    for language, words in (("en", ("paid out in cash", "payout taken back")), ("ko", ("현금 지급", "지급 취소"))):
        visitor.post("/language", {"language": language, "next": "/"})
        page = visitor.get(f"/tills/{desk.counter.mission}").get_data(as_text=True)
        assert all(each in page for each in words)


def test_the_page_offers_what_waits_and_takes_the_choice(app: Any, desk: Desk, services: Services) -> None:
    desk.counter.paid()
    made, entry = desk.settled(), desk.outgoing()
    path = f"/settlements/{made.id}"

    def enter(officer_id: int | None) -> Visitor:
        with services.db.transaction() as session:
            name = session.get_one(Officer, officer_id).name
        visitor = Visitor(app.test_client())
        visitor.sign_in(name)
        return visitor

    one, two = enter(desk.one.id), enter(desk.two.id)
    assert "another finance officer says which entry" in one.get(path).get_data(as_text=True)
    assert "transfer awaited" in one.get("/settlements").get_data(as_text=True)
    page = two.get(path).get_data(as_text=True)
    assert "KRW 1,401,300" in page and f'name="entry" value="{entry}"' in page
    assert two.post(f"{path}/pay", {"entry": "0"}).status_code == 302
    assert two.post(f"{path}/pay", {"entry": str(entry)}).status_code == 302
    page = two.get(path).get_data(as_text=True)
    assert "paid the settlement" in page and "Which entry of the bank" not in page
    assert two.get(f"{path}.pdf").get_data().startswith(b"%PDF")
    assert enter(desk.counter.officer.id).post(f"{path}/pay", {"entry": str(entry)}).status_code == 403
