"""The official SDK, unchanged but for its host, must find Twilio's Messages API here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until

TO = "+821012345678"


def test_create_answers_queued_with_twilios_fields(sandbox: RunningSandbox) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    message = sandbox.sdk().messages.create(to=TO, from_=SENDER, body="안전하십니까?")
    assert message.sid.startswith("SM")
    assert len(message.sid) == 34
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert (message.to, message.from_, message.body) == (TO, SENDER, "안전하십니까?")
    assert message.account_sid == sandbox.account_sid
    assert message.date_sent is None
    assert message.error_code is None
    assert before <= message.date_created <= datetime.now(UTC)


def test_messaging_service_answers_accepted_before_a_sender_is_chosen(sandbox: RunningSandbox) -> None:
    message = sandbox.sdk().messages.create(to=TO, messaging_service_sid="MG" + "a" * 32, body="x")
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    wait_until(lambda: sandbox.sdk().messages(message.sid).fetch().status == "delivered")
    assert sandbox.sdk().messages(message.sid).fetch().from_ == SENDER


def test_fetch_shows_delivery_with_date_and_price(sandbox: RunningSandbox) -> None:
    client = sandbox.sdk()
    sid = client.messages.create(to=TO, from_=SENDER, body="a" * 161).sid
    wait_until(lambda: client.messages(sid).fetch().status == "delivered")
    message = client.messages(sid).fetch()
    assert message.num_segments == "2"
    assert message.date_sent is not None
    assert float(message.price) == pytest.approx(-0.0158)


def test_list_filters_by_recipient_and_sender(sandbox: RunningSandbox) -> None:
    client = sandbox.sdk()
    for to in (TO, TO, "+821087654321"):
        client.messages.create(to=to, from_=SENDER, body="x")
    assert len(client.messages.list(to=TO)) == 2
    assert len(client.messages.list(from_=SENDER)) == 3
    assert client.messages.list(from_="+15005550999") == []
    assert client.messages.list(to="+821000000000") == []


def test_list_finds_an_unanswered_create_by_recipient_and_time_at_once(sandbox: RunningSandbox) -> None:
    sandbox.control.behave(sent_ms=60_000)
    client, before = sandbox.sdk(), datetime.now(UTC) - timedelta(seconds=5)
    client.messages.create(to=TO, from_=SENDER, body="x")
    assert [each.status for each in client.messages.list(to=TO, date_sent_after=before)] == ["queued"]
    assert client.messages.list(to=TO, date_sent_before=before) == []


def test_list_filters_by_whole_days(sandbox: RunningSandbox) -> None:
    client = sandbox.sdk()
    client.messages.create(to=TO, from_=SENDER, body="x")
    created = client.messages.list(to=TO)[0].date_created
    query = {"To": TO, "DateSent": created.strftime("%Y-%m-%d")}
    auth = (sandbox.account_sid, sandbox.auth_token)
    assert len(requests.get(sandbox.messages_url, params=query, auth=auth, timeout=10).json()["messages"]) == 1
    query["DateSent"] = (created - timedelta(days=1)).strftime("%Y-%m-%d")
    assert requests.get(sandbox.messages_url, params=query, auth=auth, timeout=10).json()["messages"] == []


@pytest.mark.parametrize("name", ["DateSentAfter", "DateSent>"])
def test_list_knows_both_spellings_of_after(sandbox: RunningSandbox, name: str) -> None:
    sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x")
    auth = (sandbox.account_sid, sandbox.auth_token)
    future = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    answer = requests.get(sandbox.messages_url, params={name: future}, auth=auth, timeout=10).json()
    assert answer["messages"] == []


def test_list_pages_newest_first_without_a_gap_or_a_repeat(sandbox: RunningSandbox) -> None:
    client = sandbox.sdk()
    sids = [client.messages.create(to=TO, from_=SENDER, body=str(n)).sid for n in range(7)]
    assert [each.sid for each in client.messages.list(page_size=3)] == sids[::-1]
    first = client.messages.page(to=TO, page_size=3)
    assert [each.sid for each in first] == sids[:3:-1]
    assert [each.sid for each in first.next_page()] == sids[3:0:-1]


def test_redact_empties_and_delete_removes_a_finished_text(sandbox: RunningSandbox) -> None:
    client = sandbox.sdk()
    sid = client.messages.create(to=TO, from_=SENDER, body="secret").sid
    wait_until(lambda: client.messages(sid).fetch().status == "delivered")
    assert client.messages(sid).update(body="").body == ""
    assert client.messages(sid).delete()
    with pytest.raises(TwilioRestException) as caught:
        client.messages(sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"To": ""}, 400, 21604),
        ({"To": "010-1234-5678"}, 400, 21211),
        ({"To": "+0123456789"}, 400, 21211),
        ({"Body": ""}, 400, 21602),
        ({"Body": "a" * 1601}, 400, 21617),
        ({"From": ""}, 400, 21603),
        ({"From": "not a sender at all"}, 400, 21212),
        ({"From": "+15005550007"}, 400, 21606),
        ({"MessagingServiceSid": "MG1"}, 404, 20404),
        ({"StatusCallback": "ftp://127.0.0.1/x"}, 400, 21609),
        ({"StatusCallback": "http://127.0.0.1:99999/x"}, 400, 21609),
        ({"ValidityPeriod": "0"}, 400, 30012),
        ({"ValidityPeriod": "36001"}, 400, 20001),
        ({"ValidityPeriod": "soon"}, 400, 20001),
        ({"To": "+15005550001"}, 400, 21211),
        ({"To": "+15005550003"}, 403, 21408),
        ({"To": "+15005550004"}, 400, 21610),
        ({"To": "+15005550009"}, 400, 21614),
    ],
)
def test_refusals_have_twilios_code_and_shape(
    sandbox: RunningSandbox, values: dict[str, str], status: int, code: int
) -> None:
    form = {"To": TO, "From": SENDER, "Body": "x"} | values
    answer = requests.post(sandbox.messages_url, data=form, auth=(sandbox.account_sid, sandbox.auth_token), timeout=10)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert set(problem) == {"code", "message", "more_info", "status"}
    assert list(sandbox.control.messages()) == []


def test_longest_text_is_accepted(sandbox: RunningSandbox) -> None:
    assert sandbox.sdk().messages.create(to=TO, from_=SENDER, body="가" * 1600).num_segments == "24"


@pytest.mark.parametrize("sender", ["MOFA", "12345", "+821012340000"])
def test_numbers_short_codes_and_names_can_send(sandbox: RunningSandbox, sender: str) -> None:
    assert sandbox.sdk().messages.create(to=TO, from_=sender, body="x").from_ == sender


def test_wrong_credentials_are_refused_before_the_body_is_read(sandbox: RunningSandbox) -> None:
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk(auth_token="wrong").messages.create(to=TO, from_=SENDER, body="x")
    assert (caught.value.status, caught.value.code) == (401, 20003)


def test_another_account_is_not_found(sandbox: RunningSandbox) -> None:
    url = sandbox.messages_url.replace(sandbox.account_sid, "AC" + "0" * 32)
    answer = requests.get(url, auth=(sandbox.account_sid, sandbox.auth_token), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@pytest.mark.parametrize("query", [{"PageSize": "0"}, {"PageSize": "x"}, {"DateSent": "yesterday"}, {"Page": "-1"}])
def test_senseless_list_queries_are_refused(sandbox: RunningSandbox, query: dict[str, str]) -> None:
    auth = (sandbox.account_sid, sandbox.auth_token)
    answer = requests.get(sandbox.messages_url, params=query, auth=auth, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_a_body_above_64_kib_is_refused(sandbox: RunningSandbox) -> None:
    answer = requests.post(
        sandbox.messages_url,
        data={"To": TO, "From": SENDER, "Body": "a" * 70_000},
        auth=(sandbox.account_sid, sandbox.auth_token),
        timeout=10,
    )
    assert answer.status_code == 413


def test_a_text_too_long_in_the_queue_expires_unsent(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("queue_delay", TO, value=30_000)
    client = sandbox.sdk()
    sid = client.messages.create(to=TO, from_=SENDER, body="x", validity_period=1).sid
    wait_until(lambda: client.messages(sid).fetch().status == "failed")
    message = client.messages(sid).fetch()
    assert (message.error_code, message.date_sent) == (30036, None)


def test_pace_in_parts_holds_texts_back(sandbox: RunningSandbox) -> None:
    sandbox.control.behave(parts_per_s=1, delivered_ms=0)
    client = sandbox.sdk()
    first = client.messages.create(to=TO, from_=SENDER, body="가" * 1600).sid
    second = client.messages.create(to=TO, from_=SENDER, body="x").sid
    wait_until(lambda: client.messages(first).fetch().status == "delivered")
    assert client.messages(second).fetch().status == "queued"


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"{}", "application/json", 21604),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 21604),
        (b"a=1&" * 300, "application/x-www-form-urlencoded", 20001),
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded; charset=none", 21604),
    ],
)
def test_bodies_that_are_no_form_are_refused_and_never_an_error_of_the_server(
    sandbox: RunningSandbox, data: bytes, kind: str, code: int
) -> None:
    auth = (sandbox.account_sid, sandbox.auth_token)
    answer = requests.post(sandbox.messages_url, data=data, headers={"Content-Type": kind}, auth=auth, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("body", ["%00a", "%FF", "%ED%A0%80", "%F0%9F%98%80"])
def test_any_bytes_in_a_text_are_kept_or_replaced_and_journalled(sandbox: RunningSandbox, body: str) -> None:
    data = f"To=%2B821012345678&From=%2B15005550006&Body={body}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    auth = (sandbox.account_sid, sandbox.auth_token)
    sid = requests.post(sandbox.messages_url, data=data, headers=headers, auth=auth, timeout=10).json()["sid"]
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "delivered")
