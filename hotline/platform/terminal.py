"""What `hotline up` shows: its own short lines, and from its children only what somebody should look at."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable

MAX_SHOWN_CHARACTERS = 300
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

    def hush(self) -> None:
        """Show no more of the children's warnings: while everything stops, lost connections are no news."""
        self._quiet = True

    def listener(self, name: str) -> Callable[[str], None]:
        """A function that takes one child's lines and shows those that matter."""

        def hear(line: str) -> None:
            if self._verbose or (not self._quiet and is_worth_showing(line)):
                self._write(f"{name} | {line[:MAX_SHOWN_CHARACTERS]}")

        return hear

    def _write(self, line: str) -> None:
        with self._lock:
            try:
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
            except (OSError, ValueError):
                return  # The terminal was closed; the log files have everything.


def is_worth_showing(line: str) -> bool:
    """Whether a child's line reports a warning or worse, in any of the formats our processes write."""
    return bool(_WORTH_SHOWING.search(line)) and not _KNOWN_AND_HARMLESS.search(line)
