"""Notices are kept once for each key, within limits, and only for purposes that exist."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from hotline.core.states import Lifecycle
from hotline.notices import store
from hotline.notices.models import Notice
from hotline.notices.states import NOTICE, PURPOSES, STATES, Priority
from hotline.notices.store import NewNotice
from tests.factories import NOW

HOUR = timedelta(hours=1)
GOOD: dict[str, Any] = {
    "phone": "+821011110001",
    "body": "Your code",
    "purpose": "code",
    "dedupe_key": "code:1",
    "expires_at": NOW + HOUR,
}


def test_the_same_key_gives_the_same_notice_and_changes_nothing(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = store.publish(session, clock, **GOOD)
    with db.transaction() as session:
        assert store.publish(session, clock, **(GOOD | {"body": "another", "phone": "+821099999999"})) == first
        kept = session.get_one(Notice, first)
        assert (kept.body, kept.phone) == ("Your code", "+821011110001")
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_the_purpose_gives_priority_secrecy_and_right(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        code = session.get_one(Notice, store.publish(session, clock, **GOOD))
        low = store.publish(
            session, clock, **(GOOD | {"dedupe_key": "x", "purpose": "arrival", "priority": Priority.WHENEVER})
        )
        arrival = session.get_one(Notice, low)
    assert (code.priority, code.secret, code.asked_for) == (0, True, True)
    assert (arrival.priority, arrival.secret, arrival.asked_for) == (9, False, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "01012345678"),
        ("phone", "+82"[:1]),
        ("phone", "+" + "1" * 16),
        ("body", ""),
        ("body", "x" * 1601),
        ("purpose", "advertisement"),
        ("dedupe_key", ""),
        ("dedupe_key", "k" * 121),
        ("expires_at", NOW),
        ("expires_at", NOW + timedelta(days=3, seconds=1)),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(db: Database, clock: FrozenClock, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused, db.transaction() as session:
        store.publish(session, clock, **(GOOD | {field: value}))
    assert refused.value.field == field
    assert GOOD["phone"] not in str(refused.value)


def test_a_batch_is_kept_in_one_statement_and_known_keys_are_left_alone(db: Database, clock: FrozenClock) -> None:
    def batch(first: int, last: int) -> list[NewNotice]:
        return [NewNotice(f"+8210{nth:08}", f"text {nth}", f"a:{nth}", NOW + HOUR) for nth in range(first, last)]

    with db.connection() as connection:
        assert store.publish_many(connection, NOW, "arrival", batch(0, 3)) == {"a:0", "a:1", "a:2"}
        assert store.publish_many(connection, NOW, "arrival", batch(2, 5)) == {"a:3", "a:4"}
        assert store.publish_many(connection, NOW, "arrival", []) == set()
        with pytest.raises(InvalidInput):
            store.publish_many(connection, NOW, "arrival", [NewNotice("1", "x", "k", NOW + HOUR)])
        with pytest.raises(InvalidInput):
            store.publish_many(connection, NOW, "spam", batch(8, 9))
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 5


def test_the_lifecycle_knows_every_state_and_leaves_no_final_one() -> None:
    assert isinstance(NOTICE, Lifecycle)
    assert NOTICE.states == set(STATES)
    assert not [each for each in NOTICE.transitions if each.state in ("delivered", "lapsed")]
    # A failure gives way to proof of delivery, to a failure that says more, and to another try.
    assert {each.target for each in NOTICE.transitions if each.state == "failed"} == {"delivered", "failed", "queued"}
    assert all(each.label for each in PURPOSES.values())
