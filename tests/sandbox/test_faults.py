"""Every fault strikes where it is set, is seen by the client as the real one would be, and replays by its seed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from hotline.sandbox.client import SandboxError
from hotline.sandbox.faults import KINDS, FaultBook
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO, OTHER = "+821012345678", "+81312345678"


def post(sandbox: RunningSandbox, to: str = TO, **extra: str) -> requests.Response:
    form = {"To": to, "From": SENDER, "Body": "x", **extra}
    auth = (sandbox.account_sid, sandbox.auth_token)
    return requests.post(sandbox.messages_url, data=form, auth=auth, timeout=150)


def accepted(sandbox: RunningSandbox, to: str = TO) -> int:
    return len(list(sandbox.control.messages(to)))


@pytest.mark.parametrize(
    ("kind", "status", "code", "kept"),
    [("http_429", 429, 20429, 0), ("http_500_before", 500, 20500, 0), ("http_500_after", 500, 20500, 1)],
)
def test_http_errors_before_and_after_acceptance(
    sandbox: RunningSandbox, kind: str, status: int, code: int, kept: int
) -> None:
    sandbox.control.set_fault(kind, TO)
    answer = post(sandbox)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert accepted(sandbox) == kept
    assert post(sandbox, OTHER).status_code == 201


@pytest.mark.parametrize(("kind", "kept"), [("answer_lost_before", 0), ("answer_lost_after", 1)])
def test_answer_is_lost_with_the_connection(sandbox: RunningSandbox, kind: str, kept: int) -> None:
    sandbox.control.set_fault(kind, TO)
    with pytest.raises(requests.ConnectionError):
        post(sandbox)
    assert accepted(sandbox) == kept


def test_an_answer_can_be_late(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("answer_delay", TO, value=300)
    started = time.monotonic()
    answer = post(sandbox)
    assert time.monotonic() - started >= 0.3
    assert answer.json()["status"] == "queued"


def test_late_answer_does_not_hold_up_the_text_itself(tmp_path: Path, receiver: Receiver) -> None:
    mortal = RunningSandbox(tmp_path, "--sent-ms", "5", "--delivered-ms", "20")
    mortal.control.set_fault("answer_delay", TO, value=120_000)
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            answer = pool.submit(post, mortal, StatusCallback=receiver.url + "/hook")
            wait_until(lambda: receiver.of(MessageStatus="delivered"))
            assert not answer.done(), "the callback comes before the answer, as it can at Twilio"
        finally:
            mortal.kill()  # nobody waits for the rest of the delay
        with pytest.raises(requests.ConnectionError):
            answer.result()


def test_a_fault_with_times_wears_off(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("http_429", TO, times=2)
    assert [post(sandbox).status_code for _ in range(3)] == [429, 429, 201]


@pytest.mark.parametrize("code", [30003, 30004, 30005, 30006, 30007, 30008])
def test_delivery_errors_are_accepted_and_then_undelivered(sandbox: RunningSandbox, code: int) -> None:
    sandbox.control.set_fault("error_code", TO, value=code)
    sid = post(sandbox).json()["sid"]
    client = sandbox.sdk()
    wait_until(lambda: client.messages(sid).fetch().status == "undelivered")
    assert client.messages(sid).fetch().error_code == code


@pytest.mark.parametrize(("code", "status"), [(21610, 400), (21408, 403), (21614, 400), (21211, 400)])
def test_refusing_codes_are_refused_at_the_api(sandbox: RunningSandbox, code: int, status: int) -> None:
    sandbox.control.set_fault("error_code", "+82*", value=code)
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk().messages.create(to=TO, from_=SENDER, body="x")
    assert (caught.value.code, caught.value.status) == (code, status)
    assert post(sandbox, OTHER).status_code == 201, "another country is not touched"


def test_delivery_can_be_late(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("delivery_delay", TO, value=30_000)
    late, early = post(sandbox).json()["sid"], post(sandbox, OTHER).json()["sid"]
    client = sandbox.sdk()
    wait_until(lambda: client.messages(early).fetch().status == "delivered")
    assert client.messages(late).fetch().status == "sent"


def test_callback_lost(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control.set_fault("callback_lost", TO)
    post(sandbox, StatusCallback=receiver.url + "/lost")
    post(sandbox, OTHER, StatusCallback=receiver.url + "/kept")
    wait_until(lambda: receiver.of(To=OTHER, MessageStatus="delivered"))
    wait_until(lambda: sandbox.control.counters()["callbacks"]["withheld"] == 2)
    assert not receiver.of(To=TO)


def test_callback_doubled(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control.set_fault("callback_double", TO)
    post(sandbox, StatusCallback=receiver.url + "/hook")
    wait_until(lambda: len(receiver.received) == 4)
    assert len(receiver.of(MessageStatus="delivered")) == 2


def test_callbacks_out_of_order(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control.set_fault("callback_reorder", TO)
    post(sandbox, StatusCallback=receiver.url + "/hook")
    wait_until(lambda: len(receiver.received) == 2)
    assert [each.fields["MessageStatus"] for each in receiver.received] == ["delivered", "sent"]


def test_callback_late(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control.set_fault("callback_delay", TO, value=400)
    sid = post(sandbox, StatusCallback=receiver.url + "/hook").json()["sid"]
    wait_until(lambda: receiver.of(MessageStatus="delivered"))
    (record,) = sandbox.control.messages(TO)
    assert record["sid"] == sid
    assert receiver.of(MessageStatus="delivered")[0].at - record["updated"] >= 0.39


def test_lists_can_lag_behind(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("list_lag", TO, value=3000)
    post(sandbox)
    client = sandbox.sdk()
    assert client.messages.list(to=TO) == []
    wait_until(lambda: len(client.messages.list(to=TO)) == 1)


def test_a_shared_fault_replays_by_its_seed_in_any_order(sandbox: RunningSandbox) -> None:
    numbers = [f"+8210{n:08d}" for n in range(60)]

    def outcome(order: list[str], seed: int) -> dict[str, int]:
        sandbox.control.reset()
        sandbox.control.set_fault("http_500_before", share=30, seed=seed)
        return {number: post(sandbox, number).status_code for number in order}

    first = outcome(numbers, 7)
    assert outcome(numbers[::-1], 7) == first
    assert outcome(numbers, 8) != first
    assert 5 <= sum(status == 500 for status in first.values()) <= 35


def test_faults_are_listed_and_cleared_singly_by_number_and_all(sandbox: RunningSandbox) -> None:
    control = sandbox.control
    rule = control.set_fault("http_429", TO)
    control.set_fault("callback_lost", TO)
    control.set_fault("http_429")
    assert [each["kind"] for each in control.faults()] == ["http_429", "callback_lost", "http_429"]
    auth = (sandbox.account_sid, sandbox.auth_token)
    assert requests.delete(f"{sandbox.url}/control/faults/{rule['id']}", auth=auth, timeout=5).json() == {"cleared": 1}
    assert control.clear_faults(to=TO) == 1
    assert control.clear_faults() == 1
    assert post(sandbox).status_code == 201


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"kind": "earthquake"}, "kind"),
        ({"kind": "http_429", "to": "0101234"}, "to"),
        ({"kind": "answer_delay"}, "value"),
        ({"kind": "answer_delay", "value": 10**9}, "value"),
        ({"kind": "error_code", "value": 20003}, "value"),
        ({"kind": "http_429", "share": 0}, "share"),
        ({"kind": "http_429", "share": 101}, "share"),
        ({"kind": "http_429", "times": 0}, "times"),
        ({"kind": "http_429", "colour": "red"}, "colour"),
    ],
)
def test_senseless_faults_are_refused_with_the_field_named(rule: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}:"):
        FaultBook().add(rule)


def test_the_control_api_names_the_wrong_field(sandbox: RunningSandbox) -> None:
    with pytest.raises(SandboxError, match="kind: must be one of"):
        sandbox.control.set_fault("earthquake")


def test_the_most_particular_rule_wins_over_prefix_and_all() -> None:
    book = FaultBook()
    for to, value in (("*", 1), ("+82*", 2), (TO, 3)):
        book.add({"kind": "answer_delay", "to": to, "value": value})

    def struck(number: str) -> int:
        rule = book.strike("answer_delay", number, 1)
        assert rule is not None
        return rule.value

    assert (struck(TO), struck("+821099999999"), struck(OTHER)) == (3, 2, 1)


def test_no_rule_means_no_fault_of_any_kind() -> None:
    book = FaultBook()
    assert not book.any
    assert all(book.strike(kind, TO, 1) is None for kind in KINDS)
