"""What is nobody's deposit leaves suspense by two officers alone; payers are forgotten when all is settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import set_current
from remittance.deposits import explaining, forgetting
from remittance.deposits.models import BankEntry
from remittance.deposits.states import KEPT
from remittance.requests.models import Remittance
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor


def act(bank: Bank, what: Callable[..., Any], who: Any, *given: Any, **more: Any) -> Any:
    with bank.services.db.transaction() as session:
        return what(session, bank.services.clock, who, *given, **more)


def test_a_charge_is_posted_when_a_second_officer_agrees_and_once(bank: Bank) -> None:
    bank.send(bank.entry(-1_100, payer="Bank", details="수수료"))
    (entry,) = bank.entries()
    with pytest.raises(InvalidInput, match="say why"):
        act(bank, explaining.ask, bank.officer, entry.id, "ask_fees", reason="")
    with pytest.raises(InvalidInput, match="use one of"):
        act(bank, explaining.ask, bank.officer, entry.id, "agree", reason="x")
    with pytest.raises(Refused, match="came in"):
        act(bank, explaining.ask, bank.officer, entry.id, "ask_refund", reason="x")
    act(bank, explaining.ask, bank.officer, entry.id, "ask_fees", reason="Monthly charge")
    assert bank.books() == {"bank": -1_100, "suspense": 1_100}
    with pytest.raises(Refused, match="cannot agree"):
        act(bank, explaining.agree, bank.officer, entry.id)
    answers = at_once([lambda: act(bank, explaining.agree, bank.second, entry.id)] * 5)
    assert sum(isinstance(answer, BankEntry) for answer in answers) == 1, answers
    assert bank.books() == {"bank": -1_100, "fees": 1_100}
    (entry,) = bank.entries()
    assert (entry.state, entry.asked_by_id, entry.decided_by_id) == ("explained", bank.officer.id, bank.second.id)
    sound(bank)


def test_what_was_said_can_be_refused_and_said_anew(bank: Bank) -> None:
    bank.send(bank.entry(7, payer="Bank"))
    number = bank.entries()[0].id
    act(bank, explaining.ask, bank.officer, number, "ask_fees", reason="Interest")
    act(bank, explaining.refuse, bank.second, number, reason="No, a deposit")
    with pytest.raises(Refused):
        act(bank, explaining.agree, bank.second, number)
    act(bank, explaining.ask, bank.second, number, "ask_fees", reason="Interest after all")
    act(bank, explaining.agree, bank.officer, number)
    assert bank.books() == {"bank": 7, "fees": -7}
    sound(bank)


def test_money_of_nobody_goes_back_to_its_sender_and_the_banks_entry_explains_both(bank: Bank) -> None:
    bank.send(bank.entry(90_000, payer="WANG FEI"))
    (came,) = bank.entries()
    act(bank, explaining.ask, bank.officer, came.id, "ask_refund", reason="Not ours")
    bank.send(bank.entry(-90_000, payer="WANG FEI"), bank.entry(-80_000, payer="WANG FEI"))
    _, went, other = bank.entries()
    with pytest.raises(Refused, match="undo"):
        act(bank, explaining.pair, bank.officer, went.id, came.id)
    act(bank, explaining.agree, bank.second, came.id)
    with pytest.raises(Refused, match="undo"):
        act(bank, explaining.pair, bank.officer, other.id, came.id)
    with pytest.raises(InvalidInput):
        act(bank, explaining.pair, bank.officer, went.id, went.id)
    act(bank, explaining.pair, bank.officer, went.id, came.id)
    assert [each.state for each in bank.entries()] == ["explained", "explained", "suspense"]
    assert bank.books() == {"bank": -80_000, "suspense": 80_000}
    sound(bank)


def test_nothing_of_it_without_the_permission(bank: Bank) -> None:
    bank.send(bank.entry(9))
    number = bank.entries()[0].id
    with bank.services.db.transaction() as session:
        auditor = make_actor(session, bank.services.clock, "auditor")
    for does, given in (
        (explaining.ask, {"reason": "x"}), (explaining.agree, {}), (explaining.refuse, {"reason": "x"}),
        (explaining.pair, {"other_id": 3}),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act(bank, does, auditor, number, *(["ask_fees"] if does is explaining.ask else []), **given)


def test_who_paid_is_forgotten_when_all_is_settled_for_long_enough(bank: Bank, clock: FrozenClock) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference), bank.entry(3, payer="WANG FEI"), bank.entry(-4, payer="Bank"))
    charge = bank.entries()[2].id
    act(bank, explaining.ask, bank.officer, charge, "ask_fees", reason="Charge")
    act(bank, explaining.agree, bank.second, charge)
    set_current(bank.services)
    clock.advance(KEPT - timedelta(days=1))
    assert forgetting.run() == 0
    clock.advance(timedelta(days=2))
    assert forgetting.run() == 1, "the charge; the remittance goes on, and what is in suspense is not settled"
    with bank.services.db.transaction() as session:
        session.execute(update(Remittance).values(state="refunded", ended_at=clock.now(), due_at=None))
    assert forgetting.run() == 0
    clock.advance(KEPT + timedelta(days=1))
    assert forgetting.run() == 1 and forgetting.run() == 0
    deposit, waits, charged = bank.entries()
    assert charged.reason == "", "what officers wrote about payers goes with them"
    assert (deposit.payer, deposit.payer_name_hash, deposit.details, deposit.amount_minor) == ("", "", "", DUE)
    assert waits.payer == "WANG FEI" and waits.forgotten_at is None
