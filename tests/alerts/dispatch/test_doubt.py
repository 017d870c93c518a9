"""What a lost answer or a killed worker leaves behind is looked up, and sent again only when it surely never arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.dispatch.claims import claim
from alerts.dispatch.doubt import GIVE_UP_AFTER_S, Doubt, decide
from alerts.dispatch.recheck import recheck
from alerts.dispatch.terms import Terms
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers.carriers import sms_provider
from hotline.providers.sms import FoundMessage
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
TERMS = Terms(16, 2.0, 6.0, 5.0, 20.0, 3, "http://127.0.0.1")


def claim_and_die(
    running: Running, *, commit: bool = True, sent: int = 0, twilio: LoopbackTwilio | None = None
) -> None:
    """Do what a lane does up to the moment its process is killed: claim, and hand over the first `sent` texts."""
    terms, now = Terms.of(running.services.settings), running.clock.now()
    with running.services.db.connection() as connection:
        recheck(connection, now, ["twilio"], running.alert_id, None)
        claimed = claim(connection, now, terms, "twilio", running.alert_id, drill=False, after_id=0, most=16)
        if not commit:
            connection.rollback()
            return
    for message in claimed[:sent]:
        assert twilio is not None
        twilio.accept({"To": message.phone, "Body": "[외교부] 마닐라 홍수 11/21 12:00"})


def test_a_death_before_the_claim_is_committed_leaves_everything_queued(running: Running) -> None:
    claim_and_die(running, commit=False)
    assert running.states() == {"queued": 3}
    assert running.outcomes() == []


def test_a_death_between_claim_and_hand_over_sends_each_text_once_later(
    running: Running, twilio: LoopbackTwilio
) -> None:
    claim_and_die(running)
    assert running.lane().claimed == 0, "claims of a worker that may still live are not taken over"
    running.later(seconds=7)
    assert running.clear_doubt() == 0, "too early to say that a text never arrived"
    assert running.states() == {"in_doubt": 3}
    running.later(seconds=5)
    assert running.clear_doubt() == 3
    running.later(seconds=2)
    running.lane()
    assert running.outcomes() == ["absent"] * 3 + ["accepted"] * 3
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert running.states() == {"sent": 3}


def test_a_death_between_hand_over_and_record_finds_the_texts_and_sends_none_again(
    running: Running, twilio: LoopbackTwilio
) -> None:
    claim_and_die(running, sent=2, twilio=twilio)
    running.later(seconds=7)
    assert running.clear_doubt() == 2
    assert [row.provider_sid for row in running.rows()[:2]] == [text.sid for text in twilio.accepted]
    running.later(seconds=8)
    running.clear_doubt()
    running.later(seconds=2)
    running.lane()
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert running.outcomes() == ["found", "found", "absent", "accepted"]
    assert running.alert().state == "finished"


@pytest.mark.parametrize("word", ["lost", "500_after", "garbled", "huge"])
def test_an_answer_lost_after_acceptance_is_found_and_never_sent_again(
    running: Running, twilio: LoopbackTwilio, word: str
) -> None:
    twilio.behaviour[running.phones[0]] = [word]
    running.lane()
    assert running.states() == {"sent": 2, "in_doubt": 1}
    assert running.alert().state == "dispatching"
    running.later(seconds=2)
    assert running.clear_doubt() == 1
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert sorted(filter(None, running.outcomes())) == ["accepted", "accepted", "found"]


@pytest.mark.parametrize("word", ["lost_before", "500_before"])
def test_a_text_that_never_arrived_is_sent_again_after_the_settling_time(
    running: Running, twilio: LoopbackTwilio, word: str
) -> None:
    twilio.behaviour[running.phones[0]] = [word]
    running.lane()
    running.later(seconds=2)
    running.clear_doubt()
    assert running.states() == {"sent": 2, "in_doubt": 1}
    running.later(seconds=4)
    running.clear_doubt()
    running.later(seconds=2)
    running.lane()
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)


def test_a_record_that_lags_behind_does_not_lead_to_a_second_copy(running: Running, twilio: LoopbackTwilio) -> None:
    twilio.behaviour[running.phones[0]] = ["lost"]
    twilio.hidden = True
    running.lane()
    for _ in range(2):
        running.later(seconds=2)
        running.clear_doubt()
    twilio.hidden = False
    running.later(seconds=3)
    running.clear_doubt()
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)


def test_nothing_is_concluded_while_the_record_cannot_be_read(running: Running, twilio: LoopbackTwilio) -> None:
    twilio.behaviour[running.phones[0]] = ["lost"]
    running.lane()
    twilio.lists_fail = True
    for _ in range(5):
        running.later(seconds=60)
        running.clear_doubt()
    assert running.states() == {"sent": 2, "in_doubt": 1}
    twilio.lists_fail = False
    running.later(seconds=60)
    running.clear_doubt()
    assert running.states() == {"sent": 3}


def test_a_text_found_undelivered_fails_with_the_carriers_code(running: Running, twilio: LoopbackTwilio) -> None:
    twilio.behaviour[running.phones[0]] = ["lost"]
    running.lane()
    lost = twilio.texts_to(running.phones[0])[0]
    lost.status, lost.error_code = "undelivered", 30005
    running.later(seconds=2)
    running.clear_doubt()
    row = running.rows()[0]
    assert (row.state, row.error_code, row.provider_sid) == ("failed", "30005", lost.sid)


def test_attempts_that_vanish_are_bounded_and_named_when_used_up(running: Running, twilio: LoopbackTwilio) -> None:
    running.services.settings = running.services.settings.model_copy(update={"dispatch_max_attempts": 2})
    twilio.behaviour[running.phones[0]] = ["lost_before"] * 10
    for _ in range(4):
        running.lane()
        running.later(seconds=6)
        running.clear_doubt()
        running.later(seconds=5)
    assert (running.rows()[0].state, running.rows()[0].error_code) == ("failed", "attempts")
    assert twilio.requests[running.phones[0]] == 2
    assert running.lane().claimed == 0


def test_a_doubt_that_nobody_can_clear_ends_after_a_day(running: Running, twilio: LoopbackTwilio) -> None:
    running.execute("UPDATE alerts SET expires = expires + interval '3 days' WHERE id = :id")
    twilio.everybody = ["lost"]
    running.lane()
    twilio.lists_fail = True
    running.later(hours=25)
    running.clear_doubt()
    assert running.states() == {"sent": 2, "failed": 1}
    assert "lost" in running.outcomes()


def test_two_alerts_with_the_same_words_to_one_handset_keep_their_own_texts(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    first = start_alert(sending, clock, people=1)
    second = start_alert(sending, clock, people=1)
    second.execute("UPDATE messages SET phone = :phone WHERE alert_id = :id", phone=first.phones[0])
    twilio.everybody = ["lost", "lost_before"]
    first.lane()
    second.lane()
    first.later(seconds=2)
    first.clear_doubt()
    assert (first.states(), second.states()) == ({"sent": 1}, {"in_doubt": 1})
    second.later(seconds=4)
    second.clear_doubt()
    second.later(seconds=2)
    second.lane()
    assert second.states() == {"sent": 1}
    assert first.rows()[0].provider_sid != second.rows()[0].provider_sid
    assert twilio.copies == {first.phones[0]: 2}
    assert_tallies_equal_rows(db)


def test_a_live_answer_that_comes_while_the_claim_is_in_doubt_still_counts(
    running: Running, twilio: LoopbackTwilio
) -> None:
    def fall_into_doubt(_: object) -> None:
        running.execute(
            "UPDATE messages SET lease_until = :past WHERE state = 'sending'", past=NOW - timedelta(hours=1)
        )
        running.end_leases()

    twilio.on_accepted = fall_into_doubt
    running.lane()
    twilio.on_accepted = lambda _: None
    assert running.states() == {"sent": 3}


def test_an_absent_text_of_a_cancelled_or_expired_alert_is_not_queued_again(
    running: Running, twilio: LoopbackTwilio
) -> None:
    claim_and_die(running)
    running.execute("UPDATE alerts SET state = 'cancelled', finished_at = now() WHERE id = :id")
    running.later(seconds=30)
    running.clear_doubt()
    assert running.states() == {"withdrawn": 3}
    assert twilio.accepted == []


def test_without_a_provider_doubts_stay_as_they_are(running: Running) -> None:
    claim_and_die(running)
    running.later(seconds=30)
    sms_provider(running.services).close()
    del running.services.rooms["sms_provider"]
    running.services.settings = running.services.settings.model_copy(update={"twilio_account_sid": ""})
    assert running.clear_doubt() == 0
    assert running.states() == {"in_doubt": 3}
    running.services.rooms["sms_provider"] = _Closed()


class _Closed:
    def close(self) -> None:
        """The fixture closes what it finds."""


def make_doubt(*, absent: int = 0, started_at: datetime = NOW, finished_at: datetime | None = None) -> Doubt:
    return Doubt(1, 1, "+82100000000", 1, "body", started_at, absent, started_at, finished_at)


@given(
    st.booleans(),
    st.booleans(),
    st.integers(min_value=0, max_value=5),
    st.floats(min_value=0, max_value=2 * GIVE_UP_AFTER_S),
    st.none() | st.floats(min_value=0, max_value=6),
)
def test_a_text_is_queued_again_only_when_it_surely_never_arrived(
    found: bool, complete: bool, absent: int, age_s: float, finished_after_s: float | None
) -> None:
    finished_at = None if finished_after_s is None else NOW + timedelta(seconds=finished_after_s)
    doubt = make_doubt(absent=absent, finished_at=finished_at)
    text = FoundMessage("SM1", "queued", None, NOW) if found else None
    now = NOW + timedelta(seconds=age_s)
    settlement = decide(doubt, text, complete, TERMS, now)
    if settlement.state == "queued":
        assert not found
        assert complete
        assert now >= (finished_at or NOW + timedelta(seconds=TERMS.lease_s)) + timedelta(seconds=TERMS.settle_s)
        assert absent + 1 < TERMS.max_attempts
    if found:
        assert (settlement.state, settlement.sid, settlement.outcome) == ("sent", "SM1", "found")
    if settlement.state == "in_doubt":
        assert settlement.wait_s is not None
        assert 0 < settlement.wait_s <= 60
        assert age_s <= GIVE_UP_AFTER_S
