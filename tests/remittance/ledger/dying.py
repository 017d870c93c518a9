"""Book-keepers that are killed: `python -m tests.remittance.ledger.dying DATABASE FIRST COUNT BANK HELD`, one line of JSON each.

For every seed a process is forked that posts, reverses and seals, and dies by SIGKILL: between the statement and its commit,
right after a commit, or from outside at any moment. What it was told to be committed it says first. Forked and not started
anew, because that is a hundred times quicker; nothing is connected before the fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from remittance.ledger.checking import check
from remittance.ledger.posting import About, Line, post, reverse
from remittance.ledger.sealing import seal
from remittance.money.amounts import Money
from tests.factories import NOW

ACTS = 6
BEFORE_COMMIT, AFTER_COMMIT, FROM_OUTSIDE = range(3)


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


def act(db: Database, seed: int, nth: int, bank: int, held: int, told: int) -> None:
    """Do the nth thing of a seed, whose key stands for it alone; `told` takes the key once it is committed."""
    key, clock = f"dying:{seed}:{nth}", FrozenClock(NOW)
    with db.transaction() as session:
        if nth % ACTS == 3:
            first = post_one(session, clock, f"dying:{seed}:{nth - 1}", bank, held, seed + nth - 1)
            reverse(session, clock, SYSTEM, key=key, journal_id=first, memo="wrong")
        elif nth % ACTS == 5:
            seal(session, clock)
            return
        else:
            post_one(session, clock, key, bank, held, seed + nth)
    os.write(told, f"{key}\n".encode())


def post_one(session: Session, clock: FrozenClock, key: str, bank: int, held: int, minor: int) -> int:
    """Post one deposit, or find it."""
    lines = [Line(bank, Money(minor + 1, "KRW")), Line(held, Money(-minor - 1, "KRW"))]
    return post(
        session, clock, SYSTEM, key=key, occurred_at=NOW, memo="a deposit", about=About(), lines=lines
    ).journal_id


def live_and_die(url: str, seed: int, bank: int, held: int, told: int) -> None:
    """Keep books until death comes."""
    db = Mortal(url, pool_size=1)
    db.dies_at, db.way = 1 + seed // 3 % ACTS, seed % 3
    for nth in range(1_000 if db.way == FROM_OUTSIDE else ACTS):
        act(db, seed, nth, bank, held, told)


def one(url: str, seed: int, bank: int, held: int) -> dict[str, object]:
    """Run one seed to its death, then check the books; what was told, and what is wrong."""
    reading, told = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            live_and_die(url, seed, bank, held, told)
        os._exit(1)
    os.close(told)
    if seed % 3 == FROM_OUTSIDE:
        time.sleep(0.02 + random.Random(seed).random() * 0.08)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        keys = pipe.read().split()
    db = Database(url, pool_size=1)
    with db.connection() as connection:
        checked = check(connection, NOW)
    db.dispose()
    return {"seed": seed, "killed": os.WTERMSIG(status) == signal.SIGKILL, "told": keys, "findings": checked.findings}


def main(url: str, first: str, count: str, bank: str, held: str) -> None:
    """Run the seeds and print a line for each."""
    for seed in range(int(first), int(first) + int(count)):
        print(json.dumps(one(url, seed, int(bank), int(held))), flush=True)  # noqa: T201  # this is its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
