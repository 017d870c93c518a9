"""`roaming`: carriers' events per second, durable before the answer, one to a call and many to a call, and folded.

One gunicorn with the service's own settings over a durable PostgreSQL; a client process of its own posts signed calls.
Every acknowledged event is then looked for in the database, and all of them are folded into the places of travellers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import environment, print_table
from benchmarks.receipts import ROOT, RUN_LIMIT_S, web_server
from benchmarks.receipts_server import CARRIERS_PATH
from benchmarks.roaming_load import CODE, WEBHOOK, phone_of
from hotline.core import migrate
from hotline.core.actor import SYSTEM
from hotline.core.config import load_settings
from hotline.core.services import make_services
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from hotline.roaming import carriers
from hotline.roaming.carriers import NewKey
from hotline.roaming.fold import fold

SERVICE_KEY = "benchmark"
EVENTS_A_CALL = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--calls", type=int, default=4_000, help="calls of one event, per repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32, help="connections of the carrier, each with one call")
    parser.add_argument(
        "--travellers", type=int, default=20_000, help="people on record; as many events are strangers'"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when an acknowledged event is not in the database."""
    with tempfile.TemporaryDirectory(prefix="bench-roaming-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            key = _prepare(database_url, redis_url, args.travellers)
            with web_server(database_url, redis_url) as origin:
                rates, last = _measure(args, origin, key)
            _check_durable(database_url, last)
            folded_per_s = _fold(database_url, redis_url, last)
        finally:
            valkey.stop()
            postgres.stop()
    return {
        "events_per_s": round(statistics.median(rates["single"])),
        "events_per_s_by_hundred": round(statistics.median(rates["by_hundred"])),
        "signature_only_per_s": round(statistics.median(rates["signature_only"])),
        "ratio_to_signature_only": round(
            statistics.median(
                kept / checked for kept, checked in zip(rates["single"], rates["signature_only"], strict=True)
            ),
            2,
        ),
        "folded_per_s": round(folded_per_s),
        "acknowledged": last,
        "missing": 0,
        "calls": args.calls,
        "repeats": args.repeats,
        "connections": args.connections,
        "travellers": args.travellers,
        "environment": environment("gunicorn", "flask", "psycopg"),
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        "Roaming events",
        ["", "events per second"],
        [
            ["signature only, one to a call", result["signature_only_per_s"]],
            ["durable, one to a call", result["events_per_s"]],
            [f"durable, {EVENTS_A_CALL} to a call", result["events_per_s_by_hundred"]],
            ["folded into places", result["folded_per_s"]],
        ],
    )


def _prepare(database_url: str, redis_url: str, travellers: int) -> NewKey:
    services = make_services(load_settings(database_url=database_url, redis_url=redis_url, secret_key=SERVICE_KEY))
    try:
        with services.db.transaction() as session:
            carrier = carriers.add(session, services.clock, SYSTEM, code=CODE, name="Benchmark", style="plmn")
            key = carriers.add_key(session, services.clock, SYSTEM, SERVICE_KEY, carrier)
        with services.db.connection() as connection:
            with connection.cursor().copy(
                "COPY travellers (name, phone, phone_region, created_at, updated_at) FROM STDIN"
            ) as copy:
                now = services.clock.now()
                for number in range(travellers):
                    # Every other number is a traveller's, so half of the events are strangers'.
                    copy.write_row(("Traveller", f"+{phone_of(2 * number)}", "KR", now, now))
            connection.execute("ANALYZE travellers")
    finally:
        services.db.dispose()
        services.redis.close()
    return key


def _measure(args: argparse.Namespace, origin: str, key: NewKey) -> tuple[dict[str, list[float]], int]:
    """Events per second of each kind of call and repeat, in turn, after one to warm up; and how many were acknowledged.

    Calls that are only checked come between the others, so that a busy moment of the machine meets all.
    """
    rates: dict[str, list[float]] = {"signature_only": [], "single": [], "by_hundred": []}
    first = 0
    for _ in range(args.repeats + 1):
        answer = _load(origin, CARRIERS_PATH, key, 0, args.calls, 1, args.connections)
        rates["signature_only"].append(answer["acknowledged"] / answer["seconds"])
        for kind, events, calls in (("single", 1, args.calls), ("by_hundred", EVENTS_A_CALL, max(1, args.calls // 20))):
            answer = _load(origin, WEBHOOK, key, first, calls, events, args.connections)
            rates[kind].append(answer["acknowledged"] * events / answer["seconds"])
            first += calls * events
    return {kind: found[1:] for kind, found in rates.items()}, first


def _load(origin: str, path: str, key: NewKey, first: int, calls: int, events: int, connections: int) -> dict[str, Any]:
    words = [origin, path, key.key_id, key.secret, *map(str, (first, calls, events, connections))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.roaming_load", *words],
        stdout=subprocess.PIPE, check=True, timeout=RUN_LIMIT_S, cwd=ROOT,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if answer["acknowledged"] != calls:
        raise RuntimeError(f"{calls - answer['acknowledged']} of {calls} calls were refused: {answer['refused'][:1]}")
    return answer


def _check_durable(database_url: str, acknowledged: int) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT sum(jsonb_array_length(events)) FROM roaming_batches").fetchone()
    assert row is not None and row[0] == acknowledged, f"{row} events are on record of {acknowledged} acknowledged"


def _fold(database_url: str, redis_url: str, events: int) -> float:
    """Events folded per second."""
    services = make_services(load_settings(database_url=database_url, redis_url=redis_url, secret_key=SERVICE_KEY))
    try:
        started = time.perf_counter()
        while fold(services).calls and time.perf_counter() - started < RUN_LIMIT_S:
            pass
        took_s = time.perf_counter() - started
        with services.db.connection() as connection:
            row = connection.execute("SELECT sum(known + unknown) FROM roaming_days").fetchone()
    finally:
        services.db.dispose()
        services.redis.close()
    assert row is not None and row[0] == events, f"{row} events were folded of {events}"
    return events / took_s
