"""Deposits that came otherwise than asked are accepted for what they are by the right people, or go back whole."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.actor import Actor
from hotline.core.errors import Conflict, Forbidden, InvalidInput, Refused
from remittance.deposits import deciding, listing
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests.models import Remittance
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.deposits.test_placing import assign, confirmed, event, last
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor


def accept(bank: Bank, one: Remittance, who: Actor | None = None, **more: Any) -> Remittance:
    with bank.services.db.transaction() as session:
        return deciding.accept(
            session, bank.services.clock, who or bank.officer, one.id, reason="Agreed by telephone", **more
        )


def refund(bank: Bank, one: Remittance, **more: Any) -> Remittance:
    with bank.services.db.transaction() as session:
        return deciding.refund(
            session, bank.services.clock, bank.officer, one.id, reason="The relative wants it back", **more
        )


def quotes(bank: Bank, one: Remittance) -> list[Quote]:
    with bank.services.db.transaction() as session:
        return list(session.scalars(select(Quote).filter_by(remittance_id=one.id).order_by(Quote.nth)))


def owed(bank: Bank) -> list[tuple[int, int]]:
    with bank.services.db.transaction() as session:
        return [(each.remittance.id, each.minor) for each in listing.refunds(session, bank.officer)]


def test_a_part_buys_what_it_buys(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(700_000, reference=one.reference))
    with pytest.raises(InvalidInput), bank.services.db.transaction() as session:
        deciding.accept(session, bank.services.clock, bank.officer, one.id, reason=" ")
    with pytest.raises(Conflict):
        accept(bank, one, version=1)
    assert accept(bank, one).state == "deposited" and confirmed(bank) == [one.id]
    first, second = quotes(bank, one)
    assert second.kind == "accepted" and second.due_minor == 700_000 and 0 < second.paid_minor < first.paid_minor
    assert second.paid_minor % 100 == 0, "whole dollars"
    assert owed(bank) == []
    sound(bank)


def test_so_little_that_it_buys_no_note_only_goes_back(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(100, reference=one.reference))
    with pytest.raises(Refused):
        accept(bank, one)
    assert refund(bank, one).state == "refund_pending"
    assert owed(bank) == [(one.id, 100)]
    bank.send(bank.entry(-100, reference=one.reference))
    assert bank.state(one) == "refunded" and owed(bank) == []
    sound(bank)


def test_of_too_much_the_rest_goes_back_while_the_remittance_goes_on(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE + 5_000, reference=one.reference))
    assert owed(bank) == [], "nobody has decided yet"
    accept(bank, one)
    assert bank.state(one) == "deposited" and len(quotes(bank, one)) == 1 and owed(bank) == [(one.id, 5_000)]
    bank.send(bank.entry(-5_001, payer="김영자"), bank.entry(-5_000, payer="김영자"))
    too_much, right = bank.entries()[1:]
    with pytest.raises(Refused, match="At most 5000"):
        assign(bank, too_much, one)
    assign(bank, right, one, reason="The surplus")
    assert bank.state(one) == "deposited" and bank.held(one) == DUE and owed(bank) == []
    sound(bank)


def test_a_surplus_that_is_transferred_with_the_reference_ends_by_the_statement_alone(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE + 5_000, reference=one.reference))
    bank.send(bank.entry(-5_000, reference=one.reference, payer="김영자"))
    assert last(bank).state == "suspense", "nobody has decided that it goes back"
    accept(bank, one)
    bank.send(bank.entry(-5_001, reference=one.reference, payer="김영자"))
    assert last(bank).why == "too_much" and owed(bank) == [(one.id, 5_000)]
    bank.send(bank.entry(-5_000, reference=one.reference, payer="WANG FEI"))
    assert last(bank).why == "unlike_payee" and owed(bank) == [(one.id, 5_000)]
    bank.send(bank.entry(-5_000, reference=one.reference, payer="김영자"))
    assert last(bank).state == "assigned" and owed(bank) == []
    assert bank.state(one) == "deposited" and bank.held(one) == DUE
    sound(bank)


def test_more_after_enough_is_decided_and_goes_back(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference), bank.entry(3_000, reference=one.reference))
    assert bank.state(one) == "overpaid"
    accept(bank, one)
    assert owed(bank) == [(one.id, 3_000)] and confirmed(bank) == [one.id, one.id]


def test_anothers_deposit_is_accepted_by_somebody_who_had_no_part(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, payer="WANG FEI"))
    assign(bank, last(bank), one)
    assert bank.state(one) == "wrong_depositor"
    with pytest.raises(Refused, match="had a part"):
        accept(bank, one)
    with bank.services.db.transaction() as session:
        agent = make_actor(session, bank.services.clock, "agent")
    with pytest.raises(Forbidden):
        accept(bank, one, agent)
    assert accept(bank, one, bank.second).state == "deposited"
    sound(bank)


def test_the_reviewer_does_not_accept_anothers_deposit(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE + 1, payer="WANG FEI", reference=one.reference))
    with bank.services.db.transaction() as session:
        row = session.get_one(Remittance, one.id)
        row.reviewed_by_id = bank.officer.id
    with pytest.raises(Refused, match="had a part"):
        accept(bank, one)
    accept(bank, one, bank.second)
    assert owed(bank) == [(one.id, 1)]


def test_two_decisions_at_once_are_one(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(700_000, reference=one.reference))
    answers = at_once([lambda: accept(bank, one), lambda: refund(bank, one)] * 3)
    done = [answer.state for answer in answers if isinstance(answer, Remittance)]
    assert sorted(done) in (["refund_pending"], ["deposited", "refund_pending"]), answers
    assert (bank.state(one), bank.held(one)) == ("refund_pending", 700_000)
    with bank.services.db.transaction() as session:
        quote = quote_of(session, one.id)
        assert quote is not None and quote.nth <= 2
    sound(bank)


def test_a_hold_and_a_call_off_leave_the_money_where_it_is(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE + 9, reference=one.reference))
    event(bank, one, "hold")
    with pytest.raises(Refused):
        accept(bank, one)
    assert owed(bank) == [] and bank.held(one) == DUE + 9
