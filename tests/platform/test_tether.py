"""A tied child dies with its parent, runs as the user it was given, and starts with a clean slate of signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.platform.children import TETHER, output_of, spawn_tied, stop_process
from tests.platform.processes import end, is_alive, read_line, run_python, wait_until

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]

PARENT = """
import signal, sys, time
from hotline.platform.children import spawn_tied
child = spawn_tied([sys.executable, "-c", "import time; time.sleep(600)"], death_signal=signal.Signals(int(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("death_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_child_dies_when_its_parent_is_killed(death_signal: signal.Signals) -> None:
    parent = run_python(PARENT, str(int(death_signal)))
    try:
        child_pid = int(read_line(parent))
        assert is_alive(child_pid)
    finally:
        end(parent)
    wait_until(lambda: not is_alive(child_pid), "the child is gone")


def test_child_refuses_to_start_when_its_parent_is_already_gone() -> None:
    not_our_parent = str(os.getpid() + 1)
    command = [sys.executable, "-I", "-S", str(TETHER), not_our_parent, "15", "-1", "-1", *SLEEPER]
    ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert ended.returncode == 126
    assert ended.stdout == b""


def test_program_that_cannot_run_is_named() -> None:
    child = spawn_tied(["/nowhere/program"], death_signal=signal.SIGTERM)
    output, _ = child.communicate(timeout=30)
    assert child.returncode == 126
    assert b"cannot run /nowhere/program: No such file or directory" in output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")
def test_child_runs_as_the_given_user_and_still_dies_with_its_parent() -> None:
    script = PARENT.replace("death_signal=", "identity=Identity('nobody', 65534, 65534), death_signal=").replace(
        "import spawn_tied", "import Identity, spawn_tied"
    )
    # The user may not enter this interpreter's directory, so the child is a program of the system.
    script = script.replace('[sys.executable, "-c", "import time; time.sleep(600)"]', '["/bin/sleep", "600"]')
    parent = run_python(script, str(int(signal.SIGTERM)))
    try:
        child_pid = int(read_line(parent))
        wait_until(lambda: _name_of(child_pid) == "sleep", "the child became its program")
        status = Path(f"/proc/{child_pid}/status").read_text()
        assert "Uid:\t65534\t65534\t65534\t65534" in status
        assert "Gid:\t65534\t65534\t65534\t65534" in status
        assert "Groups:\t65534" in status
    finally:
        end(parent)
    wait_until(lambda: not is_alive(child_pid), "the child is gone")


def test_child_does_not_inherit_ignored_signals() -> None:
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        child = spawn_tied(SLEEPER, death_signal=signal.SIGKILL)
        assert output_of(child).readline() == b"up\n"
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert stop_process(child, ask_with=signal.SIGTERM, limit_s=30)
    assert child.returncode == -signal.SIGTERM
    output_of(child).close()


def test_child_that_ignores_the_request_is_killed_after_its_limit() -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    child = spawn_tied([sys.executable, "-c", stubborn], death_signal=signal.SIGKILL)
    assert output_of(child).readline() == b"up\n"
    assert not stop_process(child, ask_with=signal.SIGTERM, limit_s=0.2)
    assert child.returncode == -signal.SIGKILL
    output_of(child).close()


def test_child_has_a_session_of_its_own() -> None:
    child = spawn_tied(SLEEPER, death_signal=signal.SIGKILL)
    try:
        assert output_of(child).readline() == b"up\n"
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        stop_process(child, ask_with=signal.SIGTERM, limit_s=30)
        output_of(child).close()


def test_stopping_an_ended_child_is_no_error() -> None:
    child = spawn_tied(["/bin/true"], death_signal=signal.SIGKILL)
    child.wait(120)
    assert stop_process(child, ask_with=signal.SIGTERM, limit_s=1)
    output_of(child).close()


def test_output_of_refuses_a_child_without_a_pipe() -> None:
    plain = subprocess.Popen(["/bin/true"])
    plain.wait(120)
    with pytest.raises(ValueError, match="pipe"):
        output_of(plain)


def _name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
