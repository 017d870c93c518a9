"""Settling a mission: reckoned up by one officer, agreed to by another, booked once with every remittance in it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from remittance.ledger.models import LedgerJournal
from remittance.ledger.states import FX, SETTLEMENT
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.settlement import reading, settling
from remittance.settlement.models import Settlement, SettlementItem
from remittance.tills import overview
from tests.factories import NOW
from tests.remittance.ledger.making import at_once
from tests.remittance.tills.making import Counter

TODAY = date(2026, 11, 21)


def prepared(counter: Counter, **more: Any) -> Settlement:
    values = {"mission_id": counter.mission, "currency": "USD", "last_day": TODAY} | more
    made: Settlement = counter.do(settling.prepare, counter.one, **values)
    return made


def refusal(counter: Counter, act: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(HotlineError) as told:
        counter.do(act, *args, **more)
    return told.value.code


def states(services: Services) -> list[str]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Remittance.state).order_by(Remittance.id)))


def test_two_officers_settle_what_a_mission_paid_out(counter: Counter, services: Services) -> None:
    for minor in (30_000, 50_000):
        counter.remittance(minor, state="paid")
    counter.remittance(10_000)
    made = prepared(counter)
    assert (made.state, made.remittances, made.total_minor) == ("prepared", 2, 80_000)
    assert refusal(counter, settling.confirm, counter.one, made.id, made.digest) == "four-eyes"
    assert refusal(counter, settling.confirm, counter.officer, made.id, made.digest) == "forbidden"
    assert states(services) == ["paid", "paid", "ready"], "prepared settles nothing"
    done = counter.do(settling.confirm, counter.two, made.id, made.digest)
    assert done.state == "confirmed" and states(services) == ["settled", "settled", "ready"]
    assert counter.held(SETTLEMENT) == -1_000_000 + 80_000, "what is left is what lies in the till"
    assert counter.held() == 1_000_000 - 80_000
    assert counter.held(FX) == 0, "the exchange is closed for both"
    with services.db.transaction() as session:
        (till,) = overview.tills(session, NOW)
        assert (till.unsettled, till.owed) == (0, till.cash)
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "RemittanceMoved")).all()
        assert [each.payload["event"] for each in told][-2:] == ["settle", "settle"]
        change = moving.changes(session, session.scalars(select(SettlementItem.remittance_id)).first() or 0)[-1]
        assert change.facts == {"settlement_id": made.id}
        found = reading.of_remittance(session, change.remittance_id)
        assert found is not None and found.id == made.id


def test_it_is_confirmed_once_in_twenty_tries_at_the_same_time(counter: Counter, services: Services) -> None:
    for _ in range(3):
        counter.remittance(10_000, state="paid")
    made = prepared(counter)
    results = at_once([partial(counter.do, settling.confirm, counter.two, made.id, made.digest) for _ in range(20)])
    assert sum(isinstance(each, Settlement) for each in results) == 1
    assert {each.code for each in results if isinstance(each, HotlineError)} == {"wrong-state"}
    assert all(isinstance(each, (Settlement, HotlineError)) for each in results), results
    with services.db.transaction() as session:
        journals = select(func.count()).select_from(LedgerJournal).where(LedgerJournal.about_kind == "settlement")
        assert session.scalar(journals) == 1
    assert counter.held(SETTLEMENT) == -1_000_000 + 30_000


def test_two_officers_who_prepare_at_once_prepare_one(counter: Counter) -> None:
    counter.remittance(10_000, state="paid")
    results = at_once([partial(prepared, counter) for _ in range(5)])
    assert sum(isinstance(each, Settlement) for each in results) == 1
    assert {each.code for each in results if isinstance(each, HotlineError)} == {"settlement-waiting"}


def test_what_changed_since_is_not_agreed_to(counter: Counter, services: Services, clock: FrozenClock) -> None:
    first, second = (counter.remittance(minor, state="paid") for minor in (10_000, 20_000))
    made = prepared(counter)
    assert refusal(counter, settling.confirm, counter.two, made.id, "0" * 64) == "settlement-changed"
    with services.db.transaction() as session:
        moving.move(session, clock, SYSTEM, moving.get(session, second.id, lock=True), "dispute")
    assert refusal(counter, settling.confirm, counter.two, made.id, made.digest) == "settlement-changed"
    with services.db.transaction() as session:
        moving.move(session, clock, SYSTEM, moving.get(session, second.id, lock=True), "uphold")
    assert refusal(counter, settling.confirm, counter.two, made.id, made.digest) == "settlement-changed", (
        "looked at anew"
    )
    with pytest.raises(InvalidInput, match="note"):
        counter.do(settling.withdraw, counter.two, made.id, "")
    assert counter.do(settling.withdraw, counter.two, made.id, "One was disputed").state == "withdrawn"
    assert refusal(counter, settling.confirm, counter.two, made.id, made.digest) == "wrong-state"
    again = prepared(counter)
    counter.do(settling.confirm, counter.two, again.id, again.digest)
    assert states(services) == ["settled", "settled"] and first.id != second.id


def test_a_dispute_at_the_same_moment_comes_before_or_after_and_never_into_the_midst(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    for _ in range(4):
        ones = [counter.remittance(10_000, state="paid") for _ in range(3)]
        made = prepared(counter)

        def dispute(number: int) -> str:
            with services.db.transaction() as session:
                return moving.move(session, clock, SYSTEM, moving.get(session, number, lock=True), "dispute").state

        results = at_once([
            partial(dispute, ones[2].id), partial(counter.do, settling.confirm, counter.two, made.id, made.digest),
            partial(dispute, ones[0].id),
        ])  # fmt: skip
        with services.db.transaction() as session:
            one = session.get_one(Settlement, made.id)
            items = session.scalars(select(SettlementItem.settled).where(SettlementItem.settlement_id == made.id)).all()
        assert set(items) == {one.state == "confirmed"}
        if one.state == "confirmed":
            assert all(not isinstance(each, Exception) for each in results), "what was settled can be disputed"
        else:
            assert isinstance(results[1], HotlineError) and results[1].code == "settlement-changed"
            counter.do(settling.withdraw, counter.two, made.id, "Disputed")
        with services.db.transaction() as session:
            for number in (each.id for each in ones):
                row = moving.get(session, number, lock=True)
                if row.state == "disputed":
                    moving.move(session, clock, SYSTEM, row, "uphold_settled")


def test_a_payout_since_the_preparation_waits_for_the_next(counter: Counter, services: Services) -> None:
    counter.remittance(10_000, state="paid")
    made = prepared(counter)
    counter.remittance(20_000, state="paid")
    counter.do(settling.confirm, counter.two, made.id, made.digest)
    assert states(services) == ["settled", "paid"]
    assert prepared(counter).total_minor == 20_000


def test_the_last_day_is_the_ministrys(counter: Counter, clock: FrozenClock) -> None:
    midnight = NOW.replace(hour=15)  # the twenty-second begins in Seoul
    clock.set(midnight + timedelta(hours=3))
    counter.remittance(10_000, state="paid", paid_at=midnight - timedelta(seconds=1))
    counter.remittance(20_000, state="paid", paid_at=midnight)
    assert refusal(counter, settling.prepare, counter.one, counter.mission, "USD", TODAY - timedelta(days=1)) == (
        "nothing-to-settle"
    )
    assert prepared(counter).total_minor == 10_000
    for day in (TODAY + timedelta(days=2), date(1999, 12, 31)):
        with pytest.raises(InvalidInput, match="last_day"):
            prepared(counter, last_day=day)


def test_disputed_ones_and_other_tills_are_left_out(counter: Counter, services: Services, clock: FrozenClock) -> None:
    other = Counter(services, code="macau")
    one = counter.remittance(10_000, state="paid")
    other.remittance(20_000, state="paid")
    with services.db.transaction() as session:
        moving.move(session, clock, SYSTEM, moving.get(session, one.id, lock=True), "dispute")
    assert refusal(counter, settling.prepare, counter.one, counter.mission, "USD", TODAY) == "nothing-to-settle"
    assert refusal(counter, settling.prepare, counter.one, other.mission, "EUR", TODAY) == "nothing-to-settle"
    assert refusal(counter, settling.prepare, counter.officer, other.mission, "USD", TODAY) == "forbidden"
    made = prepared(counter, mission_id=other.mission)
    with services.db.transaction() as session:
        assert reading.whole(session, other.officer, made.id).one.id == made.id
        assert reading.listed(session, counter.officer) == []
        with pytest.raises(NotFound):
            reading.whole(session, counter.officer, made.id)
    for act in (settling.confirm, settling.withdraw):
        with pytest.raises(NotFound):
            counter.do(act, counter.two, 10**9, "x")


def test_a_payout_that_the_books_do_not_have_is_found_out_first(counter: Counter, services: Services) -> None:
    one = counter.remittance(10_000)
    with services.db.transaction() as session:
        session.execute(text("UPDATE remittances SET state = 'paid' WHERE id = :id"), {"id": one.id})
        session.execute(
            text(
                "INSERT INTO remittance_changes (remittance_id, at, before, after, event) "
                "VALUES (:id, :at, 'ready', 'paid', 'pay')"
            ),
            {"id": one.id, "at": NOW},
        )
    assert refusal(counter, settling.prepare, counter.one, counter.mission, "USD", TODAY) == "books-differ"


def test_what_was_settled_once_is_not_settled_again_whatever_state_it_is_brought_to(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    one = counter.remittance(10_000, state="paid")
    made = prepared(counter)
    counter.do(settling.confirm, counter.two, made.id, made.digest)
    with services.db.transaction() as session:
        row = moving.get(session, one.id, lock=True)
        moving.move(session, clock, SYSTEM, row, "dispute")
        moving.move(session, clock, SYSTEM, row, "uphold")
    assert states(services) == ["paid"]
    assert refusal(counter, settling.prepare, counter.one, counter.mission, "USD", TODAY) == "nothing-to-settle"


def test_a_settlement_that_dies_half_way_leaves_nothing(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    counter.remittance(10_000, state="paid")
    made = prepared(counter)

    class Crash(Exception):
        """The machine is gone."""

    with pytest.raises(Crash), services.db.transaction() as session:
        settling.confirm(session, clock, counter.two, made.id, made.digest)
        raise Crash
    assert states(services) == ["paid"] and counter.held(SETTLEMENT) == -1_000_000
    assert counter.do(settling.confirm, counter.two, made.id, made.digest).state == "confirmed"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "pay", "prepare", "confirm", "withdraw", "dispute", "uphold", "days")),
        st.integers(1, 9),
    ),
    max_size=16,
)


@pytest.mark.long
@given(acts=ACTS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cash_and_what_is_unsettled_are_always_what_is_owed(
    counter: Counter, clock: FrozenClock, acts: list[tuple[str, int]]
) -> None:
    for act, number in acts:
        _step(counter, clock, act, number)
        with counter.services.db.transaction() as session:
            disputed = session.execute(
                text(
                    "SELECT coalesce(sum(quote.paid_minor), 0) FROM remittances one JOIN remittance_quotes quote"
                    " ON quote.remittance_id = one.id WHERE one.state = 'disputed'"
                )
            ).scalar_one()
            (till,) = overview.tills(session, clock.now(), missions=[counter.mission])
        assert till.owed == till.cash + till.unsettled + disputed


def _step(counter: Counter, clock: FrozenClock, act: str, number: int) -> None:
    def first(query: Any) -> Any:
        with counter.services.db.transaction() as session:
            return session.scalar(query.limit(1))

    waiting = first(select(Settlement).where(Settlement.state == "prepared"))
    if act == "pay":
        counter.remittance(number * 100, state="paid")
    elif act == "prepare" and waiting is None and first(select(Remittance.id).where(Remittance.state == "paid")):
        prepared(counter, last_day=clock.now().date())
    elif act == "confirm" and waiting is not None:
        try:
            counter.do(settling.confirm, counter.two, waiting.id, waiting.digest)
        except HotlineError as error:
            assert error.code == "settlement-changed"
    elif act == "withdraw" and waiting is not None:
        counter.do(settling.withdraw, counter.two, waiting.id, "Anew")
    elif act in ("dispute", "uphold"):
        before = "paid" if act == "dispute" else "disputed"
        found = first(select(Remittance.id).where(Remittance.state == before).order_by(Remittance.id.desc()))
        if found is not None:
            with counter.services.db.transaction() as session:
                moving.move(session, clock, SYSTEM, moving.get(session, found, lock=True), act)
    elif act == "days":
        clock.advance(timedelta(days=number))
