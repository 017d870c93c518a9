"""Twilio's adapter over a real server: what is sent, and how the record is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome, SmsQuery, SmsRequest, SmsResult
from hotline.providers.twilio_sms import TwilioSms, next_page, read_row
from tests.providers.loopback_twilio import ACCOUNT, TOKEN, LoopbackTwilio, running_twilio

BODY = "[외교부] 마닐라 홍수 & 대피 100%"
CALLBACK = "https://hotline.example/webhooks/twilio/sms/status?message=7"
ANSWERS_WITHIN_S = 30.0
"""Nothing here waits so long: what is lost is lost by a closed connection, and a busy machine is slow, not silent."""


@pytest.fixture
def twilio() -> Iterator[LoopbackTwilio]:
    with running_twilio() as running:
        yield running


@pytest.fixture
def sms(twilio: LoopbackTwilio) -> Iterator[TwilioSms]:
    provider = TwilioSms(
        base_url=twilio.url, account_sid=ACCOUNT, auth_token=TOKEN, sender="+15005550006", timeout_s=ANSWERS_WITHIN_S
    )
    yield provider
    provider.close()


class ListFeed:
    """A feed over a list of requests."""

    def __init__(self, requests: Sequence[SmsRequest]) -> None:
        self.waiting = deque(requests)
        self.results: list[SmsResult] = []

    def take(self, most: int) -> list[SmsRequest]:
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]

    def give(self, result: SmsResult) -> None:
        self.results.append(result)

    def finished(self) -> bool:
        return not self.waiting

    def on_more(self, wake: Callable[[], None]) -> None:
        """Nothing is ever offered later."""


def request(
    number: int = 7, *, to: str = "+821020000007", sender: str = "+15005550006", validity_s: int = 600
) -> SmsRequest:
    return SmsRequest(number, 1, to, sender, BODY, CALLBACK, validity_s)


def send(sms: TwilioSms, *requests: SmsRequest) -> list[SmsResult]:
    feed = ListFeed(requests)
    sms.stream(feed, in_flight=16)
    return feed.results


def query(to: str = "+821020000007", *, since: datetime | None = None, body: str = BODY) -> SmsQuery:
    return SmsQuery(7, to, body, since or datetime.now(UTC) - timedelta(minutes=5))


def test_every_field_arrives_as_it_was_meant(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    result = send(sms, request())[0]
    fields = twilio.accepted[0].fields
    assert result.provider_sid == twilio.accepted[0].sid
    assert fields == {
        "To": "+821020000007",
        "From": "+15005550006",
        "Body": BODY,
        "StatusCallback": CALLBACK,
        "ValidityPeriod": "600",
        "SmartEncoded": "false",
    }


def test_a_messaging_service_takes_the_place_of_the_sender(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    send(sms, request(sender="MG" + "a" * 32))
    fields = twilio.accepted[0].fields
    assert fields["MessagingServiceSid"] == "MG" + "a" * 32
    assert "From" not in fields


@pytest.mark.parametrize(("validity_s", "sent"), [(-5, "1"), (0, "1"), (36_000, "36000"), (10**6, "36000")])
def test_the_validity_stays_within_what_the_provider_takes(
    twilio: LoopbackTwilio, sms: TwilioSms, validity_s: int, sent: str
) -> None:
    send(sms, request(validity_s=validity_s))
    assert twilio.accepted[0].fields["ValidityPeriod"] == sent


def test_a_stream_reports_what_happened(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.behaviour["+821020000001"] = ["21610"]
    twilio.behaviour["+821020000002"] = ["lost"]
    feed = ListFeed([request(n, to=f"+82102000000{n}") for n in range(5)])
    report = sms.stream(feed, in_flight=8)
    assert report.outcomes == {"accepted": 3, "refused": 1, "unanswered": 1}
    assert report.answered == 5
    assert 0 < report.answer_s_mean <= report.answer_s_max
    assert {result.message_id: result.outcome for result in feed.results}[2] is Outcome.UNANSWERED


def test_failures_in_a_row_open_the_breaker_and_an_answer_closes_it(twilio: LoopbackTwilio) -> None:
    breaker = CircuitBreaker(failures_to_open=3)
    sms = TwilioSms(
        base_url=twilio.url, account_sid=ACCOUNT, auth_token=TOKEN, sender="+1500", timeout_s=ANSWERS_WITHIN_S,
        breaker=breaker,
    )  # fmt: skip
    twilio.everybody = ["500_before"] * 3
    send(sms, *(request(n) for n in range(3)))
    assert breaker.room(100) == 0
    send(sms, request(9))
    sms.close()
    assert breaker.room(100) == 100


def test_refusals_of_single_numbers_say_that_the_provider_is_there(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.everybody = ["21211"] * 50
    send(sms, *(request(n) for n in range(50)))
    assert sms.breaker.room(100) == 100


def test_a_text_is_found_by_number_time_and_body(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    send(sms, request(), request(8, to="+821020000008"))
    (answer,) = sms.lookup([query()])
    assert answer.complete
    assert [found.provider_sid for found in answer.found] == [twilio.texts_to("+821020000007")[0].sid]
    assert answer.found[0].provider_status == "queued"


def test_other_words_or_earlier_times_are_not_taken_for_it(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    send(sms, request())
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert sms.lookup([query(body="another text")])[0].found == ()
    assert sms.lookup([query(since=later)])[0].found == ()
    assert sms.lookup([query(to="+821020000009")])[0].found == ()


def test_words_a_trial_account_puts_in_front_do_not_hide_a_text(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.on_accepted = lambda text: setattr(text, "body", "Sent from your trial account - " + text.body + " ")
    send(sms, request())
    assert len(sms.lookup([query()])[0].found) == 1


def test_all_pages_are_read(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.page_size = 2
    send(sms, *(request(n) for n in range(5)))
    (answer,) = sms.lookup([query()])
    assert (len(answer.found), answer.complete) == (5, True)


def test_a_record_that_is_too_long_to_read_is_not_called_complete(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.page_size = 1
    send(sms, *(request(n) for n in range(5)))
    (answer,) = sms.lookup([query(body="not there")])
    assert (answer.found, answer.complete) == ((), False)


def test_a_record_that_cannot_be_read_is_not_called_complete(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    twilio.lists_fail = True
    assert sms.lookup([query()])[0].complete is False


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/x", "//evil.example/x", "http://127.0.0.1:8.evil.example/x"]
)
def test_no_answer_sends_our_credentials_to_another_host(elsewhere: str) -> None:
    assert next_page("http://127.0.0.1:8", elsewhere) is None
    assert next_page("http://127.0.0.1:8", "/2010-04-01/x?Page=1") == "http://127.0.0.1:8/2010-04-01/x?Page=1"


@pytest.mark.parametrize("odd", [{"sid": "SM\x00"}, {"sid": ""}, {"status": "\ud800"}, {"error_code": "\x00"}])
def test_an_odd_row_of_the_record_is_not_believed(odd: dict[str, str]) -> None:
    row = {"sid": "SM1", "status": "sent", "error_code": None, "date_created": "Sat, 21 Nov 2026 03:00:00 +0000"}
    assert read_row(row).provider_sid == "SM1"
    with pytest.raises(ValueError, match=r"form|invalid literal"):
        read_row(row | odd)


def test_many_numbers_are_looked_up_together(twilio: LoopbackTwilio, sms: TwilioSms) -> None:
    numbers = [f"+8210{20000000 + n}" for n in range(60)]
    send(sms, *(request(n, to=number) for n, number in enumerate(numbers)))
    answers = sms.lookup(
        [SmsQuery(n, number, BODY, datetime.now(UTC) - timedelta(minutes=1)) for n, number in enumerate(numbers)]
    )
    assert [answer.query.to for answer in answers] == numbers
    assert all(len(answer.found) == 1 and answer.complete for answer in answers)
