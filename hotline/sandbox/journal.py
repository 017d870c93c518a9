"""The journal: one JSON line for every accepted text and every change, so that a killed carrier forgets nothing.

An accepted text is handed to the operating system before the client has its answer, so killing the process loses
none. There is no fsync: this is a practice tool, and a power cut may cost its last moments.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hotline.sandbox.messages import Message

logger = logging.getLogger(__name__)

Entry = dict[str, Any]

MAX_LINE_BYTES = 64 * 1024
MAX_BUFFERED_LINES = 20_000
FLUSH_INTERVAL_S = 0.1


# Made once: json.dumps with options makes an encoder for every call. Plain ASCII, so that no text whatever, not even
# half of a surrogate pair, can make a line that cannot be written.
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Journal:
    """Appends entries to a file; ``path`` None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        """Open (and make) the file for appending; raises ``OSError`` when that cannot be done."""
        self._path = path
        self._buffer: list[str] = []
        self._descriptor: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()

    def _open(self) -> None:
        assert self._path is not None
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, entry: Entry) -> None:
        """Remember an entry; it is written at the latest with the next flush."""
        if self._descriptor is None:
            return
        self._buffer.append(_encode(entry))
        if len(self._buffer) >= MAX_BUFFERED_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system; raises ``OSError`` (disk full) and then keeps the entries."""
        if self._descriptor is None or not self._buffer:
            return
        data = ("\n".join(self._buffer) + "\n").encode()
        view = memoryview(data)
        while view:
            written = os.write(self._descriptor, view)
            view = view[written:]
        self._buffer.clear()

    def drop_last(self) -> None:
        """Forget the newest entry, when the flush that should have made it durable failed."""
        if self._buffer:
            self._buffer.pop()

    def entries(self) -> Iterator[Entry]:
        """Yield what the file holds; a line torn by a kill is skipped and logged."""
        if self._path is None:
            return
        torn = 0
        with self._path.open("rb") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    torn += 1
                    continue
                if isinstance(entry, dict):
                    yield entry
        if torn:
            logger.warning("%s torn line(s) in %s skipped", torn, self._path)

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Replace the file by ``entries`` in one step, so that it holds the present and not the whole past."""
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            for entry in entries:
                file.write(_encode(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._buffer.clear()
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._open()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def message_entry(message: Message) -> Entry:
    """Return the line of one text as it stands."""
    return {"m": [getattr(message, name) for name in Message.__slots__]}


def status_entry(message: Message) -> Entry:
    """Return the line of one change of status."""
    return {"s": [message.sid, message.status, message.updated, message.error_code]}


def read_message(row: object) -> Message:
    """Turn a text's line back into a text; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, list) or len(row) != len(Message.__slots__):
        raise ValueError("a text in the journal has another shape")
    return Message(**dict(zip(Message.__slots__, row, strict=True)))
