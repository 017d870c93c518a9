"""Money that leaves the bank beside the rules: a payout waits for finance, and nothing is given to the likeliest."""

from __future__ import annotations

import pytest

from hotline.core.errors import Refused
from hotline.missions.models import Mission
from remittance.deposits import deciding, explaining, listing
from remittance.deposits.models import BankEntry
from remittance.payouts import paying, releasing
from remittance.payouts.models import Payout
from remittance.requests import reviewing
from remittance.requests.models import Remittance
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.deposits.test_placing import assign, event, last, mark_returned
from tests.remittance.payouts.making import Counter


@pytest.fixture
def counter(bank: Bank) -> Counter:
    """Return a mission with a till, beside the bank."""
    return Counter(bank.services)


def ready(bank: Bank, counter: Counter, *, also: int = 0) -> Remittance:
    """Make one that was deposited by the statement, with a surplus where `also` says so, and is ready."""
    with bank.services.db.transaction() as session:
        mission = session.get_one(Mission, counter.mission)
    one = bank.quoted(mission=mission)
    bank.send(bank.entry(DUE + also, reference=one.reference, bank_reference="X9"))
    if also:
        with bank.services.db.transaction() as session:
            deciding.accept(session, bank.services.clock, bank.officer, one.id, reason="The rest goes back")
    assert releasing.release(bank.services, one.id) == ""
    return one


def confirm(bank: Bank, counter: Counter, payout: Payout) -> None:
    with bank.services.db.transaction() as session:
        paying.confirm(session, bank.services.clock, counter.witness, payout.id)


def test_no_cash_is_handed_out_for_a_deposit_that_the_bank_took_back(bank: Bank, counter: Counter) -> None:
    one = ready(bank, counter)
    payout = counter.prepared(one.id)
    mark_returned(bank, bank.entry(-DUE, bank_reference="X9", details=""))
    assert (last(bank).state, last(bank).suggestions) == ("suspense", [one.id])
    with pytest.raises(Refused) as refused:
        confirm(bank, counter, payout)
    assert refused.value.code == "deposit-questioned"
    with pytest.raises(Refused, match="stands against it"):
        paying.identify(bank.services, counter.cashier, one.id, counter.code(one.id))
    event(bank, one, "cancel")
    assign(bank, last(bank), one, reason="The bank took it back")
    assert (bank.state(one), bank.held(one)) == ("refunded", 0)
    assert bank.books() == {} and counter.till() == counter.cash
    sound(bank)


def test_a_return_that_nobody_has_looked_at_yet_keeps_the_cash_back_as_well(bank: Bank, counter: Counter) -> None:
    one = ready(bank, counter)
    payout = counter.prepared(one.id)
    mark_returned(bank, bank.entry(-DUE, bank_reference="X9", details=""))
    with bank.services.db.transaction() as session:  # as it is between the commit of the file and the placing
        entry = session.get_one(BankEntry, last(bank).id)
        entry.state, entry.suggestions, entry.why = "new", [], ""
    with pytest.raises(Refused) as refused:
        confirm(bank, counter, payout)
    assert refused.value.code == "deposit-questioned"


def test_finance_explains_what_left_and_the_payout_goes_on(bank: Bank, counter: Counter) -> None:
    one = ready(bank, counter)
    bank.send(bank.entry(-DUE, reference=one.reference, payer="김영자"))
    payout_code = counter.code(one.id)
    with pytest.raises(Refused, match="stands against it"):
        paying.identify(bank.services, counter.cashier, one.id, payout_code)
    with bank.services.db.transaction() as session:
        explaining.ask(session, bank.services.clock, bank.officer, last(bank).id, "ask_fees", reason="The bank's error")
    with pytest.raises(Refused, match="stands against it"):
        paying.identify(bank.services, counter.cashier, one.id, payout_code)
    with bank.services.db.transaction() as session:
        explaining.agree(session, bank.services.clock, bank.second, last(bank).id)
    confirm(bank, counter, counter.prepared(one.id))
    assert bank.state(one) == "paid"


def test_a_surplus_on_its_way_back_keeps_nobody_from_the_cash(bank: Bank, counter: Counter) -> None:
    one = ready(bank, counter, also=5_000)
    bank.send(bank.entry(-5_000, reference=one.reference, payer="WANG FEI"))
    assert (last(bank).state, last(bank).why) == ("suspense", "unlike_payee")
    confirm(bank, counter, counter.prepared(one.id))
    assert bank.state(one) == "paid"


def test_a_deposit_taken_back_during_a_hold_is_not_released_after_it(bank: Bank, counter: Counter) -> None:
    with bank.services.db.transaction() as session:
        mission = session.get_one(Mission, counter.mission)
    one = bank.quoted(mission=mission)
    bank.send(bank.entry(DUE, reference=one.reference, bank_reference="X8"))
    event(bank, one, "hold")
    mark_returned(bank, bank.entry(-DUE, bank_reference="X8", details=""))
    with bank.services.db.transaction() as session:
        reviewing.lift(session, bank.services.clock, bank.second, one.id, reason="Nothing was found")
    assert releasing.release(bank.services, one.id) == "deposit-questioned"
    assign(bank, last(bank), one, reason="The bank took it back")
    assert (bank.state(one), bank.held(one)) == ("quoted", 0)
    sound(bank)


def test_a_refund_of_what_came_too_late_is_not_taken_for_a_part_of_the_remittances_own(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(400_000, reference=one.reference))
    event(bank, one, "cancel")
    bank.send(bank.entry(100_000, reference=one.reference))
    late = last(bank)
    assert (late.state, late.suggestions) == ("suspense", [one.id])
    with bank.services.db.transaction() as session:
        explaining.ask(session, bank.services.clock, bank.officer, late.id, "ask_refund", reason="Too late")
    with bank.services.db.transaction() as session:
        explaining.agree(session, bank.services.clock, bank.second, late.id)
    bank.send(bank.entry(-100_000, reference=one.reference))
    assert (last(bank).state, last(bank).suggestions) == ("suspense", [one.id])
    with bank.services.db.transaction() as session:
        explaining.pair(session, bank.services.clock, bank.officer, last(bank).id, late.id)
    bank.send(bank.entry(-400_000, reference=one.reference))
    assert (bank.state(one), bank.held(one)) == ("refunded", 0)
    assert bank.books() == {}
    sound(bank)


def test_anothers_further_deposit_does_not_become_the_deposit_without_a_decision(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference, bank_reference="X7"))
    bank.send(bank.entry(DUE, payer="WANG FEI"))
    assign(bank, last(bank), one, reason="He says it is for her")
    assert bank.state(one) == "overpaid"
    mark_returned(bank, bank.entry(-DUE, bank_reference="X7", details=""))
    assert (bank.state(one), bank.held(one)) == ("wrong_depositor", DUE)
    sound(bank)


def test_surpluses_that_went_back_long_ago_hide_no_refund_that_is_owed(
    bank: Bank, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_REFUNDS", 1)
    old = ready(bank, counter, also=5_000)
    with bank.services.db.transaction() as session:
        assert [(each.remittance.id, each.minor) for each in listing.refunds(session, bank.officer)] == [
            (old.id, 5_000)
        ]
    bank.send(bank.entry(-5_000, reference=old.reference, payer="김영자"))
    owed = bank.quoted()
    bank.send(bank.entry(70_000, reference=owed.reference))
    event(bank, owed, "cancel")
    with bank.services.db.transaction() as session:
        assert [(each.remittance.id, each.minor) for each in listing.refunds(session, bank.officer)] == [
            (owed.id, 70_000)
        ]
