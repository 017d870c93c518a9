"""Remembers what an installation was made from, so that set-up does nothing when nothing changed.

A stamp is a hash over the contents of files and a few words (the Python version, where the checkout lies). It is kept
inside what it describes: whoever removes the directory removes the stamp with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path


def digest(files: Iterable[Path], words: Iterable[str] = ()) -> str:
    """A hash that changes when a file's content or one of the words changes."""
    hasher = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        hasher.update(f"{path.name}\0{len(content)}\0".encode())
        hasher.update(content)
    for word in words:
        hasher.update(f"\0{word}".encode())
    return hasher.hexdigest()


class Stamps:
    """The stamps in one JSON file; a missing or unreadable file means that nothing is known to be done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, name: str, value: str) -> bool:
        """Whether the step `name` was last done with exactly `value`."""
        return self._read().get(name) == value

    def put(self, name: str, value: str) -> None:
        """Record that the step was done; written whole or not at all."""
        stamps = self._read() | {name: value}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(json.dumps(stamps, indent=1))
        fresh.replace(self._path)

    def _read(self) -> dict[str, str]:
        try:
            stamps = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}
