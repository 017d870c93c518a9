"""What Twilio's answers mean: only a request that left and was not clearly refused leaves a doubt."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.providers.bulk_http import HttpAnswer
from hotline.providers.sms import Outcome, SmsRequest
from hotline.providers.twilio_answers import MEANINGS, read_create

REQUEST = SmsRequest(7, 2, "+821020000000", "+15005550006", "hello", "https://example.org/cb", 60)


def answer(status: int, body: object = None, *, sent: bool = True, retry_after_s: float | None = None) -> HttpAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(REQUEST, sent, status, raw, retry_after_s, None if status else "curl 56: gone", 0.1)


def error(status: int, code: int) -> HttpAnswer:
    return answer(status, {"code": code, "message": "words", "status": status})


def test_a_created_message_is_accepted_under_its_sid() -> None:
    result = read_create(answer(201, {"sid": "SM1", "status": "queued", "error_code": None}))
    assert (result.message_id, result.attempt) == (7, 2)
    assert (result.outcome, result.provider_sid, result.provider_status) == (Outcome.ACCEPTED, "SM1", "queued")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"sid": 5}', b'{"sid": ""}', b"\xff\xfe", b"[" * 100_000])
def test_an_acceptance_without_a_readable_sid_is_a_doubt(body: bytes) -> None:
    assert read_create(answer(201, body)).outcome is Outcome.UNANSWERED


@pytest.mark.parametrize("odd", ["SM\x00", "SM\ud800", "SM 1", "S" * 65])
def test_odd_characters_in_one_answer_never_reach_the_record_of_a_batch(odd: str) -> None:
    assert read_create(answer(201, {"sid": odd, "status": "queued"})).outcome is Outcome.UNANSWERED
    accepted = read_create(answer(201, {"sid": "SM1", "status": odd}))
    assert (accepted.outcome, accepted.provider_status) == (Outcome.ACCEPTED, None)


@pytest.mark.parametrize("code", [21211, 21610, 21612, 21614, 21617, 30005, 30006, 30007, 99999])
def test_a_number_or_text_that_is_refused_fails_for_good_with_its_code(code: int) -> None:
    result = read_create(error(400, code))
    assert (result.outcome, result.error_code) == (Outcome.REFUSED, str(code))


def test_a_region_that_is_switched_off_refuses_the_one_text_although_the_status_is_403() -> None:
    result = read_create(error(403, 21408))
    assert (result.outcome, result.error_code) == (Outcome.REFUSED, "21408")


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, 20003), (400, 21606), (400, 21212), (404, 20404), (400, 21609), (400, 21659), (403, 30002)],
)
def test_faults_of_our_own_account_or_sender_block(status: int, code: int) -> None:
    result = read_create(error(status, code))
    assert (result.outcome, result.error_code) == (Outcome.BLOCKED, str(code))


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404, 405, 407])
def test_answers_without_a_code_that_speak_of_our_address_or_rights_block(status: int) -> None:
    assert read_create(answer(status, b"no json")).outcome is Outcome.BLOCKED


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (400, 30001), (429, 21611), (400, 14107)])
def test_rates_and_queues_pass_by_themselves(status: int, code: int) -> None:
    assert read_create(error(status, code)).outcome is Outcome.RETRY_LATER


def test_a_429_without_a_body_is_still_a_rate_limit_and_keeps_the_providers_wish() -> None:
    result = read_create(answer(429, b"", retry_after_s=4.0))
    assert (result.outcome, result.error_code, result.retry_after_s) == (Outcome.RETRY_LATER, "20429", 4.0)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_trouble_of_the_provider_itself_is_a_doubt_whatever_code_it_gives(status: int) -> None:
    assert read_create(error(status, 20429)).outcome is Outcome.UNANSWERED


def test_a_lost_answer_is_a_doubt_only_when_the_request_had_left() -> None:
    assert read_create(answer(0, b"", sent=True)).outcome is Outcome.UNANSWERED
    assert read_create(answer(0, b"", sent=False)).outcome is Outcome.UNSENT


def test_no_code_is_in_two_groups_and_no_number_fault_blocks_a_lane() -> None:
    assert not {"21211", "21610", "21614", "21408", "30003"} & MEANINGS.keys()


@given(
    st.integers(min_value=0, max_value=599),
    st.one_of(st.binary(max_size=300), st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.none())),
    st.booleans(),
)
def test_no_answer_whatever_it_holds_makes_reading_fail(status: int, body: object, sent: bool) -> None:
    result = read_create(answer(status, body, sent=sent))
    if 500 <= status <= 599 or (status == 0 and sent):
        assert result.outcome is Outcome.UNANSWERED
    assert (result.outcome is Outcome.ACCEPTED) <= (result.provider_sid is not None)
    assert result.error_code is None or len(result.error_code) <= 10
