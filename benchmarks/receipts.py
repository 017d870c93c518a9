"""`receipts`: delivery receipts per second, durable before the answer, against the same server only checking signatures.

One gunicorn with the service's own settings serves both routes over a durable PostgreSQL; a client process of its own posts
to them in turn; medians. Every acknowledged receipt is then looked for in the database, and folded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from alerts.receipts.fold import fold
from benchmarks.measure import environment, print_table
from benchmarks.receipts_server import PATH as SIGNED_PATH
from hotline.core import migrate
from hotline.core.config import load_settings
from hotline.core.services import make_services
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey

ROOT = Path(__file__).resolve().parent.parent
STATUS_PATH = "/webhooks/twilio/sms/status"
TOKEN = "token for the benchmark"  # noqa: S105 - guards nothing, the servers live for one run
START_LIMIT_S, RUN_LIMIT_S = 60.0, 180.0
WARM_UP = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--receipts", type=int, default=8_000, help="receipts per repeat and route")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32, help="connections of the provider, each with one call")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when an acknowledged receipt is not in the database."""
    with tempfile.TemporaryDirectory(prefix="bench-receipts-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            with web_server(database_url, redis_url) as origin:
                rates, acknowledged = _measure(args, origin)
            _check_durable(database_url, acknowledged)
            folded_per_s = _fold(database_url, redis_url, len(acknowledged))
        finally:
            valkey.stop()
            postgres.stop()
    ratios = [ours / bare for ours, bare in zip(rates[STATUS_PATH], rates[SIGNED_PATH], strict=True)]
    return {
        "per_s": round(statistics.median(rates[STATUS_PATH])),
        "ratio_to_signature_only": round(statistics.median(ratios), 3),
        "signature_only_per_s": round(statistics.median(rates[SIGNED_PATH])),
        "all_ratios": [round(ratio, 3) for ratio in ratios],
        "acknowledged": len(acknowledged),
        "missing": 0,
        "folded_per_s": round(folded_per_s),
        "receipts": args.receipts,
        "repeats": args.repeats,
        "connections": args.connections,
        "environment": environment("gunicorn", "flask", "psycopg"),
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        "Delivery receipts",
        ["", "per second", "ratio"],
        [
            ["signature only", result["signature_only_per_s"], 1.0],
            ["taken in durably", result["per_s"], result["ratio_to_signature_only"]],
            ["folded into messages", result["folded_per_s"], None],
        ],
    )


def _measure(args: argparse.Namespace, origin: str) -> tuple[dict[str, list[float]], list[int]]:
    """Requests per second of both routes, in turn; and the ids of all receipts that were acknowledged as kept."""
    rates: dict[str, list[float]] = {SIGNED_PATH: [], STATUS_PATH: []}
    acknowledged: list[int] = []
    first = 1
    for path in (SIGNED_PATH, STATUS_PATH):
        done = _post(origin, path, first, WARM_UP, args.connections)
        acknowledged += done if path == STATUS_PATH else []
        first += WARM_UP
    for _ in range(args.repeats):
        for path, found in rates.items():
            started_at = first
            answer = _load(origin, path, started_at, args.receipts, args.connections)
            found.append(len(answer["acknowledged"]) / answer["seconds"])
            acknowledged += answer["acknowledged"] if path == STATUS_PATH else []
            first += args.receipts
    return rates, acknowledged


def _post(origin: str, path: str, first: int, count: int, connections: int) -> list[int]:
    acknowledged: list[int] = _load(origin, path, first, count, connections)["acknowledged"]
    return acknowledged


def _load(origin: str, path: str, first: int, count: int, connections: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.receipts_load", origin, path, TOKEN, str(first), str(count), str(connections)],
        stdout=subprocess.PIPE, check=True, timeout=RUN_LIMIT_S, cwd=ROOT,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if len(answer["acknowledged"]) != count:
        raise RuntimeError(
            f"{count - len(answer['acknowledged'])} of {count} were not acknowledged: {answer['refused'][:1]}"
        )
    return answer


def _check_durable(database_url: str, acknowledged: list[int]) -> None:
    with psycopg.connect(database_url) as connection:
        kept = {row[0] for row in connection.execute("SELECT message_id FROM receipts").fetchall()}
    missing = set(acknowledged) - kept
    assert not missing, f"{len(missing)} acknowledged receipts are not in the database"


def _fold(database_url: str, redis_url: str, receipts: int) -> float:
    """Receipts folded per second, into messages that were all accepted before."""
    with psycopg.connect(database_url) as connection:
        _write_messages(connection)
        connection.execute("ANALYZE messages, receipts")
    settings = load_settings(database_url=database_url, redis_url=redis_url, secret_key="benchmark")  # noqa: S106
    services = make_services(settings)
    try:
        started, applied = time.perf_counter(), 0
        while applied < receipts and time.perf_counter() - started < RUN_LIMIT_S:
            applied += fold(services).applied
        took_s = time.perf_counter() - started
    finally:
        services.db.dispose()
        services.redis.close()
    assert applied == receipts, f"{applied} of {receipts} receipts were folded"
    return applied / took_s


def _write_messages(connection: psycopg.Connection[Any]) -> None:
    """A message for every receipt that waits, as it is after its hand-over."""
    connection.execute("INSERT INTO officers (name, display_name, created_at) VALUES ('a', 'A', now())")
    connection.execute(
        "INSERT INTO alerts (state, version, source, headline, event, status, msg_type, scope, category, urgency, severity,"
        " certainty, expires, author_id, created_at, updated_at) SELECT 'finished', 1, 'hand', 'h', 'e', 'Actual', 'Alert',"
        " 'Public', 'Geo', 'Immediate', 'Severe', 'Observed', now(), id, now(), now() FROM officers"
    )
    connection.execute(
        "INSERT INTO messages (id, alert_id, traveller_id, phone, country, language, parts, state, attempts, provider_sid,"
        " sent_at) OVERRIDING SYSTEM VALUE SELECT r.message_id, a.id, r.message_id, r.recipient, 'KR', 'ko', 1, 'sent', 1,"
        " r.provider_sid, now() FROM receipts r, alerts a"
    )
    connection.execute(
        "INSERT INTO tallies (alert_id, country, state, messages) SELECT alert_id, 'KR', 'sent', count(*) FROM messages"
        " GROUP BY alert_id"
    )


@contextmanager
def web_server(database_url: str, redis_url: str, data_dir: str = "") -> Iterator[str]:
    """The web server with the service's default number of processes and threads; its origin. It writes into `data_dir`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    environment_of_server = (
        os.environ
        | {
            "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_REDIS_URL": redis_url,
            "HOTLINE_PUBLIC_URL": origin,
            "HOTLINE_SECRET_KEY": "benchmark",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": TOKEN,
        }
        | ({"HOTLINE_DATA_DIR": data_dir} if data_dir else {})
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.receipts_server", str(port)], env=environment_of_server, cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until_ready(process, port)
        yield origin
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass  # Not listening yet.
        finally:
            connection.close()
        time.sleep(0.1)
    raise RuntimeError(f"the web server was not ready within {START_LIMIT_S:.0f} s")
