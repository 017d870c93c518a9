"""The terminal shows what somebody should look at, and only that."""

from __future__ import annotations

import sys

import pytest

from hotline.platform.terminal import MAX_LINES, MAX_SHOWN_CHARACTERS, Terminal, is_worth_showing


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "jobs.enqueue_failed", "level": "warning"}',
        '{"level":"error","event":"x"}',
        "2026-11-21 03:00:00.000 UTC [7] ERROR:  relation does not exist",
        "2026-11-21 03:00:00.000 UTC [7] FATAL:  out of memory",
        "Traceback (most recent call last):",
        "hotline: port 8000 on 127.0.0.1 is taken. Choose another",
        "WARNING: its file was damaged",
    ],
)
def test_warnings_and_worse_are_shown(line: str) -> None:
    assert is_worth_showing(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "dispatch.done", "level": "info"}',
        "2026-11-21 03:00:00.000 UTC [7] LOG:  database system is ready to accept connections",
        "127.0.0.1 - GET /errors 200",
        "21:M # WARNING Memory overcommit must be enabled! Without it, a background save may fail",
        "",
    ],
)
def test_everyday_lines_are_not_shown(line: str) -> None:
    assert not is_worth_showing(line)


def test_line_carries_its_process_and_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(verbose=False).listener("web")("ERROR " + "x" * 1000)
    shown = capsys.readouterr().err
    assert shown.startswith("web | ERROR xxx")
    assert len(shown) == len("web | ") + MAX_SHOWN_CHARACTERS + 1


def test_one_outage_does_not_bury_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hear = Terminal(verbose=False).listener("web")
    for number in range(100):
        hear(f"ERROR number {number}")
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == MAX_LINES
    assert shown[0] == "web | ERROR number 0"
    assert shown[-1].endswith("more in its log")


def test_verbose_shows_everything(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(verbose=True).listener("web")("an everyday line")
    assert capsys.readouterr().err == "web | an everyday line\n"


def test_nothing_of_the_children_is_shown_while_stopping(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(verbose=False)
    hear = terminal.listener("web")
    terminal.hush()
    hear("ERROR connection lost")
    terminal.say("stopped")
    assert capsys.readouterr().err == "hotline: stopped\n"


def test_closed_terminal_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Closed())
    Terminal(verbose=False).say("anybody there?")
