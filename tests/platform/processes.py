"""Looking at real processes from tests, always with a limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hotline.platform.guard import members

PROJECT = Path(__file__).resolve().parent.parent.parent
LIMIT_S = 60.0
POLL_S = 0.02


def wait_until(condition: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    """Poll until the condition holds; fails the test with `what` after `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {what}"
        time.sleep(POLL_S)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and only waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    """Every living process below one, found through parent links."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in {"Z", "X"}:
                parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def session_is_empty(session: int) -> bool:
    """Whether no living process belongs to the session."""
    return not members([session])


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without this service's settings, plus some of our own."""
    ours = ("HOTLINE_", "TWILIO_", "SMPP_", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"} | settings


def run_python(script: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """Start a Python script given as text, in a session of its own, with both outputs readable."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**settings),
        start_new_session=True,
    )


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line of a process's output; pytest's own time limit bounds the waiting."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process that a test started, whatever state it is in."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait(LIMIT_S)
    for stream in (process.stdout, process.stderr, process.stdin):
        if stream is not None:
            stream.close()
