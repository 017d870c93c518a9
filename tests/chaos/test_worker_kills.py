"""Workers are killed again and again in the middle of a dispatch; every handset gets the text exactly once.

The judge is the carrier's own record, not ours. Everything that is drawn comes from one seed: where the faults strike, how
long a worker may live, which alert it works on, when Redis is emptied. `HOTLINE_CHAOS_SEED` replays a run.
"""

from __future__ import annotations

import itertools
import os
import random
import secrets
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg.types.json
import pytest
from sqlalchemy import text

from alerts.approval import digest_of
from alerts.dispatch.lanes import JOB
from hotline.core import jobs
from hotline.core.db import Database
from tests.alerts.dispatch.conftest import assert_tallies_equal_rows
from tests.chaos.stage import Stage, running_stage, wait_until
from tests.factories import SQUARE, make_alert, make_officer

pytestmark = pytest.mark.long

FAULTS = {
    "answer_delay": (100, 40),
    "answer_lost_after": (3, None),
    "answer_lost_before": (2, None),
    "http_500_after": (3, None),
    "http_500_before": (2, None),
    "http_429": (2, None),
    "callback_lost": (5, None),
    "callback_double": (10, None),
    "callback_reorder": (10, None),
}
"""Share in percent and value of each fault that the carrier plays for every number."""
SETTINGS = {
    "HOTLINE_DISPATCH_IN_FLIGHT": 12,
    "HOTLINE_DISPATCH_TIMEOUT_S": 1.5,
    "HOTLINE_DISPATCH_LEASE_S": 3,
    "HOTLINE_DISPATCH_SETTLE_S": 1,
    "HOTLINE_DISPATCH_MAX_ATTEMPTS": 20,
    "HOTLINE_DISPATCH_LANE_S": 5,
}
"""Short leases, so that what a kill leaves behind is cleared up within seconds; and as many attempts as kills may cost."""
MESSAGES_PER_ALERT = 200
ALERTS_AT_ONCE = 6
WORKERS = 2
LONGEST_LIFE_S = 0.25
SETTLE_LIMIT_S = 150.0

_MESSAGES = """
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts)
SELECT :alert_id, n, '+8210' || n, (ARRAY['PH','JP','TH'])[1 + n % 3], 'ko', 1
  FROM generate_series(CAST(:first AS int), CAST(:first AS int) + :count - 1) n
"""
_TALLIES = """
INSERT INTO tallies (alert_id, country, state, messages)
SELECT alert_id, country, 'queued', count(*) FROM messages WHERE alert_id = :alert_id GROUP BY 1, 2
"""


