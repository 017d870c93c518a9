"""A handset answers, is switched off, opts out; and the list of them stays quick."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from hotline.sandbox.handsets import Handsets
from hotline.sandbox.inbound import parse_replies
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO = "+821012345678"


class Page:
    """What the browser page asks, with the account's credentials instead of the page's token."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox = sandbox
        self._auth = (sandbox.account_sid, sandbox.auth_token)

    def get(self, path: str, **query: Any) -> Any:
        answer = requests.get(f"{self._sandbox.url}/page/{path}", params=query, auth=self._auth, timeout=40)
        return answer.json()

    def post(self, path: str, **values: Any) -> Any:
        answer = requests.post(f"{self._sandbox.url}/page/{path}", json=values, auth=self._auth, timeout=40)
        return answer.json()


@pytest.fixture
def handset_page(sandbox: RunningSandbox) -> Iterator[Page]:
    """The page, with one handset that has one delivered text."""
    sid = sandbox.sdk().messages.create(to=TO, from_=SENDER, body="안전하십니까?").sid
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "delivered")
    yield Page(sandbox)


def test_an_answer_reaches_the_services_webhook_signed(
    sandbox: RunningSandbox, handset_page: Page, receiver: Receiver
) -> None:
    sandbox.control.behave(inbound_url=receiver.url + "/webhooks/twilio/sms/inbound")
    outcome = handset_page.post(f"handsets/{TO}/reply", body="안전합니다 & 무사")
    assert outcome["reached"] is True
    (received,) = receiver.received
    assert received.path == "/webhooks/twilio/sms/inbound"
    assert (received.fields["From"], received.fields["To"]) == (TO, SENDER)
    assert (received.fields["Body"], received.fields["NumSegments"]) == ("안전합니다 & 무사", "1")
    assert received.fields["MessageSid"] == outcome["sid"]
    validator = RequestValidator(sandbox.auth_token)
    assert validator.validate(receiver.url + received.path, received.fields, received.signature)


def test_an_answer_is_listed_by_its_sender_like_twilio_does(sandbox: RunningSandbox, handset_page: Page) -> None:
    handset_page.post(f"handsets/{TO}/reply", body="네")
    (listed,) = sandbox.sdk().messages.list(from_=TO)
    assert (listed.direction, listed.status, listed.body) == ("inbound", "received", "네")
    assert len(list(sandbox.control.messages())) == 1, "the judge's record holds only what the service sent"
    assert len(list(sandbox.control.messages(direction="inbound"))) == 1


def test_a_failed_answer_says_plainly_why(sandbox: RunningSandbox, handset_page: Page, receiver: Receiver) -> None:
    assert handset_page.post(f"handsets/{TO}/reply", body="x")["reason"] == "no_url"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        sandbox.control.behave(inbound_url=f"http://127.0.0.1:{unused.getsockname()[1]}/hook")
        assert handset_page.post(f"handsets/{TO}/reply", body="x")["reason"] == "no_answer"
    receiver.status = 403
    sandbox.control.behave(inbound_url=receiver.url + "/hook")
    refused = handset_page.post(f"handsets/{TO}/reply", body="x")
    assert (refused["reached"], refused["reason"], refused["detail"]) == (False, "status", "403")


def test_a_twiml_answer_arrives_on_the_handset(sandbox: RunningSandbox, handset_page: Page, receiver: Receiver) -> None:
    receiver.answer = '<?xml version="1.0"?><Response><Message>확인했습니다</Message></Response>'.encode()
    sandbox.control.behave(inbound_url=receiver.url + "/hook")
    handset_page.post(f"handsets/{TO}/reply", body="안전")
    texts = handset_page.get(f"handsets/{TO}")["conversation"]
    assert [(each["mine"], each["body"]) for each in texts[1:]] == [(True, "안전"), (False, "확인했습니다")]


@pytest.mark.parametrize(
    ("twiml", "texts"),
    [
        (b"<Response/>", []),
        (b"<Response><Message><Body>a</Body></Message><Message>b</Message></Response>", ["a", "b"]),
        (b"<Response><Message> </Message></Response>", []),
        (b"<html><body>oops</body></html>", []),
        (b"not xml", []),
        (b"", []),
        (b'<!DOCTYPE r [<!ENTITY a "boom">]><Response><Message>&a;</Message></Response>', []),
    ],
)
def test_only_plain_twiml_makes_texts(twiml: bytes, texts: list[str]) -> None:
    assert parse_replies(twiml) == texts


def test_stop_opts_out_start_opts_in_and_the_service_hears_of_both(
    sandbox: RunningSandbox, handset_page: Page, receiver: Receiver
) -> None:
    sandbox.control.behave(inbound_url=receiver.url + "/hook")
    handset_page.post(f"handsets/{TO}/reply", body=" Stop ")
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x")
    assert caught.value.code == 21610
    handset_page.post(f"handsets/{TO}/reply", body="START")
    assert sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x").status == "queued"
    assert [each.fields["OptOutType"] for each in receiver.received] == ["STOP", "START"]


