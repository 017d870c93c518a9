"""Importers that are killed: `python -m tests.remittance.deposits.dying DATABASE REDIS FIRST COUNT DIRECTORY`.

For every seed a process is forked that takes the seed's file over and places its entries, and dies by SIGKILL: between a
statement and its commit, right after a commit, or from outside at any moment.
Then the file is sent again, as people do. A line of JSON tells of each seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.services import Services, connect_redis
from remittance.deposits import importing
from remittance.ledger.checking import check
from tests.factories import NOW
from tests.remittance.dying import answer, kill
from wsgi import build_registry

POINTS = 6
"""Transactions of one file: the file itself, the look at what is new, three entries that are placed, and those that wait."""


def services_of(url: str, redis_url: str, db: Database) -> Services:
    """Return the services that taking a file over needs."""
    settings = Settings(database_url=url, redis_url=redis_url, secret_key="x" * 40)  # type: ignore[arg-type]  # pydantic reads texts
    return Services(settings=settings, db=db, redis=connect_redis(redis_url), clock=FrozenClock(NOW))


def take(url: str, redis_url: str, file: Path, db: Database) -> None:
    """Take one file over."""
    importing.take(services_of(url, redis_url, db), SYSTEM, file.read_bytes(), name=file.name)


def one(url: str, redis_url: str, seed: int, file: Path) -> None:
    """Run one seed to its death, check the books, and take the file over once more."""
    death = kill(url, seed, lambda db, _told: take(url, redis_url, file, db), points=POINTS, within_s=0.15)
    db = Database(url, pool_size=1)
    with db.connection() as connection:
        findings = check(connection, NOW).findings
    take(url, redis_url, file, db)
    db.dispose()
    answer(seed=seed, killed=death.killed, findings=findings)


def main(url: str, redis_url: str, first: str, count: str, directory: str) -> None:
    """Run the seeds and print a line for each."""
    build_registry()
    for seed in range(int(first), int(first) + int(count)):
        one(url, redis_url, seed, Path(directory) / f"{seed}.xml")


if __name__ == "__main__":
    main(*sys.argv[1:])
