"""The client for exchanges against the real application over a real socket, and what its check says in plain words."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from hotline.core.services import Services
from overflow.forwarding import cli, client
from overflow.forwarding.client import Finding
from tests.overflow.forwarding.conftest import CALLER, NUMBER, POOL, Exchange, add_line, add_mission

HANDBOOK = Path(__file__).resolve().parents[3] / "docs" / "overflow.md"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine be slow: how long an exchange waits is no matter of these tests."""
    monkeypatch.setattr(client, "TIMEOUT_S", 120.0)
    monkeypatch.setattr(client, "SLOW_S", 120.0)


@pytest.fixture
def sender(app: Any, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> Iterator[client.Exchange]:
    """Serve the application, and return an exchange that calls it; both clocks stand still at the same moment."""
    now = datetime.now(UTC).replace(microsecond=0)
    exchange.clock.set(now)
    monkeypatch.setattr(client, "time", SimpleNamespace(time=now.timestamp, monotonic=time.monotonic))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield client.Exchange(
            f"http://127.0.0.1:{server.server_port}", "beijing", exchange.key.key_id, exchange.key.secret
        )
    finally:
        server.shutdown()
        thread.join(timeout=120)
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


def test_the_lines_with_curl_in_the_handbook_announce_a_call(sender: client.Exchange, exchange: Exchange) -> None:
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here")
    block = re.search(r"With `curl` and `openssl`:\n\n```sh\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    head, *lines = block[1].splitlines()
    assert head == "URL=https://HOST MISSION=beijing KEY=beijing-1a2b3c4d SECRET=…"
    given = {"URL": sender.url, "MISSION": "beijing", "KEY": sender.key_id, "SECRET": sender.secret}
    script = "\n".join(lines).replace("--max-time 3", "--max-time 120")  # a busy machine may be slow
    done = subprocess.run(
        ["/bin/sh", "-euc", script],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["decision"], told["destination"]["number"]) == ("take", POOL) and told["token"]
    assert [(row.caller, row.reason) for row in exchange.rows()] == [("+8613912345678", "closed")]


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
    assert "off by -1000 seconds" in clock.found
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


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "ftp://127.0.0.1", "http://127.0.0.1:9/a", "hotline.example.org", "", "https://127.0.0.1:port",
     "http://127.0.0.1 :9", "http://[::1"],
)  # fmt: skip
def test_an_address_where_nobody_answers_is_said_plainly(url: str) -> None:
    (found,) = client.check(client.Exchange(url, "beijing", "k", "s"))
    assert (found.what, found.well) == ("reachability", False)
    assert found.found.startswith("No answer: ")


def test_a_page_that_is_not_ours_is_no_answer(sender: client.Exchange) -> None:
    (found,) = client.check(client.Exchange(f"{sender.url}/nothing", "beijing", "k", "s"))
    assert "Status 404" in found.found


def test_a_door_that_speaks_no_http_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            visitor, _ = door.accept()
            visitor.sendall(b"220 mail.example.org ESMTP ready\r\n")
            visitor.close()

        thread = threading.Thread(target=answer)
        thread.start()
        (found,) = client.check(client.Exchange(f"http://127.0.0.1:{door.getsockname()[1]}", "beijing", "k", "s"))
        thread.join(timeout=120)
    assert (found.what, found.well) == ("reachability", False)
    assert "No answer" in found.found and "address" in found.mend


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [("200 OK", [], "Something else answers"), ("308 Permanent Redirect", [("Location", "https://new.example.org/x")],
     "leads on to https://new.example.org/x")],
)  # fmt: skip
def test_what_answers_in_our_place_is_not_taken_for_us(status: str, headers: list[tuple[str, str]], said: str) -> None:
    def other(_environ: Any, start: Any) -> list[bytes]:
        start(status, [("Content-Type", "text/html"), *headers])
        return [b"<h1>Sign in to the network</h1>"]

    server = make_server("127.0.0.1", 0, other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        (found,) = client.check(client.Exchange(f"http://127.0.0.1:{server.server_port}", "beijing", "k", "s"))
    finally:
        server.shutdown()
        thread.join(timeout=120)
        server.server_close()
    assert (found.what, found.well) == ("reachability", False)
    assert said in found.found


def test_calls_that_are_turned_away_are_nothing_that_is_well(sender: client.Exchange, exchange: Exchange) -> None:
    exchange.run(
        "INSERT INTO overflow_rules (position, kind, action, \"limit\", updated_at) VALUES (1, 'ended', 'refuse', 0, now())"
    )
    exchange.run("UPDATE missions SET closed_at = :now WHERE code = 'beijing'", now=exchange.clock.now())
    found = to_mend(client.check(sender, called=NUMBER))["decision"]
    assert "closed for good" in found and "turns" in found and "centre" in found


@pytest.fixture
def command(sender: client.Exchange, services: Services, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `hotline overflow …` on the centre's own machine."""
    services.settings = services.settings.model_copy(update={"public_url": sender.url})
    monkeypatch.setattr(cli, "command_services", lambda: services)
    monkeypatch.delenv("HOTLINE_EXCHANGE_SECRET", raising=False)

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli.overflow, list(words))

    return run


def test_at_the_centre_the_name_of_the_mission_is_enough(command: Any, exchange: Exchange) -> None:
    exchange.run("INSERT INTO mission_hours (mission_id, hours, updated_at) SELECT id, '24/7', now() FROM missions")
    add_line(exchange.services, exchange.mission_id, number="+861085320405", pool="+82233330102", back="+861085320498")
    told = command("check", "beijing")
    assert told.exit_code == 0, told.output
    assert "All is well." in told.output and "MEND" not in told.output
    assert exchange.key.key_id in told.output and exchange.key.secret not in told.output
    for number, pool in ((NUMBER, POOL), ("+861085320405", "+82233330102")):
        assert number in told.output and f"Dial {pool}" in told.output, "each line of the mission"
    assert {row.called for row in exchange.rows()} == {NUMBER, "+861085320405"}


def test_at_the_centre_it_says_what_is_wrong_with_the_mission(command: Any, exchange: Exchange) -> None:
    assert "There is no mission with the code nowhere" in command("check", "nowhere").output
    own = exchange.services.settings.hotline_number
    exchange.run("UPDATE mission_lines SET pool_number = NULL, return_number = :own", own=own)
    told = command("check", "beijing")
    assert told.exit_code == 1
    assert "has no number of ours" in told.output and f"rings {own}, a number of ours" in told.output
    assert "Nobody has given the hours" in told.output
    exchange.run("UPDATE exchange_keys SET valid_until = :now", now=exchange.clock.now())
    told = command("check", "beijing")
    assert told.exit_code == 1
    assert "no good key" in told.output and "hotline overflow key beijing" in told.output
    add_mission(exchange.services, "shanghai")
    assert "has no line here" in command("check", "shanghai").output


def test_a_technician_elsewhere_gives_address_key_and_secret_and_asks_no_database(
    command: Any, sender: client.Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Services:
        raise AssertionError("a technician has no database of ours")

    monkeypatch.setattr(cli, "command_services", none)
    words = ("check", "beijing", "--key-id", sender.key_id, "--secret", sender.secret, "--called", NUMBER)
    told = command(*words, "--url", sender.url)
    assert (told.exit_code, "All is well." in told.output) == (0, True), told.output
    assert "--url" in command(*words).output
    assert command("check", "beijing", "--key-id", "x", "--secret", sender.secret, "--url", sender.url).exit_code == 1
