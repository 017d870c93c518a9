"""Starting the whole service as a user does, and reading what it says; for the tests of `hotline up`."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.platform.processes import PROJECT, clean_environment, end, read_line

HOTLINE = [sys.executable, "-m", "hotline"]
NAMES = {"scheduler", "worker", "web", "live", "sandbox"}


def start_up(data: Path, port: int, *more: str, **settings: str) -> subprocess.Popen[str]:
    """Start `hotline up` in a session of its own, with more arguments and settings of the environment."""
    return subprocess.Popen(
        [*HOTLINE, "up", "--port", str(port), "--data", str(data), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=clean_environment(**settings),
        start_new_session=True,
    )


def wait_for_ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read the announcement; what it says by its first word."""
    said: dict[str, str] = {}
    while "READY" not in said:
        line = read_line(process)
        assert line, f"it ended: {process.stderr.read() if process.stderr else ''}"
        word, _, rest = line.partition(" ")
        said[word] = rest
    return said


def one_line_of(process: subprocess.Popen[str]) -> str:
    """The error of a start that was refused."""
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        end(process)
    assert process.returncode == 2
    assert output == ""
    assert errors.count("\n") == 1, errors
    return errors.strip()


def ask_json(url: str) -> dict[str, object]:
    """The JSON object at an address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        found: dict[str, object] = json.load(answer)
    return found
