"""Counting, moving and explaining cash: by two people each, once each, and never past what is reserved."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from remittance.ledger.models import LedgerJournal
from remittance.ledger.states import SETTLEMENT
from remittance.tills import access, cash_book, cash_moves, counting, differences
from remittance.tills.models import TillCount, TillDifference, TillMove
from remittance.tills.overview import tills
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor
from tests.remittance.tills.making import Counter


def refusal(act: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(HotlineError) as told:
        act(*args, **more)
    return told.value.code


def journals(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(LedgerJournal)) or 0


def test_cash_is_put_in_by_two_people_and_owed_to_the_mission(counter: Counter) -> None:
    made = counter.prepare(100_000)
    assert counter.held() == 0, "prepared is not booked"
    assert refusal(counter.do, cash_moves.confirm, counter.cashier, made.id) == "four-eyes"
    done = counter.do(cash_moves.confirm, counter.officer, made.id)
    assert (done.state, counter.held(), counter.held(SETTLEMENT)) == ("done", 100_000, -100_000)
    assert refusal(counter.do, cash_moves.confirm, counter.officer, made.id) == "wrong-state"
    afar = counter.prepare(5_000, kind="return")
    assert counter.do(cash_moves.confirm, counter.one, afar.id).state == "done", "a finance officer may, too"
    assert (counter.held(), counter.held(SETTLEMENT)) == (95_000, -95_000)


def test_the_same_key_puts_cash_in_once_and_another_act_under_it_is_refused(counter: Counter) -> None:
    first, again = counter.prepare(100_000, key="k"), counter.prepare(100_000, key="k")
    assert first.id == again.id
    counter.do(cash_moves.confirm, counter.officer, first.id)
    assert counter.prepare(100_000, key="k").state == "done", "also once it is booked"
    assert refusal(counter.prepare, 200_000, key="k") == "key-taken"
    made = at_once([partial(counter.prepare, 700, key="at-once") for _ in range(6)])
    assert len({each.id for each in made}) == 1
    results = at_once([partial(counter.do, cash_moves.confirm, counter.officer, made[0].id) for _ in range(6)])
    assert sum(isinstance(result, TillMove) for result in results) == 1
    assert {each.code for each in results if isinstance(each, HotlineError)} == {"wrong-state"}
    assert counter.held() == 100_700


def test_what_is_reserved_is_not_taken_out(counter: Counter) -> None:
    counter.fill(100_000)
    waiting = counter.prepare(60_000, kind="return")
    counter.remittance(50_000)
    with pytest.raises(Refused) as told:
        counter.prepare(50_001, kind="return")
    assert (told.value.code, told.value.params) == ("till-short", {"free": "USD 500.00"})
    assert refusal(counter.do, cash_moves.confirm, counter.officer, waiting.id) == "till-short", "looked at again"
    assert counter.do(cash_moves.refuse, counter.officer, waiting.id, "Reserved meanwhile").state == "refused"
    exact = counter.prepare(50_000, kind="return")
    counter.do(cash_moves.confirm, counter.officer, exact.id)
    assert counter.held() == 50_000


def test_two_who_take_cash_out_at_once_do_not_take_it_twice(counter: Counter) -> None:
    counter.fill(100_000)
    moves = [counter.prepare(60_000, kind="return") for _ in range(4)]
    results = at_once([partial(counter.do, cash_moves.confirm, counter.officer, each.id) for each in moves])
    assert sum(isinstance(result, TillMove) for result in results) == 1
    assert counter.held() == 40_000


def test_moves_name_what_is_wrong_with_them(counter: Counter) -> None:
    for more, field in (
        ({"source": " "}, "source"), ({"reason": "x" * 301}, "reason"), ({"kind": "gift"}, "kind"), ({"key": "a b"}, "key"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as told:
            counter.prepare(100, **more)
        assert told.value.field == field
    with pytest.raises(InvalidInput, match="amount"):
        counter.prepare(0)
    assert refusal(counter.prepare, 100, kind="return") == "no-till"
    mine = counter.prepare(100)
    assert refusal(counter.do, cash_moves.withdraw, counter.one, mine.id) == "not-yours"
    assert refusal(counter.do, cash_moves.refuse, counter.cashier, mine.id, "no") == "four-eyes"
    assert counter.do(cash_moves.withdraw, counter.cashier, mine.id).state == "withdrawn"
    for _ in range(20):
        counter.prepare(100)
    assert refusal(counter.prepare, 100) == "too-many-moves"


def test_a_count_without_a_difference_needs_its_witness_and_nothing_else(counter: Counter) -> None:
    counter.fill(31_000)
    made = counter.count({10_000: 3, 1_000: 1})
    assert (made.state, made.book_minor, made.difference_minor) == ("waiting", 31_000, 0)
    assert refusal(counter.do, counting.witness, counter.cashier, made.id) == "four-eyes"
    assert counter.do(counting.witness, counter.officer, made.id).state == "witnessed"
    assert not counter.open_differences()
    assert refusal(counter.do, counting.witness, counter.officer, made.id) == "wrong-state"


def test_what_is_missing_stays_open_until_two_finance_officers_have_explained_it(counter: Counter) -> None:
    counter.fill(31_000)
    counter.witnessed({10_000: 3})
    (missing,) = counter.open_differences()
    assert (missing.minor, missing.state, counter.held()) == (-1_000, "open", 31_000)
    again = counter.witnessed({10_000: 3})
    assert (again.difference_minor, again.fresh_minor) == (-1_000, 0)
    assert len(counter.open_differences()) == 1, "found again it is the same one"
    assert refusal(counter.do, differences.explain, counter.two, missing.id) == "wrong-state", "nobody said why yet"
    assert refusal(counter.do, differences.ask, counter.cashier, missing.id, "I know why") == "forbidden"
    counter.do(differences.ask, counter.one, missing.id, "A note fell behind the safe")
    assert refusal(counter.do, differences.explain, counter.one, missing.id) == "four-eyes"
    assert counter.do(differences.give_back, counter.two, missing.id, "Which safe?").state == "open"
    counter.do(differences.ask, counter.one, missing.id, "The old safe")
    results = at_once([partial(counter.do, differences.explain, counter.two, missing.id) for _ in range(5)])
    assert sum(isinstance(result, TillDifference) for result in results) == 1
    assert (counter.held(), counter.held(SETTLEMENT)) == (30_000, -30_000)
    assert counter.witnessed({10_000: 3}).difference_minor == 0


def test_cash_that_is_found_again_is_a_difference_of_its_own(counter: Counter) -> None:
    counter.fill(10_000)
    counter.witnessed({})
    counter.witnessed({10_000: 1})
    assert [each.minor for each in counter.open_differences()] == [-10_000, 10_000]
    for each in counter.open_differences():
        counter.explain(each.id)
    assert counter.held() == 10_000 and not counter.open_differences()


def test_explaining_while_a_count_waits_changes_nothing_of_what_it_found(counter: Counter) -> None:
    counter.fill(10_000)
    counter.witnessed({5_000: 1})
    waiting = counter.count({2_000: 1})
    counter.explain(counter.open_differences()[0].id)
    counter.do(counting.witness, counter.officer, waiting.id)
    assert [each.minor for each in counter.open_differences()] == [-3_000]


def test_one_count_waits_at_a_time_and_the_same_key_is_the_same_count(counter: Counter) -> None:
    assert refusal(counter.count, {100: 1}) == "no-till"
    counter.fill(10_000)
    made = at_once([partial(counter.count, {10_000: 1}, key="k") for _ in range(5)])
    assert len({each.id for each in made}) == 1
    assert refusal(counter.count, {5_000: 1}, key="k") == "key-taken"
    assert refusal(counter.count, {10_000: 1}) == "count-waiting"
    assert refusal(counter.do, counting.refuse, counter.cashier, made[0].id, "wrong") == "four-eyes"
    with pytest.raises(InvalidInput, match="note"):
        counter.do(counting.refuse, counter.officer, made[0].id, "")
    counter.do(counting.refuse, counter.officer, made[0].id, "I see only five notes")
    second = counter.count({5_000: 1})
    assert counter.do(counting.withdraw, counter.cashier, second.id).state == "withdrawn"
    assert not counter.open_differences(), "neither of them held"
    for pieces in ({3: 1}, {100: -1}):
        with pytest.raises(InvalidInput, match="denominations"):
            counter.count(pieces)


def test_a_count_is_over_what_the_books_say_while_nobody_pays_out(counter: Counter) -> None:
    """A payout under way and a count never see half of each other."""
    counter.fill(50_000)
    results = at_once([
        partial(counter.remittance, 20_000, state="paid"), partial(counter.count, {10_000: 5}, key="a"),
    ])  # fmt: skip
    counted = results[1]
    assert isinstance(counted, TillCount) and counted.book_minor in (50_000, 30_000)


def test_other_missions_tills_are_nobodys(counter: Counter, services: Services, clock: FrozenClock) -> None:
    other = Counter(services, code="macau")
    counter.fill(10_000)
    made, move = counter.count({10_000: 1}), counter.prepare(100)
    for act, number in (
        (counting.witness, made.id), (counting.withdraw, made.id), (cash_moves.confirm, move.id), (cash_moves.confirm, 10**9),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            counter.do(act, other.officer if act is not counting.withdraw else other.cashier, number)
    with pytest.raises(NotFound):
        other.prepare(100, mission_id=counter.mission)
    with services.db.transaction() as session:
        assert access.seen(session, other.officer) == [other.mission]
        assert access.seen(session, counter.one) is None
        with pytest.raises(Forbidden):
            access.seen(session, make_actor(session, clock, "agent"))
        auditor = make_actor(session, clock, "auditor")
        assert access.seen(session, auditor) is None
    assert refusal(counter.prepare, 100, actor=auditor) == "forbidden"
    assert refusal(counter.do, cash_moves.confirm, auditor, move.id) == "forbidden"


def test_every_act_is_on_the_trail_without_anybodys_words(counter: Counter, services: Services) -> None:
    counter.fill(10_000)
    counter.witnessed({})
    counter.explain(counter.open_differences()[0].id)
    with services.db.transaction() as session:
        found = session.execute(
            select(AuditEntry.action, AuditEntry.after).where(AuditEntry.action.like("till.%")).order_by(AuditEntry.seq)
        ).all()
    assert [row.action for row in found] == [
        "till.move_prepared", "till.move_confirmed", "till.counted", "till.witnessed", "till.difference_asked",
        "till.difference_explained",
    ]  # fmt: skip
    assert "safe" not in str(found) and "HSBC" not in str(found)


STEPS = st.lists(
    st.tuples(st.sampled_from(("fill", "return", "pay", "count", "explain", "days")), st.integers(1, 40)), max_size=12
)


@pytest.mark.long
@given(steps=STEPS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_balance_of_the_book_is_the_tills_balance(
    counter: Counter, clock: FrozenClock, steps: list[tuple[str, int]]
) -> None:
    for act, number in steps:
        with contextlib.suppress(HotlineError):
            _step(counter, clock, act, number * 100)
        held = counter.held()
        with counter.services.db.transaction() as session:
            account = access.account_of(session, counter.mission, "USD")
            assert account is not None
            whole = cash_book.book(session, account)
            pieces = _in_pages(session, account)
            (till,) = tills(session, clock.now(), missions=[counter.mission])
            unexplained = counting.open_minor(session, counter.mission, "USD")
        assert whole.closing == held == till.cash
        assert [each.balance for each in whole.movements][-1:] == ([held] if whole.movements else [])
        assert pieces == whole.movements
        assert till.difference == unexplained
    assert counter.held() + counter.held(SETTLEMENT) + till_paid(counter) == 0, (
        "what is owed is in the till or was paid out"
    )


def till_paid(counter: Counter) -> int:
    with counter.services.db.transaction() as session:
        found = tills(session, counter.clock.now(), missions=[counter.mission])
    return found[0].unsettled if found else 0


def _in_pages(session: Any, account: int) -> list[cash_book.Movement]:
    found: list[cash_book.Movement] = []
    after: int | None = 0
    while after is not None:
        page = cash_book.book(session, account, after=after, limit=2)
        found, after = found + page.movements, page.next_after
    return found


def _step(counter: Counter, clock: FrozenClock, act: str, minor: int) -> None:
    if act == "fill":
        counter.fill(minor)
    elif act == "return":
        counter.do(cash_moves.confirm, counter.officer, counter.prepare(minor, kind="return").id)
    elif act == "pay":
        counter.remittance(minor, state="paid", paid_at=clock.now() - timedelta(days=minor // 100))
    elif act == "count":
        counter.witnessed({100: minor // 100})
    elif act == "explain":
        for each in counter.open_differences()[:1]:
            counter.explain(each.id)
    else:
        clock.advance(timedelta(days=minor // 1_000))
