"""A lost answer is looked up and never sent blind again; a dead worker's claims are cleared up the same way."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from hotline.notices import doubt
from hotline.providers.sms import SmsResult
from tests.notices.conftest import PHONE, Sending


@pytest.mark.parametrize("word", ["lost", "500_after", "garbled"])
def test_an_accepted_text_whose_answer_was_lost_is_found_and_not_repeated(sending: Sending, word: str) -> None:
    sending.twilio.behaviour[PHONE] = [word]
    notice_id = sending.publish()
    sending.lane()
    assert sending.notice(notice_id).state == "in_doubt"
    sending.later(seconds=2)
    assert sending.clear_doubt() == 1
    kept = sending.notice(notice_id)
    assert (kept.state, kept.provider_sid) == ("sent", sending.twilio.accepted[0].sid)
    sending.lane()
    assert sending.twilio.copies[PHONE] == 1


def test_a_text_that_never_arrived_is_sent_again_only_after_the_record_must_show_it(sending: Sending) -> None:
    sending.twilio.behaviour[PHONE] = ["lost_before"]
    notice_id = sending.publish()
    sending.lane()
    sending.later(seconds=2)
    assert sending.clear_doubt() == 0
    assert sending.notice(notice_id).state == "in_doubt"
    sending.later(seconds=10)
    assert sending.clear_doubt() == 1
    sending.later(seconds=10)
    sending.lane()
    assert sending.notice(notice_id).state == "sent"
    assert sending.twilio.copies[PHONE] == 1


def test_a_claim_of_a_dead_worker_is_looked_up_when_its_lease_is_over(sending: Sending) -> None:
    notice_id = sending.publish()
    (claimed,) = sending.claim_and_die()
    sending.twilio.accept({"To": claimed.phone, "Body": claimed.body})
    sending.later(seconds=5)
    assert sending.clear_doubt() == 0
    assert sending.lane().claimed == 0
    sending.later(seconds=2)
    assert sending.clear_doubt() == 1
    assert sending.notice(notice_id).state == "sent"
    assert sending.twilio.copies[PHONE] == 1
    assert sending.outcomes(notice_id) == ["found"]


def test_an_unreadable_record_proves_nothing_and_a_day_ends_the_doubt(sending: Sending) -> None:
    sending.twilio.behaviour[PHONE] = ["lost_before"]
    sending.twilio.lists_fail = True
    notice_id = sending.publish(purpose="code")
    sending.lane()
    sending.later(hours=2)
    assert sending.clear_doubt() == 0
    sending.later(hours=23)
    assert sending.clear_doubt() == 1
    kept = sending.notice(notice_id)
    assert (kept.state, kept.error_code, kept.body) == ("failed", "lost", "")


def test_one_found_text_clears_one_notice_only(sending: Sending) -> None:
    ids = [sending.publish(key=f"k{nth}", body="the same words") for nth in range(2)]
    first, _ = sending.claim_and_die()
    sending.twilio.accept({"To": first.phone, "Body": first.body})
    sending.later(seconds=30)
    sending.clear_doubt()
    assert sorted(sending.notice(each).state for each in ids) == ["queued", "sent"]


def test_absences_are_bounded(sending: Sending) -> None:
    sending.services.settings = sending.services.settings.model_copy(update={"dispatch_max_attempts": 2})
    sending.twilio.behaviour[PHONE] = ["lost_before", "lost_before", "lost_before"]
    notice_id = sending.publish()
    for _ in range(3):
        sending.lane()
        sending.later(seconds=60)
        sending.clear_doubt()
        sending.later(seconds=120)
    assert (sending.notice(notice_id).state, sending.notice(notice_id).error_code) == ("failed", "attempts")
    assert sending.outcomes(notice_id) == ["absent", "absent"]


def test_a_broken_stream_leaves_doubt_and_not_a_second_text(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    notice_id = sending.publish()
    provider = sending.services.rooms["sms_provider"]

    def broken(feed: object, *, in_flight: int) -> None:
        taken = feed.take(in_flight)  # type: ignore[attr-defined]
        assert taken
        raise RuntimeError("the stream broke")

    monkeypatch.setattr(provider, "stream", broken)
    with pytest.raises(RuntimeError):
        sending.lane()
    assert sending.notice(notice_id).state == "in_doubt"
    assert sending.outcomes(notice_id) == ["unanswered"]


def test_a_late_result_of_an_older_attempt_changes_nothing(sending: Sending) -> None:
    from hotline.notices.results import record, settle
    from hotline.providers.sms import Outcome

    notice_id = sending.publish()
    sending.lane()
    with sending.services.db.transaction() as session:
        session.execute(text("UPDATE notices SET state = 'sending', attempts = 2"))
        record(session, sending.clock, [settle(SmsResult(notice_id, 1, Outcome.REFUSED, error_code="21211"))])
    assert sending.notice(notice_id).state == "sending"
    assert doubt.JOB == "notices.doubt"
