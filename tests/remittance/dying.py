"""Processes that work on the books and are killed: at a commit point that a seed chooses, or from outside at any moment.

Each seed's process is forked and not started anew, because that is a hundred times quicker; nothing is connected before the fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.db import Database

ROOT = Path(__file__).resolve().parents[2]
BEFORE_COMMIT, AFTER_COMMIT, FROM_OUTSIDE = range(3)
"""A seed's way of dying is its rest by three."""
WAYS = 3


class Mortal(Database):
    """A database whose process dies at its nth transaction: before the commit, or right after it."""

    dies_at, way = 0, FROM_OUTSIDE

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self.dies_at -= 1
        with super().transaction() as session:
            yield session
            if self.dies_at == 0 and self.way == BEFORE_COMMIT:
                session.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        if self.dies_at == 0 and self.way == AFTER_COMMIT:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Death:
    """How a process ended, and the words that it told before."""

    killed: bool
    told: list[str]


def kill(url: str, seed: int, work: Callable[[Mortal, int], object], *, points: int, within_s: float) -> Death:
    """Fork a process that does `work` with a mortal database and a file to tell its words to, and see it die.

    It dies at one of `points` transactions, or from outside within so many seconds. One whose work ends first is not killed.
    """
    reading, told = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # half a line of a log would stand before an answer
            mortal = Mortal(url, pool_size=1)
            mortal.dies_at, mortal.way = 1 + seed // WAYS % points, seed % WAYS
            work(mortal, told)
            if mortal.way == FROM_OUTSIDE:
                time.sleep(within_s)  # whoever was quicker than that
        os._exit(1)
    os.close(told)
    if seed % WAYS == FROM_OUTSIDE:
        time.sleep(0.01 + random.Random(seed).random() * within_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        words = pipe.read().split()
    return Death(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, words)


def answers(module: str, *words: object, limit_s: int) -> list[dict[str, Any]]:
    """Run a module that prints a line of JSON for each seed, and return the lines; a process of its own may fork safely."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=limit_s, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def answer(**told: object) -> None:
    """Print one seed's line."""
    print(json.dumps(told), flush=True)  # noqa: T201  # this is its answer
