"""Real messages and vectors written by others; they are not part of the project and may be absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def load_bytes(name: str) -> bytes:
    """Read a file of the real material, or skip the test and say why."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real material is not here: {path} is missing")
    return path.read_bytes()


def load_json(name: str) -> Any:
    """Read a JSON file of the real material, or skip the test and say why."""
    return json.loads(load_bytes(name))
