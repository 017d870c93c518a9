"""What every adapter for sending texts promises, held against a real carrier process."""

from __future__ import annotations

from collections import Counter

import pytest

from hotline.providers.sms import Outcome, SmsQuery
from tests.contracts.conftest import Adapter, CarrierProcess, send, texts_for, wait_until
from tests.factories import NOW

NUMBERS = [f"+8210{70_000_000 + number}" for number in range(60)]
ONE = NUMBERS[:1]


def copies(carrier: CarrierProcess) -> Counter[str]:
    return Counter(entry["to"] for entry in carrier.control.messages())


def test_every_text_is_accepted_once_under_a_name_of_its_own(adapter: Adapter, carrier: CarrierProcess) -> None:
    results = send(adapter.provider, texts_for(NUMBERS))
    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    assert len({result.provider_sid for result in results.values()}) == len(NUMBERS)
    assert copies(carrier) == dict.fromkeys(NUMBERS, 1)


@pytest.mark.parametrize(
    "body",
    [
        "Go to high ground.",
        "Kosten: 20 € {nur heute} [~]",
        "x" * 160,
        "y" * 161,
        "a" * 152 + "€" + "b" * 200,
        "[외교부] 마닐라 홍수. 고지대로 대피하세요.",
        "가" * 71,
        "나" * 66 + "🌊" + "다" * 100,
        "line one\nline two",
    ],
)
def test_a_text_arrives_to_the_letter(adapter: Adapter, carrier: CarrierProcess, body: str) -> None:
    assert send(adapter.provider, texts_for(ONE, body))[ONE[0]].outcome is Outcome.ACCEPTED
    assert [entry["body"] for entry in carrier.control.messages()] == [body]


def test_a_number_that_is_none_is_refused_for_good(adapter: Adapter, carrier: CarrierProcess) -> None:
    carrier.control.set_fault("refusal", ONE[0], value=21211)
    result = send(adapter.provider, texts_for(ONE))[ONE[0]]
    assert (result.outcome, result.error_code) == (Outcome.REFUSED, "21211")
    assert not copies(carrier)


def test_a_throttled_text_is_to_be_tried_later_and_was_not_taken(adapter: Adapter, carrier: CarrierProcess) -> None:
    carrier.control.set_fault("http_429", ONE[0], times=1)
    result = send(adapter.provider, texts_for(ONE))[ONE[0]]
    assert (result.outcome, result.error_code) == (Outcome.RETRY_LATER, "20429")
    assert not copies(carrier)
    assert send(adapter.provider, texts_for(ONE))[ONE[0]].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(("fault", "taken"), [("answer_lost_after", 1), ("answer_lost_before", 0)])
def test_a_lost_answer_is_a_doubt_and_nothing_is_repeated(
    adapter: Adapter, carrier: CarrierProcess, fault: str, taken: int
) -> None:
    carrier.control.set_fault(fault, ONE[0], times=1)
    assert send(adapter.provider, texts_for(ONE))[ONE[0]].outcome is Outcome.UNANSWERED
    assert copies(carrier)[ONE[0]] == taken


def test_one_bad_answer_does_not_touch_the_other_texts(adapter: Adapter, carrier: CarrierProcess) -> None:
    carrier.control.set_fault("answer_lost_after", NUMBERS[3], times=1)
    carrier.control.set_fault("http_429", NUMBERS[5], times=1)
    results = send(adapter.provider, texts_for(NUMBERS[:10]))
    assert results.pop(NUMBERS[3]).outcome is Outcome.UNANSWERED
    assert results.pop(NUMBERS[5]).outcome is Outcome.RETRY_LATER
    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}


def test_a_look_up_finds_what_was_taken_or_says_that_it_cannot_know(adapter: Adapter, carrier: CarrierProcess) -> None:
    requests = texts_for(ONE)
    send(adapter.provider, requests)
    query = SmsQuery(1, ONE[0], requests[0].body, NOW.replace(year=2020))
    absent = SmsQuery(2, NUMBERS[1], requests[0].body, NOW.replace(year=2020))
    answers = {answer.query.to: answer for answer in adapter.provider.lookup([query, absent])}
    if adapter.provider.keeps_record:
        assert len(answers[ONE[0]].found) == 1
        assert answers[NUMBERS[1]].complete and not answers[NUMBERS[1]].found
    else:
        assert not any(answer.found or answer.complete for answer in answers.values())


def test_a_name_as_sender_arrives_as_such(adapter: Adapter, carrier: CarrierProcess) -> None:
    (request,) = texts_for(ONE)
    send(adapter.provider, [request._replace(sender="MOFA")])
    assert [entry["from"] for entry in carrier.control.messages()] == ["MOFA"]


def test_results_come_although_hundreds_are_handed_over_at_once(adapter: Adapter, carrier: CarrierProcess) -> None:
    numbers = [f"+8210{71_000_000 + number}" for number in range(400)]
    results = send(adapter.provider, texts_for(numbers))
    assert Counter(result.outcome for result in results.values()) == {Outcome.ACCEPTED: 400}
    wait_until(lambda: len(copies(carrier)) == 400, "the carrier's record")
