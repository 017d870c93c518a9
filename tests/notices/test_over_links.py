"""Notices through a message centre: receipts that know its name only find them, and nothing is sent blind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from alerts.models import Receipt
from alerts.receipts.fold import fold as fold_links
from alerts.receipts.homes import HOLD_FOR
from hotline.core.services import Services
from hotline.notices import receipts, results, retry_sweep
from hotline.notices.models import NoticePart, NoticeReceipt
from hotline.notices.text_tables import NOTICES
from hotline.providers.codes import HANDSET_OFF
from hotline.providers.recordless import GIVE_UP_AFTER_S, write_leaving
from hotline.providers.sms import Outcome, SmsRequest, SmsResult
from tests.alerts.senders import make_approved, make_message
from tests.notices.conftest import PHONE, Sending


@pytest.fixture
def over_link(sending: Sending) -> Sending:
    """The services with a provider that cannot be asked, as a message centre's link."""
    sending.services.rooms["sms_provider"].keeps_record = False
    return sending


def come(sending: Sending, sid: str, status: str = "delivered", code: str | None = None, phone: str = PHONE) -> None:
    """Let a receipt come over the link, and fold it as the jobs do."""
    with sending.services.db.transaction() as session:
        session.add(
            Receipt(
                provider="twilio", provider_sid=sid, provider_status=status, error_code=code, recipient=phone,
                received_at=sending.clock.now(),
            )
        )  # fmt: skip
    fold_all(sending)


def fold_all(sending: Sending) -> None:
    fold_links(sending.services)
    receipts.fold(sending.services)


def waiting(services: Services) -> int:
    with services.db.transaction() as session:
        return sum(session.scalar(select(func.count()).select_from(each)) or 0 for each in (Receipt, NoticeReceipt))


def sent(sending: Sending, **more: Any) -> tuple[int, str]:
    notice_id = sending.publish(**more)
    sending.lane()
    return notice_id, sending.notice(notice_id).provider_sid or ""


def in_doubt(sending: Sending, **more: Any) -> int:
    sending.twilio.behaviour[PHONE] += ["lost"]
    notice_id = sending.publish(**more)
    sending.lane()
    assert sending.notice(notice_id).state == "in_doubt"
    return notice_id


def test_a_receipt_finds_its_notice_by_the_centres_name_however_often_it_comes(over_link: Sending) -> None:
    notice_id, sid = sent(over_link)
    for _ in range(2):
        come(over_link, sid)
    assert over_link.notice(notice_id).state == "delivered"
    assert waiting(over_link.services) == 0


def test_a_receipt_that_comes_before_our_record_waits_for_it(over_link: Sending) -> None:
    other, _ = sent(over_link, key="other")
    notice_id = over_link.publish()
    (claimed,) = over_link.claim_and_die()
    come(over_link, "77aa")
    assert waiting(over_link.services) == 1
    with over_link.services.db.transaction() as session:
        result = SmsResult(claimed.id, claimed.attempt, Outcome.ACCEPTED, "77aa", "accepted")
        results.record(session, over_link.clock, [results.settle(result)])
    fold_all(over_link)
    assert (over_link.notice(notice_id).state, over_link.notice(other).state) == ("delivered", "sent")
    assert waiting(over_link.services) == 0


def test_a_long_notice_is_delivered_when_all_of_its_parts_are(over_link: Sending) -> None:
    notice_id = over_link.publish()
    (claimed,) = over_link.claim_and_die()
    with over_link.services.db.transaction() as session:
        result = SmsResult(claimed.id, claimed.attempt, Outcome.ACCEPTED, "a1", "accepted", part_sids=("a1", "a2"))
        results.record(session, over_link.clock, [results.settle(result)])
    come(over_link, "a2")
    assert over_link.notice(notice_id).state == "sent"
    come(over_link, "a1")
    assert over_link.notice(notice_id).state == "delivered"
    with over_link.services.db.transaction() as session:
        assert [each.status for each in session.scalars(select(NoticePart))] == ["delivered", "delivered"]


