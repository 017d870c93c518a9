"""Results, receipts and look-ups in any order: the message ends the same, nothing is downgraded, tallies equal rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerts.dispatch.claims import claim
from alerts.dispatch.results import (
    BACK_OFF_MAX_S,
    MAX_RETRIES_LATER,
    Settlement,
    back_off_s,
    record,
    settle,
)
from alerts.dispatch.terms import Terms
from alerts.receipts.fold import fold
from alerts.receipts.intake import IncomingReceipt, append
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers.sms import Outcome, SmsResult
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import Accepted, LoopbackTwilio


def claim_one(running: Running) -> int:
    """Claim the first message and return its id."""
    with running.services.db.connection() as connection:
        (claimed,) = claim(
            connection,
            running.clock.now(),
            Terms.of(running.services.settings),
            "twilio",
            running.alert_id,
            drill=False,
            after_id=0,
            most=1,
        )
    return claimed.id


def write(running: Running, *settlements: Settlement) -> None:
    with running.services.db.transaction() as session:
        record(session, running.clock, settlements)


def receive(running: Running, message_id: int, status: str, code: str | None = None, sid: str = "SM1") -> None:
    phone = next(row.phone for row in running.rows() if row.id == message_id)
    append(running.services, IncomingReceipt(message_id, sid, status, code, phone, running.clock.now()))
    fold(running.services)


def accepted(running: Running, message_id: int, attempt: int = 1) -> Settlement:
    return settle(running.alert_id, SmsResult(message_id, attempt, Outcome.ACCEPTED, "SM1", "queued"))


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.ACCEPTED, "sent"),
        (Outcome.REFUSED, "failed"),
        (Outcome.UNANSWERED, "in_doubt"),
        (Outcome.RETRY_LATER, "queued"),
        (Outcome.BLOCKED, "queued"),
        (Outcome.UNSENT, "queued"),
    ],
)
def test_each_outcome_has_its_place(outcome: Outcome, state: str) -> None:
    assert settle(1, SmsResult(1, 1, outcome)).state == state


def test_being_asked_to_come_later_ends_at_last() -> None:
    result = SmsResult(1, MAX_RETRIES_LATER, Outcome.RETRY_LATER, error_code="20429")
    assert (settle(1, result).state, settle(1, result).code) == ("failed", "20429")


def test_the_providers_own_wish_to_wait_wins_when_it_is_longer() -> None:
    assert settle(1, SmsResult(1, 1, Outcome.RETRY_LATER, retry_after_s=120.0)).wait_s == 120.0


@given(st.integers(min_value=1, max_value=32_000), st.integers(min_value=1, max_value=2**62))
def test_back_off_is_bounded_and_never_zero(attempt: int, message_id: int) -> None:
    assert 0.5 <= back_off_s(attempt, message_id) <= 1.5 * BACK_OFF_MAX_S


def test_a_receipt_that_comes_before_the_result_is_not_downgraded(running: Running, db: Database) -> None:
    message_id = claim_one(running)
    receive(running, message_id, "delivered")
    write(running, accepted(running, message_id))
    row = running.rows()[0]
    assert (row.state, row.provider_sid, row.provider_status) == ("delivered", "SM1", "delivered")
    assert running.outcomes() == ["accepted"]


def test_a_late_answer_to_an_earlier_attempt_changes_nothing(running: Running) -> None:
    message_id = claim_one(running)
    write(running, settle(running.alert_id, SmsResult(message_id, 1, Outcome.UNSENT)))
    claim_one(running)
    write(running, settle(running.alert_id, SmsResult(message_id, 1, Outcome.REFUSED, error_code="21211")))
    row = running.rows()[0]
    assert (row.state, row.attempts, row.error_code) == ("sending", 2, None)


def test_callbacks_that_arrive_while_the_provider_is_still_answering_are_kept(
    running: Running, twilio: LoopbackTwilio
) -> None:
    def report(text: Accepted) -> None:
        message_id = int(parse_qs(urlsplit(text.fields["StatusCallback"]).query)["message"][0])
        receive(running, message_id, "delivered", sid=text.sid)

    twilio.on_accepted = report
    running.lane()
    assert running.states() == {"delivered": 3}
    assert {row.provider_sid for row in running.rows()} == {text.sid for text in twilio.accepted}
    assert running.alert().state == "finished"


STEPS: dict[str, Callable[[Running, int], None]] = {
    "result": lambda running, message: write(running, accepted(running, message)),
    "sent": lambda running, message: receive(running, message, "sent"),
    "delivered": lambda running, message: receive(running, message, "delivered"),
    "lease over": lambda running, message: (running.later(seconds=7), running.end_leases(), None)[-1],
    "found": lambda running, message: write(
        running, Settlement(message, 1, running.alert_id, "found", "sent", "SM1", "queued")
    ),
}


@pytest.mark.parametrize("order", list(itertools.permutations(["result", "sent", "delivered", "lease over"])))
def test_every_order_of_result_receipts_and_lease_ends_delivered(running: Running, order: tuple[str, ...]) -> None:
    message_id = claim_one(running)
    for step in order:
        STEPS[step](running, message_id)
    row = running.rows()[0]
    assert (row.state, row.provider_sid, row.attempts) == ("delivered", "SM1", 1)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_any_number_of_steps_in_any_order_keeps_ranks_and_tallies(
    sending: Services, clock: FrozenClock, db: Database, steps: list[str]
) -> None:
    running = start_alert(sending, clock, people=1)
    message_id = claim_one(running)
    best = 0
    for step in steps:
        STEPS[step](running, message_id)
        best = max(best, {"delivered": 2, "result": 1, "sent": 1, "found": 1, "lease over": 0}[step])
    row = running.rows()[0]
    expected = {2: {"delivered"}, 1: {"sent"}, 0: {"in_doubt"} if "lease over" in steps else {"sending"}}[best]
    assert row.state in expected
    assert_tallies_equal_rows(db)


def test_recording_nothing_is_no_statement(running: Running) -> None:
    write(running)
    assert running.states() == {"queued": 3}


def test_not_before_is_set_only_where_a_message_waits(running: Running) -> None:
    message_id = claim_one(running)
    write(running, settle(running.alert_id, SmsResult(message_id, 1, Outcome.RETRY_LATER, error_code="20429")))
    row = running.rows()[0]
    assert row.not_before is not None
    assert timedelta(0) < row.not_before - running.clock.now() <= timedelta(seconds=1.5)
    assert row.lease_until is None
