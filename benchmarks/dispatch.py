"""`dispatch`: messages per second from rows to provider and back, one worker process, against what is possible at all.

Everything runs in one go on one machine: PostgreSQL (durable) and Valkey from their wheels, a sink process that answers after
50 ms, one `hotline worker`. The ratios compare with the best bare sender at the same number in flight and with one job per
message; medians over the repeats.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis

from alerts.approval import digest_of
from alerts.dispatch.lanes import JOB
from benchmarks.dispatch_bare import SENDERS, TEXT
from hotline.core import jobs, migrate
from hotline.core.config import load_settings
from hotline.core.services import Services, make_services
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from wsgi import build_registry

ROOT = Path(__file__).resolve().parent.parent
SINK_DELAY_MS = 50
RUN_LIMIT_S = 300.0
AREAS = [{"description": "a square", "polygons": [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]], "circles": []}]

_MESSAGES = """
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts)
SELECT %s, n, '+8210' || (20000000 + n), (ARRAY['PH','JP','TH','VN','CN'])[1 + n %% 5], 'ko', 2 FROM generate_series(1, %s) n
"""
_TALLIES = """
INSERT INTO tallies (alert_id, country, state, messages)
SELECT alert_id, country, 'queued', count(*) FROM messages WHERE alert_id = %s GROUP BY 1, 2
"""
_OPEN = """
SELECT coalesce(sum(messages), 0) FROM tallies
 WHERE alert_id = %s AND state IN ('queued', 'sending', 'in_doubt')
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--messages", type=int, default=40_000, help="messages per repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=200, help="messages of the job-per-message comparison")
    parser.add_argument("--no-materialise", action="store_true", help="leave the comparison of message rows out")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-dispatch-") as folder,
        servers(Path(folder)) as services,
        sink() as sink_url,
    ):
        services.settings.twilio_api_base_url = sink_url
        ours, bare = [], {name: list[float]() for name in SENDERS}
        peaks = []
        for repeat in range(args.repeats):
            for name in SENDERS:
                bare[name].append(_bare(name, sink_url, args.messages // 2, args.in_flight))
            rate, peak_mb = _dispatch(services, args.messages, args.in_flight)
            ours.append(rate)
            peaks.append(peak_mb)
            _say(args, f"repeat {repeat + 1}: {rate:,.0f}/s, worker {peak_mb:.0f} MB, bare "
                 + ", ".join(f"{name} {rates[-1]:,.0f}/s" for name, rates in bare.items()))  # fmt: skip
        jobs_rate = _per_message_jobs(sink_url, services.settings.redis_url, args.jobs)
    rate = statistics.median(ours)
    # Ours against the best bare sender of the same minute, so that a busy machine slows both alike.
    ratios = [each / max(rates[repeat] for rates in bare.values()) for repeat, each in enumerate(ours)]
    bare_rates = {name: round(statistics.median(rates)) for name, rates in bare.items()}
    best = max(bare_rates, key=lambda name: bare_rates[name])
    result: dict[str, Any] = {
        "messages_per_s": round(rate),
        "ratio_to_job_per_message": round(rate / jobs_rate, 1),
        "ratio_to_bare_sender": round(statistics.median(ratios), 3),
        "worker_peak_rss_mb": round(max(peaks), 1),
        "bare_senders_per_s": bare_rates,
        "best_bare_sender": best,
        "job_per_message_per_s": round(jobs_rate, 1),
        "in_flight": args.in_flight,
        "sink_delay_ms": SINK_DELAY_MS,
        "messages": args.messages,
        "repeats": args.repeats,
        "all_messages_per_s": [round(each) for each in ours],
        "all_ratios_to_bare_sender": [round(each, 3) for each in ratios],
    }
    return result | _materialise(args)


def _materialise(args: argparse.Namespace) -> dict[str, Any]:
    """Add the figures of writing the message rows, which are a part of the same promise."""
    if args.no_materialise or importlib.util.find_spec("benchmarks.materialise") is None:
        return {}
    module = importlib.import_module("benchmarks.materialise")
    return dict(module.run(args))


def _say(args: argparse.Namespace, line: str) -> None:
    if not getattr(args, "json", False):
        print(line, flush=True)


@contextmanager
def servers(folder: Path) -> Iterator[Services]:
    """Durable PostgreSQL and Valkey in a folder, with the schema in place."""
    postgres, valkey = EmbeddedPostgres(folder, durable=True), EmbeddedValkey(folder)
    try:
        database_url, redis_url = postgres.start(), valkey.start()
        migrate.upgrade(database_url)
        settings = load_settings(
            database_url=database_url,
            redis_url=redis_url,
            secret_key="benchmark",  # noqa: S106 - guards nothing, the servers live for one run
            data_dir=folder,
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token="token",  # noqa: S106 - the sink asks for none
            twilio_from="+15005550006",
        )
        services = make_services(settings)
        jobs.set_registry(build_registry())
        yield services
        services.db.dispose()
        services.redis.close()
    finally:
        valkey.stop()
        postgres.stop()


@contextmanager
def sink() -> Iterator[str]:
    """A provider that takes everything and answers after SINK_DELAY_MS; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.dispatch_sink", str(SINK_DELAY_MS)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _figure(*command: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, check=True, timeout=RUN_LIMIT_S, cwd=ROOT
    )
    return float(done.stdout.strip().splitlines()[-1])


def _bare(name: str, sink_url: str, count: int, in_flight: int) -> float:
    return _figure("benchmarks.dispatch_bare", name, f"{sink_url}/2010-04-01/Messages.json", str(count), str(in_flight))


def _per_message_jobs(sink_url: str, redis_url: str, count: int) -> float:
    return _figure("benchmarks.dispatch_jobs", sink_url, redis_url, str(count))


def _dispatch(services: Services, count: int, in_flight: int) -> tuple[float, float]:
    """Let one worker process send `count` messages; messages per second and the worker's peak memory in MB.

    The time runs from the moment the job is queued until every message's result is in the database. The worker is
    started before, idle, as it is in service.
    """
    alert_id = _write_alert(services, count)
    Redis.from_url(services.settings.redis_url).flushall()
    worker = start_worker(services, in_flight)
    try:
        wait_for_worker(services)
        started = time.perf_counter()
        jobs.enqueue(services, JOB, alert_id)
        while _open_messages(services, alert_id):
            if worker.poll() is not None or time.perf_counter() - started > RUN_LIMIT_S:
                raise RuntimeError(f"the worker did not finish; its exit status is {worker.poll()}")
            time.sleep(0.02)
        took_s = time.perf_counter() - started
        peak_mb = peak_rss_mb(worker.pid)
    finally:
        worker.terminate()
        worker.wait(timeout=30)
    with services.db.connection() as connection:
        rows = connection.execute("SELECT state, count(*) FROM messages WHERE alert_id = %s GROUP BY 1", (alert_id,))
        assert rows.fetchall() == [("sent", count)]
    return count / took_s, peak_mb


def _write_alert(services: Services, count: int) -> int:
    now = datetime.now(UTC)
    texts = {"alert": {"ko": TEXT}}
    with services.db.connection() as connection:
        officer = _id(
            connection,
            "INSERT INTO officers (name, display_name, created_at) VALUES (%s, 'Benchmark', %s) RETURNING id",
            (f"benchmark-{now.timestamp()}", now),
        )
        alert = _id(
            connection,
            """INSERT INTO alerts (state, version, source, headline, event, status, msg_type, scope, category, urgency,
                                   severity, certainty, expires, areas, author_id, created_at, updated_at)
               VALUES ('dispatching', 1, 'hand', 'Flood', 'Flood', 'Actual', 'Alert', 'Public', 'Met', 'Immediate',
                       'Severe', 'Observed', %s, '[]', %s, %s, %s) RETURNING id""",
            (now + timedelta(hours=1), officer, now, now),
        )
        connection.execute(
            """INSERT INTO approvals (alert_id, officer_id, at, areas, texts, digest, audience_estimate, drill, expires)
               VALUES (%s, %s, %s, %s, %s, %s, %s, false, %s)""",
            (
                alert,
                officer,
                now,
                psycopg.types.json.Jsonb(AREAS),
                psycopg.types.json.Jsonb(texts),
                digest_of(AREAS, texts, False),
                count,
                now + timedelta(hours=1),
            ),
        )
        connection.execute(_MESSAGES, (alert, count))
        connection.execute(_TALLIES, (alert,))
    with psycopg.connect(services.settings.database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE messages")
        connection.execute("CHECKPOINT")
    return alert


def _id(connection: psycopg.Connection[Any], statement: str, values: tuple[Any, ...]) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return int(row[0])


def start_worker(services: Services, in_flight: int) -> subprocess.Popen[bytes]:
    """Start one worker process with so many requests under way at most."""
    settings = services.settings
    environment = {
        **os.environ,
        "HOTLINE_DATABASE_URL": settings.database_url,
        "HOTLINE_REDIS_URL": settings.redis_url,
        "HOTLINE_SECRET_KEY": "benchmark",
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DISPATCH_IN_FLIGHT": str(in_flight),
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "TWILIO_API_BASE_URL": settings.twilio_api_base_url,
        "TWILIO_FROM": settings.twilio_from,
    }
    return subprocess.Popen([sys.executable, str(ROOT / "wsgi.py"), "worker"], env=environment, cwd=ROOT)


def wait_for_worker(services: Services) -> None:
    """Return once a worker waits for jobs; raises RuntimeError after a minute."""
    deadline = time.monotonic() + 60
    while not services.redis.keys("rq:worker:*"):
        if time.monotonic() > deadline:
            raise RuntimeError("the worker did not start")
        time.sleep(0.05)


def _open_messages(services: Services, alert_id: int) -> int:
    with services.db.connection() as connection:
        row = connection.execute(_OPEN, (alert_id,)).fetchone()
    return int(row[0]) if row else 0


def peak_rss_mb(pid: int) -> float:
    """Largest resident memory that a process has had, in MB (Linux)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
