"""Whatever a partner sends through an open door, signed or not: it is taken in or refused by name, and never a failure.

Fuzzing by hypothesis, bounded: a few dozen calls in every run, thousands in the night. The CAP reader has its own
(tests/alerts/cap/test_fuzzing.py), and so have the feeds (tests/alerts/feeds/test_reading.py).
"""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hotline.core.services import Services
from hotline.core.web import MAX_BODY_BYTES, PROBLEM_TYPE
from overflow.forwarding import reading
from tests.alerts.test_webhooks import call as call_signed
from tests.hostile.conftest import Call
from tests.overflow.forwarding.conftest import CALLER, NUMBER, Exchange, exchange  # noqa: F401
from tests.roaming.conftest import Calling, carrier  # noqa: F401  # a fixture is taken by its name

TWILIO = {
    "/webhooks/twilio/sms/status": ("message", "attempt"),
    "/webhooks/twilio/sms/inbound": (),
    "/webhooks/twilio/notices/status": ("notice",),
    "/webhooks/twilio/silent/status": ("outreach", "attempt"),
    "/webhooks/twilio/voice/outreach/status": ("outreach", "attempt"),
    "/webhooks/twilio/voice/line-test": ("test", "attempt"),
    "/webhooks/twilio/voice/line-test/status": ("test", "attempt"),
    "/webhooks/twilio/voice/callout/status": ("call",),
    "/webhooks/twilio/voice/callout/say": ("call", "misses", "again"),
    "/webhooks/twilio/voice/callout/key": ("call", "misses", "again"),
    "/webhooks/twilio/voice/outreach/say": ("outreach", "attempt", "misses", "again"),
    "/webhooks/twilio/voice/outreach/key": ("outreach", "attempt", "misses", "again"),
}
"""The provider's webhooks, with what their addresses carry."""
CALLS = {
    "inbound": (), "menu": ("call", "turn", "node", "misses"), "wait": ("call", "turn", "round"),
    "now": ("call", "order", "say"), "out": ("call", "turn"), "dialled": ("call", "turn"), "recorded": ("call", "turn"),
    "forward-screen": ("call",), "forward-key": ("call",), "agent": ("leg",), "agent-key": ("leg", "call", "turn"),
    "starred": ("leg", "call", "turn", "asked"), "star-key": ("leg", "call", "turn"),
    "left": ("leg",), "person": ("leg",), "party": ("leg",), "party-key": ("leg", "call"), "hold": ("call",),
    "aside": ("call", "say"), "fallback": (), "fallback-ended": (), "status": ("leg",), "conference": ("call",),
    "recording": ("call", "kind"),
}  # fmt: skip
REPORTS = ("status", "conference", "recording")
TWILIO |= {f"/webhooks/twilio/voice/{page}": carried for page, carried in CALLS.items()}
SPOKEN = (
    "/webhooks/twilio/voice/outreach/say", "/webhooks/twilio/voice/outreach/key",
    "/webhooks/twilio/voice/callout/say", "/webhooks/twilio/voice/callout/key",
    *(f"/webhooks/twilio/voice/{page}" for page in CALLS if page not in REPORTS),
)  # fmt: skip
FORM = {
    "MessageSid": "SM" + "0" * 32, "CallSid": "CA" + "0" * 32, "MessageStatus": "delivered", "CallStatus": "completed",
    "To": "+821012345678", "From": "+15005550006", "Body": "1", "Digits": "1", "ErrorCode": "30003",
    "SequenceNumber": "3", "ConferenceSid": "CF" + "0" * 32, "StatusCallbackEvent": "participant-join",
    "RecordingSid": "RE" + "0" * 32, "RecordingStatus": "completed", "RecordingDuration": "7", "DialCallStatus": "completed",
    "ForwardedFrom": "+6328118765",
}  # fmt: skip
EXAMPLES, BY_NIGHT = 25, 2_000

any_text = st.text(st.characters(codec="utf-8"), max_size=60)
odd_text = any_text | st.sampled_from(
    [
        "",
        "\x00",
        "0",
        "-1",
        "1",
        "9" * 30,
        "²",
        "١",
        "1e3",
        "+",
        "+" + "9" * 40,
        "'; --",
        "{{7*7}}",
        "<!DOCTYPE a>",
        "￿",
        "💥" * 900,
    ]
)
forms = st.fixed_dictionaries({}, optional={name: st.just(value) | odd_text for name, value in FORM.items()}).flatmap(
    lambda form: st.just(form) | st.just(FORM | form)
)
numbers = st.sampled_from(["1", "2", "7", "main", "left"]) | odd_text


