"""Counters whose process is killed: `python -m tests.remittance.payouts.dying DATABASE DATA_DIR FIRST ID …`.

For every seed a process is forked that releases, prepares, confirms or calls off one remittance, and dies by SIGKILL: before the
nth commit, right after it, or from outside at any moment. Then another process does it all again, as sweepers and people would.
"""

from __future__ import annotations

import sys
from pathlib import Path

from redis import Redis
from sqlalchemy import func, select

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from remittance.ledger.checking import check
from remittance.ledger.models import LedgerJournal
from remittance.payouts import codes, paying, releasing
from remittance.payouts.models import Payout
from remittance.requests import effects, moving, reviewing
from tests.factories import NOW
from tests.remittance.dying import answer, kill
from tests.remittance.payouts.making import seen

COMMITS = 7
"""As many transactions the work of one remittance has; a process dies at each of them in turn."""
CALLED_OFF = 4
"""Every so many seeds the remittance is called off while it is ready instead of being paid."""


def services_of(database: Database, data_dir: str) -> Services:
    """Return what the work needs, on the frozen clock; nothing of it talks to Redis."""
    settings = Settings(
        database_url=database.url,
        redis_url="redis://127.0.0.1:1",
        secret_key="a secret for tests only",
        data_dir=Path(data_dir),
    )
    effects.EFFECTS[releasing.EFFECT] = releasing.keep_books
    return Services(settings, database, Redis.from_url("redis://127.0.0.1:1"), FrozenClock(NOW))


def work(services: Services, seed: int, remittance_id: int) -> None:
    """Do everything for one remittance, from wherever it stands; any number of times."""
    releasing.release(services, remittance_id)
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id)
        people = {
            officer.roles[0]: actor_of(officer, "console")
            for officer in session.scalars(select(Officer).order_by(Officer.id.desc()))
        }
        cashiers = session.scalars(select(Officer).where(Officer.roles.any("cashier")).order_by(Officer.id)).all()
        standing = paying.standing_of(session, remittance_id)
        # Nobody reads the code again from its hash: a new one is made, as for a traveller whose text is lost.
        code = (
            codes.replace(services, session, people["agent"], remittance_id, way="voice", proof="questions")[1]
            if one.state == "ready" and standing is None
            else ""
        )
    cashier, witness = (actor_of(each, "console") for each in cashiers[:2])
    if seed % CALLED_OFF == 3 and one.state == "ready":
        with services.db.transaction() as session:
            reviewing.decide(
                session, services.clock, people["duty_chief"], remittance_id, "cancel", reason="Not needed"
            )
        return
    if code:
        standing = paying.prepare(services, cashier, remittance_id, seen(code))
    if standing is not None and standing.state == "prepared":
        with services.db.transaction() as session:
            paying.confirm(session, services.clock, witness, standing.id)


def one(url: str, data_dir: str, seed: int, remittance_id: int) -> None:
    """Run one seed to its death, do it again alive, and check the books; what is wrong, and how often it was paid."""
    death = kill(
        url, seed, lambda db, _told: work(services_of(db, data_dir), seed, remittance_id), points=COMMITS, within_s=0.25
    )
    db = Database(url, pool_size=2)
    services, refused = services_of(db, data_dir), ""
    try:
        work(services, seed, remittance_id)
    except HotlineError as error:
        refused = error.code
    with db.transaction() as session:
        state = moving.get(session, remittance_id).state
        journals = select(func.count()).where(LedgerJournal.key == f"payout:{remittance_id}")
        payouts = select(func.count()).where(Payout.remittance_id == remittance_id, Payout.state == "paid")
        paid = (session.scalar(journals), session.scalar(payouts))
    with db.connection() as connection:
        findings = check(connection, NOW).findings
    db.dispose()
    answer(seed=seed, killed=death.killed, state=state, paid=paid, findings=findings, refused=refused)


def main(url: str, data_dir: str, first: str, *remittances: str) -> None:
    """Run a seed for each remittance and print a line for each."""
    for nth, remittance_id in enumerate(remittances):
        one(url, data_dir, int(first) + nth, int(remittance_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
