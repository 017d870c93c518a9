"""Copies a child's output into log files of bounded size."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

MAX_FILE_BYTES = 5_000_000
KEPT_FILES = 3
MAX_LINE_BYTES = 16_384
TAIL_LINES = 20


class BoundedLog:
    """A log file that is renamed to `.1`, `.2`, … at `max_bytes`; at most `kept` old files remain.

    The file is readable by its owner only, because a server's errors can quote what it was working on.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_FILE_BYTES, kept: int = KEPT_FILES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept = kept
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open()
        self._size_bytes = path.stat().st_size

    def write(self, line: bytes) -> None:
        """Append one line, starting a new file when this one is full; raises OSError when the disk refuses."""
        if self._file.closed:
            self._file = self._open()
        if self._size_bytes + len(line) > self._max_bytes:
            self._rotate()
        self._file.write(line)
        self._file.flush()
        self._size_bytes += len(line)

    def close(self) -> None:
        """Close the file; nothing may be written afterwards."""
        self._file.close()

    def _open(self) -> IO[bytes]:
        file = self.path.open("ab")
        self.path.chmod(0o600)
        return file

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept, 0, -1):
            newer = self.path if number == 1 else self._numbered(number - 1)
            if newer.exists():
                newer.replace(self._numbered(number))
        self._file = self._open()
        self._size_bytes = 0

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class LogPump:
    """A thread that moves a child's output into a `BoundedLog` until the child closes it.

    A child must never wait for its log, so a line that cannot be written (a full disk) is dropped and counted.
    """

    def __init__(self, stream: IO[bytes], log: BoundedLog, *, on_line: Callable[[str], None] | None = None) -> None:
        self.dropped_lines = 0
        self._stream = stream
        self._log = log
        self._on_line = on_line
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._thread = threading.Thread(target=self._run, name=f"log {log.path.name}", daemon=True)
        self._thread.start()

    def tail(self) -> list[str]:
        """The last lines seen, oldest first."""
        return list(self._tail)

    def join(self, limit_s: float) -> None:
        """Wait until the child's output has ended and was written."""
        self._thread.join(limit_s)

    def _run(self) -> None:
        with contextlib.closing(self._log), self._stream:
            while line := self._stream.readline(MAX_LINE_BYTES):
                self._take(line if line.endswith(b"\n") else line + b"\n")

    def _take(self, line: bytes) -> None:
        try:
            self._log.write(line)
        except OSError:
            self.dropped_lines += 1
        text = line.decode("utf-8", "replace").rstrip()
        self._tail.append(text)
        if self._on_line is not None:
            self._on_line(text)
