"""What has failed is tried again by its reason: later, through another sender, or never; and never twice for one failure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from alerts.dispatch import retry_sweep
from alerts.models import Receipt
from alerts.receipts.fold import fold
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers.codes import CODES, CROWDED, FILTERED, HANDSET_OFF, Says, meaning_of
from hotline.providers.models import RegionOff, Route, Sender
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio


def report(
    running: Running, phone: str, status: str, code: str | None = None, *, attempt: int = 1, sid: str = ""
) -> None:
    """Let the provider report on one attempt, and fold it."""
    row = next(row for row in running.rows() if row.phone == phone)
    with running.services.db.transaction() as session:
        session.add(
            Receipt(
                message_id=row.id,
                attempt=attempt,
                provider_sid=sid or row.provider_sid or "SMnone",
                provider_status=status,
                error_code=code,
                recipient=phone,
                received_at=running.clock.now(),
            )
        )
    fold(running.services)


def one(running: Running, index: int = 0) -> tuple[str, str | None, int]:
    row = running.rows()[index]
    return row.state, row.error_code, row.retries


def test_what_a_later_alert_replaced_is_never_tried_again(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    first = running.rows()[0]
    report(running, first.phone, "undelivered", "30003")
    running.later(seconds=HANDSET_OFF.waits_s[0])
    with running.services.db.transaction() as session:
        own = {"id": running.alert().id}
        session.execute(text("UPDATE alerts SET superseded_by_id = :id WHERE id = :id"), own)
    assert retry_sweep.sweep(running.services) == 0
    assert one(running) == ("failed", "30003", 0)
    with running.services.db.transaction() as session:
        session.execute(text("UPDATE alerts SET state = 'dispatching' WHERE id = :id"), own)
        session.execute(text("UPDATE messages SET state = 'queued' WHERE id = :id"), {"id": first.id})
    running.lane()
    assert twilio.requests[first.phone] == 1, "a lane looks again before it sends"
    with running.services.db.transaction() as session:  # the tallies were told nothing of what this test did to the row
        session.execute(
            text("UPDATE messages SET state = 'failed', error_code = '30003' WHERE id = :id"), {"id": first.id}
        )


def test_a_handset_that_was_off_is_tried_again_later_as_a_new_attempt(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    first = running.rows()[0]
    assert running.alert().state == "finished"
    report(running, first.phone, "undelivered", "30003")
    assert one(running) == ("failed", "30003", 0)
    assert retry_sweep.sweep(running.services) == 0, "not before its time"
    running.later(seconds=HANDSET_OFF.waits_s[0])
    assert retry_sweep.sweep(running.services) == 1
    assert (running.alert().state, running.alert().finished_at) == ("dispatching", None)
    running.lane()
    again = running.rows()[0]
    assert (again.state, again.attempts, again.retries) == ("sent", 2, 1)
    assert again.provider_sid not in (None, first.provider_sid)
    assert twilio.copies[first.phone] == 2
    assert twilio.texts_to(first.phone)[1].fields["StatusCallback"].endswith("&attempt=2")
    assert running.alert().state == "finished"


def test_setting_a_finished_alert_going_again_is_on_record(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    running.later(hours=1)
    retry_sweep.sweep(running.services)
    with running.services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.retried")).one()
    assert (entry.before, entry.after) == ({"state": "finished"}, {"state": "dispatching", "messages": 1})


def test_the_number_of_tries_is_bounded_and_the_last_failure_stays(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    for number in range(1, len(HANDSET_OFF.waits_s) + 2):
        report(running, running.phones[0], "undelivered", "30003", attempt=number)
        running.later(hours=1)
        retry_sweep.sweep(running.services)
        running.lane()
    assert twilio.copies[running.phones[0]] == 1 + len(HANDSET_OFF.waits_s)
    assert one(running) == ("failed", "30003", len(HANDSET_OFF.waits_s))
    running.later(hours=1)
    assert retry_sweep.sweep(running.services) == 0


@pytest.mark.parametrize("code", ["21610", "30005", "21408", "30008", "99999"])
def test_codes_without_a_rule_are_never_tried_again(running: Running, twilio: LoopbackTwilio, code: str) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", code)
    assert running.rows()[0].retry_at is None


def test_the_same_failure_said_twice_is_one_failure(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    running.later(minutes=5)
    retry_sweep.sweep(running.services)
    sid = running.rows()[0].provider_sid
    report(running, running.phones[0], "undelivered", "30003", sid=sid or "")
    assert one(running) == ("queued", "30003", 1), "the failure is known; the retry goes on"
    running.lane()
    report(running, running.phones[0], "undelivered", "30003", attempt=1, sid=sid or "")
    assert one(running) == ("sent", None, 1), "the word of the first attempt says nothing about the second"
    assert twilio.copies[running.phones[0]] == 2


def test_a_delivery_that_shows_after_all_takes_the_retry_back(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    report(running, running.phones[0], "delivered")
    running.later(hours=1)
    assert retry_sweep.sweep(running.services) == 0
    assert one(running)[0] == "delivered"
    assert twilio.copies[running.phones[0]] == 1


def test_a_delivery_that_shows_while_the_retry_waits_in_the_queue_takes_it_back(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    running.later(minutes=5)
    retry_sweep.sweep(running.services)
    report(running, running.phones[0], "delivered", attempt=1)
    running.lane()
    assert one(running)[0] == "delivered"
    assert twilio.copies[running.phones[0]] == 1


def test_a_late_delivery_of_the_first_attempt_counts_while_the_second_is_under_way(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.lane()
    first_sid = running.rows()[0].provider_sid
    report(running, running.phones[0], "undelivered", "30003")
    running.later(minutes=5)
    retry_sweep.sweep(running.services)
    running.lane()
    report(running, running.phones[0], "delivered", attempt=1, sid=first_sid or "")
    assert one(running)[0] == "delivered"
    report(running, running.phones[0], "undelivered", "30003", attempt=2)
    assert one(running)[0] == "delivered"


def test_a_receipt_of_the_retry_that_comes_before_its_answer_is_believed(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    running.later(minutes=5)
    retry_sweep.sweep(running.services)
    twilio.on_accepted = lambda accepted: report(running, accepted.to, "delivered", attempt=2, sid=accepted.sid)
    running.lane()
    assert one(running)[0] == "delivered"
    assert running.rows()[0].provider_sid == twilio.texts_to(running.phones[0])[1].sid


def test_nothing_is_tried_again_after_the_alert_has_expired_or_was_stopped(
    running: Running, twilio: LoopbackTwilio
) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30003")
    running.later(days=2)
    assert retry_sweep.sweep(running.services) == 0
    assert running.rows()[0].retry_at is None
    assert running.alert().state == "finished"


def test_filtered_texts_go_once_more_through_another_sender_where_there_is_one(
    running: Running, twilio: LoopbackTwilio
) -> None:
    add_senders(running, "+15005550006", "+15005550009")
    running.lane()
    text_sent = twilio.texts_to(running.phones[0])[0]
    report(running, running.phones[0], "undelivered", "30007")
    running.later(seconds=FILTERED.waits_s[0])
    assert retry_sweep.sweep(running.services) == 1
    running.lane()
    senders = [each.fields["From"] for each in twilio.texts_to(running.phones[0])]
    assert senders[0] == text_sent.fields["From"]
    assert len(set(senders)) == 2
    report(running, running.phones[0], "undelivered", "30007", attempt=2)
    running.later(hours=1)
    assert retry_sweep.sweep(running.services) == 0, "once"


def test_filtered_texts_stay_failed_where_there_is_no_other_sender(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    report(running, running.phones[0], "undelivered", "30007")
    running.later(minutes=1)
    assert retry_sweep.sweep(running.services) == 0
    assert one(running) == ("failed", "30007", 0)
    assert running.rows()[0].retry_at is None


def test_a_crowded_queue_slows_the_sender_down_and_tries_again(running: Running, twilio: LoopbackTwilio) -> None:
    add_senders(running, "+15005550006", parts_per_s=1000)
    running.lane()
    report(running, running.phones[0], "failed", "30001")
    with running.services.db.transaction() as session:
        slowed = session.scalars(select(Sender)).one().slowed_until
    assert slowed == running.clock.now() + timedelta(minutes=2)
    running.later(seconds=CROWDED.waits_s[0])
    assert retry_sweep.sweep(running.services) == 1


def test_a_country_that_is_switched_off_is_written_down_for_the_provider(
    running: Running, twilio: LoopbackTwilio
) -> None:
    twilio.behaviour[running.phones[0]] = ["21408"]
    running.lane()
    with running.services.db.transaction() as session:
        region = session.scalars(select(RegionOff)).one()
    assert (region.provider, region.country, region.error_code) == ("twilio", "KR", "21408")
    assert running.rows()[0].retry_at is None


def test_a_failure_found_by_a_look_up_is_tried_again_as_well(running: Running, twilio: LoopbackTwilio) -> None:
    twilio.behaviour[running.phones[0]] = ["lost"]
    running.lane()
    accepted = twilio.texts_to(running.phones[0])[0]
    accepted.status, accepted.error_code = "undelivered", 30003
    running.later(seconds=2)
    running.clear_doubt()
    assert one(running) == ("failed", "30003", 0)
    assert running.rows()[0].retry_at is not None


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(["undelivered", "delivered", "sent"]), st.sampled_from([1, 2, 3])), max_size=8)
)
def test_whatever_is_reported_in_any_order_the_tries_stay_within_their_rule(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database, said: list[tuple[str, int]]
) -> None:
    running = start_alert(sending, clock, people=1, expires=clock.now() + timedelta(days=1))
    running.lane()
    for status, attempt in said:
        sids = [each.sid for each in twilio.texts_to(running.phones[0])]
        if attempt <= len(sids):
            code = "30003" if status == "undelivered" else None
            report(running, running.phones[0], status, code, attempt=attempt, sid=sids[attempt - 1])
        clock.advance(timedelta(minutes=46))
        retry_sweep.sweep(sending)
        if running.alert().state == "dispatching":
            running.lane()
    row = running.rows()[0]
    assert twilio.copies[running.phones[0]] == row.attempts == 1 + row.retries <= 1 + len(HANDSET_OFF.waits_s)
    if "delivered" in (status for status, attempt in said if attempt == 1):
        assert row.state == "delivered"
    assert_tallies_equal_rows(db)


def test_one_table_says_what_a_code_means() -> None:
    assert {code for code, meaning in CODES.items() if meaning.says is Says.BAD_NUMBER} == {
        "21211", "21217", "21614", "30005", "30006",
    }  # fmt: skip
    assert meaning_of("21610").says is Says.OPTED_OUT
    assert meaning_of("30003").retry is HANDSET_OFF
    assert meaning_of(None) == meaning_of("99999")


def add_senders(running: Running, *addresses: str, parts_per_s: int | None = None) -> None:
    """Add senders with a route each for every number."""
    now = running.clock.now()
    with running.services.db.transaction() as session:
        for address in addresses:
            sender = Sender(provider="twilio", address=address, parts_per_s=parts_per_s, created_at=now, updated_at=now)
            session.add(sender)
            session.flush()
            session.add(Route(sender_id=sender.id, priority=10, weight=100, created_at=now, updated_at=now))


def test_the_hot_statements_use_their_index(db: Database) -> None:
    with db.connection() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        due = retry_sweep._DUE.replace("%(now)s", "now()").replace("%(most)s", "10")
        plan = connection.execute("EXPLAIN " + due).fetchall()  # type: ignore[arg-type]
    assert "ix_messages_retry" in str(plan)


def test_text_columns_are_not_read_where_nothing_failed(running: Running, twilio: LoopbackTwilio) -> None:
    running.lane()
    with running.services.db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM messages WHERE retry_at IS NOT NULL")) == 0
