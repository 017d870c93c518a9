"""What the carrier has accepted survives its sudden death, and life goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.sandbox.journal import Journal
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO = "+821012345678"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A carrier of its own, which the test may kill."""
    running = RunningSandbox(tmp_path, "--sent-ms", "5", "--delivered-ms", "20")
    yield running
    running.stop()


def test_every_answered_text_is_there_after_sigkill(mortal: RunningSandbox) -> None:
    client = mortal.sdk()
    sids = [client.messages.create(to=f"+8210{n:08d}", from_=SENDER, body="지진").sid for n in range(200)]
    mortal.kill()
    mortal.start()
    assert [each["sid"] for each in mortal.control.messages()] == sids
    wait_until(lambda: mortal.control.counters()["by_status"] == {"delivered": 200})


def test_a_text_on_its_way_is_delivered_and_reported_after_the_restart(
    mortal: RunningSandbox, receiver: Receiver
) -> None:
    mortal.control.behave(sent_ms=60_000)
    mortal.sdk().messages.create(to=TO, from_=SENDER, body="x", status_callback=receiver.url + "/hook")
    mortal.kill()
    mortal.start()
    wait_until(lambda: receiver.of(MessageStatus="delivered"))


def test_final_statuses_handsets_and_counting_survive(mortal: RunningSandbox) -> None:
    client = mortal.sdk()
    failed = client.messages.create(to="+15005530005", from_=SENDER, body="x").sid
    done = client.messages.create(to=TO, from_=SENDER, body="x").sid
    wait_until(lambda: client.messages(failed).fetch().status == "undelivered")
    wait_until(lambda: client.messages(done).fetch().status == "delivered")
    client.messages(done).delete()
    last_seq = max(each["seq"] for each in mortal.control.messages()) + 1
    mortal.stop()
    for _ in range(2):
        mortal.start()
        (record,) = mortal.control.messages()
        assert (record["sid"], record["status"], record["error_code"]) == (failed, "undelivered", 30005)
        mortal.kill()
    mortal.start()
    mortal.sdk().messages.create(to=TO, from_=SENDER, body="y")
    assert max(each["seq"] for each in mortal.control.messages()) > last_seq


def test_a_torn_last_line_is_skipped(mortal: RunningSandbox, tmp_path: Path) -> None:
    sid = mortal.sdk().messages.create(to=TO, from_=SENDER, body="x").sid
    mortal.kill()
    with (tmp_path / "sandbox" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"m":[9,"SMtorn')
    mortal.start()
    assert [each["sid"] for each in mortal.control.messages()] == [sid]


def test_the_journal_is_compacted_on_start(mortal: RunningSandbox, tmp_path: Path) -> None:
    client = mortal.sdk()
    for _ in range(20):
        client.messages.create(to=TO, from_=SENDER, body="x")
    wait_until(lambda: mortal.control.counters()["by_status"] == {"delivered": 20})
    mortal.stop()
    path = tmp_path / "sandbox" / "journal.jsonl"
    lines = len(path.read_bytes().splitlines())
    mortal.start()
    assert lines == 61, "one opening line, and three for each text"
    assert len(path.read_bytes().splitlines()) == 22, "one opening line, one for each text, one for the handset"


def test_reset_leaves_nothing_to_come_back(mortal: RunningSandbox) -> None:
    mortal.sdk().messages.create(to=TO, from_=SENDER, body="x")
    mortal.control.reset()
    mortal.kill()
    mortal.start()
    assert list(mortal.control.messages()) == []


OWNERS = '[{"number": "+821012345678", "name": "김민준", "country": "KR", "language": "ko", "place": "오사카"}]'


def test_handsets_are_named_from_the_file_in_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "handsets.json").write_text(OWNERS, "utf-8")
    running = RunningSandbox(tmp_path)
    try:
        assert running.control.counters()["handsets"] == 1
    finally:
        running.stop()


def test_a_file_of_owners_that_appears_later_is_taken_over_and_a_wrong_one_is_survived(
    mortal: RunningSandbox, tmp_path: Path
) -> None:
    path = tmp_path / "sandbox" / "handsets.json"
    path.write_text("[{", "utf-8")
    mortal.control.counters()
    path.write_text(OWNERS, "utf-8")
    wait_until(lambda: mortal.control.counters()["handsets"] == 1)


def test_an_entry_that_could_not_be_written_can_be_taken_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.note({"next": 1})
    journal.note({"next": 2})
    journal.drop_last()
    journal.close()
    assert (tmp_path / "journal.jsonl").read_text() == '{"next":1}\n'
