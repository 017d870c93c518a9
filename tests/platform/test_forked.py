"""Commands that are forked: what they are given, what comes back, and that they never outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from hotline.platform.children import output_of
from hotline.platform.forked import ForkedChild
from tests.platform.processes import descendants, end, is_alive, read_line, run_python, wait_until

PARENT = """
import os, sys
from hotline.platform.forked import ForkedChild
child = ForkedChild(["sandbox", "--port", sys.argv[1]], env=os.environ, cwd=None)
print(child.pid, flush=True)
child.wait()
"""


def _forked(*words: str, cwd: Path | None = None, **settings: str) -> ForkedChild:
    return ForkedChild(words, env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | settings, cwd=cwd)


def test_output_and_status_come_back(tmp_path: Path) -> None:
    child = _forked("doctor", "--data", "here", cwd=tmp_path, HOTLINE_REDIS_URL="redis://127.0.0.1:1/0")
    said = output_of(child).read().decode()
    assert child.wait(120) == 1
    assert child.poll() == 1
    # Its environment is the given one, and its folder too.
    assert "FAIL  Redis" in said
    assert "redis://127.0.0.1:1/0" in said


def test_refusal_is_one_line_with_the_usual_status() -> None:
    child = _forked("worker")
    said = output_of(child).read().decode()
    assert child.wait(120) == 2
    assert said.startswith("hotline: ")
    assert said.count("\n") == 1


def test_child_has_a_session_of_its_own_and_can_be_killed(port: int) -> None:
    child = _forked("sandbox", "--port", str(port), TWILIO_ACCOUNT_SID="AC" + "0" * 32, TWILIO_AUTH_TOKEN="x")
    try:
        assert child.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.05)
        wait_until(lambda: os.getsid(child.pid) == child.pid, "it leads its session")
        wait_until(lambda: "hotline sandbox" in Path(f"/proc/{child.pid}/cmdline").read_text(), "it has begun")
        ignored = int(Path(f"/proc/{child.pid}/status").read_text().split("SigIgn:")[1].split()[0], 16)
        assert ignored >> (signal.SIGPIPE - 1) & 1, "whoever goes away in mid-answer would kill it"
    finally:
        child.kill()
    assert child.wait(120) == -signal.SIGKILL
    child.send_signal(signal.SIGTERM)  # To nobody: its number may be somebody else's by now.


def test_child_ends_when_its_parent_is_killed(port: int) -> None:
    parent = run_python(PARENT, str(port), TWILIO_ACCOUNT_SID="AC" + "0" * 32, TWILIO_AUTH_TOKEN="x")
    try:
        child = int(read_line(parent))
        family = descendants(parent.pid)
        assert child in family
        parent.kill()
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left")
    finally:
        end(parent)
