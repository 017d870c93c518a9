"""An assignment to the wrong remittance is taken back: by reversals alone, in every state, as long as no cash was paid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.cases.person_models import Person
from hotline.core import jobs, outbox
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, Refused
from hotline.core.services import set_current
from hotline.missions.models import Mission
from hotline.notices.models import Notice
from remittance.deposits import deciding, explaining, forgetting, undoing
from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.states import KEPT
from remittance.ledger.models import LedgerJournal
from remittance.payouts import codes, paying, releasing
from remittance.requests import expiring, reviewing
from remittance.requests.models import Remittance
from tests.factories import NOW
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.deposits.test_placing import assign, event, last, mark_returned
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import Counter
from tests.remittance.requests.making import make_actor


@pytest.fixture
def counter(bank: Bank) -> Counter:
    """Return a mission with a till, beside the bank."""
    return Counter(bank.services)


def act(bank: Bank, what: Callable[..., Any], who: Any, *given: Any, **more: Any) -> Any:
    with bank.services.db.transaction() as session:
        return what(session, bank.services.clock, who, *given, **more)


def take_off(bank: Bank, entry: BankEntry, who: Any = None) -> DepositUndo:
    made: DepositUndo = act(bank, undoing.take_off, who or bank.officer, entry.id, reason="It is her brother's")
    return made


def stray(bank: Bank, amount: int = DUE, payer: str = "") -> BankEntry:
    """Have money come that names nobody, so that it waits."""
    bank.send(bank.entry(amount, payer=payer))
    assert last(bank).state == "suspense"
    return last(bank)


def quoted_at(bank: Bank, counter: Counter) -> Remittance:
    with bank.services.db.transaction() as session:
        mission = session.get_one(Mission, counter.mission)
    return bank.quoted(mission=mission)


def given(bank: Bank, one: Remittance, amount: int = DUE, payer: str = "") -> BankEntry:
    entry = stray(bank, amount, payer)
    assign(bank, entry, one)
    return last(bank)


def test_what_was_given_by_mistake_waits_again_and_finds_the_right_one(bank: Bank) -> None:
    wrong, right = bank.quoted(), bank.quoted()
    entry = given(bank, wrong)
    assert (bank.state(wrong), bank.books()) == ("deposited", {"bank": DUE, "deposits_held": -DUE})
    made = take_off(bank, entry)
    assert (made.state, made.needs_two, made.remittance_id) == ("done", False, wrong.id)
    entry = last(bank)
    assert (entry.state, entry.why, entry.remittance_id, entry.decided_by_id) == ("suspense", "undone", None, None)
    assert (bank.state(wrong), bank.held(wrong)) == ("quoted", 0)
    assert bank.books() == {"bank": DUE, "suspense": -DUE}
    assign(bank, entry, right, reason="His own")
    assert (bank.state(right), bank.held(right)) == ("deposited", DUE)
    take_off(bank, last(bank))
    assign(bank, last(bank), wrong, reason="Hers after all")
    assert (bank.state(wrong), bank.held(wrong), bank.held(right)) == ("deposited", DUE, 0)
    sound(bank)


def test_the_books_are_only_added_to_and_the_trail_names_no_reason(bank: Bank) -> None:
    one = bank.quoted()
    entry = given(bank, one)
    with bank.services.db.transaction() as session:
        before = session.execute(select(LedgerJournal.id, LedgerJournal.digest).order_by(LedgerJournal.id)).all()
    made = take_off(bank, entry)
    with bank.services.db.transaction() as session:
        after = session.execute(select(LedgerJournal.id, LedgerJournal.digest).order_by(LedgerJournal.id)).all()
        reversal = session.get_one(LedgerJournal, made.journal_id)
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "bank_entry.undone")).one()
    assert after[: len(before)] == before and len(after) == len(before) + 1
    assert (reversal.reverses_id, reversal.about_id) == (entry.moved_journal_id, one.id)
    assert told.subject_id == entry.id and "brother" not in str(told.after)


@pytest.mark.parametrize(
    ("first", "second", "both", "left"),
    [
        (500_000, 200_000, "partial", "partial"), (500_000, DUE - 500_000, "deposited", "partial"),
        (DUE, 9, "overpaid", "deposited"), (DUE + 5, 9, "overpaid", "overpaid"), (500_000, DUE, "overpaid", "partial"),
    ],
)  # fmt: skip
def test_what_is_left_says_what_the_remittance_is(bank: Bank, first: int, second: int, both: str, left: str) -> None:
    one = bank.quoted()
    bank.send(bank.entry(first, reference=one.reference))
    entry = given(bank, one, second)
    assert bank.state(one) == both
    take_off(bank, entry)
    assert (bank.state(one), bank.held(one)) == (left, first)
    sound(bank)


def test_of_money_that_is_ready_the_code_dies_and_the_release_is_reversed(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    entry = given(bank, one)
    assert releasing.release(bank.services, one.id) == ""
    code, payout = counter.code(one.id), counter.prepared(one.id)
    take_off(bank, entry)
    assert (bank.state(one), bank.held(one)) == ("quoted", 0)
    assert bank.books() == {"bank": DUE, "suspense": -DUE} and counter.till() == counter.cash
    with bank.services.db.transaction() as session:
        assert codes.live(session, one.id) is None
    with pytest.raises(Refused), bank.services.db.transaction() as session:
        paying.confirm(session, bank.services.clock, counter.witness, payout.id)
    with pytest.raises(Refused):
        paying.identify(bank.services, counter.cashier, one.id, code)
    sound(bank)


def test_traveller_and_relative_are_told_that_it_was_anothers(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    entry = given(bank, one)
    assert releasing.release(bank.services, one.id) == ""
    outbox.deliver_due(bank.services, jobs.registry().handlers, limit=500)
    take_off(bank, entry)
    outbox.deliver_due(bank.services, jobs.registry().handlers, limit=500)
    with bank.services.db.transaction() as session:
        bodies = session.scalars(select(Notice.body).order_by(Notice.id.desc()).limit(2)).all()
    assert any("아직 수령할 수 없습니다" in body or "Do not come for it yet" in body for body in bodies), bodies
    assert any("다른 건이었습니다" in body or "another's" in body for body in bodies), bodies


def test_a_surplus_is_taken_off_while_the_rest_stays_ready(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    bank.send(bank.entry(DUE, reference=one.reference))
    entry = given(bank, one, 7_000)
    act(bank, deciding.accept, bank.officer, one.id, reason="The rest goes back")
    assert releasing.release(bank.services, one.id) == ""
    take_off(bank, entry)
    assert (bank.state(one), bank.held(one)) == ("ready", 0)
    assert bank.books()["suspense"] == -7_000
    act(bank, paying.confirm, counter.witness, counter.prepared(one.id).id)
    assert bank.state(one) == "paid"
    sound(bank)


def test_what_was_paid_out_stays(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    entry = given(bank, one)
    assert releasing.release(bank.services, one.id) == ""
    act(bank, paying.confirm, counter.witness, counter.prepared(one.id).id)
    with pytest.raises(Refused) as refused:
        take_off(bank, entry)
    assert refused.value.code == "paid-out"
    assert (bank.state(one), last(bank).state) == ("paid", "assigned")


@pytest.mark.parametrize(("how", "end"), [("cancel", "cancelled"), ("refund", "cancelled"), ("expire", "expired")])
def test_a_refund_for_which_nothing_is_left_ends_without_one(
    bank: Bank, how: str, end: str, clock: FrozenClock
) -> None:
    one = bank.quoted()
    entry = given(bank, one, 400_000)
    if how == "expire":
        clock.advance(KEPT)
        expiring.expire(bank.services)
    else:
        event(bank, one, how) if how == "cancel" else act(bank, deciding.refund, bank.officer, one.id, reason="x")
    assert bank.state(one) == "refund_pending"
    take_off(bank, entry)
    assert (bank.state(one), bank.held(one)) == (end, 0)
    assert bank.books() == {"bank": 400_000, "suspense": -400_000}


def test_a_refund_goes_on_for_what_is_left_and_never_takes_off_what_went_back(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(400_000, reference=one.reference))
    entry = given(bank, one, 100_000)
    event(bank, one, "cancel")
    bank.send(bank.entry(-450_000, reference=one.reference))
    with pytest.raises(Refused) as refused:
        take_off(bank, entry)
    assert refused.value.code == "gone-back"
    refund = last(bank)
    assert take_off(bank, refund).needs_two, "the bank's text named it"
    act(bank, undoing.agree, bank.second, refund.id)
    take_off(bank, entry)
    assert (bank.state(one), bank.held(one)) == ("refund_pending", 400_000)
    sound(bank)


def test_the_refund_of_another_remittance_begins_again(bank: Bank) -> None:
    one, other = bank.quoted(), bank.quoted()
    for each in (one, other):
        bank.send(bank.entry(400_000, reference=each.reference))
        event(bank, each, "cancel")
    bank.send(bank.entry(-400_000, payer=""))
    assign(bank, last(bank), one)
    assert bank.state(one) == "refunded"
    take_off(bank, last(bank))
    assert (bank.state(one), bank.held(one)) == ("refund_pending", 400_000)
    assign(bank, last(bank), other)
    assert (bank.state(other), bank.held(other)) == ("refunded", 0)
    sound(bank)


def test_what_the_banks_text_named_needs_two_and_nothing_is_paid_meanwhile(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    bank.send(bank.entry(DUE, reference=one.reference))
    assert releasing.release(bank.services, one.id) == ""
    payout = counter.prepared(one.id)
    assert take_off(bank, last(bank)).state == "asked"
    assert bank.state(one) == "ready", "one officer alone takes nothing away"
    with pytest.raises(Refused) as refused:
        act(bank, paying.confirm, counter.witness, payout.id)
    assert refused.value.code == "deposit-questioned"
    for who, code in ((bank.officer, "same-officer-asked"), (bank.second, "undo-asked")):
        with pytest.raises(Refused) as refused:
            if who is bank.officer:
                act(bank, undoing.agree, who, last(bank).id)
            else:
                take_off(bank, last(bank), who)
        assert refused.value.code == code
    act(bank, undoing.refuse, bank.second, last(bank).id, reason="No, it is hers")
    act(bank, paying.confirm, counter.witness, payout.id)
    assert bank.state(one) == "paid"
    with pytest.raises(Refused, match="Nobody asked"):
        act(bank, undoing.agree, bank.second, last(bank).id)
    sound(bank)


def test_anothers_deposit_that_a_second_officer_accepted_needs_two(bank: Bank) -> None:
    one, two = bank.quoted(), bank.quoted()
    before, after = given(bank, one, payer="WANG FEI"), given(bank, two, payer="CHEN LU")
    act(bank, deciding.accept, bank.second, two.id, reason="Her friend")
    assert not take_off(bank, before).needs_two and bank.state(one) == "quoted"
    assert take_off(bank, after).state == "asked" and bank.state(two) == "deposited"
    assert releasing.release(bank.services, two.id) == "deposit-questioned"
    answers = at_once([lambda: act(bank, undoing.agree, bank.second, after.id)] * 4)
    assert sum(isinstance(each, DepositUndo) for each in answers) == 1, answers
    assert all(isinstance(each, DepositUndo | HotlineError) for each in answers), answers
    assert (bank.state(two), bank.held(two)) == ("quoted", 0)
    sound(bank)


def test_on_hold_it_is_asked_for_and_the_cash_stays_when_the_hold_is_lifted(bank: Bank, counter: Counter) -> None:
    one = quoted_at(bank, counter)
    entry = given(bank, one)
    assert releasing.release(bank.services, one.id) == ""
    event(bank, one, "hold")
    assert take_off(bank, entry).state == "asked"
    with pytest.raises(Refused) as refused:
        act(bank, undoing.agree, bank.second, entry.id)
    assert refused.value.code == "undo-on-hold"
    act(bank, reviewing.lift, make_chief(bank), one.id, reason="Nothing was found")
    with pytest.raises(Refused, match="stands against it"):
        paying.identify(bank.services, counter.cashier, one.id, counter.code(one.id))
    act(bank, undoing.agree, bank.second, entry.id)
    assert (bank.state(one), bank.held(one)) == ("quoted", 0)
    sound(bank)


def make_chief(bank: Bank) -> Any:
    with bank.services.db.transaction() as session:
        return make_actor(session, bank.services.clock, "duty_chief")


def test_what_the_bank_took_back_and_what_waits_has_no_undo(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference, bank_reference="X9"))
    mark_returned(bank, bank.entry(-DUE, bank_reference="X9", details=""))
    for entry in bank.entries():
        with pytest.raises(Refused) as refused:
            take_off(bank, entry)
        assert refused.value.code == "return-stays"
    with pytest.raises(Refused) as refused:
        take_off(bank, stray(bank, 12))
    assert refused.value.code == "not-assigned"


def test_it_needs_a_reason_and_the_permission(bank: Bank) -> None:
    entry = given(bank, bank.quoted())
    with pytest.raises(InvalidInput, match="say why"):
        act(bank, undoing.take_off, bank.officer, entry.id, reason=" ")
    with pytest.raises(Forbidden):
        take_off(bank, entry, make_chief(bank))
    with pytest.raises(Forbidden):
        act(bank, undoing.agree, make_chief(bank), entry.id)


def test_what_officers_wrote_about_it_is_forgotten_with_the_payer(bank: Bank, clock: FrozenClock) -> None:
    one = bank.quoted()
    take_off(bank, given(bank, one, payer="WANG FEI"))
    act(bank, explain_ask, bank.officer, last(bank).id)
    act(bank, explain_agree, bank.second, last(bank).id)
    set_current(bank.services)
    clock.advance(KEPT * 2)
    assert forgetting.run() == 1
    with bank.services.db.transaction() as session:
        assert session.scalars(select(DepositUndo.reason)).all() == [""]


def test_what_officers_wrote_goes_as_soon_as_an_erased_persons_remittance_is_over(bank: Bank) -> None:
    one, other = bank.quoted(), bank.quoted()
    for each in (one, other):
        take_off(bank, given(bank, each, payer="WANG FEI"))
        assign(bank, last(bank), each, reason="Kim told us")
    with bank.services.db.transaction() as session:
        session.get_one(Person, one.person_id).erased_at = bank.services.clock.now()
        session.get_one(Person, other.person_id).erased_at = bank.services.clock.now()
        session.execute(
            update(Remittance).where(Remittance.id == one.id).values(state="refunded", ended_at=NOW, due_at=None)
        )
    set_current(bank.services)
    assert forgetting.run() == 0, "the payer is the bank's other side and stays for the audit of the year"
    with bank.services.db.transaction() as session:
        undone = {each.remittance_id: each.reason for each in session.scalars(select(DepositUndo))}
        trail = session.scalars(select(AuditEntry.after).where(AuditEntry.action == "bank_entry.assigned")).all()
    assert undone == {one.id: "", other.id: "It is her brother's"}
    assert {each.remittance_id: (each.reason, each.payer) for each in bank.entries()} == {
        one.id: ("", "WANG FEI"), other.id: ("Kim told us", "WANG FEI"),
    }  # fmt: skip
    assert len(trail) == 4 and "Kim" not in str(trail), "the trail forgets nobody, so it is told no reason"


def explain_ask(session: Any, clock: Any, who: Any, entry_id: int) -> None:
    explaining.ask(session, clock, who, entry_id, "ask_fees", reason="Interest")


def explain_agree(session: Any, clock: Any, who: Any, entry_id: int) -> None:
    explaining.agree(session, clock, who, entry_id)