class Run:
    """One chaos run over a stage."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.seed = stage, seed
        self.random = random.Random(seed)
        self.kills = 0
        self.alerts: list[int] = []
        self._first_phone = itertools.count(30_000_000, MESSAGES_PER_ALERT)

    def set_faults(self) -> None:
        for kind, (share, value) in FAULTS.items():
            self.stage.sandbox.set_fault(kind, share=share, value=value, seed=self.seed)

    def add_alert(self) -> None:
        """Add an approved alert whose message rows are written, with words of its own."""
        services, now = self.stage.services, datetime.now(UTC)
        texts = {"alert": {"ko": f"[외교부] 훈련이 아닌 시험 {len(self.alerts)}"}}
        with services.db.transaction() as session:
            author = make_officer(session)
            alert = make_alert(session, author=author, state="dispatching", expires=now + timedelta(hours=2))
            session.execute(
                text(
                    """INSERT INTO approvals (alert_id, officer_id, at, areas, texts, digest, audience_estimate, drill, expires)
                       VALUES (:id, :officer, :now, :areas, :texts, :digest, :count, false, :expires)"""
                ),
                {
                    "id": alert.id,
                    "officer": author.id,
                    "now": now,
                    "areas": psycopg.types.json.Jsonb(SQUARE),
                    "texts": psycopg.types.json.Jsonb(texts),
                    "digest": digest_of(SQUARE, texts, False),
                    "count": MESSAGES_PER_ALERT,
                    "expires": alert.expires,
                },
            )
            values = {"alert_id": alert.id, "first": next(self._first_phone), "count": MESSAGES_PER_ALERT}
            session.execute(text(_MESSAGES), values)
            session.execute(text(_TALLIES), values)
            self.alerts.append(alert.id)

    def open_alerts(self) -> list[int]:
        """Return the alerts that still have messages to claim."""
        with self.stage.services.db.transaction() as session:
            return list(
                session.scalars(
                    text(
                        """SELECT DISTINCT alert_id FROM tallies WHERE state = 'queued' AND messages > 0
                           GROUP BY alert_id HAVING sum(messages) > 30 ORDER BY alert_id"""
                    )
                )
            )

    def kill_workers(self, wanted: int, flush_every: int) -> None:
        """Kill `wanted` workers, each at a random moment of a dispatch; a killed one is replaced at once."""
        workers = [self.stage.nursery.start() for _ in range(WORKERS)]
        while self.kills < wanted:
            while len(open_alerts := self.open_alerts()) < ALERTS_AT_ONCE:
                self.add_alert()
            for alert_id in self.random.sample(open_alerts or self.alerts[-1:], k=1):
                jobs.enqueue(self.stage.services, JOB, alert_id, once=False)
            victim = self._await_dispatching(workers)
            if victim is None:
                continue
            time.sleep(self.random.uniform(0, LONGEST_LIFE_S))
            in_dispatch = JOB in self.stage.job_of(victim)
            assert self.stage.nursery.kill(victim) == "killed"
            workers.remove(victim)
            workers.append(self.stage.nursery.start())
            self.kills += in_dispatch
            if in_dispatch and self.kills % flush_every == 0:
                self.stage.services.redis.flushall()

    def _await_dispatching(self, workers: list[int]) -> int | None:
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            busy = [pid for pid in workers if JOB in self.stage.job_of(pid)]
            if busy:
                return self.random.choice(busy)
            time.sleep(0.01)
        return None

    def settle(self) -> None:
        """Let the last workers finish what is left."""
        services = self.stage.services

        def finished() -> bool:
            with services.db.transaction() as session:
                return not session.scalar(text("SELECT count(*) FROM alerts WHERE state = 'dispatching'"))

        wait_until(finished, f"all alerts finished (seed {self.seed})", SETTLE_LIMIT_S, poll_s=0.25)
        for pid in list(self.stage.nursery.alive):
            self.stage.nursery.kill(pid)

    def judge(self) -> None:
        """Compare the carrier's record with the rows: none lost, none twice, and each under its name there."""
        record = {}
        copies: Counter[str] = Counter()
        for entry in self.stage.sandbox.messages():
            copies[entry["to"]] += 1
            record[entry["to"]] = entry["sid"]
        with self.stage.services.db.transaction() as session:
            rows = session.execute(text("SELECT phone, state, provider_sid, error_code FROM messages")).all()
            attempts = Counter(session.scalars(text("SELECT coalesce(outcome, 'open') FROM attempts")))
        twice = {phone: count for phone, count in copies.items() if count > 1}
        lost = [row.phone for row in rows if copies[row.phone] == 0]
        story = f"seed {self.seed}: {self.kills} kills, {len(rows)} messages, attempts {dict(attempts)}"
        _say(story)
        assert not twice, f"{story}: twice {dict(list(twice.items())[:5])}"
        assert not lost, f"{story}: lost {lost[:5]}"
        assert set(copies) == {row.phone for row in rows}, story
        wrong = [row for row in rows if row.state not in ("sent", "delivered") or row.provider_sid != record[row.phone]]
        assert not wrong, f"{story}: {wrong[:5]}"


def _say(line: str) -> None:
    """Write to pytest's captured output, which is shown when the run fails."""
    sys.stdout.write(line + "\n")


def _play(database_url: str, redis_url: str, folder: Path, seed: int, kills: int, flush_every: int) -> None:
    _say(f"HOTLINE_CHAOS_SEED={seed}")
    with running_stage(database_url, redis_url, folder, **SETTINGS) as stage:
        run = Run(stage, seed)
        run.set_faults()
        run.kill_workers(kills, flush_every)
        run.settle()
        run.judge()
    database = Database(database_url, pool_size=1)
    try:
        assert_tallies_equal_rows(database)
    finally:
        database.dispose()


@pytest.mark.timeout(900)
def test_a_hundred_kills_lose_no_message_and_send_none_twice(database_url: str, redis_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("HOTLINE_CHAOS_SEED", "20261121"))
    _play(database_url, redis_url, tmp_path, seed, kills=100, flush_every=30)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_thousand_kills_with_a_fresh_seed(database_url: str, redis_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("HOTLINE_CHAOS_SEED", "0")) or secrets.randbelow(2**31)
    _play(database_url, redis_url, tmp_path, seed, kills=1000, flush_every=100)
