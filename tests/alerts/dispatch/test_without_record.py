"""Providers whose record cannot be read: nothing is sent blind, and only what was on the wire is ever in doubt."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from alerts.dispatch import doubt
from alerts.dispatch.claims import claim
from alerts.dispatch.results import Settlement, record, settle
from alerts.dispatch.terms import Terms
from alerts.models import Attempt, MessagePart, Receipt
from alerts.receipts.fold import fold
from alerts.receipts.homes import HOLD_FOR
from alerts.text_tables import MESSAGES
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers.recordless import write_leaving
from hotline.providers.sms import Outcome, SmsRequest, SmsResult
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio


@pytest.fixture
def recordless(sending: Services) -> Services:
    """The services with a provider that cannot be asked."""
    sending.rooms["sms_provider"].keeps_record = False
    return sending


def receive(running: Running, phone: str, sid: str, status: str = "delivered", code: str | None = None) -> None:
    """Let a receipt come over the provider's link and fold it."""
    with running.services.db.transaction() as session:
        session.add(
            Receipt(
                provider="twilio", provider_sid=sid, provider_status=status, error_code=code, recipient=phone,
                received_at=running.clock.now(),
            )
        )  # fmt: skip
    fold(running.services)


def claim_without_sending(running: Running) -> list[SmsRequest]:
    """Claim as a lane does that dies at once."""
    terms = Terms.of(running.services.settings)
    with running.services.db.connection() as connection:
        claimed = claim(
            connection, running.clock.now(), terms, "twilio", running.alert_id, drill=False, after_id=0, most=10
        )
    return [SmsRequest(each.id, each.attempt, each.phone, "+1", "text", "", 60) for each in claimed]


