"""Workers are killed while they send notices; the carrier's own record says that every handset got its text exactly once."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline.core import jobs
from hotline.notices import lanes, store
from hotline.notices.store import NewNotice
from tests.chaos.stage import Stage, running_stage, wait_until
from tests.chaos.test_worker_kills import FAULTS, SETTINGS

pytestmark = pytest.mark.long

SEED = 20261122
KILLS = 5
NOTICES_A_ROUND = 50


def _publish(stage: Stage, first: int) -> None:
    now = datetime.now(UTC)
    notices = [
        NewNotice(f"+8210{nth}", f"Text {nth}", f"kill:{nth}", now + timedelta(hours=1))
        for nth in range(first, first + NOTICES_A_ROUND)
    ]
    with stage.services.db.connection() as connection:
        store.publish_many(connection, now, "information", notices)


def _await_sending(stage: Stage, worker: int) -> bool:
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        if lanes.JOB in stage.job_of(worker):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.timeout(600)
def test_killed_workers_lose_no_notice_and_send_none_twice(database_url: str, redis_url: str, tmp_path: Path) -> None:
    draw = random.Random(SEED)
    with running_stage(database_url, redis_url, tmp_path, **SETTINGS) as stage:
        for kind, (share, value) in FAULTS.items():
            stage.sandbox.set_fault(kind, share=share, value=value, seed=SEED)
        kills, first = 0, 40_000_000
        for _ in range(4 * KILLS):
            if kills == KILLS:
                break
            _publish(stage, first)
            first += NOTICES_A_ROUND
            worker = stage.nursery.start()
            jobs.enqueue(stage.services, lanes.JOB, once=False)
            if _await_sending(stage, worker):
                time.sleep(draw.uniform(0, 0.25))
                kills += lanes.JOB in stage.job_of(worker)
            assert stage.nursery.kill(worker) == "killed"
            if kills == KILLS // 2:
                stage.services.redis.flushall()
        assert kills == KILLS
        stage.nursery.start()

        def settled() -> bool:
            with stage.services.db.transaction() as session:
                return not session.scalar(
                    text("SELECT count(*) FROM notices WHERE state IN ('queued', 'sending', 'in_doubt')")
                )

        wait_until(settled, f"every notice is settled (seed {SEED})", 150, poll_s=0.25)
        copies = Counter(entry["to"] for entry in stage.sandbox.messages())
        with stage.services.db.transaction() as session:
            rows = session.execute(text("SELECT phone, state FROM notices")).all()
    assert set(copies.values()) == {1}, f"seed {SEED}: twice {copies.most_common(3)}"
    assert set(copies) == {row.phone for row in rows}, f"seed {SEED}"
    assert {row.state for row in rows} <= {"sent", "delivered"}, f"seed {SEED}"
