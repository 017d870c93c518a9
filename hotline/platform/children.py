"""Starts and stops child processes that may never outlive the process that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

TETHER = Path(__file__).with_name("tether.py")
KILL_LIMIT_S = 10.0


@dataclass(frozen=True)
class Identity:
    """A user of the operating system that a child runs as."""

    name: str
    uid: int
    gid: int


class Child(Protocol):
    """A running child: `subprocess.Popen`, or a command that was forked (see `forked`)."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """The pipe that carries its output and errors."""

    def poll(self) -> int | None:
        """Its exit status when it has ended, negative for a signal; else None."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; its status. Raises subprocess.TimeoutExpired after `timeout` seconds."""

    def send_signal(self, number: int, /) -> None:
        """Send it a signal, unless it has ended."""

    def kill(self) -> None:
        """Send it SIGKILL, unless it has ended."""


def tied_command(
    command: Sequence[str], *, death_signal: signal.Signals, identity: Identity | None = None
) -> list[str]:
    """The command line that runs `command` as a child tied to this process."""
    uid, gid = (identity.uid, identity.gid) if identity else (-1, -1)
    words = [str(os.getpid()), str(int(death_signal)), str(uid), str(gid)]
    return [sys.executable, "-I", "-S", str(TETHER), *words, *command]


def spawn_tied(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    identity: Identity | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` from the kernel when this process dies, however it dies.

    Its output and errors arrive together at `stdout`. The child has its own session, so that Ctrl-C at the
    terminal reaches the parent alone, which stops its children in order. The kernel ties the child to the
    *thread* that starts it: call this from a thread that lives as long as the process, such as the main one.
    """
    return subprocess.Popen(
        tied_command(command, death_signal=death_signal, identity=identity),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
    )


def output_of(process: Child) -> IO[bytes]:
    """The pipe that carries a child's output and errors."""
    if process.stdout is None:
        raise ValueError("only children started by spawn_tied have a pipe")
    return process.stdout


def ask_to_end(process: Child, signal_number: signal.Signals) -> None:
    """Send a child the signal that it takes for a request to end; nothing when it has ended."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal_number)


def wait_or_kill(process: Child, limit_s: float) -> bool:
    """Wait for a child that was asked to end, and kill it after `limit_s` seconds; True when asking sufficed."""
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(KILL_LIMIT_S)
        return False
    return True


def stop_process(process: Child, *, ask_with: signal.Signals, limit_s: float) -> bool:
    """Ask a child to end, and kill it when `limit_s` seconds were not enough; True when asking sufficed."""
    ask_to_end(process, ask_with)
    return wait_or_kill(process, limit_s)
