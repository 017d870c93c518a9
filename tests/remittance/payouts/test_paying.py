"""Cash is handed out once, by two people of the mission, for the right code, document and notes, when the mission is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from hotline.missions import missions
from remittance.ledger.models import LedgerJournal
from remittance.payouts import paying, releasing
from remittance.payouts.models import Payout
from remittance.requests import reviewing
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import PAID, Counter, at_night, seen
from tests.remittance.requests.making import make_actor, make_hong_kong


def confirm(counter: Counter, payout_id: int, actor: Any = None) -> Payout:
    """Confirm in a transaction of its own."""
    with counter.services.db.transaction() as session:
        return paying.confirm(session, counter.clock, actor or counter.witness, payout_id)


def refusal(act: Any) -> str:
    """Return the code of what an act was refused with."""
    with pytest.raises(HotlineError) as refused:
        act()
    return refused.value.code


def test_cash_against_code_and_identity_with_a_witness(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    payout = counter.prepared(remittance_id)
    assert counter.till() == 1_000_000, "nothing moves before the witness"
    done = confirm(counter, payout.id)
    assert counter.state(remittance_id) == "paid" and counter.till() == 1_000_000 - PAID and counter.owed() == (0, 0)
    assert (done.prepared_by_id, done.witness_id) == (counter.cashier.id, counter.witness.id)
    assert done.notes == [[10_000, 9], [2_000, 5]] and done.document_last == "678"
    assert "12345678" not in str(vars(done)), "the number itself is kept nowhere"
    assert counter.books().findings == []
    with services.db.transaction() as session:
        keys = session.scalars(select(LedgerJournal.key).where(LedgerJournal.key.like("payout:%"))).all()
    assert keys == [f"payout:{remittance_id}"]


def test_fifty_payouts_with_one_code_at_once_are_one(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    code = counter.code(remittance_id)
    prepared = at_once([lambda: paying.prepare(services, counter.cashier, remittance_id, seen(code))] * 50)
    standing = [each for each in prepared if isinstance(each, Payout)]
    assert len(standing) == 1
    assert {each.code for each in prepared if isinstance(each, Refused)} == {"payout-standing"}
    paid = at_once([lambda: confirm(counter, standing[0].id)] * 50)
    assert sum(isinstance(each, Payout) for each in paid) == 1
    assert {each.code for each in paid if isinstance(each, Refused)} == {"already-paid"}
    assert counter.till() == 1_000_000 - PAID and counter.books().findings == []
    again = refusal(lambda: paying.prepare(services, counter.cashier, remittance_id, seen(code)))
    assert again == "not-ready", "a replay finds it paid"


def test_the_witness_is_somebody_else_of_this_mission(counter: Counter, services: Services) -> None:
    payout = counter.prepared(counter.ready())
    assert refusal(lambda: confirm(counter, payout.id, counter.cashier)) == "same-officer-payout"
    with services.db.transaction() as session:
        elsewhere = make_actor(
            session, services.clock, "mission_officer", mission=make_hong_kong(session, code="macau")
        )
    with pytest.raises(NotFound):
        confirm(counter, payout.id, elsewhere)
    with pytest.raises(Forbidden):
        confirm(counter, payout.id, counter.agent)
    assert confirm(counter, payout.id, counter.officer).state == "paid"


def test_another_missions_cashier_sees_and_pays_nothing(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    other = Counter(services)
    code = counter.code(remittance_id)
    with pytest.raises(NotFound):
        paying.prepare(services, other.cashier, remittance_id, seen(code))
    with services.db.transaction() as session, pytest.raises(NotFound):
        paying.find(session, other.cashier, "R-2026-000001")


def test_outside_hours_only_with_a_reason_of_who_is_responsible(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    code = counter.code(remittance_id)
    clock.set(at_night(clock.now()))
    assert refusal(lambda: paying.prepare(services, counter.cashier, remittance_id, seen(code))) == "mission-shut"
    with services.db.transaction() as session:
        with pytest.raises(Forbidden):
            paying.allow_outside_hours(session, clock, counter.cashier, remittance_id, reason="Because")
        with pytest.raises(InvalidInput):
            paying.allow_outside_hours(session, clock, counter.chief, remittance_id, reason=" ")
        given = paying.allow_outside_hours(session, clock, counter.officer, remittance_id, reason="Flight at six")
    payout = counter.prepared(remittance_id)
    assert payout.hours_exception_id == given.id
    assert confirm(counter, payout.id).state == "paid"


def test_an_exception_ends_and_closing_time_stops_what_was_prepared(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    clock.advance(timedelta(hours=5, minutes=50))
    payout = counter.prepared(remittance_id)
    clock.advance(timedelta(minutes=15))
    assert refusal(lambda: confirm(counter, payout.id)) == "mission-shut"
    with services.db.transaction() as session:
        paying.allow_outside_hours(session, clock, counter.chief, remittance_id, reason="Stood at the counter")
    assert confirm(counter, payout.id).state == "paid"


def test_the_wrong_document_name_or_notes_are_named_all_at_once(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    wrong = seen(
        counter.code(remittance_id), document_kind="second_factor", document_name="LEE JISU", notes=((10_000, 9),)
    )
    with pytest.raises(SeveralFaults) as faults:
        paying.prepare(services, counter.cashier, remittance_id, wrong)
    assert [fault["field"] for fault in faults.value.faults] == ["document_kind", "document_name", "notes"]


@pytest.mark.parametrize("written", ["KIM MIN SU", "Minsoo Kim", "김민수"])
def test_other_spellings_of_the_payees_name_are_paid(counter: Counter, written: str) -> None:
    assert counter.prepared(counter.ready(), document_name=written).state == "prepared"


@pytest.mark.parametrize("notes", [((10_000, 11),), ((10_000, -1), (10_000, 11)), ((300, 1),), (), ((10_000, 10**9),)])
def test_notes_make_exactly_the_amount(counter: Counter, services: Services, notes: Any) -> None:
    remittance_id = counter.ready()
    with pytest.raises(SeveralFaults):
        counter.prepared(remittance_id, notes=notes)


def test_a_lost_passport_is_paid_by_what_the_review_found(counter: Counter) -> None:
    remittance_id = counter.ready()
    with counter.services.db.transaction() as session:
        from remittance.requests import moving

        one = moving.get(session, remittance_id)
        one.identity, one.identity_words = "second_factor", "Resident record and two questions"
    payout = counter.prepared(remittance_id, document_kind="second_factor", document_number="")
    assert payout.document_hash == "" and confirm(counter, payout.id).state == "paid"


def test_what_changed_since_it_was_prepared_stops_it(
    counter: Counter, services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout = counter.prepared(counter.ready())
    monkeypatch.setitem(releasing.GUARDS, "test", lambda _session, _one: "being-checked")
    assert refusal(lambda: confirm(counter, payout.id)) == "being-checked"
    monkeypatch.delitem(releasing.GUARDS, "test")
    with services.db.transaction() as session:
        counter.fill(session, -1_000_000 + 1)
    assert refusal(lambda: confirm(counter, payout.id)) == "cash-short"
    with services.db.transaction() as session:
        counter.fill(session, 1_000_000)
        reviewing.decide(session, clock, counter.chief, payout.remittance_id, "hold", reason="To be looked into")
    assert refusal(lambda: confirm(counter, payout.id)) == "wrong-state", "a hold withdraws it"


def test_an_old_preparation_is_prepared_anew_and_one_can_be_withdrawn(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    old = counter.prepared(remittance_id)
    clock.advance(timedelta(minutes=30))
    assert refusal(lambda: confirm(counter, old.id)) == "payout-old"
    second = counter.prepared(remittance_id)
    for _ in range(2):
        with services.db.transaction() as session:
            assert paying.withdraw(session, clock, counter.cashier, second.id).state == "withdrawn"
    third = counter.prepared(remittance_id)
    assert confirm(counter, third.id).state == "paid"
    with services.db.transaction() as session:
        states = session.scalars(select(Payout.state).order_by(Payout.id)).all()
    assert states == ["withdrawn", "withdrawn", "paid"]
    with pytest.raises(Refused), services.db.transaction() as session:
        paying.withdraw(session, clock, counter.cashier, third.id)


def test_another_mission_that_pays_instead_withdraws_what_was_prepared(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    payout = counter.prepared(remittance_id)
    other = Counter(services)
    with services.db.transaction() as session:
        reviewing.reroute(
            session, services.clock, counter.chief, remittance_id, other.mission, reason="The traveller went there"
        )
    with services.db.transaction() as session:
        assert session.get_one(Payout, payout.id).state == "withdrawn"
        missions.get(session, other.mission)
    again = paying.prepare(services, other.cashier, remittance_id, seen(counter.code(remittance_id)))
    assert confirm(other, again.id).mission_id == other.mission
    assert (counter.till(), other.till()) == (1_000_000, 1_000_000 - PAID)


def test_leave_to_pay_outside_hours_ends_when_another_mission_pays(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id, other = counter.ready(), Counter(services)
    clock.set(at_night(clock.now()))
    with services.db.transaction() as session:
        paying.allow_outside_hours(session, clock, counter.officer, remittance_id, reason="Flight at six")
    for mission in (other.mission, counter.mission):
        with services.db.transaction() as session:
            reviewing.reroute(session, clock, counter.chief, remittance_id, mission, reason="The traveller went there")
            assert paying.live_exception(session, remittance_id, clock.now()) is None, (
                "it was this mission's, for this way"
            )
    code = counter.code(remittance_id)
    assert refusal(lambda: paying.prepare(services, counter.cashier, remittance_id, seen(code))) == "mission-shut"
