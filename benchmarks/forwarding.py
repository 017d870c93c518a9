"""`forwarding`: embassies' announced calls a second, decided and durable before the answer, against a bare signed insert.

One gunicorn with the service's own settings over a durable PostgreSQL; a client process of its own announces signed calls,
first as quickly as they are answered (in turn with a route that checks the same signature and inserts one row, nothing else),
then steadily. Every announcement that was answered is then looked for in the database, with its decision.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import environment, print_table
from benchmarks.overflow_load import CODE, NUMBER, POOL, WEBHOOK
from benchmarks.receipts import ROOT, web_server
from benchmarks.receipts_server import EXCHANGES_PATH
from hotline.core import migrate
from hotline.core.actor import SYSTEM
from hotline.core.config import load_settings
from hotline.core.services import make_services
from hotline.missions.models import Mission, MissionHours, MissionLine
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from overflow.forwarding import keys
from overflow.forwarding.keys import NewKey

SERVICE_KEY = "benchmark"
RUN_LIMIT_S = 240.0
HOURS = "Mo-Fr 09:00-12:00,13:00-17:30"
WARM_UP = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument(
        "--announcements", type=int, default=3_000, help="announcements per repeat, as quickly as they go"
    )
    parser.add_argument("--announced-per-s", type=float, default=200.0, help="steady announcements in a second")
    parser.add_argument("--steady-s", type=float, default=20.0, help="how long they come steadily")
    parser.add_argument("--lines", type=int, default=190, help="missions with a line each")
    parser.add_argument("--announcing-repeats", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when an answered announcement is not in the database."""
    with tempfile.TemporaryDirectory(prefix="bench-forwarding-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            key = prepare(database_url, redis_url, args.lines)
            with web_server(database_url, redis_url, folder) as origin:
                return measure(args, database_url, origin, key) | {
                    "environment": environment("gunicorn", "flask", "psycopg")
                }
        finally:
            valkey.stop()
            postgres.stop()


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        "Announced calls",
        ["", "a second", "median ms", "p99 ms"],
        [
            ["bare signed insert", result["bare_signed_insert_per_s"], None, None],
            ["decided and durable", result["forwarding_most_per_s"], None, None],
            ["steadily", result["forwarding_per_s"], result["forwarding_median_ms"], result["forwarding_p99_ms"]],
        ],
    )


def measure(args: argparse.Namespace, database_url: str, origin: str, key: NewKey) -> dict[str, Any]:
    """Announce, and return the figures; every answer is found in the database."""
    bare, ours, first = list[float](), list[float](), 0
    for path in (WEBHOOK, EXCHANGES_PATH):
        _load(args, origin, path, key, first, WARM_UP, 0)
    first += WARM_UP
    for _ in range(args.announcing_repeats):
        for path, rates in ((EXCHANGES_PATH, bare), (WEBHOOK, ours)):
            answer = _load(args, origin, path, key, first, args.announcements, 0)
            rates.append(args.announcements / answer["seconds"])
        first += args.announcements
    steady = round(args.announced_per_s * args.steady_s)
    answer = _load(args, origin, WEBHOOK, key, first, steady, args.announced_per_s)
    took_ms = sorted(answer["took_ms"])
    _check(database_url, first + steady)
    return {
        "forwarding_per_s": round(steady / answer["seconds"], 1),
        "forwarding_median_ms": round(statistics.median(took_ms), 2),
        "forwarding_p99_ms": round(took_ms[int(len(took_ms) * 0.99)], 1),
        "forwarding_most_per_s": round(statistics.median(ours)),
        "bare_signed_insert_per_s": round(statistics.median(bare)),
        "ratio_to_bare_signed_insert": round(statistics.median(a / b for a, b in zip(ours, bare, strict=True)), 2),
        "forwardings_on_record": first + steady, "forwardings_missing": 0, "lines": args.lines,
    }  # fmt: skip


def prepare(database_url: str, redis_url: str, lines: int) -> NewKey:
    """Fill the house: missions with a line and hours each, one exchange with a key, and a table for the bare inserts."""
    services = make_services(load_settings(database_url=database_url, redis_url=redis_url, secret_key=SERVICE_KEY))
    now = datetime.now(UTC)
    try:
        with services.db.transaction() as session:
            for nth in range(lines):
                mission = Mission(
                    code=CODE if nth == 0 else f"{CODE}-{nth}", name_en="Embassy", name_ko="대사관", country="CN",
                    countries=["CN"], city="Beijing", lat=39.9, lon=116.4, zone="Asia/Shanghai", phone="+861055559999",
                    emergency_phone="+8613955559999", created_at=now, updated_at=now,
                )  # fmt: skip
                session.add(mission)
                session.flush()
                session.add(MissionHours(mission_id=mission.id, hours=HOURS, updated_at=now))
                number, pool = (NUMBER, POOL) if nth == 0 else (f"+8610666{nth:05d}", f"+8223444{nth:04d}")
                session.add(
                    MissionLine(
                        mission_id=mission.id, number=number, pool_number=pool, return_number=f"+8610777{nth:05d}",
                        technique="webhook", created_at=now,
                    )
                )  # fmt: skip
                if nth == 0:
                    key = keys.add(session, services.clock, SYSTEM, SERVICE_KEY, mission.id)
        with services.db.connection() as connection:
            connection.execute(
                "CREATE TABLE bare_inserts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mission text NOT NULL,"
                " name text NOT NULL, body jsonb NOT NULL, received_at timestamptz NOT NULL, UNIQUE (mission, name))"
            )
    finally:
        services.db.dispose()
        services.redis.close()
    return key


def _load(
    args: argparse.Namespace, origin: str, path: str, key: NewKey, first: int, calls: int, per_s: float
) -> dict[str, Any]:
    words = [origin, path, key.key_id, key.secret, *map(str, (first, calls, per_s, args.connections))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.overflow_load", *words],
        stdout=subprocess.PIPE, check=True, timeout=RUN_LIMIT_S, cwd=ROOT,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if answer["answered"] != calls:
        raise RuntimeError(
            f"{calls - answer['answered']} of {calls} announcements were refused: {answer['others'][:1]}"
        )
    return answer


def _check(database_url: str, announced: int) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT token_hash), count(*) FILTER (WHERE decision = 'take'"
            " AND jsonb_array_length(explanation) > 0) FROM forwardings"
        ).fetchone()
    assert row is not None, "a count is one row"
    assert row[0] == announced, f"{row[0]} announcements are on record of {announced} that were answered"
    assert row[2] == announced == row[1], f"{row} have their decision with its reasons and a token of their own"
