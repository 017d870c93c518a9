"""Status callbacks: in Twilio's form, with a signature that Twilio's own validator accepts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from hotline.sandbox.callbacks import sign
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO = "+821012345678"
PATH = "/webhooks/twilio/sms/status?message=17&lang=%ED%95%9C"


def create(sandbox: RunningSandbox, receiver: Receiver, to: str = TO, path: str = PATH) -> str:
    return str(sandbox.sdk().messages.create(to=to, from_=SENDER, body="x", status_callback=receiver.url + path).sid)


def statuses(receiver: Receiver) -> list[str]:
    return [each.fields["MessageStatus"] for each in list(receiver.received)]


def test_sent_and_delivered_are_reported_with_twilios_fields(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sid = create(sandbox, receiver)
    wait_until(lambda: len(receiver.received) == 2)
    assert statuses(receiver) == ["sent", "delivered"]
    fields = receiver.received[1].fields
    assert (fields["MessageSid"], fields["SmsSid"], fields["SmsStatus"]) == (sid, sid, "delivered")
    assert (fields["To"], fields["From"], fields["AccountSid"]) == (TO, SENDER, sandbox.account_sid)
    assert fields["ApiVersion"] == "2010-04-01"
    assert "ErrorCode" not in fields


def test_signature_covers_the_exact_address_with_its_query(sandbox: RunningSandbox, receiver: Receiver) -> None:
    create(sandbox, receiver)
    wait_until(lambda: len(receiver.received) == 2)
    validator = RequestValidator(sandbox.auth_token)
    for each in receiver.received:
        assert each.path == PATH
        assert validator.validate(receiver.url + each.path, each.fields, each.signature)
        assert not validator.validate(receiver.url + each.path + "0", each.fields, each.signature)


def test_own_signature_equals_the_sdks() -> None:
    url, fields = "https://hotline.example/hook?a=1&b=%20", {"To": TO, "Body": "여진 ~*", "From": SENDER, "Empty": ""}
    assert sign("12345", url, fields) == RequestValidator("12345").compute_signature(url, fields)


@pytest.mark.parametrize(
    ("to", "final", "code"), [("+15005530003", "undelivered", "30003"), ("+15005530001", "failed", "30001")]
)
def test_failures_carry_their_code(sandbox: RunningSandbox, receiver: Receiver, to: str, final: str, code: str) -> None:
    create(sandbox, receiver, to)
    wait_until(lambda: receiver.of(MessageStatus=final))
    assert receiver.of(MessageStatus=final)[0].fields["ErrorCode"] == code
    assert not receiver.of(MessageStatus="delivered")


def test_a_callback_that_meets_no_connection_is_tried_again_and_then_given_up(sandbox: RunningSandbox) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/hook"
        before = sandbox.control.counters()["callbacks"]
        sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x", status_callback=url)
        wait_until(lambda: sandbox.control.counters()["callbacks"]["given_up"] == before["given_up"] + 2, 20)
    after = sandbox.control.counters()["callbacks"]
    assert after["retried"] == before["retried"] + 6
    assert url.removesuffix("/hook") in after["last_problem"]


def test_an_error_of_the_service_is_counted_and_not_repeated(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.status = 500
    before = sandbox.control.counters()["callbacks"]["errors"]
    create(sandbox, receiver)
    wait_until(lambda: sandbox.control.counters()["callbacks"]["errors"] == before + 2)
    assert len(receiver.received) == 2


def test_creates_are_answered_while_every_callback_hangs(sandbox: RunningSandbox) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
        client = sandbox.sdk()
        for _ in range(200):
            client.messages.create(to=TO, from_=SENDER, body="x", status_callback=url)
        assert sandbox.control.counters()["accepted"] == 200
        assert sandbox.control.counters()["callbacks"]["outstanding"] > 100
    sandbox.control.reset()


def test_stopping_in_the_middle_of_callbacks_is_clean(tmp_path: Path, receiver: Receiver) -> None:
    running = RunningSandbox(tmp_path, "--sent-ms", "0", "--delivered-ms", "5")
    client = running.sdk()
    for _ in range(60):
        client.messages.create(to=TO, from_=SENDER, body="x", status_callback=receiver.url + "/hook")
    assert running.stop() == 0
    assert running.process.poll() == 0