def test_one_part_that_failed_fails_the_notice_for_its_reason(over_link: Sending) -> None:
    notice_id = over_link.publish()
    (claimed,) = over_link.claim_and_die()
    with over_link.services.db.transaction() as session:
        result = SmsResult(claimed.id, claimed.attempt, Outcome.ACCEPTED, "a1", "accepted", part_sids=("a1", "a2"))
        results.record(session, over_link.clock, [results.settle(result)])
    come(over_link, "a1")
    come(over_link, "a2", "undelivered", "30003")
    kept = over_link.notice(notice_id)
    assert (kept.state, kept.error_code) == ("failed", "30003")
    assert kept.retry_at == over_link.clock.now() + timedelta(seconds=HANDSET_OFF.waits_s[0])


def test_a_receipt_of_an_earlier_attempt_counts_only_as_proof_of_delivery(over_link: Sending) -> None:
    notice_id, first = sent(over_link)
    come(over_link, first, "undelivered", "30003")
    over_link.later(minutes=5)
    retry_sweep.sweep(over_link.services)
    over_link.lane()
    come(over_link, first, "undelivered", "30003")
    assert over_link.notice(notice_id).state == "sent"
    come(over_link, first)
    assert over_link.notice(notice_id).state == "delivered"


def test_a_receipt_with_an_unknown_name_settles_the_one_doubt_to_its_number(over_link: Sending) -> None:
    notice_id = in_doubt(over_link)
    come(over_link, "77aa")
    kept = over_link.notice(notice_id)
    assert (kept.state, kept.provider_sid) == ("delivered", "77aa")


def test_two_doubts_to_one_number_are_not_guessed_at(over_link: Sending) -> None:
    notices = [in_doubt(over_link, key=key) for key in ("a", "b")]
    come(over_link, "77aa")
    assert {over_link.notice(each).state for each in notices} == {"in_doubt"}


def test_a_doubt_of_an_alert_and_one_of_a_notice_are_not_guessed_at_either(over_link: Sending) -> None:
    notice_id = in_doubt(over_link)
    with over_link.services.db.transaction() as session:
        alert = make_approved(session, state="dispatching")
        message = make_message(session, alert, phone=PHONE, state="in_doubt", attempts=1)
        session.flush()
        session.execute(
            text("UPDATE attempts SET left_at = :at WHERE message_id = :id"),
            {"id": message.id, "at": over_link.clock.now()},
        )
    come(over_link, "77aa")
    assert over_link.notice(notice_id).state == "in_doubt"
    with over_link.services.db.transaction() as session:
        assert session.execute(text("SELECT state FROM messages")).scalar() == "in_doubt"
    assert waiting(over_link.services) == 1


def test_a_receipt_that_is_nobodys_goes_after_a_while(over_link: Sending) -> None:
    come(over_link, "77aa")
    over_link.later(seconds=HOLD_FOR.total_seconds())
    fold_all(over_link)
    assert waiting(over_link.services) == 0


def test_what_had_not_left_when_the_worker_died_is_sent_and_by_nobody_else(over_link: Sending) -> None:
    notice_id = over_link.publish()
    (claimed,) = over_link.claim_and_die()
    over_link.later(seconds=7)
    assert over_link.clear_doubt() == 1
    asleep = [SmsRequest(claimed.id, claimed.attempt, claimed.phone, "+1", claimed.body, "", 60)]
    assert write_leaving(over_link.services, NOTICES, asleep) == []
    over_link.lane()
    assert over_link.notice(notice_id).state == "sent"
    assert over_link.twilio.copies[PHONE] == 1


def test_what_left_without_an_answer_is_never_sent_again_and_given_up_in_half_an_hour(over_link: Sending) -> None:
    notice_id = in_doubt(over_link)
    over_link.later(seconds=GIVE_UP_AFTER_S - 1)
    over_link.clear_doubt()
    assert over_link.notice(notice_id).state == "in_doubt"
    over_link.later(seconds=10)
    over_link.clear_doubt()
    over_link.lane()
    assert (over_link.notice(notice_id).state, over_link.notice(notice_id).error_code) == ("failed", "lost")
    assert sum(over_link.twilio.requests.values()) == 1
    come(over_link, "77aa")
    assert over_link.notice(notice_id).state == "delivered", "a late receipt still counts"
