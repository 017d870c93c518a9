"""The whole service, killed: `python -m tests.remittance.service.dying DATABASE REDIS DATA_DIR FIRST COUNT`.

For every seed a process is forked that takes one remittance along its whole way and dies by SIGKILL: before a commit, right after
one, or from outside at any moment. Then it all is done again, with the same keys, and judged. A line of JSON tells of each seed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.services import Services, connect_redis, make_services
from remittance.ledger import sealing
from remittance.ledger.checking import check as check_books
from remittance.requests.models import Remittance
from tests.factories import NOW
from tests.remittance.dying import WAYS, Mortal, answer, kill
from tests.remittance.requests.making import make_case
from tests.remittance.service.acts import fill
from tests.remittance.service.invariants import Memory, check
from tests.remittance.service.way import COMMITS, ENDS, Way
from tests.remittance.service.world import World, later
from wsgi import create_app

STRIDE = 17
"""Shares no factor with COMMITS: every commit point has its turn."""


def services_of(url: str, redis_url: str, data_dir: str) -> Services:
    """Return the services on the frozen clock."""
    settings = Settings(database_url=url, redis_url=redis_url, secret_key="x" * 40, data_dir=Path(data_dir))  # type: ignore[arg-type]  # pydantic reads texts
    return make_services(settings, clock=FrozenClock(NOW))


def one(world: World, memory: Memory, seed: int, within_s: float) -> float:
    """Run one seed to its death, do it again alive, and judge everything; how long doing it took, in seconds."""
    later(world, days=2)
    world.rates()
    with world.services.db.transaction() as session:
        case = make_case(session, world.clock, name=f"여행자 {seed}").id
    way = Way(world, seed, case, world.services.settings.data_dir)
    alive, url = world.services, world.services.settings.database_url
    alive.db.dispose()
    alive.redis.close()

    def live(db: Mortal, _told: int) -> None:
        world.services = replace(alive, db=db, redis=connect_redis(alive.settings.redis_url))
        way.go()

    # Neighbouring seeds die far from each other, so that a few of them meet the beginning, the middle and the end.
    death = kill(url, seed % WAYS + seed // WAYS * STRIDE * WAYS, live, points=COMMITS, within_s=within_s)
    began = time.monotonic()
    way.go()
    took = time.monotonic() - began
    check(world, memory)
    with world.services.db.transaction() as session:
        times = session.scalar(select(func.count()).where(Remittance.request_key == f"way-{seed}"))
    sealing.run(world.services)
    with world.services.db.connection() as connection:
        findings = check_books(connection, world.clock.now()).findings
    answer(
        seed=seed, killed=death.killed, path=way.path, state=world.get(way.wanted).state, must=ENDS[way.path], times=times,
        findings=findings,
    )  # fmt: skip
    return took


def main(url: str, redis_url: str, data_dir: str, first: str, count: str) -> None:
    """Run the seeds and print a line for each."""
    services = services_of(url, redis_url, data_dir)
    create_app(services=services)
    world = World(services, services.clock)  # type: ignore[arg-type]  # the frozen clock
    world.begin()
    fill(world)
    memory, within_s = Memory(), 1.0
    for seed in range(int(first), int(first) + int(count)):
        within_s = max(0.2, one(world, memory, seed, within_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
