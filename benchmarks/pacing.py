"""`pacing`: whether two workers together keep a sender's pace in parts per second, held against the clock for a minute.

Durable PostgreSQL, Valkey, a sink that answers after 50 ms and two `hotline worker` processes that share one alert. The rate
is read from the tallies at the beginning and at the end of the measured time, after a start of five seconds; texts have two
parts each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis import Redis

from alerts.dispatch.lanes import JOB
from benchmarks import dispatch
from hotline.core import jobs
from hotline.core.services import Services

WORKERS = 2
PARTS = 2
WARM_UP_S = 5.0

_SENDER = """
INSERT INTO senders (provider, address, parts_per_s, created_at, updated_at) VALUES ('twilio', %s, %s, %s, %s)
"""
_SENT = "SELECT coalesce(sum(messages), 0) FROM tallies WHERE alert_id = %s AND state = 'sent'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rate", type=int, default=100, help="parts a second")
    parser.add_argument("--seconds", type=float, default=60.0)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-pacing-") as folder,
        dispatch.servers(Path(folder)) as services,
        dispatch.sink() as sink_url,
    ):
        services.settings.twilio_api_base_url = sink_url
        texts = int((args.seconds + 4 * WARM_UP_S) * args.rate / PARTS)
        alert_id = dispatch._write_alert(services, texts)
        now = datetime.now(UTC)
        with services.db.connection() as connection:
            connection.execute(_SENDER, (services.settings.twilio_from, args.rate, now, now))
        measured_s, sent = _measure(services, alert_id, args.seconds)
    parts_per_s = sent * PARTS / measured_s
    return {
        "parts_per_s": round(parts_per_s, 2),
        "paced_parts_per_s": args.rate,
        "ratio_to_pace": round(parts_per_s / args.rate, 4),
        "seconds": round(measured_s, 2),
        "texts": sent,
        "workers": WORKERS,
    }


def _measure(services: Services, alert_id: int, seconds: float) -> tuple[float, int]:
    """Let the workers send; the seconds that were measured and the texts sent in them."""
    Redis.from_url(services.settings.redis_url).flushall()
    workers = [dispatch.start_worker(services, 64) for _ in range(WORKERS)]
    try:
        dispatch.wait_for_worker(services)
        started = time.perf_counter()
        begun, before = started, 0
        while (now := time.perf_counter()) - started < WARM_UP_S + seconds:
            # What the scheduler's sweep does every two seconds: a lane for whichever worker is free.
            jobs.enqueue(services, JOB, alert_id)
            if before == 0 and now - started >= WARM_UP_S:
                begun, before = time.perf_counter(), _sent(services, alert_id)
            time.sleep(0.25)
        return time.perf_counter() - begun, _sent(services, alert_id) - before
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(timeout=30)


def _sent(services: Services, alert_id: int) -> int:
    with services.db.connection() as connection:
        row = connection.execute(_SENT, (alert_id,)).fetchone()
    return int(row[0]) if row else 0
