"""The adapter for calls against the practice carrier: every outcome, and the record after a lost answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.core.config import Settings
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_voice import TwilioVoice, make_voice_provider, read_row
from hotline.providers.voice import CallQuery, CallRequest
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO = "+821055550001"


def make(url: str, sandbox: RunningSandbox, token: str | None = None) -> TwilioVoice:
    return TwilioVoice(
        base_url=url,
        account_sid=sandbox.account_sid,
        auth_token=token or sandbox.auth_token,
        sender=SENDER,
        timeout_s=30,
    )


@pytest.fixture
def voice(sandbox: RunningSandbox) -> Iterator[TwilioVoice]:
    made = make(sandbox.url, sandbox)
    yield made
    made.close()


def request(receiver: Receiver, number: int = 1, to: str = TO) -> CallRequest:
    url = f"{receiver.url}/say?outreach={number}&attempt=1"
    return CallRequest(number, 1, to, SENDER, url, f"{receiver.url}/status?outreach={number}&attempt=1", 30)


def test_a_call_is_accepted_in_the_form_the_official_api_takes(
    voice: TwilioVoice, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    (result,) = voice.place([request(receiver)])
    (call,) = sandbox.control.calls(TO)
    assert (result.outcome, result.provider_sid) == (Outcome.ACCEPTED, call["sid"])
    assert (call["url"], call["ring_s"], call["events"]) == (
        f"{receiver.url}/say?outreach=1&attempt=1", 30, ["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    wait_until(lambda: receiver.of(CallSid=call["sid"], CallStatus="ringing"))
    assert receiver.received[0].path == "/status?outreach=1&attempt=1"


@pytest.mark.parametrize(
    ("fault", "value", "outcome"),
    [
        ("http_429", None, Outcome.RETRY_LATER), ("http_500_before", None, Outcome.UNANSWERED),
        ("answer_lost_before", None, Outcome.UNANSWERED), ("answer_lost_after", None, Outcome.UNANSWERED),
        ("refusal", 21214, Outcome.REFUSED), ("refusal", 21212, Outcome.BLOCKED),
    ],
)  # fmt: skip
def test_every_failure_has_its_meaning(
    voice: TwilioVoice, sandbox: RunningSandbox, receiver: Receiver, fault: str, value: int | None, outcome: Outcome
) -> None:
    sandbox.control.set_fault(fault, TO, value=value)
    (result,) = voice.place([request(receiver)])
    assert result.outcome is outcome


def test_wrong_credentials_block_and_an_absent_server_leaves_the_call_unsent(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    for provider, outcome in (
        (make(sandbox.url, sandbox, "wrong"), Outcome.BLOCKED), (make("http://127.0.0.1:9", sandbox), Outcome.UNSENT),
    ):  # fmt: skip
        assert [each.outcome for each in provider.place([request(receiver)])] == [outcome]
        provider.close()


def test_a_call_whose_answer_was_lost_is_found_by_number_and_time(
    voice: TwilioVoice, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    sandbox.control.set_fault("answer_lost_after", TO)
    voice.place([request(receiver)])
    (call,) = sandbox.control.calls(TO)
    queries = [
        CallQuery(1, TO, before), CallQuery(2, TO, before + timedelta(hours=1)), CallQuery(3, "+821055550009", before),
    ]  # fmt: skip
    found, too_early, nobody = voice.lookup(queries)
    assert [each.provider_sid for each in found.found] == [call["sid"]]
    assert found.complete and nobody.complete
    assert (too_early.found, nobody.found) == ((), ())


def test_an_unreachable_record_is_incomplete(sandbox: RunningSandbox) -> None:
    provider = make("http://127.0.0.1:9", sandbox)
    (answer,) = provider.lookup([CallQuery(1, TO, datetime.now(UTC))])
    provider.close()
    assert (answer.found, answer.complete) == ((), False)


@pytest.mark.parametrize(
    "change", [{"status": "dancing"}, {"sid": "<x>"}, {"date_created": "yesterday"}, {"sid": None}]
)
def test_an_odd_row_of_the_record_is_not_believed(change: dict[str, Any]) -> None:
    row: dict[str, Any] = {"sid": "CA1", "status": "ringing", "date_created": "Sat, 21 Nov 2026 03:00:00 +0000"}
    assert read_row(row).created == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    if change.get("sid", "") is None:
        del row["sid"]
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_row(row | {key: value for key, value in change.items() if value is not None})


def test_without_a_number_to_call_from_nothing_is_made(settings: Settings) -> None:
    with pytest.raises(NotConfigured, match="TWILIO_VOICE_FROM"):
        make_voice_provider(settings.model_copy(update={"twilio_from": "", "twilio_voice_from": ""}))
