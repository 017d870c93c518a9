"""A lane sends each message once, whatever the provider answers, and stops where it must."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import text

from alerts.dispatch import lanes
from alerts.dispatch.hand_over import HandOver
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.people.models import Traveller
from hotline.providers import faults
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import make_sms_provider
from tests.alerts.dispatch.conftest import TEXTS, Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio


def test_every_message_is_handed_over_once_and_the_alert_finishes(running: Running, twilio: LoopbackTwilio) -> None:
    report = running.lane()
    assert (report.claimed, report.recorded, report.ended) == (3, 3, "nothing due")
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert running.alert().state == "finished"
    assert running.outcomes() == ["accepted"] * 3


def test_what_was_approved_is_what_is_sent_with_our_id_in_the_callback(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.lane()
    message = running.rows()[0]
    fields = twilio.texts_to(message.phone)[0].fields
    assert fields["Body"] == TEXTS["ko"]
    assert (
        fields["StatusCallback"] == f"http://127.0.0.1:5000/webhooks/twilio/sms/status?message={message.id}&attempt=1"
    )
    assert fields["ValidityPeriod"] == str(6 * 3600)
    assert message.provider_sid == twilio.texts_to(message.phone)[0].sid


def test_the_validity_ends_with_the_alert(running: Running, twilio: LoopbackTwilio) -> None:
    running.later(hours=5, minutes=59)
    running.lane()
    assert {text.fields["ValidityPeriod"] for text in twilio.accepted} == {"60"}


def test_an_audience_many_windows_long_is_sent_with_the_window_kept(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    twilio.delay_s = 0.005
    running = start_alert(sending, clock, people=400)
    report = running.lane()
    assert (report.claimed, running.states()) == (400, {"sent": 400})
    assert set(twilio.copies.values()) == {1}
    assert len(twilio.copies) == 400
    assert twilio.most_at_once <= 16
    assert_tallies_equal_rows(db)


@pytest.mark.parametrize("code", ["21211", "21610", "21614", "21408"])
def test_a_refusal_for_good_fails_with_its_code_and_is_not_tried_again(
    running: Running, twilio: LoopbackTwilio, code: str
) -> None:
    twilio.behaviour[running.phones[1]] = [code]
    running.lane()
    running.lane()
    assert [(row.state, row.error_code) for row in running.rows()] == [("sent", None), ("failed", code), ("sent", None)]
    assert twilio.requests[running.phones[1]] == 1
    assert running.alert().state == "finished"


@pytest.mark.parametrize(
    ("code", "mark"), [("21211", "number_bad_at"), ("21614", "number_bad_at"), ("21610", "opted_out_at")]
)
def test_a_bad_or_opted_out_number_is_remembered_on_the_traveller(
    running: Running, twilio: LoopbackTwilio, db: Database, code: str, mark: str
) -> None:
    twilio.behaviour[running.phones[0]] = [code]
    running.lane()
    with db.transaction() as session:
        travellers = {each.phone: each for each in session.query(Traveller)}
    assert getattr(travellers[running.phones[0]], mark) == running.clock.now()
    assert travellers[running.phones[1]].number_bad_at is None
    assert travellers[running.phones[1]].opted_out_at is None


def test_a_region_that_is_off_says_nothing_about_the_number(
    running: Running, twilio: LoopbackTwilio, db: Database
) -> None:
    twilio.behaviour[running.phones[0]] = ["21408"]
    running.lane()
    with db.transaction() as session:
        assert not session.scalar(text("SELECT count(*) FROM travellers WHERE number_bad_at IS NOT NULL"))


def test_throttled_messages_wait_as_long_as_the_provider_wishes_and_are_sent_then(
    running: Running, twilio: LoopbackTwilio
) -> None:
    twilio.everybody = ["429"] * 3
    running.lane()
    assert running.states() == {"queued": 3}
    assert all((row.not_before - running.clock.now()).total_seconds() >= 2 for row in running.rows() if row.not_before)
    assert running.lane().claimed == 0
    assert running.alert().state == "dispatching"
    running.later(seconds=10)
    running.lane()
    assert running.states() == {"sent": 3}
    assert running.outcomes() == ["retry_later"] * 3 + ["accepted"] * 3
    assert set(twilio.copies.values()) == {1}


def test_wrong_credentials_stop_the_lane_keep_the_messages_and_are_written_down(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=100)
    twilio.everybody = ["20003"] * 1000
    report = running.lane()
    assert report.ended == "blocked"
    assert running.states() == {"queued": 100}
    assert sum(twilio.requests.values()) <= 16, "the texts under way may meet the fault, no others"
    with db.transaction() as session:
        (fault,) = faults.standing(session)
    assert (fault.provider, fault.error_code, fault.since) == ("twilio", "20003", clock.now())
    assert_tallies_equal_rows(db)


def test_a_standing_fault_keeps_lanes_from_claiming_until_a_single_text_may_try(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=40)
    twilio.everybody = ["21606"] * 40
    running.lane()
    met = sum(twilio.requests.values())
    assert running.lane().ended == "provider_fault"
    assert sum(twilio.requests.values()) == met
    twilio.everybody = ["21606"]
    running.later(seconds=31)
    running.lane()
    assert sum(twilio.requests.values()) == met + 1
    running.later(seconds=31)
    running.lane()
    assert running.states() == {"sent": 40}
    with db.transaction() as session:
        assert faults.standing(session) == []
    assert_tallies_equal_rows(db)


def test_without_a_configured_provider_nothing_is_claimed_and_the_fault_is_written_down(
    services: Services, clock: FrozenClock, db: Database
) -> None:
    services.settings = services.settings.model_copy(update={"twilio_account_sid": ""})
    running = start_alert(services, clock)
    assert lanes.dispatch_alert(services, running.alert_id) is None
    assert running.states() == {"queued": 3}
    with db.transaction() as session:
        assert "TWILIO_ACCOUNT_SID" in faults.standing(session)[0].detail


def test_a_provider_that_cannot_be_reached_leaves_the_messages_queued_and_the_lane_ends(
    sending: Services, clock: FrozenClock, db: Database
) -> None:
    with running_twilio() as gone:
        address = gone.url
    sending.settings = sending.settings.model_copy(update={"twilio_api_base_url": address})
    provider = sending.rooms["sms_provider"] = make_sms_provider(sending.settings)
    provider.breaker = CircuitBreaker(failures_to_open=5)
    running = start_alert(sending, clock, people=60)
    report = running.lane()
    assert report.ended == "provider away"
    assert running.states() == {"queued": 60}
    assert set(running.outcomes()) == {"unsent"}
    provider.close()
    assert_tallies_equal_rows(db)


def test_a_message_in_a_language_without_a_text_fails_instead_of_being_sent(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.execute("UPDATE messages SET language = 'xx' WHERE phone = :phone", phone=running.phones[0])
    running.lane()
    first = running.rows()[0]
    assert (first.state, first.error_code) == ("failed", "no_text")
    assert twilio.texts_to(running.phones[0]) == []


def test_a_text_that_waited_longer_than_its_claim_allows_is_given_back(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that stood still (a paused machine) must not send on claims that others may have taken over.
    running = start_alert(sending, clock, people=5)
    offer = HandOver.offer
    monkeypatch.setattr(
        HandOver, "offer", lambda self, requests, send_before, leave_at: offer(self, requests, send_before=0)
    )
    sending.settings = sending.settings.model_copy(update={"dispatch_lane_s": 0.2})
    running.lane()
    assert twilio.accepted == []
    assert set(running.outcomes()) == {"unsent"}
    assert running.states() == {"queued": 5}
    assert_tallies_equal_rows(db)


def test_a_lane_makes_room_after_its_time_and_queues_up_again(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    twilio.delay_s = 0.05
    sending.settings = sending.settings.model_copy(update={"dispatch_lane_s": 0.3})
    running = start_alert(sending, clock, people=400)
    report = running.lane()
    assert report.ended == "time"
    assert running.states()["sent"] == report.claimed < 400
    assert sending.redis.exists(f"job-latch:alerts.dispatch:{running.alert_id}")


def test_a_lane_yields_to_a_more_severe_alert_and_a_drill_never_holds_up_a_real_one(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LOOK_ROUND_EVERY_S", 0.0)
    minor = start_alert(sending, clock, people=50, severity="Minor")
    extreme = start_alert(sending, clock, people=50, severity="Extreme")
    drill = start_alert(sending, clock, people=5, drill_people=5, severity="Extreme", status="Exercise")
    assert drill.lane().ended == "yield"
    assert minor.lane().ended == "yield"
    assert extreme.lane().ended == "nothing due"
    assert minor.lane().ended == "nothing due"
    assert drill.lane().ended == "nothing due"


def test_two_lanes_of_one_alert_share_the_work(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    twilio.delay_s = 0.01
    running = start_alert(sending, clock, people=300)
    providers = [make_sms_provider(sending.settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda each: lanes.Lane(sending, each, running.alert_id).run(), providers))
    for provider in providers:
        provider.close()
    assert sum(report.claimed for report in reports) == 300
    assert min(report.claimed for report in reports) > 0
    assert set(twilio.copies.values()) == {1}
    assert running.states() == {"sent": 300}
    assert_tallies_equal_rows(db)


def test_a_failing_database_ends_the_lane_with_its_error(
    running: Running, twilio: LoopbackTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "record", broken)
        with pytest.raises(OSError, match="the disk is gone"):
            running.lane()
    assert running.states() == {"sending": 3}, "sent, but not recorded: that is a doubt, not a loss"
    running.later(seconds=7)
    running.clear_doubt()
    assert running.states() == {"sent": 3}
    assert set(twilio.copies.values()) == {1}


def test_a_fault_that_shows_while_the_last_texts_go_out_sends_the_rest_back(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    twilio.delay_s = 0.2
    sending.settings = sending.settings.model_copy(update={"dispatch_lane_s": 0.1})
    running = start_alert(sending, clock, people=60)
    twilio.everybody = ["20003"] * 60
    report = running.lane()
    assert report.ended in ("blocked", "time")
    assert running.states() == {"queued": 60}
    assert_tallies_equal_rows(db)


def test_a_planned_stop_of_the_worker_ends_the_lane_and_leaves_nothing_in_doubt(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=300)
    twilio.delay_s = 0.02
    twilio.on_accepted = lambda _: os.kill(os.getpid(), signal.SIGTERM) if len(twilio.accepted) == 30 else None
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    try:
        report = running.lane()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (report.ended, told) == ("stopped", [signal.SIGTERM]), "the worker's own handler must hear of it too"
    assert set(running.states()) == {"sent", "queued"}
    assert running.states()["sent"] == len(twilio.accepted)
    assert_tallies_equal_rows(db)
