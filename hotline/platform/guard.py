"""Ends everything that a killed supervisor left behind.

The kernel ends a supervisor's own children when it dies (see tether.py), but not *their* children, nor one that
ignores the signal. This process waits at a pipe from the supervisor. Each child has a session of its own and is
announced as `+SESSION GRACE_S`, and `-SESSION` when it has ended. When the pipe closes without `done`, the supervisor
was killed: whatever is left of a session after its seconds of grace is killed too.

It runs as a script of its own and uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

POLL_S = 0.05
LAST_LIMIT_S = 5.0


def main(orders: TextIO) -> None:
    """Follow the supervisor's orders; at the end of them, end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: dict[int, float] = {}
    for order in orders:
        if order == "done\n":
            return
        if order.startswith("+"):
            session, grace_s = order[1:].split()
            sessions[int(session)] = float(grace_s)
        elif order.startswith("-"):
            sessions.pop(int(order[1:]), None)
    end_after_grace(sessions)


def end_after_grace(sessions: dict[int, float]) -> None:
    """Wait for the sessions to empty, killing each one's members when its seconds of grace are over."""
    began = time.monotonic()
    limit_s = max(sessions.values(), default=0.0) + LAST_LIMIT_S
    while (left := members(sessions)) and time.monotonic() - began < limit_s:
        due = [pid for pid, session in left.items() if time.monotonic() - began >= sessions[session]]
        _kill(due)
        time.sleep(POLL_S)


def kill_session(session: int) -> None:
    """Kill what is left of one child's session, after the child itself has ended."""
    _kill(members([session]))


def members(sessions: Collection[int]) -> dict[int, int]:
    """The living processes of the sessions, each with its session."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It ended while we looked.
        state, session = fields[0], int(fields[3])
        if session in sessions and state not in {"Z", "X"}:
            found[int(entry.name)] = session
    return found


def _kill(pids: Collection[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.stdin)
