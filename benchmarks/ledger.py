"""`ledger`: journals a second into the books, durable, four clients on one hot account, against bare inserts of the same shape.

In turn, round by round, on one durable PostgreSQL: the service's own `post` with every rule of the books; bare inserts of a
journal and its two postings into tables with the same columns, keys and indexes and no rule at all; and the bare inserts with
a balance row counted up for each account, which is how running balances are usually kept. All of them meet on one account. At
the end the books are sealed and computed anew; one journal that is missing or does not balance fails the run.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.measure import environment, print_table, timed_s
from hotline.core import migrate
from hotline.core.actor import SYSTEM
from hotline.core.config import load_settings
from hotline.core.db import psycopg_of
from hotline.core.services import Services, make_services
from hotline.platform.embedded import EmbeddedPostgres
from remittance.ledger import sealing
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balances, trial_balance
from remittance.ledger.checking import check
from remittance.ledger.months import period_of
from remittance.ledger.posting import About, Line, post
from remittance.money.amounts import Money

MAX_ROUNDS, MAX_JOURNALS, MAX_CLIENTS = 50, 100_000, 32
RUN_LIMIT_S = 300.0
_BARE_TABLES = """
CREATE TABLE bare_accounts (id bigint PRIMARY KEY, minor bigint NOT NULL DEFAULT 0);
INSERT INTO bare_accounts SELECT id FROM ledger_accounts;
CREATE TABLE bare_journals (LIKE ledger_journals INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES);
CREATE TABLE bare_postings (LIKE ledger_postings INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES,
    FOREIGN KEY (journal_id) REFERENCES bare_journals (id), FOREIGN KEY (account_id) REFERENCES bare_accounts (id));
"""
_BARE_JOURNAL = """
INSERT INTO bare_journals (key, digest, occurred_at, posted_at, period, memo, about_kind, about_id, actor_kind, actor_name, via)
VALUES (%s, repeat('0', 64), %s, %s, %s, %s, 'remittance', 1, 'system', 'system', 'system') RETURNING id
"""
_BARE_POSTINGS = """
INSERT INTO bare_postings (journal_id, period, account_id, currency, minor)
VALUES (%s, %s, %s, 'KRW', %s), (%s, %s, %s, 'KRW', %s)
"""
_COUNT_UP = "UPDATE bare_accounts SET minor = minor + %s WHERE id = %s"
Act = Callable[[int, int], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each way, in turn")
    parser.add_argument("--journals", type=int, default=600, help="journals of one round, over all clients")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--accounts", type=int, default=180, help="accounts on the other side of the hot one")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when the books are not sound afterwards."""
    for name, most in (("rounds", MAX_ROUNDS), ("journals", MAX_JOURNALS), ("clients", MAX_CLIENTS)):
        if not 1 <= getattr(args, name) <= most:
            raise ValueError(f"--{name} must be from 1 to {most}")
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        postgres = EmbeddedPostgres(Path(folder), durable=True)
        try:
            url = postgres.start()
            migrate.upgrade(url)
            settings = load_settings(database_url=url, redis_url="redis://127.0.0.1:9/0", secret_key="benchmark")  # noqa: S106  # signs nothing
            services = make_services(settings, pool_size=args.clients + 1)
            try:
                return Bench(args, services).measure() | {"environment": environment("psycopg", "sqlalchemy")}
            finally:
                services.db.dispose()
        finally:
            postgres.stop()


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    rows: list[list[object]] = [
        [label, result[f"{key}_per_s"], result[f"{key}_median_ms"], result[f"{key}_p99_ms"]]
        for label, key in (
            ("bare inserts", "bare"), ("bare, balances counted up", "counting"), ("the books", "ledger"),
        )
    ]  # fmt: skip
    print_table(
        f"Journals onto one hot account, {result['clients']} clients", ["", "a second", "median ms", "p99 ms"], rows
    )
    print_table(
        f"Around them, {result['journals_on_record']:,} journals",
        ["", "ms"],
        [
            ["balance of the hot account, nothing carried", result["hot_balance_ms"]],
            ["trial balance of the month", result["trial_balance_ms"]],
            ["computing everything anew", result["check_ms"]],
        ],
    )
    print(f"\nratio to bare inserts {result['ratio_to_bare_inserts']}, sealed {result['sealed_per_s']:,} a second")


