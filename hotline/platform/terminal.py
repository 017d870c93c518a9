"""What `hotline up` shows: its own short lines, and from its children only what somebody should look at."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence

MAX_SHOWN_CHARACTERS = 300
MAX_LINES = 4
WINDOW_S = 10.0
_WORTH_SHOWING = re.compile(
    r"\b(?:WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|\"level\":\s*\"(?:warning|error|critical)\"|\[(?:warning|error|critical)\s*\]"
    r"|^Traceback |^hotline: ",
)
_KNOWN_AND_HARMLESS = re.compile(r"Memory overcommit must be enabled")


class Terminal:
    """Writes whole lines to the error stream; several threads may use it at once."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._quiet = False
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Show one line of our own."""
        self._write(f"hotline: {text}")

    def announce(self, lines: Sequence[str]) -> None:
        """Print what programs that started us wait for, on the standard output and at once."""
        with contextlib.suppress(OSError):  # Nobody reads it: the service runs all the same.
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()

    def hush(self) -> None:
        """Show no more of the children's warnings: while everything stops, lost connections are no news."""
        self._quiet = True

    def listener(self, name: str) -> Callable[[str], None]:
        """A function that takes one child's lines and shows those that matter."""

        budget = _Budget(MAX_LINES, WINDOW_S)

        def hear(line: str) -> None:
            if self._verbose:
                self._write(f"{name} | {line[:MAX_SHOWN_CHARACTERS]}")
            elif not self._quiet and is_worth_showing(line) and (left := budget.take()) >= 0:
                more = " … more in its log" if left == 0 else ""
                self._write(f"{name} | {line[:MAX_SHOWN_CHARACTERS]}{more}")

        return hear

    def _write(self, line: str) -> None:
        with self._lock:
            try:
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
            except (OSError, ValueError):
                return  # The terminal was closed; the log files have everything.


class _Budget:
    """At most `lines` in any window of `window_s` seconds: one outage must not bury the terminal."""

    def __init__(self, lines: int, window_s: float) -> None:
        self._lines = lines
        self._window_s = window_s
        self._began = -window_s
        self._used = 0

    def take(self) -> int:
        """How many lines are left after this one; negative when there was none left for it."""
        now = time.monotonic()
        if now - self._began >= self._window_s:
            self._began, self._used = now, 0
        self._used += 1
        return self._lines - self._used


def is_worth_showing(line: str) -> bool:
    """Whether a child's line reports a warning or worse, in any of the formats our processes write."""
    return bool(_WORTH_SHOWING.search(line)) and not _KNOWN_AND_HARMLESS.search(line)
