"""Keeps a fixed set of child processes running, and stops them in order.

A child that ends is started again after a growing pause; one that ends too often in a row makes the supervisor give up,
because a service that only seems to run is worse than one that says it cannot. A running service never gives up for what is
missing outside of it: while Valkey or PostgreSQL is away, whoever can still answer a call must go on.
Everything happens in the main thread, which the kernel ties the children to.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from hotline.platform.children import Child, ask_to_end, output_of, spawn_tied, wait_or_kill
from hotline.platform.data_dir import DataDirLock
from hotline.platform.forked import ForkedChild
from hotline.platform.guard import kill_session
from hotline.platform.logs import BoundedLog, LogPump
from hotline.platform.problem import SetupProblem
from hotline.platform.terminal import Terminal

GUARD = Path(__file__).with_name("guard.py")
APP_GRACE_S = 3.0
SERVER_GRACE_S = 20.0
SETTLED_S = 60.0
MAX_ENDS_IN_A_ROW = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
OUTSIDE_PAUSE_S = 2.0
"""Between two starts of a child that says what it misses outside of itself, such as a server that is away."""
LOOK_S = 0.2
LOG_LIMIT_S = 1.0


class GivenUp(Exception):
    """A child ended too often; the text is the line for the user."""


class Member(Protocol):
    """Something the supervisor keeps running."""

    name: str
    grace_s: float
    stage: str

    def start(self) -> None:
        """Start it; returns when it is started. Raises SetupProblem when it cannot be."""

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting; at most once, because some take a second request for an order."""

    def stop(self) -> None:
        """Ask it to end, unless that was done, and see that it is gone within its time limit."""

    def process(self) -> Child | None:
        """Its process while it is started."""

    def last_words(self) -> str:
        """The last line it wrote."""


@dataclass
class Program:
    """A child that is one of our own commands."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log_dir: Path
    terminal: Terminal
    stage: str = ""
    stop_limit_s: float = 15.0
    cwd: Path | None = None
    grace_s: float = APP_GRACE_S
    forked: bool = False
    """The command is `hotline …` of this very code: only the words after it count."""
    _process: Child | None = field(default=None, init=False)
    _pump: LogPump | None = field(default=None, init=False)
    _asked: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start the command, with its output going to `log_dir/NAME.log`."""
        self._asked = False
        if self.forked:
            self._process = ForkedChild(self.command, env=self.env, cwd=self.cwd)
        else:
            self._process = spawn_tied(self.command, death_signal=signal.SIGTERM, env=self.env, cwd=self.cwd)
        log = BoundedLog(self.log_dir / f"{self.name}.log")
        self._pump = LogPump(output_of(self._process), log, on_line=self.terminal.listener(self.name))

    def ask_to_end(self) -> None:
        """Ask the command to end, once."""
        if self._process is not None and not self._asked:
            ask_to_end(self._process, signal.SIGTERM)
            self._asked = True

    def stop(self) -> None:
        """Ask the command to end, then kill it and what it may have left behind."""
        if self._process is None:
            return
        self.ask_to_end()
        if not wait_or_kill(self._process, self.stop_limit_s):
            self.terminal.say(f"{self.name} did not end within {self.stop_limit_s:.0f} s and was killed")
        kill_session(self._process.pid)
        if self._pump is not None:
            self._pump.join(LOG_LIMIT_S)
        self._process = None

    def process(self) -> Child | None:
        """Its process while it is started."""
        return self._process

    def last_words(self) -> str:
        """The last line it wrote."""
        if self._pump is not None:
            self._pump.join(LOG_LIMIT_S)
        lines = [line for line in (self._pump.tail() if self._pump else []) if line.strip()]
        return lines[-1][:300] if lines else "it wrote nothing"


@dataclass
class _Watch:
    member: Member
    ends_in_a_row: int = 0
    started_at: float = 0.0
    start_again_at: float | None = None
    session: int | None = None


