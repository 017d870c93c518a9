"""The judge's record and the limits: what a chaos run asks when it is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from hotline.sandbox.client import SandboxClient, SandboxError
from hotline.sandbox.ledger import Ledger, new_sid
from hotline.sandbox.messages import TRANSITIONS, Message
from hotline.sandbox.server import build_app
from hotline.sandbox.settings import SandboxSettings
from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until

TO = "+821012345678"


def make_message(*, seq: int, status: str = "queued") -> Message:
    return Message(
        seq=seq,
        sid=new_sid(),
        direction="outbound-api",
        sender=SENDER,
        to=TO,
        body="x",
        status=status,
        segments=1,
        created=float(seq),
        updated=float(seq),
    )


@pytest.fixture
def small() -> Iterator[RunningSandbox]:
    """A carrier that keeps a hundred texts."""
    running = RunningSandbox(None, "--max-messages", "100", "--sent-ms", "0", "--delivered-ms", "0")
    yield running
    running.stop()


def create(sandbox: RunningSandbox, to: str, body: str) -> str:
    return str(sandbox.sdk().messages.create(to=to, from_=SENDER, body=body).sid)


def test_record_lists_accepted_texts_oldest_first_by_number_and_time(sandbox: RunningSandbox) -> None:
    sids = [create(sandbox, TO, "a"), create(sandbox, "+81312345678", "b"), create(sandbox, TO, "c")]
    records = list(sandbox.control.messages())
    assert [each["sid"] for each in records] == sids
    assert [each["body"] for each in sandbox.control.messages(TO)] == ["a", "c"]
    assert [each["sid"] for each in sandbox.control.messages(since=records[2]["created"])] == sids[2:]
    assert [each["sid"] for each in sandbox.control.messages(after=records[0]["seq"])] == sids[1:]


def test_record_pages_join_without_a_gap(sandbox: RunningSandbox) -> None:
    sids = [create(sandbox, TO, str(n)) for n in range(5)]
    auth, found, after = (sandbox.account_sid, sandbox.auth_token), [], 0
    for _ in range(3):
        query = {"limit": 2, "after": after}
        page = requests.get(f"{sandbox.url}/control/messages", params=query, auth=auth, timeout=5).json()
        found += [each["sid"] for each in page["messages"]]
        after = page["next_after"]
    assert (found, after) == (sids, None)


def test_summary_counts_per_number_and_names_duplicates(sandbox: RunningSandbox) -> None:
    first, second = create(sandbox, TO, "same"), create(sandbox, TO, "same")
    create(sandbox, TO, "other")
    create(sandbox, "+81312345678", "same")
    summary = sandbox.control.summary([TO, "+81312345678", "+15550001111"])
    assert summary["per_number"] == {TO: 3, "+81312345678": 1, "+15550001111": 0}
    assert summary["duplicates"] == [{"to": TO, "body": "same", "count": 2, "sids": [first, second]}]
    assert (summary["surplus"], summary["numbers_with_texts"], summary["accepted"]) == (1, 2, 4)


def test_refusals_are_counted_by_code(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("http_429", times=3)
    for _ in range(3):
        requests.post(
            sandbox.messages_url,
            data={"To": TO, "From": SENDER, "Body": "x"},
            auth=(sandbox.account_sid, sandbox.auth_token),
            timeout=5,
        )
    assert sandbox.control.counters()["refused"] == {"20429": 3}


@pytest.mark.parametrize(
    "path", ["messages?limit=0", "messages?limit=5001", "messages?since=x", "messages?direction=up"]
)
def test_senseless_questions_to_the_record_are_refused(sandbox: RunningSandbox, path: str) -> None:
    auth = (sandbox.account_sid, sandbox.auth_token)
    assert requests.get(f"{sandbox.url}/control/{path}", auth=auth, timeout=5).status_code == 400


@pytest.mark.parametrize("values", [{"sent_ms": -1}, {"sent_ms": "x"}, {"speed": 1}, {"inbound_url": "ftp://x"}])
def test_senseless_behaviour_is_refused(sandbox: RunningSandbox, values: dict[str, object]) -> None:
    with pytest.raises(SandboxError):
        sandbox.control.behave(**values)


def test_wrong_credentials_reach_nothing_under_control(sandbox: RunningSandbox) -> None:
    stranger = SandboxClient(sandbox.url, sandbox.account_sid, "wrong")
    with pytest.raises(SandboxError, match="401"):
        stranger.reset()


def test_every_route_but_the_page_and_its_files_wants_credentials(sandbox: RunningSandbox) -> None:
    app = build_app(SandboxSettings())
    open_paths = {"/", "/static/{name}"}
    checked = 0
    for route in app.router.routes():
        assert route.resource is not None
        template = route.resource.canonical
        if template in open_paths or route.method == "HEAD":
            continue
        path = template
        for name, value in (
            ("{account}", sandbox.account_sid),
            ("{sid}", "SM0"),
            ("{number}", TO),
            ("{id}", "1"),
            ("{conference}", "CF0"),
            ("{party}", "CA0"),
            ("{call}", "CA0"),
            ("{name}", "0" * 32),
        ):
            path = path.replace(name, value)
        answer = requests.request(route.method, sandbox.url + path, timeout=5)
        assert answer.status_code == 401, f"{route.method} {template}"
        checked += 1
    assert checked >= 20


def test_oldest_finished_texts_make_room(small: RunningSandbox) -> None:
    sids = []
    for n in range(130):
        sids.append(create(small, TO, str(n)))
    assert [each["sid"] for each in small.control.messages()] == sids[30:]


def test_a_carrier_full_of_unfinished_texts_answers_queue_full(small: RunningSandbox) -> None:
    small.control.behave(sent_ms=600_000)
    for n in range(100):
        create(small, TO, str(n))
    answer = requests.post(
        small.messages_url,
        data={"To": TO, "From": SENDER, "Body": "one more"},
        auth=(small.account_sid, small.auth_token),
        timeout=5,
    )
    assert (answer.status_code, answer.json()["code"]) == (429, 21611)


def test_ledger_walks_both_ways_and_forgets_from_the_front() -> None:
    ledger = Ledger(3)
    messages = [make_message(seq=seq, status="delivered") for seq in range(10, 14)]
    assert [ledger.add(each) for each in messages] == [None, None, None, messages[0]]
    assert [each.seq for each in ledger.after(11)] == [12, 13]
    assert [each.seq for each in ledger.before(None)] == [13, 12, 11]
    assert [each.seq for each in ledger.before(13)] == [12, 11]
    assert ledger.get(messages[0].sid) is None
    assert ledger.next_seq == 14


def test_ledger_never_gives_a_number_twice() -> None:
    ledger = Ledger(10)
    ledger.skip_to(5)
    ledger.add(make_message(seq=ledger.next_seq))
    ledger.clear()
    assert ledger.next_seq == 6


@pytest.mark.parametrize("status", [status for status, following in TRANSITIONS.items() if not following])
def test_no_final_status_is_ever_left(status: str) -> None:
    message = make_message(seq=1, status=status)
    for other in TRANSITIONS:
        with pytest.raises(ValueError, match="cannot become"):
            message.move(other, 2.0)


def test_reset_forgets_texts_faults_and_counts(sandbox: RunningSandbox) -> None:
    sandbox.control.set_fault("callback_lost")
    create(sandbox, TO, "x")
    sandbox.control.reset()
    assert list(sandbox.control.messages()) == []
    assert sandbox.control.faults() == []
    assert sandbox.control.counters()["accepted"] == 0


def test_a_text_that_was_on_its_way_at_a_reset_stays_forgotten(sandbox: RunningSandbox) -> None:
    create(sandbox, TO, "x")
    sandbox.control.reset()
    sid = create(sandbox, TO, "y")
    wait_until(lambda: sandbox.sdk().messages(sid).fetch().status == "delivered")
    assert sandbox.control.counters()["by_status"] == {"delivered": 1}
