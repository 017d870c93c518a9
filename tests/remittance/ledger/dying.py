"""Book-keepers that are killed: `python -m tests.remittance.ledger.dying DATABASE FIRST COUNT BANK HELD`, one line of JSON each.

For every seed a process is forked that posts, reverses and seals, and dies by SIGKILL: between the statement and its commit,
right after a commit, or from outside at any moment. What it was told to be committed it says first.
"""

from __future__ import annotations

import os
import sys

from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from remittance.ledger.checking import check
from remittance.ledger.posting import About, Line, post, reverse
from remittance.ledger.sealing import seal
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.dying import FROM_OUTSIDE, Mortal, answer, kill

ACTS = 6


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


def live(db: Mortal, seed: int, bank: int, held: int, told: int) -> None:
    """Keep books until death comes."""
    for nth in range(1_000 if db.way == FROM_OUTSIDE else ACTS):
        act(db, seed, nth, bank, held, told)


def one(url: str, seed: int, bank: int, held: int) -> None:
    """Run one seed to its death, then check the books; what was told, and what is wrong."""
    death = kill(url, seed, lambda db, told: live(db, seed, bank, held, told), points=ACTS, within_s=0.08)
    db = Database(url, pool_size=1)
    with db.connection() as connection:
        checked = check(connection, NOW)
    db.dispose()
    answer(seed=seed, killed=death.killed, told=death.told, findings=checked.findings)


def main(url: str, first: str, count: str, bank: str, held: str) -> None:
    """Run the seeds and print a line for each."""
    for seed in range(int(first), int(first) + int(count)):
        one(url, seed, int(bank), int(held))


if __name__ == "__main__":
    main(*sys.argv[1:])