def test_texts_wait_for_a_handset_that_is_off_and_arrive_when_it_is_on(
    sandbox: RunningSandbox, handset_page: Page
) -> None:
    handset_page.post(f"handsets/{TO}/state", off=True)
    sid = sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x").sid
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "sent")
    assert "switched off" in handset_page.post(f"handsets/{TO}/reply", body="x")["error"]
    handset_page.post(f"handsets/{TO}/state", off=False)
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "delivered")


def test_a_handset_off_for_too_long_is_unreachable(sandbox: RunningSandbox, handset_page: Page) -> None:
    sandbox.control.behave(off_wait_ms=100)
    handset_page.post(f"handsets/{TO}/state", off=True)
    sid = sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x").sid
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "undelivered")
    assert sandbox.sdk().messages(sid).fetch().error_code == 30003


def test_badges_count_until_the_conversation_is_read(handset_page: Page) -> None:
    assert handset_page.get("handsets")["handsets"][0]["unread"] == 1
    handset_page.get(f"handsets/{TO}", read=1)
    assert handset_page.get("handsets")["handsets"][0]["unread"] == 0


def test_conversation_shows_parts_encoding_and_state(handset_page: Page) -> None:
    (text,) = handset_page.get(f"handsets/{TO}")["conversation"]
    assert (text["encoding"], text["segments"], text["status"]) == ("UCS-2", 1, "delivered")
    assert handset_page.get(f"handsets/{TO}")["country"] == "KR"


def test_the_latest_to_get_a_text_comes_first_and_is_on_the_wall(sandbox: RunningSandbox, handset_page: Page) -> None:
    sandbox.control.add_handsets([{"number": "+81312345678", "name": "Sofia Lee", "place": "오사카", "country": "US"}])
    assert handset_page.get("handsets", limit=1)["handsets"][0]["number"] == TO
    sandbox.sdk().messages.create(to="+81312345678", from_=SENDER, body="x")
    assert handset_page.get("handsets", limit=1)["handsets"][0]["name"] == "Sofia Lee"
    assert handset_page.get("wall", count=1)["handsets"][0]["conversation"][0]["body"] == "x"


def test_search_finds_by_name_place_and_any_spelling_of_a_number() -> None:
    handsets = Handsets(100_000)
    handsets.name_all(
        [
            {"number": f"+8210{n:08d}", "name": f"여행자{n}", "place": "오사카" if n % 2 else "Paris"}
            for n in range(20_000)
        ]
    )
    assert [each.number for each in handsets.search("여행자777 ", 0, 5)[0]][:1] == ["+821000000777"]
    assert handsets.search("+82 10-0000-0042", 0, 5)[0][0].name == "여행자42"
    assert all(each.place == "Paris" for each in handsets.search("paris", 0, 50)[0])
    assert handsets.search("nobody", 0, 5) == ([], False)


def test_paging_reaches_every_handset_once() -> None:
    handsets = Handsets(1000)
    handsets.name_all([{"number": f"+8210{n:08d}"} for n in range(95)])
    pages = [handsets.search("", offset, 40) for offset in (0, 40, 80)]
    assert [more for _, more in pages] == [True, True, False]
    assert len({each.number for found, _ in pages for each in found}) == 95


@pytest.mark.parametrize(
    "entries",
    [
        [{"number": "010"}],
        [{"name": "nobody"}],
        [{"number": TO, "name": "x" * 81}],
        [{"number": TO, "country": "KOR"}],
        ["+821012345678"],
    ],
)
def test_senseless_owners_are_refused_and_change_nothing(entries: list[dict[str, object]]) -> None:
    handsets = Handsets(10)
    with pytest.raises(ValueError, match="handset"):
        handsets.name_all([{"number": "+821099999999"}, *entries])
    assert len(handsets) == 0


def test_no_more_handsets_than_the_limit() -> None:
    handsets = Handsets(2)
    with pytest.raises(ValueError, match="at most 2"):
        handsets.name_all([{"number": f"+8210{n:08d}"} for n in range(3)])


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (f"handsets/{TO}/state", {"colour": True}),
        (f"handsets/{TO}/state", {"off": "yes"}),
        (f"handsets/{TO}/reply", {"body": ""}),
        (f"handsets/{TO}/reply", {"body": "x" * 1601}),
        (f"handsets/{TO}/reply", {"body": 7}),
        (f"handsets/{TO}/reply", {"body": "\ud800"}),
        ("handsets/+821011112222/reply", {"body": "x"}),
        ("handsets/nobody/reply", {"body": "x"}),
    ],
)
def test_senseless_requests_of_the_page_are_refused(handset_page: Page, path: str, values: dict[str, object]) -> None:
    assert "error" in handset_page.post(path, **values)


def test_the_owners_file_may_hold_twenty_thousand(sandbox: RunningSandbox) -> None:
    entries = [{"number": f"+8170{n:08d}", "name": "여행자", "place": "오사카"} for n in range(2_000)]
    assert len(json.dumps(entries)) > 64 * 1024, "more than one request may hold"
    sandbox.control.add_handsets(entries)
    assert sandbox.control.counters()["handsets"] >= 2_000