class Supervisor:
    """Runs members in the order they were added, and stops them in the opposite one."""

    def __init__(self, lock: DataDirLock, terminal: Terminal) -> None:
        self._terminal = terminal
        self._watches: list[_Watch] = []
        self._stop = threading.Event()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD)],
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )

    def request_stop(self) -> None:
        """Make `watch` return; safe to call from a signal handler."""
        self._stop.set()

    def add(self, member: Member) -> None:
        """Start a member and keep it running from now on. Raises SetupProblem when it cannot start."""
        watch = _Watch(member)
        self._watches.append(watch)
        self._start(watch)

    def watch(self, *, until: Callable[[], bool] | None = None, limit_s: float | None = None) -> bool:
        """Restart what ends, until a stop is requested (False) or `until` says yes (True).

        Raises GivenUp when a member ends too often, and SetupProblem when `until` was not true within `limit_s`.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while not self._stop.wait(LOOK_S):
            for watch in self._watches:
                self._look_at(watch, starting=until is not None)
            if until is not None and until():
                return True
            if deadline is not None and time.monotonic() > deadline:
                raise SetupProblem(
                    f"the service was not ready within {limit_s:.0f} s", "The logs in DATA/log say what it waits for"
                )
        return False

    def stop_all(self) -> None:
        """Stop every member, the last one first, each within its limit; then let the guard go.

        Neighbours of the same stage are asked together, so that the longest of them sets the time.
        """
        for _, stage in groupby(reversed(self._watches), key=lambda watch: watch.member.stage or watch.member.name):
            watches = list(stage)
            for watch in watches:
                watch.member.ask_to_end()
            for watch in watches:
                watch.member.stop()
                self._forget(watch)
        self._order("done")
        with contextlib.suppress(OSError):
            if self._guard.stdin is not None:
                self._guard.stdin.close()
        self._guard.wait(SERVER_GRACE_S)

    def _start(self, watch: _Watch) -> None:
        watch.start_again_at = None
        watch.member.start()
        watch.started_at = time.monotonic()
        process = watch.member.process()
        if process is not None:
            watch.session = process.pid
            self._order(f"+{process.pid} {watch.member.grace_s}")

    def _look_at(self, watch: _Watch, *, starting: bool) -> None:
        now = time.monotonic()
        process = watch.member.process()
        if watch.start_again_at is not None:
            if now >= watch.start_again_at:
                self._start_again(watch)
        elif process is not None and (status := process.poll()) is not None:
            self._ended(watch, status, starting=starting)

    def _start_again(self, watch: _Watch) -> None:
        try:
            self._start(watch)
        except SetupProblem as problem:
            self._count_end(watch, f"could not start: {problem.what}")

    def _ended(self, watch: _Watch, status: int, *, starting: bool) -> None:
        if time.monotonic() - watch.started_at > SETTLED_S:
            watch.ends_in_a_row = 0
        # Whoever is killed by a signal has no time for last words.
        how = (
            f"was killed by signal {-status}"
            if status < 0
            else f"ended with status {status}: {watch.member.last_words()}"
        )
        if watch.session is not None:
            kill_session(watch.session)
        self._forget(watch)
        if starting and status == SetupProblem.exit_code:
            # It named something that the user must mend; trying again would only hide it.
            raise GivenUp(f"{watch.member.name} could not start: it {how}")
        if status == SetupProblem.exit_code:
            self._start_later(watch, how, OUTSIDE_PAUSE_S)
        else:
            self._count_end(watch, how)

    def _count_end(self, watch: _Watch, what: str) -> None:
        watch.ends_in_a_row += 1
        if watch.ends_in_a_row >= MAX_ENDS_IN_A_ROW:
            raise GivenUp(f"{watch.member.name} ended {watch.ends_in_a_row} times in a row; at last it {what}")
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (watch.ends_in_a_row - 1))
        self._start_later(watch, what, pause_s)

    def _start_later(self, watch: _Watch, what: str, pause_s: float) -> None:
        self._terminal.say(f"{watch.member.name} {what}; starting it again in {pause_s:.1f} s")
        watch.start_again_at = time.monotonic() + pause_s

    def _forget(self, watch: _Watch) -> None:
        if watch.session is not None:
            self._order(f"-{watch.session}")
            watch.session = None

    def _order(self, order: str) -> None:
        # A guard that somebody killed is missed at the next crash only; the service goes on without it.
        with contextlib.suppress(OSError, ValueError):
            if self._guard.stdin is not None:
                self._guard.stdin.write(f"{order}\n")
                self._guard.stdin.flush()
