"""A sender's slots are given out once, in order, never faster than its pace, whoever asks and however often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.providers import pacing
from hotline.providers.models import Sender
from hotline.providers.pacing import AHEAD_S, CATCH_UP_S, Budget, lock_budgets, slow_down, spend


@pytest.fixture
def add_sender(db: Database, clock: FrozenClock) -> Callable[[int | None], int]:
    def add(parts_per_s: int | None) -> int:
        with db.transaction() as session:
            sender = Sender(
                provider="twilio", address=f"+{parts_per_s}", parts_per_s=parts_per_s,
                created_at=clock.now(), updated_at=clock.now(),
            )  # fmt: skip
            session.add(sender)
            session.flush()
            return sender.id

    return add


def take(db: Database, sender_id: int, at: datetime, parts: int = 1, most: int = 10_000) -> list[float]:
    """Take as many texts of `parts` parts as are given at one moment; when each may leave."""
    leaves = []
    with db.connection() as connection:
        budget = lock_budgets(connection, [sender_id], at=at)[sender_id]
        while budget.open and len(leaves) < most:
            leaves.append(budget.take(parts))
        spend(connection, {sender_id: budget})
    return leaves


def test_a_sender_without_a_pace_has_no_budget_at_all(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    with db.connection() as connection:
        assert lock_budgets(connection, [add_sender(None)], at=clock.now()) == {}


def test_slots_are_one_part_long_and_given_half_a_second_ahead(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    leaves = take(db, add_sender(20), clock.now())
    assert leaves == pytest.approx([number / 20 for number in range(10)])
    assert max(leaves) < AHEAD_S


def test_a_text_of_three_parts_takes_three_slots(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    assert take(db, add_sender(20), clock.now(), parts=3) == pytest.approx([0, 0.15, 0.3, 0.45])


def test_a_slow_sender_sends_one_text_and_waits_for_all_of_its_parts(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id = add_sender(1)
    assert take(db, sender_id, clock.now(), parts=4) == [0]
    clock.advance(timedelta(seconds=3))
    assert take(db, sender_id, clock.now(), parts=4) == []
    clock.advance(timedelta(seconds=0.6))
    assert take(db, sender_id, clock.now(), parts=4) == pytest.approx([0.4])


def test_over_a_minute_of_irregular_asking_the_pace_is_kept_exactly(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id, start, texts = add_sender(50), clock.now(), 0
    for step in range(300):
        clock.advance(timedelta(seconds=0.2 + (0.1 if step % 3 else -0.15)))
        texts += len(take(db, sender_id, clock.now()))
    seconds = (clock.now() - start).total_seconds()
    assert texts == pytest.approx(seconds * 50, rel=0.03)
    assert texts <= (seconds + AHEAD_S + CATCH_UP_S) * 50


def test_what_nobody_took_is_lost_but_for_a_moment(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id = add_sender(100)
    take(db, sender_id, clock.now())
    clock.advance(timedelta(hours=1))
    leaves = take(db, sender_id, clock.now())
    assert len(leaves) == (AHEAD_S + CATCH_UP_S) * 100
    assert leaves.count(0.0) == CATCH_UP_S * 100 + 1


def test_two_who_ask_at_once_share_one_timeline(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id, taken, lock = add_sender(40), [], threading.Lock()

    def ask() -> None:
        for _ in range(10):
            mine = take(db, sender_id, clock.now(), most=2)
            with lock:
                taken.extend(mine)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == pytest.approx([number / 40 for number in range(20)])


def test_slots_of_a_claim_that_was_rolled_back_are_free_again(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id = add_sender(40)
    with pytest.raises(RuntimeError), db.connection() as connection:
        budget = lock_budgets(connection, [sender_id], at=clock.now())[sender_id]
        budget.take(10)
        spend(connection, {sender_id: budget})
        raise RuntimeError("the worker died")
    assert len(take(db, sender_id, clock.now())) == 20


def test_a_slowed_sender_uses_half_its_pace_for_a_while(
    db: Database, add_sender: Callable[[int | None], int], clock: FrozenClock
) -> None:
    sender_id = add_sender(40)
    with db.connection() as connection:
        slow_down(connection, clock.now(), [("twilio", "+40"), ("twilio", "unknown")])
    assert len(take(db, sender_id, clock.now())) == 10
    clock.advance(timedelta(seconds=pacing.SLOWED_FOR_S + 1))
    assert len(take(db, sender_id, clock.now())) == 40


def test_the_database_keeps_the_time_when_nobody_names_it(
    db: Database, add_sender: Callable[[int | None], int]
) -> None:
    sender_id = add_sender(10)
    with db.connection() as connection:
        budget = lock_budgets(connection, [sender_id])[sender_id]
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None and abs((row[0] - budget.at).total_seconds()) < 60
    assert isinstance(budget, Budget) and budget.start_s == 0
