"""Lanes keep the pace of their senders, share texts among providers, and go on with one provider when another is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from alerts.dispatch import lanes
from alerts.models import Attempt
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers import faults
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import MORE, make_sms_provider
from hotline.providers.models import Provider, ProviderPulse, Route, Sender
from tests.alerts.dispatch.conftest import assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio


@pytest.fixture
def second(sending: Services, clock: FrozenClock) -> Iterator[LoopbackTwilio]:
    """A second provider, called `other`, with a server of its own."""
    with running_twilio(now=clock.now) as running:
        provider = make_sms_provider(sending.settings.model_copy(update={"twilio_api_base_url": running.url}))
        provider.name = "other"
        sending.rooms[MORE] = {"other": provider}
        yield running
        provider.close()


def add_route(services: Services, provider: str, address: str = "+15005550006", **more: object) -> None:
    now = services.clock.now()
    pace = more.pop("parts_per_s", None)
    with services.db.transaction() as session:
        sender = Sender(provider=provider, address=address, parts_per_s=pace, created_at=now, updated_at=now)
        session.add(sender)
        session.flush()
        values = {"prefix": "", "priority": 10, "weight": 100} | more
        session.add(Route(sender_id=sender.id, created_at=now, updated_at=now, **values))


def add_pace(services: Services, parts_per_s: int) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        session.add(
            Sender(provider="twilio", address="+15005550006", parts_per_s=parts_per_s, created_at=now, updated_at=now)
        )


def test_a_paced_sender_is_never_faster_than_its_pace_even_with_two_lanes(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    add_pace(sending, 100)
    moments: list[float] = []
    twilio.on_accepted = lambda _: moments.append(time.monotonic())
    running = start_alert(sending, clock, people=200)
    providers = [make_sms_provider(sending.settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: lanes.Lane(sending, each, running.alert_id).run(), providers))
    for provider in providers:
        provider.close()
    assert running.states() == {"sent": 200}
    assert set(twilio.copies.values()) == {1}
    assert max(moments) - min(moments) > 200 / 100 - 1.0 - 0.2, "all but what may be caught up takes its time"
    assert_tallies_equal_rows(db)


def test_texts_of_several_parts_take_several_slots(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    add_pace(sending, 1000)
    running = start_alert(sending, clock, people=10)
    running.execute("UPDATE messages SET parts = 5 WHERE alert_id = :id")
    running.lane()
    with sending.db.transaction() as session:
        spent = session.scalar(text("SELECT extract(epoch FROM paced_until - clock_timestamp()) FROM senders"))
    assert running.states() == {"sent": 10}
    assert spent is not None


def test_a_lane_waits_for_a_slow_sender_and_makes_room_in_time(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    add_pace(sending, 2)
    sending.settings = sending.settings.model_copy(update={"dispatch_lane_s": 0.5})
    running = start_alert(sending, clock, people=50)
    assert running.lane().ended == "time"
    assert 1 <= running.states()["sent"] <= 3
    assert set(running.outcomes()) == {"accepted"}, "nothing was claimed that had to be given back"


def test_equally_severe_alerts_take_turns(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LOOK_ROUND_EVERY_S", 0.0)
    monkeypatch.setattr(lanes, "TURN_S", 0.0)
    giant = start_alert(sending, clock, people=200)
    small = start_alert(sending, clock, people=2)
    assert giant.lane().ended == "turn"
    assert sending.redis.exists(f"job-latch:alerts.dispatch:{giant.alert_id}"), "the giant queues up again, behind"
    sending.redis.flushall()
    assert small.lane().ended in ("turn", "nothing due")


def test_equal_routes_share_the_texts_and_each_attempt_names_its_way(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, second: LoopbackTwilio, db: Database
) -> None:
    add_route(sending, "twilio")
    add_route(sending, "other", "+15005550009")
    running = start_alert(sending, clock, people=120)
    running.lane()
    assert running.states() == {"sent": 120}
    assert min(len(twilio.accepted), len(second.accepted)) > 30
    assert set((twilio.copies + second.copies).values()) == {1}
    with sending.db.transaction() as session:
        ways = {(each.provider, each.sender) for each in session.scalars(select(Attempt))}
    assert ways == {("twilio", "+15005550006"), ("other", "+15005550009")}
    assert {each.fields["From"] for each in second.accepted} == {"+15005550009"}
    assert_tallies_equal_rows(db)


def test_a_provider_that_is_away_gives_its_texts_to_the_other_in_the_same_lane(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, second: LoopbackTwilio, db: Database
) -> None:
    add_route(sending, "twilio")
    add_route(sending, "other")
    with running_twilio() as gone:
        address = gone.url
    away = make_sms_provider(sending.settings.model_copy(update={"twilio_api_base_url": address}))
    away.breaker = CircuitBreaker(failures_to_open=5)
    sending.rooms["sms_provider"] = away
    running = start_alert(sending, clock, people=100)
    for _ in range(5):
        if running.lane().ended == "nothing due":
            break
    assert running.states() == {"sent": 100}
    assert set(second.copies.values()) == {1}
    with sending.db.transaction() as session:
        state = {each.name: each.away_since for each in session.scalars(select(Provider))}
    assert state["twilio"] is not None
    assert state["other"] is None
    away.close()
    assert_tallies_equal_rows(db)


def test_a_provider_that_refuses_our_account_stops_alone(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, second: LoopbackTwilio, db: Database
) -> None:
    add_route(sending, "twilio")
    add_route(sending, "other")
    twilio.everybody = ["20003"] * 1000
    running = start_alert(sending, clock, people=100)
    for _ in range(3):
        running.lane()
    assert running.states() == {"sent": 100}
    assert set(second.copies.values()) == {1}
    with db.transaction() as session:
        assert [each.provider for each in faults.standing(session)] == ["twilio"]
    twilio.everybody = []
    running.later(seconds=31)
    late = start_alert(sending, clock, people=40)
    late.lane()
    with db.transaction() as session:
        assert faults.standing(session) == [], "one text was tried, accepted, and the fault is gone"
    assert late.states() == {"sent": 40}
    assert_tallies_equal_rows(db)


def test_what_is_in_doubt_is_looked_up_at_the_provider_it_went_to(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, second: LoopbackTwilio
) -> None:
    add_route(sending, "other")
    second.everybody = ["lost"] * 3
    running = start_alert(sending, clock)
    running.lane()
    assert running.states() == {"in_doubt": 3}
    running.later(seconds=2)
    running.clear_doubt()
    assert running.states() == {"sent": 3}
    assert set(second.copies.values()) == {1}
    assert not [path for path in twilio.paths if "To=" in path]


def test_a_doubt_about_a_provider_that_is_not_configured_any_more_is_kept(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, second: LoopbackTwilio
) -> None:
    add_route(sending, "other")
    second.everybody = ["lost"] * 3
    running = start_alert(sending, clock)
    running.lane()
    sending.rooms[MORE] = {}
    running.later(hours=1)
    running.clear_doubt()
    assert running.states() == {"in_doubt": 3}
    assert twilio.accepted == []


def test_lanes_tell_how_each_provider_did(sending: Services, clock: FrozenClock, twilio: LoopbackTwilio) -> None:
    twilio.everybody = ["429"]
    running = start_alert(sending, clock, people=5)
    running.lane()
    with sending.db.transaction() as session:
        (pulse,) = session.scalars(select(ProviderPulse)).all()
    assert (pulse.provider, pulse.answered, pulse.failed, pulse.throttled) == ("twilio", 5, 0, 1)
    assert pulse.answer_ms > 0


def test_validity_is_bounded_by_policy(sending: Services, clock: FrozenClock, twilio: LoopbackTwilio) -> None:
    sending.settings = sending.settings.model_copy(update={"sms_validity_max_s": 900})
    start_alert(sending, clock).lane()
    assert {each.fields["ValidityPeriod"] for each in twilio.accepted} == {"900"}
