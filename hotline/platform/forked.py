"""Our own commands as children that are forked from a process which has read the code already.

Reading the service's code is most of a process's start (five to seven seconds of one core here), and a service has half a
dozen of them. Python's own fork server reads it once; each child is forked from there in a few milliseconds, shares the
memory of the code, and one that was killed is back at once. The server has one thread, so nothing is forked in mid-step.

A child is tied to the fork server by the kernel, and the fork server ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from setproctitle import setproctitle

from hotline.platform.tether import PR_SET_PDEATHSIG

FRONT_DOOR = "wsgi"
"""The module whose `main` is the `hotline` command; it imports the whole house."""
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([FRONT_DOOR])


def can_fork() -> bool:
    """Whether children can be forked safely and tied to us here; elsewhere commands are started as programs of their own."""
    return sys.platform == "linux"


def read_ahead() -> None:
    """Let the fork server begin to read the code now; the first child waits only for what is left of that."""
    forkserver.ensure_running()


class ForkedChild:
    """A running command, with what the supervisor needs of `subprocess.Popen`; its output and errors arrive at `stdout`."""

    def __init__(self, words: Sequence[str], *, env: Mapping[str, str], cwd: Path | None) -> None:
        reading, writing = _context.Pipe(duplex=False)
        with reading, writing:
            self._process = _context.Process(target=_run, args=(list(words), dict(env), cwd, writing))
            self._process.start()
            self.stdout: IO[bytes] | None = os.fdopen(os.dup(reading.fileno()), "rb")

    @property
    def pid(self) -> int:
        """Its process id, which is its session's too."""
        if self._process.pid is None:
            raise ValueError("it was not started")
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status when it has ended, negative for a signal; else None."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; its status. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        self._process.join(timeout)
        if (status := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("hotline", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def _run(words: list[str], env: dict[str, str], cwd: Path | None, output: Connection) -> None:
    """Be the command from here on: a session, environment and output of its own."""
    server = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != server:
        sys.exit(1)  # Whom we are tied to died before the kernel knew of our wish.
    os.setsid()
    # SIGPIPE and SIGXFSZ stay ignored, as in every Python: a browser that goes away must be an error, not the end.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, wanted in ((nothing, 0), (output.fileno(), 1), (output.fileno(), 2)):
        os.dup2(given, wanted)
    os.close(nothing)
    output.close()
    # multiprocessing closes standard input of its children; a command may expect to have one.
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  # it lives as long as the process
    os.environ.clear()
    os.environ.update(env)
    if cwd is not None:
        os.chdir(cwd)
    setproctitle(" ".join(["hotline", *words]))
    sys.argv = ["hotline", *words]
    importlib.import_module(FRONT_DOOR).main(words, prog_name="hotline")