def test_every_text_is_written_down_before_it_leaves(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    seen: list[int] = []

    def look(_: object) -> None:
        with recordless.db.transaction() as session:
            seen.append(session.scalar(text("SELECT count(*) FROM attempts WHERE left_at IS NOT NULL")) or 0)

    twilio.on_accepted = look
    running = start_alert(recordless, clock)
    running.lane()
    assert seen == [3, 3, 3]
    assert running.states() == {"sent": 3}


def test_what_had_not_left_when_the_worker_died_is_sent(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(recordless, clock)
    claim_without_sending(running)
    running.later(seconds=7)
    running.clear_doubt()
    assert running.states() == {"queued": 3}
    running.lane()
    assert running.states() == {"sent": 3}
    assert set(twilio.copies.values()) == {1}
    assert_tallies_equal_rows(db)


def test_a_machine_that_slept_does_not_send_what_others_have_taken_over(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    running = start_alert(recordless, clock)
    asleep = claim_without_sending(running)
    running.later(seconds=7)
    running.clear_doubt()
    assert write_leaving(recordless, MESSAGES, asleep) == []


def test_what_left_without_an_answer_is_never_sent_again_and_given_up_after_half_an_hour(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    twilio.everybody = ["lost_before"] * 3
    running = start_alert(recordless, clock)
    running.lane()
    for _ in range(5):
        running.later(minutes=5)
        running.clear_doubt()
        running.lane()
        assert running.states() == {"in_doubt": 3}
    running.later(minutes=10)
    running.clear_doubt()
    assert [(row.state, row.error_code) for row in running.rows()] == [("failed", "lost")] * 3
    assert sum(twilio.requests.values()) == 3
    assert_tallies_equal_rows(db)


def test_a_receipt_with_an_unknown_name_settles_the_one_doubt_to_its_number(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    twilio.everybody = ["lost"] * 3
    running = start_alert(recordless, clock)
    running.lane()
    receive(running, running.phones[0], "77aa")
    assert running.states() == {"delivered": 1, "in_doubt": 2}
    assert running.rows()[0].provider_sid == "77aa"
    assert_tallies_equal_rows(db)


def test_a_receipt_after_the_doubt_was_given_up_still_counts(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    twilio.everybody = ["lost"] * 3
    running = start_alert(recordless, clock)
    running.lane()
    running.later(minutes=40)
    running.clear_doubt()
    receive(running, running.phones[0], "77aa")
    assert running.rows()[0].state == "delivered"


def test_two_doubts_to_one_number_are_not_guessed_at(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    first = start_alert(recordless, clock, people=1)
    second = start_alert(recordless, clock, people=1)
    second.execute("UPDATE messages SET phone = :phone WHERE alert_id = :id", phone=first.phones[0])
    twilio.everybody = ["lost"] * 2
    first.lane()
    second.lane()
    receive(first, first.phones[0], "77aa")
    assert first.states() == second.states() == {"in_doubt": 1}


def test_a_receipt_that_comes_before_our_record_waits_for_it(
    recordless: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    running = start_alert(recordless, clock, people=1)
    (request,) = claim_without_sending(running)
    receive(running, running.phones[0], "smpp:1")
    assert running.states() == {"sending": 1}
    result = SmsResult(request.message_id, 1, Outcome.ACCEPTED, "smpp:1", "accepted")
    with recordless.db.transaction() as session:
        record(session, clock, [settle(running.alert_id, result)])
    fold(recordless)
    assert running.states() == {"delivered": 1}


def test_a_receipt_that_nobody_claims_is_dropped_in_the_end(running: Running) -> None:
    receive(running, "+821099999999", "unheard-of")
    running.later(seconds=HOLD_FOR.total_seconds() + 1)
    assert fold(running.services).unknown == 1
    with running.services.db.transaction() as session:
        assert session.scalars(select(Receipt)).all() == []


def send_in_parts(running: Running) -> list[str]:
    (request, *_) = claim_without_sending(running)
    sids = ("smpp:a", "smpp:b", "smpp:c")
    result = SmsResult(request.message_id, 1, Outcome.ACCEPTED, "smpp:a", "accepted", part_sids=sids)
    with running.services.db.transaction() as session:
        record(session, running.clock, [settle(running.alert_id, result)])
    return list(sids)


def test_a_text_of_parts_is_delivered_when_every_part_is(running: Running) -> None:
    sids = send_in_parts(running)
    for sid in sids[:2]:
        receive(running, running.phones[0], sid)
    assert running.rows()[0].state == "sent"
    receive(running, running.phones[0], sids[0])
    assert running.rows()[0].state == "sent", "the same part twice is one part"
    receive(running, running.phones[0], sids[2])
    assert running.rows()[0].state == "delivered"


def test_one_part_that_failed_fails_the_text_and_its_late_delivery_mends_it(running: Running) -> None:
    sids = send_in_parts(running)
    receive(running, running.phones[0], sids[0])
    receive(running, running.phones[0], sids[1], "undelivered", "30008")
    assert (running.rows()[0].state, running.rows()[0].error_code) == ("failed", "30008")
    receive(running, running.phones[0], sids[2])
    receive(running, running.phones[0], sids[1])
    assert running.rows()[0].state == "delivered"


def test_parts_are_kept_with_the_result(running: Running) -> None:
    send_in_parts(running)
    with running.services.db.transaction() as session:
        parts = session.scalars(select(MessagePart).order_by(MessagePart.part)).all()
    assert [(each.provider_sid, each.part, each.parts, each.attempt) for each in parts] == [
        ("smpp:a", 1, 3, 1), ("smpp:b", 2, 3, 1), ("smpp:c", 3, 3, 1),
    ]  # fmt: skip


def test_leaving_is_written_once_and_only_for_open_attempts(running: Running) -> None:
    requests = claim_without_sending(running)
    assert write_leaving(running.services, MESSAGES, requests) == requests
    assert write_leaving(running.services, MESSAGES, requests) == []
    with running.services.db.transaction() as session:
        assert all(each.left_at == running.clock.now() for each in session.scalars(select(Attempt)))


def test_a_doubt_without_a_record_waits_for_its_lease(clock: FrozenClock) -> None:
    case = doubt.Doubt(1, 1, "+1", 1, "x", clock.now(), 0, clock.now(), None, "smpp", None)
    terms = Terms(16, 2.0, 6.0, 5.0, 20.0, 3, "http://127.0.0.1")
    assert doubt.decide_without_record(case, terms, clock.now()) == Settlement(
        1, 1, 1, None, "in_doubt", wait_s=doubt.LOOK_AGAIN_S
    )
