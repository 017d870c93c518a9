"""How alerts end: finished, cancelled before and during dispatch, expired; and that the sweeper finds what was left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from alerts import approval
from alerts.dispatch import ending, lanes, sweep
from hotline.core import jobs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.outbox import deliver_due
from hotline.core.services import Services
from hotline.providers.carriers import make_sms_provider
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.alerts.dispatch.test_doubt import claim_and_die
from tests.providers.loopback_twilio import Accepted, LoopbackTwilio

DUTY = Actor(kind="officer", id=None, name="duty", permissions=frozenset({"alerts.stop"}))


def cancel(running: Running) -> None:
    with running.services.db.transaction() as session:
        approval.cancel(session, running.clock, DUTY, running.alert_id, reason="false alarm")


def actions(running: Running) -> list[str]:
    with running.services.db.transaction() as session:
        return list(session.scalars(text("SELECT action FROM audit_entries WHERE subject_kind = 'alert' ORDER BY seq")))


def work(services: Services) -> None:
    """Let the worker's own machinery run what is queued."""
    jobs.work(services, ["urgent", "default", "slow"], burst=True)


def test_a_finished_alert_says_so_in_state_audit_and_outbox(running: Running, db: Database) -> None:
    running.lane()
    assert running.alert().finished_at == running.clock.now()
    assert actions(running) == ["alert.finished"]
    with db.transaction() as session:
        assert session.scalar(text("SELECT topic FROM outbox_events")) == "AlertFinished"


def test_an_alert_with_a_doubt_is_not_finished(running: Running) -> None:
    claim_and_die(running)
    assert not ending.finish(running.services, running.alert_id)
    assert running.alert().state == "dispatching"


def test_a_cancelled_alert_has_its_waiting_messages_withdrawn_through_the_outbox(
    running: Running, twilio: LoopbackTwilio
) -> None:
    cancel(running)
    assert deliver_due(running.services, jobs.registry().handlers) == 1
    work(running.services)
    assert running.states() == {"withdrawn": 3}
    assert running.lane().ended == "not_sending"
    assert twilio.accepted == []


def test_after_a_cancel_is_committed_nothing_more_is_claimed_and_only_the_window_arrives(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=300)
    twilio.delay_s = 0.02
    seen = threading.Event()
    attempts_at_cancel: list[int] = []

    def stop(_: Accepted) -> None:
        if len(twilio.accepted) >= 40 and not seen.is_set():
            seen.set()
            cancel(running)
            with db.transaction() as session:
                attempts_at_cancel.append(session.scalar(text("SELECT count(*) FROM attempts")) or 0)

    twilio.on_accepted = stop
    running.lane()
    with db.transaction() as session:
        attempts = session.scalar(text("SELECT count(*) FROM attempts"))
    assert attempts == attempts_at_cancel[0], "a message was claimed after the cancel was committed"
    states = running.states()
    assert states["sent"] == len(twilio.accepted) < 300
    assert states["sent"] + states["withdrawn"] == 300
    assert running.alert().state == "cancelled"
    assert_tallies_equal_rows(db)


