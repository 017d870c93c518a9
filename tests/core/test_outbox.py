"""The outbox delivers every fact at least once, and no handler that succeeded is called again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core import outbox
from hotline.core.clock import FrozenClock
from hotline.core.outbox import MAX_ATTEMPTS, OutboxEvent
from hotline.core.services import Services


def _publish(services: Services, payload: dict[str, Any]) -> None:
    with services.db.transaction() as session:
        outbox.publish(session, services.clock, "Something", payload)


def _only(services: Services) -> OutboxEvent:
    with services.db.transaction() as session:
        return session.scalars(select(OutboxEvent)).one()


def test_delivered_once_and_then_left_alone(services: Services) -> None:
    seen: list[Mapping[str, Any]] = []
    handlers = {"Something": [("note", lambda _, payload: seen.append(payload))]}
    _publish(services, {"id": 1})
    assert outbox.deliver_due(services, handlers) == 1
    assert outbox.deliver_due(services, handlers) == 0
    assert seen == [{"id": 1}]
    assert _only(services).delivered_at == services.clock.now()


def test_a_rolled_back_fact_is_never_told(services: Services) -> None:
    with pytest.raises(RuntimeError), services.db.transaction() as session:
        outbox.publish(session, services.clock, "Something", {"id": 1})
        raise RuntimeError("the transaction fails")
    assert outbox.deliver_due(services, {"Something": [("note", lambda *_: None)]}) == 0


def test_a_failing_handler_is_tried_again_and_the_others_are_not(services: Services, clock: FrozenClock) -> None:
    calls = {"good": 0, "bad": 0}

    def good(_: Services, __: Mapping[str, Any]) -> None:
        calls["good"] += 1

    def bad(_: Services, __: Mapping[str, Any]) -> None:
        calls["bad"] += 1
        if calls["bad"] < 3:
            raise ValueError("not yet")

    handlers = {"Something": [("good", good), ("bad", bad)]}
    _publish(services, {})
    assert outbox.deliver_due(services, handlers) == 0
    assert "ValueError" in (_only(services).last_error or "")
    assert outbox.deliver_due(services, handlers) == 0, "nothing is due before the back-off is over"
    for _ in range(2):
        clock.advance(timedelta(minutes=10))
        outbox.deliver_due(services, handlers)
    assert calls == {"good": 1, "bad": 3}
    assert _only(services).delivered_at is not None


def test_after_the_last_attempt_an_event_is_parked_for_a_person(services: Services, clock: FrozenClock) -> None:
    def broken(_: Services, __: Mapping[str, Any]) -> None:
        raise ValueError("never")

    _publish(services, {})
    for _ in range(MAX_ATTEMPTS + 3):
        outbox.deliver_due(services, {"Something": [("broken", broken)]})
        clock.advance(timedelta(hours=1))
    event = _only(services)
    assert event.parked_at is not None
    assert event.attempts == MAX_ATTEMPTS


def test_a_crash_during_a_handler_only_delays_the_event(services: Services, clock: FrozenClock) -> None:
    class Killed(BaseException):
        pass

    def dies(_: Services, __: Mapping[str, Any]) -> None:
        raise Killed

    _publish(services, {})
    with pytest.raises(Killed):
        outbox.deliver_due(services, {"Something": [("dies", dies)]})
    seen: list[int] = []
    clock.advance(timedelta(minutes=1))
    assert outbox.deliver_due(services, {"Something": [("dies", lambda *_: seen.append(1))]}) == 1
    assert seen == [1]


def test_back_off_doubles_and_is_bounded() -> None:
    waits = [outbox.back_off(n).total_seconds() for n in range(1, 13)]
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == 300
