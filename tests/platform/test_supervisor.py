"""The supervisor restarts what ends, gives up when that does not help, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.platform import supervisor as supervisor_module
from hotline.platform.data_dir import DataDirLock
from hotline.platform.problem import SetupProblem
from hotline.platform.supervisor import GivenUp, Program, Supervisor
from hotline.platform.terminal import Terminal
from tests.platform.processes import (
    clean_environment,
    descendants,
    end,
    is_alive,
    read_line,
    run_python,
    session_is_empty,
    wait_until,
)

SLEEP = "import time; time.sleep(600)"
# Writes its process id, then waits; `events` gets a line when it is asked to end.
WITNESS = """
import os, signal, sys, time
name, events = sys.argv[1:]
def leave(*_):
    with open(events, "a") as file: file.write(f"{name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("up", os.getpid(), flush=True)
time.sleep(600)
"""
# A supervisor over real servers and three kinds of awkward children.
REAL = """
import sys, time
from pathlib import Path
from hotline.platform.data_dir import DataDirLock
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from hotline.platform.servers import EmbeddedServer
from hotline.platform.supervisor import Program, Supervisor
from hotline.platform.terminal import Terminal
import os
data = Path(sys.argv[1])
lock = DataDirLock(data)
lock.take()
terminal = Terminal(verbose=False)
supervisor = Supervisor(lock, terminal)
supervisor.add(EmbeddedServer("postgres", EmbeddedPostgres(data)))
supervisor.add(EmbeddedServer("valkey", EmbeddedValkey(data)))
stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
parent = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', %r]); time.sleep(600)" % stubborn
for name, script in (("plain", "import time; time.sleep(600)"), ("stubborn", stubborn), ("parent", parent)):
    supervisor.add(Program(name, [sys.executable, "-c", script], dict(os.environ), data / "log", terminal))
print("started", flush=True)
supervisor.watch()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[DataDirLock]:
    """The lock of a data directory."""
    made = DataDirLock(tmp_path)
    made.take()
    yield made
    made.release()


@pytest.fixture
def supervisor(lock: DataDirLock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A supervisor with pauses short enough for tests."""
    monkeypatch.setattr(supervisor_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervisor_module, "LOOK_S", 0.01)
    made = Supervisor(lock, Terminal(verbose=False))
    yield made
    made.stop_all()


def _program(name: str, script: str, tmp_path: Path, *arguments: str, stop_limit_s: float = 15.0) -> Program:
    command = [sys.executable, "-c", script, *arguments]
    terminal = Terminal(verbose=False)
    return Program(name, command, clean_environment(), tmp_path / "log", terminal, stop_limit_s=stop_limit_s)


def _pid(program: Program) -> int:
    process = program.process()
    assert process is not None
    return process.pid


def test_killed_child_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    program = _program("sleeper", SLEEP, tmp_path)
    supervisor.add(program)
    first = _pid(program)
    os.kill(first, signal.SIGKILL)
    assert supervisor.watch(until=lambda: _pid(program) != first, limit_s=30)
    assert is_alive(_pid(program))


def test_child_that_keeps_ending_makes_the_supervisor_give_up(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(_program("broken", "print('out of order'); raise SystemExit(7)", tmp_path))
    with pytest.raises(GivenUp, match="broken ended 5 times in a row; at last it ended with status 7: out of order"):
        supervisor.watch()


def test_problem_for_the_user_is_not_tried_again_at_the_start(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(_program("picky", "print('hotline: port taken. Mend it'); raise SystemExit(2)", tmp_path))
    with pytest.raises(GivenUp, match="picky could not start: it ended with status 2: hotline: port taken"):
        supervisor.watch(until=lambda: False, limit_s=30)


def test_what_is_missing_outside_never_makes_a_running_service_give_up(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "OUTSIDE_PAUSE_S", 0.05)
    starts = tmp_path / "starts"
    # Says what it misses eight times, as a worker does while Valkey is away, and then runs.
    script = (
        f"import pathlib, time; p = pathlib.Path({str(starts)!r}); p.open('a').write('x');"
        "len(p.read_text()) > 8 and time.sleep(600); raise SystemExit(2)"
    )
    program = _program("worker", script, tmp_path)
    supervisor.add(program)
    stopper = threading.Thread(
        target=lambda: (wait_until(lambda: _starts(starts) > 8, "nine starts"), supervisor.request_stop())
    )
    stopper.start()
    assert not supervisor.watch(), "it was stopped by us, and gave up by itself at no time"
    stopper.join()
    assert is_alive(_pid(program))


def _starts(file: Path) -> int:
    return len(file.read_text()) if file.exists() else 0


def test_start_that_takes_too_long_is_a_problem(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(_program("sleeper", SLEEP, tmp_path))
    with pytest.raises(SetupProblem, match="not ready within 0 s"):
        supervisor.watch(until=lambda: False, limit_s=0.05)


def test_grandchildren_of_a_killed_child_end_before_it_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); time.sleep(600)"
    program = _program("parent", parent, tmp_path)
    supervisor.add(program)
    first = _pid(program)
    wait_until(lambda: descendants(first), "the grandchild runs")
    os.kill(first, signal.SIGKILL)
    assert supervisor.watch(until=lambda: _pid(program) != first, limit_s=30)
    assert session_is_empty(first)


def test_children_stop_in_the_opposite_order(supervisor: Supervisor, tmp_path: Path) -> None:
    events = tmp_path / "events"
    programs = [_program(name, WITNESS, tmp_path, name, str(events)) for name in ("first", "second", "third")]
    for program in programs:
        supervisor.add(program)
    for program in programs:
        wait_until(lambda log=tmp_path / "log" / f"{program.name}.log": "up" in log.read_text(), "it is up")  # type: ignore[misc]
    supervisor.stop_all()
    assert events.read_text().split() == ["third", "second", "first"]


PAIR = """
import signal, sys, time
from pathlib import Path
own, other = map(Path, sys.argv[1:])
def asked(*_):
    with own.open("a") as file: file.write("asked\\n")
signal.signal(signal.SIGTERM, asked)
print("up", flush=True)
while not (own.exists() and other.exists()): time.sleep(0.01)
"""


def test_children_of_one_stage_are_asked_together_and_only_once(supervisor: Supervisor, tmp_path: Path) -> None:
    # Each ends only after both were asked, and notes every request.
    marks = [tmp_path / "one", tmp_path / "two"]
    for own, other in (marks, marks[::-1]):
        program = _program(own.name, PAIR, tmp_path, str(own), str(other))
        program.stage = "pair"
        supervisor.add(program)
    for mark in marks:
        wait_until(lambda log=tmp_path / "log" / f"{mark.name}.log": "up" in log.read_text(), "it is up")  # type: ignore[misc]
    supervisor.stop_all()
    assert [mark.read_text() for mark in marks] == ["asked\n", "asked\n"]


def test_child_that_does_not_stop_is_killed(
    supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    program = _program("stubborn", stubborn, tmp_path, stop_limit_s=0.2)
    supervisor.add(program)
    wait_until(lambda: "up" in (tmp_path / "log" / "stubborn.log").read_text(), "it is up")
    pid = _pid(program)
    supervisor.stop_all()
    assert not is_alive(pid)
    assert "stubborn did not end within 0 s and was killed" in capfd.readouterr().err


def test_stop_request_ends_the_watching(supervisor: Supervisor) -> None:
    supervisor.request_stop()
    assert supervisor.watch() is False


class Unwilling(Program):
    """A member that starts once and never again."""

    starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts > 1:
            raise SetupProblem("the disk is full", "Make room")
        super().start()


def test_member_that_cannot_be_started_again_is_counted_like_one_that_ends(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    terminal = Terminal(verbose=False)
    supervisor.add(Unwilling("server", ["/bin/true"], clean_environment(), tmp_path / "log", terminal))
    with pytest.raises(GivenUp, match="at last it could not start: the disk is full"):
        supervisor.watch()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_nothing_survives_a_supervisor_that_dies_without_warning(tmp_path: Path, how: signal.Signals) -> None:
    process = run_python(REAL, str(tmp_path))
    try:
        assert read_line(process) == "started"
        wait_until(lambda: len(descendants(process.pid)) >= 12, "the servers and every child run")
        family = descendants(process.pid)
        process.send_signal(how)
        process.wait(120)
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left", limit_s=30)
    finally:
        end(process)


def test_successor_waits_for_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    process = run_python(REAL, str(tmp_path))
    try:
        assert read_line(process) == "started"
        family = descendants(process.pid)
    finally:
        end(process)
    successor = DataDirLock(tmp_path)
    successor.take()
    successor.release()
    assert not any(map(is_alive, family))