def bounded(examples: int) -> Any:
    """Return hypothesis' settings for calls that share one database."""
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


def hold(answer: TestResponse) -> None:
    """Hold an answer to what every answer is: taken in, or refused with a problem document that says why."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.content_type == PROBLEM_TYPE
        assert answer.get_json()["detail"]


def fuzz_provider(client: FlaskClient, services: Services, path: str, examples: int) -> None:
    """Call a webhook as the provider would, with anything in its form and address; the call and the leg 1 are there."""
    call_signed(client, services, "/webhooks/twilio/voice/inbound", FORM | {"CallSid": "CA" + "1" * 32})

    @bounded(examples)
    @given(form=forms, address=st.tuples(*(numbers for _ in TWILIO[path])))
    def send(form: dict[str, str], address: tuple[str, ...]) -> None:
        query = urlencode(dict(zip(TWILIO[path], address, strict=True)))
        answer = call_signed(client, services, f"{path}?{query}" if query else path, form)
        hold(answer)
        if path in SPOKEN:
            assert (answer.status_code, answer.mimetype) == (200, "text/xml"), "a caller never hears an error page"

    send()


def fuzz_carrier(caller: Calling, examples: int) -> None:
    """Call as a carrier with a valid signature over anything."""
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | odd_text
    event = st.dictionaries(st.sampled_from(["msisdn", "plmn", "time", "mcc", "mnc", "at", "x"]), leaf, max_size=5)
    real = caller.event("+821012345678", "JP")
    bodies = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4)
    )
    bodies = bodies | st.fixed_dictionaries({"events": st.lists(event | st.just(real) | leaf, max_size=6)})

    @bounded(examples)
    @given(body=bodies.map(lambda each: json.dumps(each).encode()) | st.binary(max_size=200))
    def send(body: bytes) -> None:
        answer = caller.call(body)
        hold(answer)
        assert answer.status_code in (202, 422)

    send()


def fuzz_exchange(sender: Exchange, examples: int) -> None:
    """Announce calls with a valid signature over anything: each gets a decision; only too many bytes are refused."""
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | odd_text
    real = {
        "version": 1,
        "caller": CALLER,
        "called": NUMBER,
        "reason": "busy",
        "language": "ko",
        "reference": "1",
        "time": "x",
    }
    fields = st.dictionaries(st.sampled_from(sorted(real)) | any_text, leaf | st.lists(leaf, max_size=2), max_size=7)

    @bounded(examples)
    @given(
        body=fields.map(lambda each: json.dumps(real | each).encode()) | st.binary(max_size=200),
        name=st.sampled_from(["", "one", "a b", "x" * 101, "\u00e9", "same"]),
    )
    def send(body: bytes, name: str) -> None:
        answer = sender.announce(body, name=name)
        if len(body) > reading.MAX_BODY_BYTES:
            assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")
            return
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["decision"] == "take"
        assert answer.get_json()["destination"]["number"]

    send()


def fuzz_import(call: Call, examples: int) -> None:
    """Import lists of anything; every row is counted as taken or refused."""
    cells = (
        st.sampled_from(["Kim", "+821012345678", "PH", "14.5", "2026-11-20", "2026-11-25", "exact", "Manila", ""])
        | odd_text
    )
    columns = [
        "name",
        "phone",
        "lat",
        "lon",
        "country",
        "place",
        "from_date",
        "to_date",
        "valid_until",
        "drill",
        "reference",
    ]
    tables = st.lists(st.lists(cells, min_size=2, max_size=11), max_size=5).map(
        lambda rows: "\n".join([",".join(columns), *(",".join(row) for row in rows)]).encode()
    )
    objects = st.dictionaries(
        st.sampled_from(columns) | any_text, st.none() | st.floats() | st.booleans() | cells, max_size=8
    )
    lines = st.lists(objects, max_size=5).map(lambda rows: "\n".join(json.dumps(row) for row in rows).encode())

    @bounded(examples)
    @given(
        body=tables | lines | st.binary(max_size=300),
        kind=st.sampled_from(["text/csv", "application/x-ndjson"]),
        region=st.sampled_from(["", "?region=KR", "?region=%00", "?region=zz"]),
    )
    def send(body: bytes, kind: str, region: str) -> None:
        answer = call("POST", f"/api/v1/travellers/import{region}", body, content_type=kind)
        hold(answer)
        if answer.status_code == 200:
            report = answer.get_json()
            assert len(report["refused"]) == min(report["refused_count"], 1_000)
            assert all(fault["mend"] and fault["field"] for fault in report["refused"])

    send()


@pytest.mark.parametrize("path", TWILIO)
def test_whatever_the_provider_sends_is_taken_in_or_refused_by_name(
    client: FlaskClient, services: Services, path: str
) -> None:
    fuzz_provider(client, services, path, EXAMPLES)


def test_whatever_a_carrier_sends_is_taken_in_or_refused_by_name(carrier: Calling) -> None:  # noqa: F811
    fuzz_carrier(carrier, EXAMPLES)


def test_whatever_an_exchange_announces_gets_a_decision(exchange: Exchange) -> None:  # noqa: F811
    fuzz_exchange(exchange, EXAMPLES)


def test_whatever_a_list_holds_is_taken_over_or_refused_by_name(call: Call) -> None:
    fuzz_import(call, EXAMPLES)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", TWILIO)
def test_whatever_the_provider_sends_through_the_night(client: FlaskClient, services: Services, path: str) -> None:
    fuzz_provider(client, services, path, BY_NIGHT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_whatever_a_carrier_sends_through_the_night(carrier: Calling) -> None:  # noqa: F811
    fuzz_carrier(carrier, BY_NIGHT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_whatever_an_exchange_announces_through_the_night(exchange: Exchange) -> None:  # noqa: F811
    fuzz_exchange(exchange, BY_NIGHT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_whatever_a_list_holds_through_the_night(call: Call) -> None:
    fuzz_import(call, BY_NIGHT)


def test_nothing_unsigned_comes_through_any_webhook(client: FlaskClient, app: Any) -> None:
    webhooks = {str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/webhooks/")}
    # Recordings of the menu are only read, by a key that nobody can guess (tests/calls/test_sounds.py).
    others = {"/webhooks/roaming/<carrier>", "/webhooks/overflow/<mission>", "/webhooks/twilio/voice/sound/<key>"}
    assert webhooks == {*TWILIO} | others, "a new webhook is fuzzed here, too"

    @bounded(EXAMPLES)
    @given(
        path=st.sampled_from(
            [
                *TWILIO,
                "/webhooks/roaming/one",
                "/webhooks/roaming/%00",
                "/webhooks/roaming/" + "x" * 300,
                "/webhooks/overflow/one",
                "/webhooks/overflow/%00",
            ]
        ),
        body=st.binary(max_size=200),
        kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "multipart/form-data", ""]),
        signature=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40),
        query=odd_text,
    )
    def send(path: str, body: bytes, kind: str, signature: str, query: str) -> None:
        headers = {"X-Twilio-Signature": signature, "X-Hotline-Signature": signature, "X-Hotline-Timestamp": signature}
        answer = client.post(f"{path}?message={quote(query)}", data=body, content_type=kind, headers=headers)
        assert answer.status_code in (403, 404), answer.status_code
        hold(answer)

    send()


BOMB = gzip.compress(b"0" * 64 * 1024 * 1024)
LAUGHS = b"<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><alert>&b;</alert>"
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>'


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_a_packed_body_is_refused_and_never_unpacked(call: Call, encoding: str) -> None:
    for path, kind in (
        ("/api/v1/alerts", "application/cap+xml"),
        ("/api/v1/alerts", "application/json"),
        ("/api/v1/travellers/import", "text/csv"),
        ("/api/v1/travellers/import", "application/x-ndjson"),
        ("/alerts/upload", "multipart/form-data; boundary=x"),
    ):
        answer = call("POST", path, BOMB, content_type=kind, headers={"Content-Encoding": encoding})
        assert answer.status_code == 415, (path, kind)
    assert len(BOMB) < MAX_BODY_BYTES


@pytest.mark.parametrize(
    "body", [BOMB, b"PK\x03\x04" + b"\x00" * 500, LAUGHS, OUTSIDE], ids=["gzip", "zip", "laughs", "outside"]
)
def test_bombs_without_a_label_are_refused_at_every_door(call: Call, body: bytes) -> None:
    for path, kind in (
        ("/api/v1/alerts", "application/cap+xml"),
        ("/api/v1/travellers/import", "text/csv"),
        ("/api/v1/travellers", "application/json"),
    ):
        answer = call("POST", path, body, content_type=kind)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        assert "root:" not in answer.text


def test_tables_of_office_programs_are_not_taken_for_lists(call: Call) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert call("POST", "/api/v1/travellers/import", b"PK\x03\x04", content_type=kind).status_code == 415
