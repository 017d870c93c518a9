"""The guard ends what a killed supervisor left behind, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.platform import guard
from tests.platform.processes import is_alive, session_is_empty, wait_until

GUARD = Path(guard.__file__)
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
# A child that leaves a grandchild behind in its session and ends.
LEAVER = (
    "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    " print(p.pid, flush=True)"
)


@pytest.fixture
def watcher() -> Iterator[subprocess.Popen[str]]:
    """A guard process that waits for orders."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD)], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    if process.stdin is not None:
        process.stdin.close()
    process.kill()
    process.wait(120)


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[str]]:
    """A process that does not listen to SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.wait(120)
    process.stdout.close()


def _order(watcher: subprocess.Popen[str], *orders: str) -> None:
    assert watcher.stdin is not None
    for order in orders:
        watcher.stdin.write(f"{order}\n")
    watcher.stdin.close()


def test_closed_pipe_ends_announced_sessions(watcher: subprocess.Popen[str], stubborn: subprocess.Popen[str]) -> None:
    _order(watcher, f"+{stubborn.pid} 0.1")
    assert watcher.wait(120) == 0
    assert stubborn.wait(120) == -signal.SIGKILL


def test_done_leaves_everything_alone(watcher: subprocess.Popen[str], stubborn: subprocess.Popen[str]) -> None:
    _order(watcher, f"+{stubborn.pid} 0.1", "done")
    assert watcher.wait(120) == 0
    assert is_alive(stubborn.pid)


def test_session_that_was_taken_back_is_left_alone(
    watcher: subprocess.Popen[str], stubborn: subprocess.Popen[str]
) -> None:
    _order(watcher, f"+{stubborn.pid} 0.1", f"-{stubborn.pid}")
    assert watcher.wait(120) == 0
    assert is_alive(stubborn.pid)


def test_signals_do_not_end_the_guard(watcher: subprocess.Popen[str], stubborn: subprocess.Popen[str]) -> None:
    assert watcher.stdin is not None
    watcher.stdin.write(f"+{stubborn.pid} 0.1\n")
    watcher.stdin.flush()
    wait_until(lambda: _ignores_signals(watcher.pid), "the guard ignores signals")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        watcher.send_signal(number)
    watcher.stdin.close()
    assert watcher.wait(120) == 0
    assert stubborn.wait(120) == -signal.SIGKILL


def test_grandchild_in_the_session_is_found_after_its_parent_ended() -> None:
    leaver = subprocess.Popen([sys.executable, "-c", LEAVER], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert leaver.stdout is not None
    grandchild = int(leaver.stdout.readline())
    leaver.wait(120)
    leaver.stdout.close()
    assert guard.members([leaver.pid]) == {grandchild: leaver.pid}
    guard.kill_session(leaver.pid)
    wait_until(lambda: session_is_empty(leaver.pid), "the grandchild is gone")


def test_empty_session_needs_no_waiting() -> None:
    guard.end_after_grace({2**22 + 1: 60.0})


def _ignores_signals(pid: int) -> bool:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn"))
    ignored = int(line.split()[1], 16)
    return all(ignored >> (number - 1) & 1 for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
