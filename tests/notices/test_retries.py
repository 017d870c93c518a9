"""Notices that failed are tried again by the same reasons as alerts' texts, and never when they mean nothing any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.audit import AuditEntry
from hotline.notices import erasure, retry_sweep, sweep
from hotline.notices.receipts import IncomingReceipt, append, fold
from hotline.people.models import Traveller
from hotline.providers.codes import CROWDED, FILTERED, HANDSET_OFF
from hotline.providers.models import RegionOff, Route, Sender
from tests.factories import make_traveller
from tests.notices.conftest import PHONE, Sending


def report(sending: Sending, notice_id: int, status: str, code: str | None = None, *, attempt: int = 1) -> None:
    """Let the provider report on one attempt, and fold it."""
    sid = sending.twilio.texts_to(PHONE)[attempt - 1].sid
    append(sending.services, IncomingReceipt(notice_id, sid, status, code, PHONE, sending.clock.now(), attempt))
    fold(sending.services)


def add_senders(sending: Sending, *addresses: str, parts_per_s: int | None = None) -> None:
    """Add senders with a route each for every number."""
    now = sending.clock.now()
    with sending.services.db.transaction() as session:
        for address in addresses:
            sender = Sender(provider="twilio", address=address, parts_per_s=parts_per_s, created_at=now, updated_at=now)
            session.add(sender)
            session.flush()
            session.add(Route(sender_id=sender.id, priority=10, weight=100, created_at=now, updated_at=now))


def one(sending: Sending, notice_id: int) -> tuple[str, str | None, int]:
    kept = sending.notice(notice_id)
    return kept.state, kept.error_code, kept.retries


def sent(sending: Sending, **more: Any) -> int:
    notice_id = sending.publish(**more)
    sending.lane()
    return notice_id


def test_a_handset_that_was_off_is_tried_again_later_as_a_new_attempt(sending: Sending) -> None:
    notice_id = sent(sending)
    report(sending, notice_id, "undelivered", "30003")
    assert one(sending, notice_id) == ("failed", "30003", 0)
    assert retry_sweep.sweep(sending.services) == 0, "not before its time"
    sending.later(seconds=HANDSET_OFF.waits_s[0])
    assert retry_sweep.sweep(sending.services) == 1
    sending.lane()
    assert one(sending, notice_id) == ("sent", None, 1)
    assert sending.twilio.texts_to(PHONE)[1].fields["StatusCallback"].endswith("&attempt=2")
    report(sending, notice_id, "undelivered", "30003", attempt=1)
    assert one(sending, notice_id) == ("sent", None, 1), "the first attempt's word says nothing about the second"
    report(sending, notice_id, "delivered", attempt=2)
    assert one(sending, notice_id)[0] == "delivered"


def test_the_number_of_tries_is_bounded(sending: Sending) -> None:
    notice_id = sent(sending, expires_at=sending.clock.now() + timedelta(days=2))
    for attempt in range(1, len(HANDSET_OFF.waits_s) + 2):
        report(sending, notice_id, "undelivered", "30003", attempt=attempt)
        sending.later(hours=1)
        retry_sweep.sweep(sending.services)
        sending.lane()
    assert sending.twilio.copies[PHONE] == 1 + len(HANDSET_OFF.waits_s)
    assert one(sending, notice_id) == ("failed", "30003", len(HANDSET_OFF.waits_s))


def test_a_code_is_tried_again_while_it_lives(sending: Sending) -> None:
    notice_id = sent(
        sending, purpose="code", body="Your code is 123456", expires_at=sending.clock.now() + timedelta(minutes=10)
    )
    report(sending, notice_id, "undelivered", "30003")
    sending.later(seconds=HANDSET_OFF.waits_s[0])
    assert retry_sweep.sweep(sending.services) == 1
    sending.lane()
    again = sending.twilio.texts_to(PHONE)[1]
    assert (again.body, again.fields["ValidityPeriod"]) == ("Your code is 123456", "300")
    report(sending, notice_id, "undelivered", "30003", attempt=2)
    assert sending.notice(notice_id).retry_at is None, "the next try would come after its end"
    assert sending.notice(notice_id).body == "", "what is not sent again is forgotten"


@pytest.mark.parametrize("late_s", [0, 1, 3600])
def test_a_code_is_never_tried_again_at_or_after_its_end(sending: Sending, late_s: int) -> None:
    life_s = HANDSET_OFF.waits_s[0] + 60
    notice_id = sent(sending, purpose="code", expires_at=sending.clock.now() + timedelta(seconds=life_s))
    report(sending, notice_id, "undelivered", "30003")
    assert sending.notice(notice_id).retry_at is not None
    sending.later(seconds=life_s + late_s)
    assert retry_sweep.sweep(sending.services) == 0
    sending.lane()
    kept = sending.notice(notice_id)
    assert (kept.state, kept.retry_at, kept.body) == ("failed", None, "")
    assert sending.twilio.copies[PHONE] == 1


def test_a_code_that_waits_in_the_queue_for_another_try_lapses_at_its_end(sending: Sending) -> None:
    notice_id = sent(sending, purpose="code", expires_at=sending.clock.now() + timedelta(minutes=6))
    report(sending, notice_id, "undelivered", "30003")
    sending.later(minutes=5)
    retry_sweep.sweep(sending.services)
    sending.later(minutes=1)
    sending.lane()
    sweep.sweep(sending.services)
    assert (sending.notice(notice_id).state, sending.notice(notice_id).body) == ("lapsed", "")
    assert sending.twilio.copies[PHONE] == 1


def test_a_delivery_that_shows_after_all_takes_the_retry_back(sending: Sending) -> None:
    notice_id = sent(sending)
    report(sending, notice_id, "undelivered", "30003")
    sending.later(minutes=5)
    retry_sweep.sweep(sending.services)
    report(sending, notice_id, "undelivered", "30003")
    assert one(sending, notice_id) == ("queued", "30003", 1), "the same failure said twice is one failure"
    report(sending, notice_id, "delivered")
    sending.lane()
    assert one(sending, notice_id)[0] == "delivered"
    assert sending.twilio.copies[PHONE] == 1


def test_a_bad_number_is_never_tried_again_and_marked_on_the_person_until_a_text_arrives(sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        person = make_traveller(session, phone=PHONE).id
    notice_id = sent(sending)
    for status, code, marked in (("undelivered", "30005", True), ("delivered", None, False)):
        report(sending, notice_id, status, code)
        with sending.services.db.transaction() as session:
            assert (session.get_one(Traveller, person).number_bad_at is not None) is marked
        assert sending.notice(notice_id).retry_at is None
    with sending.services.db.transaction() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject_kind == "notice").order_by(AuditEntry.seq)
        )
        assert [each.action for each in entries] == ["travellers.number_bad", "travellers.number_good"]


def test_who_has_opted_out_is_marked_and_never_tried_again(sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        person = make_traveller(session, phone=PHONE).id
    sending.twilio.behaviour[PHONE] = ["21610"]
    notice_id = sent(sending)
    assert one(sending, notice_id) == ("failed", "21610", 0)
    assert sending.notice(notice_id).retry_at is None
    with sending.services.db.transaction() as session:
        assert session.get_one(Traveller, person).opted_out_at is not None


def test_a_filtered_text_goes_once_more_through_another_sender_where_there_is_one(sending: Sending) -> None:
    notice_id = sent(sending)
    report(sending, notice_id, "undelivered", "30007")
    assert sending.notice(notice_id).avoid == "twilio/" + sending.twilio.texts_to(PHONE)[0].fields["From"]
    sending.later(seconds=FILTERED.waits_s[0])
    assert retry_sweep.sweep(sending.services) == 0, "there is no other sender"
    assert sending.notice(notice_id).retry_at is None
    add_senders(sending, "+15005550006", "+15005550009")
    second = sent(sending, key="k2")
    first_sender = sending.twilio.texts_to(PHONE)[1].fields["From"]
    sid = sending.twilio.texts_to(PHONE)[1].sid
    append(sending.services, IncomingReceipt(second, sid, "undelivered", "30007", PHONE, sending.clock.now(), 1))
    fold(sending.services)
    sending.later(seconds=FILTERED.waits_s[0])
    assert retry_sweep.sweep(sending.services) == 1
    sending.lane()
    assert sending.twilio.texts_to(PHONE)[2].fields["From"] != first_sender


def test_a_crowded_queue_slows_the_sender_down(sending: Sending) -> None:
    add_senders(sending, "+15005550006", parts_per_s=1000)
    notice_id = sent(sending)
    report(sending, notice_id, "failed", "30001")
    with sending.services.db.transaction() as session:
        assert session.scalars(select(Sender)).one().slowed_until == sending.clock.now() + timedelta(minutes=2)
    sending.later(seconds=CROWDED.waits_s[0])
    assert retry_sweep.sweep(sending.services) == 1


def test_a_country_that_is_switched_off_is_written_down_for_the_provider(sending: Sending) -> None:
    notice_id = sent(sending)
    report(sending, notice_id, "failed", "21408")
    assert sending.notice(notice_id).retry_at is None
    with sending.services.db.transaction() as session:
        assert [(each.provider, each.country) for each in session.scalars(select(RegionOff))] == [("twilio", "KR")]


def test_a_lost_answer_of_the_second_attempt_is_not_cleared_up_by_the_first(sending: Sending) -> None:
    notice_id = sent(sending)
    first = sending.twilio.texts_to(PHONE)[0]
    first.status, first.error_code = "undelivered", 30003
    report(sending, notice_id, "undelivered", "30003")
    sending.later(minutes=5)
    retry_sweep.sweep(sending.services)
    sending.twilio.behaviour[PHONE] = ["lost"]
    sending.lane()
    assert sending.notice(notice_id).state == "in_doubt"
    sending.later(seconds=2)
    sending.clear_doubt()
    kept = sending.notice(notice_id)
    assert (kept.state, kept.provider_sid) == ("sent", sending.twilio.texts_to(PHONE)[1].sid)


def test_a_person_who_is_erased_gets_nothing_more(sending: Sending) -> None:
    notice_id = sent(sending, traveller_id=7)
    report(sending, notice_id, "undelivered", "30003")
    erasure.forget(sending.services, {"traveller_id": 7})
    sending.later(minutes=5)
    assert retry_sweep.sweep(sending.services) == 0
    assert sending.notice(notice_id).phone == ""
