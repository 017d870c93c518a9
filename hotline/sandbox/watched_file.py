"""A file in the carrier's data directory that somebody may replace while the carrier runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hotline.sandbox.settings import BadInput


class WatchedFile:
    """A JSON file that is read again whenever it has changed."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """``path`` need not exist yet; a file above ``max_bytes`` is refused."""
        self._path = path
        self._max_bytes = max_bytes
        self._seen: tuple[int, int] | None = None

    def take_over(self, take: Callable[[object], int]) -> int:
        """Hand what it holds to ``take`` when it is new or has changed; returns how many were taken.

        Raises ``ValueError`` (also what ``take`` raises) and ``OSError``.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return 0
        if self._seen == (status.st_mtime_ns, status.st_size):
            return 0
        self._seen = (status.st_mtime_ns, status.st_size)
        if status.st_size > self._max_bytes:
            raise BadInput(f"{self._path}: larger than {self._max_bytes} bytes")
        return take(json.loads(self._path.read_text("utf-8")))
