"""Deposits find their remittances: whole, in part, too much, by somebody else, late, taken back; the rest is for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.outbox import OutboxEvent
from remittance.deposits import assigning, placing
from remittance.deposits.models import BankEntry
from remittance.quotes.models import Quote
from remittance.requests import effects, moving, reviewing
from remittance.requests.models import Remittance
from remittance.requests.reference import shown
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor, make_approved


def last(bank: Bank) -> BankEntry:
    return bank.entries()[-1]


def assign(bank: Bank, entry: BankEntry, one: Remittance, reason: str = "The relative called") -> None:
    with bank.services.db.transaction() as session:
        assigning.assign(session, bank.services.clock, bank.officer, entry.id, one.id, reason=reason)


def confirmed(bank: Bank) -> list[object]:
    with bank.services.db.transaction() as session:
        return [
            each.payload["remittance_id"]
            for each in session.scalars(select(OutboxEvent).filter_by(topic="DepositConfirmed"))
        ]


def event(bank: Bank, one: Remittance, name: str) -> None:
    """Have the service itself move a remittance."""
    with bank.services.db.transaction() as session:
        chief = make_actor(session, bank.services.clock, "duty_chief")
        moving.move(session, bank.services.clock, chief, moving.get(session, one.id, lock=True), name, reason="test")


@pytest.mark.parametrize(
    ("amount", "payer", "state"),
    [
        (DUE, "KIM YEONGJA", "deposited"), (DUE - 1, "김영자", "partial"), (DUE + 1, "김영자", "overpaid"),
        (DUE, "WANG FEI", "wrong_depositor"),
    ],
)  # fmt: skip
def test_a_deposit_with_its_reference_is_what_its_amount_and_payer_make_of_it(
    bank: Bank, amount: int, payer: str, state: str
) -> None:
    one = bank.quoted()
    bank.send(bank.entry(3), bank.entry(amount, reference=shown(one.reference), payer=payer))
    assert (bank.state(one), bank.held(one)) == (state, amount)
    entry = last(bank)
    assert (entry.state, entry.remittance_id, entry.how, entry.decided_by_id) == ("assigned", one.id, "reference", None)
    assert confirmed(bank) == ([one.id] if state == "deposited" else [])
    assert bank.books() == {"bank": amount + 3, "suspense": -3, "deposits_held": -amount}
    sound(bank)


def test_two_parts_make_a_whole_and_more_is_too_much(bank: Bank) -> None:
    one = bank.quoted()
    for amount, state in ((500_000, "partial"), (DUE - 500_000, "deposited"), (9, "overpaid")):
        bank.send(bank.entry(amount, details=f"송금 {one.reference}"))
        assert bank.state(one) == state
    assert bank.held(one) == DUE + 9 and confirmed(bank) == [one.id]
    sound(bank)


def test_without_a_reference_amount_and_name_must_fit_one_alone(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, payer="WANG FEI"))
    assert last(bank).state == "suspense" and last(bank).suggestions == [one.id] and bank.state(one) == "quoted"
    bank.send(bank.entry(DUE, payer="YEONG-JA KIM"))
    assert last(bank).how == "amount_and_name" and bank.state(one) == "deposited"
    sound(bank)


def test_late_deposits_wait_with_a_suggestion(bank: Bank, clock: FrozenClock) -> None:
    cancelled, late = bank.quoted(), bank.quoted()
    event(bank, cancelled, "cancel")
    with bank.services.db.transaction() as session:
        quote = session.scalars(select(Quote).filter_by(remittance_id=late.id)).one()
        quote.expires_at = clock.now() - timedelta(days=1)
    bank.send(bank.entry(DUE, reference=cancelled.reference), bank.entry(DUE, reference=late.reference))
    assert [(each.why, each.suggestions) for each in bank.entries()] == [("late", [cancelled.id]), ("late", [late.id])]
    with pytest.raises(Refused, match="no deposit now"):
        assign(bank, bank.entries()[0], cancelled)
    assign(bank, bank.entries()[1], late)
    assert bank.state(late) == "deposited", "an officer may take one that came late, while it is still awaited"
    sound(bank)


def test_what_is_held_or_ready_takes_nothing_by_itself(bank: Bank) -> None:
    held, wrong = bank.quoted(), bank.quoted()
    event(bank, held, "hold")
    bank.send(bank.entry(DUE, reference=held.reference), bank.entry(DUE, reference=wrong.reference, payer="WANG FEI"))
    bank.send(bank.entry(5, reference=wrong.reference))
    assert [(each.state, each.why) for each in bank.entries()] == [
        ("suspense", "not_waiting"), ("assigned", ""), ("suspense", "not_waiting"),
    ]  # fmt: skip
    with bank.services.db.transaction() as session:
        reviewing.lift(
            session, bank.services.clock, make_actor(session, bank.services.clock, "duty_chief"), held.id, reason="ok"
        )
    assign(bank, bank.entries()[0], held)
    assert bank.state(held) == "deposited"
    sound(bank)


def test_another_currency_than_was_asked_for_waits(bank: Bank) -> None:
    dollars = Bank(bank.services, currency="USD", number="777-888-999999")
    one = bank.quoted()
    dollars.send(dollars.entry(100_000, reference=one.reference))
    (entry,) = dollars.entries(bank_account_id=dollars.account.id)
    assert (entry.why, entry.suggestions) == ("other_currency", [one.id])
    with pytest.raises(Refused, match="quoted in KRW"):
        assign(bank, entry, one)


def test_assigning_by_hand_needs_a_reason_a_permission_and_an_open_entry(bank: Bank) -> None:
    one, other = bank.quoted(payer_name="이영희"), bank.quoted()
    bank.send(bank.entry(400_000, payer="WANG FEI"))
    entry = last(bank)
    with pytest.raises(InvalidInput, match="say why"):
        assign(bank, entry, one, reason=" ")
    with pytest.raises(Forbidden), bank.services.db.transaction() as session:
        agent = make_actor(session, bank.services.clock, "agent")
        assigning.assign(session, bank.services.clock, agent, entry.id, one.id, reason="x")
    with bank.services.db.transaction() as session:
        unquoted = make_approved(session, bank.services.clock)
    with pytest.raises(Refused, match="no currency"):
        assign(bank, entry, unquoted)
    answers = at_once([lambda one=one: assign(bank, entry, one) for one in (one, other) * 5])
    assert sum(answer is None for answer in answers) == 1, answers
    assert {bank.state(one), bank.state(other)} == {"wrong_depositor", "quoted"}, "the name is still another's"
    done = last(bank)
    assert done.decided_by_id == bank.officer.id and done.reason == "The relative called"
    sound(bank)


def test_a_deposit_that_the_bank_takes_back_is_awaited_again(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference, bank_reference="X1"))
    bank.send(bank.entry(-DUE, payer="", bank_reference="X1", details="", returned=True))
    bank.files.clear()
    origin, back = bank.entries()
    assert (origin.state, back.state, back.event) == ("assigned", "suspense", ""), "CAMT without the mark of a return"
    back_again = mark_returned(bank, bank.entry(-DUE, bank_reference="X1", details=""))
    assert (bank.state(one), bank.held(one)) == ("quoted", 0)
    origin = bank.entries()[0]
    assert (origin.state, origin.pair_id, back_again.pair_id) == ("returned", back_again.id, origin.id)
    bank.send(bank.entry(DUE, reference=one.reference))
    assert bank.state(one) == "deposited" and len(confirmed(bank)) == 2
    sound(bank)


def mark_returned(bank: Bank, entry: object) -> BankEntry:
    """Send an entry that the bank marks as a return."""
    from tests.remittance.deposits.writing import camt

    data = camt([bank.statement(entry)])  # type: ignore[arg-type]  # an Entry
    bank.take(data.replace(b"<Sts>BOOK", b"<RvslInd>true</RvslInd><Sts>BOOK"))
    return last(bank)


def test_a_return_that_may_be_of_two_deposits_waits_for_a_person(bank: Bank) -> None:
    one, other = bank.quoted(), bank.quoted()
    bank.send(*(bank.entry(DUE, reference=each.reference, bank_reference="X1") for each in (one, other)))
    assert {bank.state(one), bank.state(other)} == {"deposited"}
    found = mark_returned(bank, bank.entry(-DUE, bank_reference="X1", details=""))
    assert (found.state, found.why, found.remittance_id) == ("suspense", "returned", None)
    assert {bank.state(one), bank.state(other)} == {"deposited"}, "nobody guesses whose it was"


def test_of_two_deposits_one_is_taken_back_and_the_rest_is_judged_anew(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference), bank.entry(7, reference=one.reference, bank_reference="X2"))
    assert bank.state(one) == "overpaid"
    mark_returned(bank, bank.entry(-7, bank_reference="X2", details=""))
    assert (bank.state(one), bank.held(one)) == ("deposited", DUE)
    mark_returned(bank, bank.entry(-DUE, bank_reference="", details=one.reference))
    assert (bank.state(one), bank.held(one)) == ("quoted", 0), "found by the remittance's reference"
    mark_returned(bank, bank.entry(-DUE, bank_reference="", details=one.reference))
    assert last(bank).why == "returned", "there is none any more"
    sound(bank)


def test_what_the_bank_takes_back_before_anybody_decided_is_explained(bank: Bank) -> None:
    bank.send(bank.entry(12, bank_reference="X3", payer="SOMEBODY"))
    mark_returned(bank, bank.entry(-12, bank_reference="X3"))
    assert [each.state for each in bank.entries()] == ["explained", "explained"]
    assert bank.books() == {}
    sound(bank)


def test_a_refund_leaves_in_parts_and_ends_with_the_last_unit(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(500_000, reference=one.reference))
    event(bank, one, "cancel")
    assert bank.state(one) == "refund_pending"
    bank.send(bank.entry(-200_000, reference=one.reference, payer="김영자"))
    assert (bank.state(one), bank.held(one)) == ("refund_pending", 300_000)
    bank.send(bank.entry(-300_001, reference=one.reference, payer="김영자"))
    assert (last(bank).why, last(bank).suggestions) == ("too_much", [one.id])
    with pytest.raises(Refused, match="At most 300000"):
        assign(bank, last(bank), one)
    bank.send(bank.entry(-300_000, reference=one.reference, payer="WANG FEI"))
    assert last(bank).why == "unlike_payee" and bank.state(one) == "refund_pending"
    assign(bank, last(bank), one, reason="His sister, on record")
    assert (bank.state(one), bank.held(one)) == ("refunded", 0)
    sound(bank)


def test_a_surplus_goes_back_while_the_remittance_goes_on(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference))
    bank.send(bank.entry(-9, reference=one.reference, payer="김영자"))
    assert last(bank).why == "outgoing"
    with pytest.raises(Refused, match="At most 0"):
        assign(bank, last(bank), one)
    sound(bank)


def test_a_refund_cannot_end_while_something_is_held(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(10, reference=one.reference))
    event(bank, one, "cancel")
    with pytest.raises(Refused, match="still held"), bank.services.db.transaction() as session:
        moving.move(session, bank.services.clock, bank.officer, moving.get(session, one.id, lock=True), "refunded")


def test_a_guard_of_another_room_leaves_the_entry_to_a_person(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bank.quoted()

    def no(*_: object) -> None:
        raise Refused("No.", code="under-check")

    monkeypatch.setitem(effects.EFFECTS, "test", no)
    bank.send(bank.entry(DUE, reference=one.reference))
    assert (last(bank).state, last(bank).why, last(bank).suggestions) == ("suspense", "under-check", [one.id])
    assert (bank.state(one), bank.held(one)) == ("quoted", 0)
    monkeypatch.delitem(effects.EFFECTS, "test")
    assign(bank, last(bank), one)
    assert bank.state(one) == "deposited"
    sound(bank)


def test_placing_twice_and_at_once_is_placing_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    ones = [bank.quoted() for _ in range(3)]
    monkeypatch.setattr(placing, "place_new", lambda *_, **__: 0)
    bank.send(*[bank.entry(DUE, reference=one.reference) for one in ones])
    assert {each.state for each in bank.entries()} == {"new"}, "the process died before it placed them"
    monkeypatch.undo()
    assert all(isinstance(answer, int) for answer in at_once([lambda: placing.place_new(bank.services)] * 6))
    assert [bank.state(one) for one in ones] == ["deposited"] * 3 and placing.place_new(bank.services) == 0
    assert sorted(map(str, confirmed(bank))) == sorted(str(one.id) for one in ones)
    sound(bank)


def test_an_entry_that_fails_keeps_none_of_the_others_waiting(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    ones = [bank.quoted() for _ in range(2)]

    def break_down(_session: object, _clock: object, one: Remittance, _step: object) -> None:
        if one.id == ones[0].id:
            raise RuntimeError("a fault of another room")

    monkeypatch.setitem(effects.EFFECTS, "test", break_down)
    assert bank.send(*[bank.entry(DUE, reference=one.reference) for one in ones]).entries == 2
    assert [bank.state(one) for one in ones] == ["quoted", "deposited"]
    assert placing.place_new(bank.services) == 0
    monkeypatch.delitem(effects.EFFECTS, "test")
    assert placing.place_new(bank.services) == 1 and bank.state(ones[0]) == "deposited"
    sound(bank)


def test_a_deposit_and_a_call_off_at_once_leave_money_that_is_held_or_in_suspense(bank: Bank) -> None:
    one = bank.quoted()
    data = bank.entry(DUE, reference=one.reference)
    answers = at_once([lambda: bank.send(data), lambda: event(bank, one, "cancel")])
    assert not isinstance(answers[0], Exception), answers
    state, held = bank.state(one), bank.held(one)
    assert (state, held) in (("cancelled", 0), ("refund_pending", DUE), ("deposited", DUE))
    sound(bank)


def test_payers_are_told_apart_by_keyed_hashes(bank: Bank) -> None:
    bank.send(bank.entry(5, payer="김영자"), bank.entry(6, payer="KIM YEONGJA"), bank.entry(7, payer="WANG FEI"))
    first, second, third = bank.entries()
    assert first.payer_name_hash == second.payer_name_hash != third.payer_name_hash
    assert replace(bank.entry(5)).payer_account == "" and first.payer_account_hash == ""
