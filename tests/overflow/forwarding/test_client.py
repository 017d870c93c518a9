"""The client for exchanges against the real application over a real socket, and what its check says in plain words."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.serving import make_server

from overflow.forwarding import client
from overflow.forwarding.client import Finding
from tests.overflow.forwarding.conftest import CALLER, NUMBER, POOL, Exchange


@pytest.fixture
def sender(app: Any, exchange: Exchange) -> Iterator[client.Exchange]:
    """Serve the application on this machine's own clock, and return an exchange that calls it."""
    exchange.clock.set(datetime.now(UTC))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield client.Exchange(
            f"http://127.0.0.1:{server.server_port}", "beijing", exchange.key.key_id, exchange.key.secret
        )
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def to_mend(findings: list[Finding]) -> dict[str, str]:
    """Return what is not well, with its mend."""
    return {each.what: f"{each.found} {each.mend}" for each in findings if not each.well}


def test_a_call_is_announced_from_the_command_line(
    sender: client.Exchange, exchange: Exchange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_EXCHANGE_SECRET", sender.secret)
    words = ["--url", sender.url, "--mission", "beijing", "--key-id", sender.key_id]
    assert client.main(["announce", *words, "--caller", CALLER, "--called", NUMBER, "--reason", "busy"]) == 0
    # The application logs to the same output from threads of its own.
    (told,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("{")]
    assert json.loads(told)["destination"]["number"] == POOL
    assert (exchange.rows()[0].caller, exchange.rows()[0].reason) == (CALLER, "busy")
    assert client.main(["check", *words]) == 0
    assert "All is well." in capsys.readouterr().out
    monkeypatch.setenv("HOTLINE_EXCHANGE_SECRET", "0" * 64)
    assert client.main(["check", *words]) == 1
    assert "MEND  signature" in capsys.readouterr().out
    monkeypatch.delenv("HOTLINE_EXCHANGE_SECRET")
    with pytest.raises(SystemExit):
        client.main(["check", *words])


def test_a_check_goes_the_whole_way(sender: client.Exchange) -> None:
    findings = client.check(sender, called=NUMBER)
    assert to_mend(findings) == {}
    assert [each.what for each in findings] == [
        "reachability", "signature", "time", "forgery", "clock", "idempotency", "decision", "number to dial",
    ]  # fmt: skip


def test_a_clock_that_is_wrong_is_named_with_its_seconds(sender: client.Exchange, exchange: Exchange) -> None:
    exchange.later(100)
    assert "off by -100 seconds" in to_mend(client.check(sender))["clock"]
    exchange.later(900)
    (reached, clock) = client.check(sender)
    assert reached.well
    assert re.search(r"off by -(999|1000) seconds", clock.found), "to the second in which it is looked at"
    assert "NTP" in clock.mend


def test_a_wrong_secret_an_ended_key_and_a_wrong_line_are_told_apart(
    sender: client.Exchange, exchange: Exchange
) -> None:
    wrong = client.Exchange(sender.url, "beijing", sender.key_id, "0" * 64)
    assert "exactly the bytes that are sent" in to_mend(client.check(wrong))["signature"]
    assert "signature" in to_mend(client.check(client.Exchange(sender.url, "nowhere", sender.key_id, sender.secret)))
    assert "no line of this mission" in to_mend(client.check(sender, called="+861012345678"))["notice called-unknown"]
    exchange.run("UPDATE exchange_keys SET valid_until = :now", now=exchange.clock.now())
    assert "has ended" in to_mend(client.check(sender))["signature"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://127.0.0.1", "http://127.0.0.1:9/a"])
def test_an_address_where_nobody_answers_is_said_plainly(url: str) -> None:
    (found,) = client.check(client.Exchange(url, "beijing", "k", "s"))
    assert (found.what, found.well) == ("reachability", False)
    assert found.found.startswith("No answer: ")


def test_a_page_that_is_not_ours_is_no_answer(sender: client.Exchange) -> None:
    (found,) = client.check(client.Exchange(f"{sender.url}/nothing", "beijing", "k", "s"))
    assert "Status 404" in found.found