class Bench:
    """The books to measure in: one hot account and many others, and the same without rules beside them."""

    def __init__(self, args: argparse.Namespace, services: Services) -> None:
        self.args, self.services = args, services
        self.numbers = itertools.count(1)
        with services.db.transaction() as session:
            self.hot = account_for(session, services.clock, "bank", "KRW", reference="main")
            self.others = [
                account_for(session, services.clock, "bank", "KRW", reference=f"other-{nth}")
                for nth in range(args.accounts)
            ]
            session.execute(text(_BARE_TABLES))
        self.took_ms: dict[str, list[float]] = {}

    def measure(self) -> dict[str, Any]:
        """Run all rounds and return the figures."""
        acts: dict[str, Act] = {"bare": self._bare, "counting": self._counting, "ledger": self._ledger}
        rates: dict[str, list[float]] = {name: [] for name in acts}
        for act in acts.values():
            self._round(act, 40, [])
        for _ in range(self.args.rounds):
            for name, act in acts.items():
                rates[name].append(self._round(act, self.args.journals, self.took_ms.setdefault(name, [])))
        figures: dict[str, Any] = {}
        for name, taken in self.took_ms.items():
            figures[f"{name}_per_s"] = round(statistics.median(rates[name]), 1)
            figures[f"{name}_median_ms"] = round(statistics.median(taken), 2)
            figures[f"{name}_p99_ms"] = round(sorted(taken)[int(len(taken) * 0.99)], 2)
        for name, base in (("ratio_to_bare_inserts", "bare"), ("ratio_to_counting_balances", "counting")):
            pairs = zip(rates["ledger"], rates[base], strict=True)
            figures[name] = round(statistics.median(ours / other for ours, other in pairs), 2)
        return figures | self._afterwards() | {"clients": self.args.clients, "accounts": self.args.accounts + 1}

    def _round(self, act: Act, journals: int, taken: list[float]) -> float:
        """Journals a second over all clients; what each one took is added to `taken`."""
        start = threading.Barrier(self.args.clients + 1)
        failures = list[Exception]()
        share = journals // self.args.clients or 1

        def client() -> None:
            start.wait()
            try:
                for _ in range(share):
                    number = next(self.numbers)
                    began = time.perf_counter()
                    act(number, self.others[number % len(self.others)])
                    taken.append((time.perf_counter() - began) * 1000)
            except Exception as error:  # noqa: BLE001  # told by the thread that waits for it
                failures.append(error)

        threads = [threading.Thread(target=client) for _ in range(self.args.clients)]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join(RUN_LIMIT_S)
        if failures or any(thread.is_alive() for thread in threads):
            raise RuntimeError(f"a client failed: {failures[:1]}")
        return float(share * self.args.clients / (time.perf_counter() - began))

    def _ledger(self, number: int, other: int) -> None:
        lines = [Line(self.hot, Money(number, "KRW")), Line(other, Money(-number, "KRW"))]
        with self.services.db.transaction() as session:
            post(
                session, self.services.clock, SYSTEM, key=f"bench:{number}", occurred_at=self.services.clock.now(),
                memo="a deposit", about=About("remittance", 1), lines=lines,
            )  # fmt: skip

    def _bare(self, number: int, other: int, counted: bool = False) -> None:
        now = datetime.now(UTC)
        period = period_of(now)
        with self.services.db.transaction() as session:
            raw = psycopg_of(session)
            row = raw.execute(_BARE_JOURNAL, (f"bench:{number}", now, now, period, "a deposit")).fetchone()
            assert row is not None, "it was inserted"
            raw.execute(_BARE_POSTINGS, (row[0], period, self.hot, number, row[0], period, other, -number))
            for account, minor in sorted(((self.hot, number), (other, -number))) if counted else ():
                raw.execute(_COUNT_UP, (minor, account))

    def _counting(self, number: int, other: int) -> None:
        self._bare(number, other, counted=True)

    def _afterwards(self) -> dict[str, Any]:
        """Seal and check everything, and time what reads the books."""
        db, clock = self.services.db, self.services.clock
        sealed = 0

        def seal() -> None:
            nonlocal sealed
            with db.transaction() as session:
                sealed = sealing.seal(session, clock, limit=MAX_JOURNALS)

        seal_s = timed_s(seal)
        with db.transaction() as session:
            hot_ms = statistics.median(timed_s(lambda: balances(session, [self.hot])) for _ in range(5)) * 1000
            trial_ms = statistics.median(
                timed_s(lambda: trial_balance(session, period_of(clock.now()))) for _ in range(5)
            )
        began = time.perf_counter()
        with db.connection() as connection:
            checked = check(connection, clock.now())
        assert checked.sound, checked.findings[:3]
        posted = len(self.took_ms["ledger"])
        assert checked.sealed == checked.journals >= posted, f"{checked.journals} on record of {posted}"
        return {
            "journals_on_record": checked.journals, "postings_on_record": checked.postings, "journals_missing": 0,
            "sealed_per_s": round(sealed / seal_s), "hot_balance_ms": round(hot_ms, 2),
            "trial_balance_ms": round(trial_ms * 1000, 2), "check_ms": round((time.perf_counter() - began) * 1000, 1),
        }  # fmt: skip