def test_texts_at_hand_when_the_cancel_comes_are_taken_back_unsent(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    sending.settings = sending.settings.model_copy(update={"dispatch_timeout_s": 60.0, "dispatch_lease_s": 120.0})
    running = start_alert(sending, clock, people=48)
    provider = make_sms_provider(sending.settings)
    lane = lanes.Lane(sending, provider, running.alert_id)
    first = threading.Lock()

    def answer_late(_: Accepted) -> None:
        """Hold every text of the window until the lane has seen the cancel, which the first of them brings."""
        if first.acquire(blocking=False):
            cancel(running)
        assert wait_for(lambda: lane.report.halted is not None)

    twilio.on_accepted = answer_late
    lane.run()
    provider.close()
    assert len(twilio.accepted) <= 16, "the window under way may arrive, and nothing after it"
    ending.withdraw(sending, running.alert_id)
    assert "unsent" in running.outcomes() or running.states()["withdrawn"] >= 32
    assert set(running.states()) == {"sent", "withdrawn"}
    assert_tallies_equal_rows(db)


def wait_for(holds: Callable[[], bool]) -> bool:
    """Wait up to 30 s until something holds; whether it does."""
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def test_an_alert_that_expires_during_dispatch_lets_the_rest_lapse(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=200)

    def pass_time(_: Accepted) -> None:
        if len(twilio.accepted) == 30:
            running.later(hours=7)

    twilio.on_accepted = pass_time
    report = running.lane()
    assert report.ended == "expired"
    states = running.states()
    assert states["sent"] == len(twilio.accepted) < 200
    assert states["sent"] + states["lapsed"] == 200
    assert running.alert().state == "expired"
    assert "alert.expired" in actions(running)
    assert_tallies_equal_rows(db)


def test_many_messages_are_withdrawn_in_bounded_batches(
    sending: Services, clock: FrozenClock, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "BATCH", 7)
    running = start_alert(sending, clock, people=50)
    cancel(running)
    assert ending.withdraw(sending, running.alert_id) == 50
    assert ending.withdraw(sending, running.alert_id) == 0
    assert_tallies_equal_rows(db)


def test_withdrawing_leaves_an_alert_that_is_still_sending_alone(running: Running) -> None:
    assert ending.withdraw(running.services, running.alert_id) == 0
    assert ending.withdraw(running.services, 10**9) == 0
    assert running.states() == {"queued": 3}


def test_the_system_stopping_an_alert_that_ended_meanwhile_is_no_error(running: Running) -> None:
    cancel(running)
    ending.stop_by_system(running.services, running.alert_id, "too late")
    assert running.alert().ended_reason == "false alarm"


def test_the_sweeper_queues_a_lane_for_due_messages_after_redis_was_emptied(
    running: Running, twilio: LoopbackTwilio
) -> None:
    jobs.enqueue(running.services, lanes.JOB, running.alert_id)
    running.services.redis.flushall()
    sweep.sweep(running.services)
    work(running.services)
    assert running.states() == {"sent": 3}


def test_the_sweeper_queues_the_lanes_of_severe_alerts_first(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    order: list[str] = []
    for severity in ("Minor", "Extreme", "Severe"):
        start_alert(sending, clock, people=1, severity=severity, texts={"ko": severity})
    twilio.on_accepted = lambda text: order.append(text.body)
    sweep.sweep(sending)
    work(sending)
    assert order == ["Extreme", "Severe", "Minor"]


def test_the_sweeper_does_not_queue_lanes_for_messages_that_wait_for_their_time(
    running: Running, twilio: LoopbackTwilio
) -> None:
    twilio.everybody = ["429"] * 3
    running.lane()
    sweep.sweep(running.services)
    assert jobs.waiting(running.services.redis) == {"urgent": 0, "default": 0, "slow": 0}


def test_the_sweeper_brings_the_work_of_a_dead_worker_to_its_end(running: Running, twilio: LoopbackTwilio) -> None:
    claim_and_die(running, sent=1, twilio=twilio)
    for _ in range(5):
        running.later(seconds=8)
        sweep.sweep(running.services)
        work(running.services)
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert running.alert().state == "finished"


def test_the_sweeper_ends_what_expired_withdraws_leftovers_and_finishes_what_is_done(
    sending: Services, clock: FrozenClock, db: Database
) -> None:
    expired = start_alert(sending, clock, people=2, expires=clock.now())
    cancelled = start_alert(sending, clock, people=2)
    cancelled.execute("UPDATE alerts SET state = 'cancelled', finished_at = :now WHERE id = :id", now=clock.now())
    done = start_alert(sending, clock, people=1)
    done.lane()
    done.execute("UPDATE alerts SET state = 'dispatching', finished_at = NULL WHERE id = :id")
    sweep.sweep(sending)
    assert (expired.alert().state, expired.states()) == ("expired", {"lapsed": 2})
    assert cancelled.states() == {"withdrawn": 2}
    assert done.alert().state == "finished"
    assert_tallies_equal_rows(db)


def test_only_the_system_can_finish_or_expire(running: Running) -> None:
    from alerts.states import ALERT
    from hotline.core.errors import Forbidden

    for event in ("finish", "expire"):
        with pytest.raises(Forbidden):
            ALERT.next_state("dispatching", event, DUTY)
        assert ALERT.next_state("dispatching", event, SYSTEM)
