"""`voice`: how long a caller waits for each webhook's answer while calls come in, against only checking signatures.

One gunicorn with the service's own settings over a durable PostgreSQL; a client process of its own lets calls come in at a steady
rate, each with five webhooks from greeting to hang-up. Afterwards every call must stand ended in the database.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import environment, print_table
from benchmarks.receipts import ROOT, TOKEN, web_server
from benchmarks.receipts_server import PATH as SIGNED_PATH
from hotline.core import migrate
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey

RUN_LIMIT_S = 240.0
WARM_UP = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--calls", type=int, default=300, help="calls per repeat and kind")
    parser.add_argument("--per-s", type=float, default=20.0, help="calls that begin in a second")
    parser.add_argument("--repeats", type=int, default=3)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when a call is not in the database as it went."""
    with tempfile.TemporaryDirectory(prefix="bench-voice-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            with web_server(database_url, redis_url) as origin:
                ours, bare, calls = _measure(args, origin)
            _check(database_url, calls)
        finally:
            valkey.stop()
            postgres.stop()
    p99s = [_p(each, 0.99) for each in map(_all, ours)]
    bare_p99s = [_p(each, 0.99) for each in map(_all, bare)]
    medians = [statistics.median(each) for each in map(_all, ours)]
    bare_medians = [statistics.median(each) for each in map(_all, bare)]
    return {
        "webhook_p99_ms": round(statistics.median(p99s), 1),
        "webhook_median_ms": round(statistics.median(medians), 2),
        "ratio_to_signature_only": round(
            statistics.median(a / b for a, b in zip(medians, bare_medians, strict=True)), 2
        ),
        "signature_only_p99_ms": round(statistics.median(bare_p99s), 1),
        "signature_only_median_ms": round(statistics.median(bare_medians), 2),
        "p99_ms_by_step": {
            step: round(_p([ms for run in ours for ms in run[step]], 0.99), 1) for step in ("inbound", "menu", "wait", "status")
        },
        "all_p99_ms": [round(each, 1) for each in p99s],
        "calls": args.calls, "per_s": args.per_s, "webhooks_per_s": args.per_s * 5, "repeats": args.repeats,
        "environment": environment("gunicorn", "flask", "psycopg"),
    }  # fmt: skip


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        "Webhooks of calls, milliseconds",
        ["", "median", "p99"],
        [
            ["signature only", result["signature_only_median_ms"], result["signature_only_p99_ms"]],
            ["answered", result["webhook_median_ms"], result["webhook_p99_ms"]],
            *([f"of them {step}", None, ms] for step, ms in result["p99_ms_by_step"].items()),
        ],
    )


def _measure(
    args: argparse.Namespace, origin: str
) -> tuple[list[dict[str, list[float]]], list[dict[str, list[float]]], int]:
    ours, bare, first = [], [], 1
    for path in ("", SIGNED_PATH):
        _load(args, origin, first, WARM_UP, path)
        first += WARM_UP
    for _ in range(args.repeats):
        bare.append(_load(args, origin, first, args.calls, SIGNED_PATH))
        ours.append(_load(args, origin, first, args.calls, ""))
        first += args.calls
    return ours, bare, WARM_UP + args.calls * args.repeats


def _load(args: argparse.Namespace, origin: str, first: int, calls: int, path: str) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.voice_load", origin, TOKEN, str(first), str(calls), str(args.per_s), path],
        stdout=subprocess.PIPE, check=True, timeout=RUN_LIMIT_S, cwd=ROOT,
    )  # fmt: skip
    times: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return times


def _all(times: dict[str, list[float]]) -> list[float]:
    return [ms for each in times.values() for ms in each]


def _p(values: list[float], portion: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * portion))]


def _check(database_url: str, calls: int) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*), count(*) FILTER (WHERE state = 'ended') FROM calls").fetchone()
    assert row == (calls, calls), f"{calls} calls went through, the database has {row}"
