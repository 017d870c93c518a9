"""`voice`: how long a caller waits for each webhook's answer while calls come in, against only checking signatures.

One gunicorn with the service's own settings over a durable PostgreSQL, 904 agents who are all busy, 5,000 callers who wait and
come round every other minute, and a client process of its own that lets calls come in at a steady rate, each with five webhooks
from greeting to hang-up. Afterwards every call must stand ended in the database, and everybody who waited must wait. Then
embassies' exchanges announce calls (see `forwarding`). At the end callers come in and come round at the same rate while Valkey
hangs and while it is gone, and then PostgreSQL is stopped: each of them must hear the emergency text, within a second.
"""

from __future__ import annotations

import argparse
import json
import signal
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
import requests
from twilio.request_validator import RequestValidator

from benchmarks import forwarding
from benchmarks.measure import environment, print_table
from benchmarks.receipts import ROOT, TOKEN, web_server
from benchmarks.receipts_server import PATH as SIGNED_PATH
from benchmarks.voice_load import PATH, STEPS
from hotline.core import migrate
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey

RUN_LIMIT_S = 240.0
WARM_UP, WITHOUT = 60, 60
VALKEY_AWAY = 200
"""Calls that come in while Valkey hangs, and as many while it is gone: ten seconds of each at the usual rate."""
EMERGENCY_LIMIT_MS = 1_000.0
AGENTS, WAITING, TALKS = 904, 5_000, 20_000
ROUND_S = 128.0
"""How long one document of waiting lasts for those far back: two minutes of sound, and what is said before it."""
_OFFICERS = """
INSERT INTO officers (name, display_name, roles, created_at)
SELECT 'bench-' || n, 'Bench ' || n, '{agent}', now() FROM generate_series(1, %(agents)s) n
"""
_AGENTS = """
INSERT INTO agents (officer_id, group_id, marks, languages, created_at, state, reason, state_since, idle_since, duty_since)
SELECT o.id, g.id, ARRAY['agent:' || o.id, 'lang:ko', 'passport:1', 'visa:1'], '{ko}', now(), 'not_ready', 'paperwork', now(),
       now(), now()
  FROM officers o, agent_groups g WHERE o.name LIKE 'bench-%%'
"""
_QUEUES = """
INSERT INTO queues (code, name_ko, name_en, callback_after_s, updated_at)
SELECT code, code, code, 120, now() FROM unnest(ARRAY['general', 'incident', 'passport']) code
"""
_CALLS = """
INSERT INTO calls (provider_sid, direction, state, phone, called, language, queue, queue_ref, turns, started_at, queued_at,
                   heard_at)
SELECT 'CAbe' || lpad(to_hex(n), 30, '0'), 'in', 'waiting', '+8270' || lpad((n * 7919)::text, 8, '0'), '+82232100404', 'ko',
       'passport', 'call:' || n || ':1', 4, now(), now() - make_interval(secs => n), now()
  FROM generate_series(1, %(waiting)s) n
"""
_ENTRIES = """
INSERT INTO queue_entries (call_ref, queue_id, language, phone, enqueued_at, rank_at, need)
SELECT c.queue_ref, q.id, 'ko', c.phone, c.queued_at, c.queued_at, 'lang:ko passport:1'
  FROM calls c, queues q WHERE q.code = 'passport'
"""
_TALKS = """
INSERT INTO reservations (token, agent_id, queue_id, call_ref, via, matched_step, state, reserved_at, expires_at, accepted_at,
                          finished_at, wrapped_at)
SELECT 'talk-' || n, 1 + n %% %(agents)s, 3, 'past:' || n, 'phone', 0, 'done', now() - interval '20 minutes', now(),
       now() - interval '19 minutes', now() - interval '15 minutes', now() - interval '14 minutes'
  FROM generate_series(1, %(talks)s) n
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--calls", type=int, default=300, help="calls per repeat and kind")
    parser.add_argument("--per-s", type=float, default=20.0, help="calls that begin in a second")
    parser.add_argument("--waiting", type=int, default=WAITING, help="callers who wait all the time")
    parser.add_argument("--repeats", type=int, default=3)
    forwarding.add_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; raises AssertionError when a call is not in the database as it went."""
    with tempfile.TemporaryDirectory(prefix="bench-voice-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            _prepare(database_url, args.waiting)
            key = forwarding.prepare(database_url, redis_url, args.lines)
            with web_server(database_url, redis_url, folder) as origin:
                ours, bare, warm, calls = _measure(args, origin)
                away = sum(len(each["fallback"]) for each in (*ours, warm))
                _check(database_url, calls, away, args.waiting)
                announced = forwarding.measure(args, database_url, origin, key)
                hanging, gone = _without_valkey(args, origin, valkey, calls + 1)
                postgres.stop()
                without = _without_database(origin)
        finally:
            valkey.stop()
            postgres.stop()
    outages = {"valkey_hanging": hanging, "valkey_gone": gone, "without_database": without}
    late = {name: round(max(times)) for name, times in outages.items() if _p(times, 0.99) >= EMERGENCY_LIMIT_MS}
    assert not late, f"emergency documents came later than {EMERGENCY_LIMIT_MS:.0f} ms: {late}"
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
        "p99_ms_by_step": {step: round(_p([ms for run in ours for ms in run[step]], 0.99), 1) for step in STEPS},
        **{f"{name}_p99_ms": round(_p(times, 0.99), 1) for name, times in outages.items()},
        **{f"{name}_median_ms": round(statistics.median(times), 1) for name, times in outages.items()},
        "emergency_documents": away,
        "all_p99_ms": [round(each, 1) for each in p99s],
        "calls": args.calls, "per_s": args.per_s, "waiting": args.waiting, "agents": AGENTS,
        "webhooks_per_s": round(args.per_s * 5 + args.waiting / ROUND_S), "repeats": args.repeats,
        **announced,
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
            ["Valkey hangs", result["valkey_hanging_median_ms"], result["valkey_hanging_p99_ms"]],
            ["Valkey is gone", result["valkey_gone_median_ms"], result["valkey_gone_p99_ms"]],
            ["without a database", result["without_database_median_ms"], result["without_database_p99_ms"]],
        ],
    )
    forwarding.show(result)


def _measure(
    args: argparse.Namespace, origin: str
) -> tuple[list[dict[str, list[float]]], list[dict[str, list[float]]], dict[str, list[float]], int]:
    ours, bare = [], []
    warm = _load(args, origin, 1, WARM_UP, "")
    _load(args, origin, 1 + WARM_UP, WARM_UP, SIGNED_PATH)
    first = 1 + 2 * WARM_UP
    for _ in range(args.repeats):
        bare.append(_load(args, origin, first, args.calls, SIGNED_PATH))
        ours.append(_load(args, origin, first, args.calls, ""))
        first += args.calls
    return ours, bare, warm, WARM_UP + args.calls * args.repeats


def _load(args: argparse.Namespace, origin: str, first: int, calls: int, path: str) -> dict[str, list[float]]:
    rounds = args.waiting / ROUND_S
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.voice_load", origin, TOKEN, str(first), str(calls), str(args.per_s), path,
         str(args.waiting), str(rounds)],
        stdout=subprocess.PIPE, check=True, timeout=RUN_LIMIT_S, cwd=ROOT,
    )  # fmt: skip
    times: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return times


def _all(times: dict[str, list[float]]) -> list[float]:
    return [ms for step in STEPS for ms in times[step]]


def _p(values: list[float], portion: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * portion))]


def _without_database(origin: str) -> list[float]:
    """Let calls come in while PostgreSQL is gone; milliseconds until each has the emergency document."""
    times = []
    for number in range(WITHOUT):
        form = {"CallSid": f"CAde{number:030x}", "From": "+82105550000", "To": "+82232100404", "CallStatus": "ringing"}
        url = f"{origin}{PATH}/inbound"
        signature = RequestValidator(TOKEN).compute_signature(url, form)
        started = time.perf_counter()
        answer = requests.post(url, data=form, headers={"X-Twilio-Signature": signature}, timeout=15)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200 and "system has a fault" in answer.text, answer.text[:200]
    return times


def _without_valkey(
    args: argparse.Namespace, origin: str, valkey: EmbeddedValkey, first: int
) -> tuple[list[float], list[float]]:
    """Let the same load come while Valkey hangs and while it is gone; milliseconds until each has the emergency document."""
    with _hanging(valkey):
        hanging = _emergency(_load(args, origin, first, VALKEY_AWAY, ""))
    valkey.stop()
    gone = _emergency(_load(args, origin, first + VALKEY_AWAY, VALKEY_AWAY, ""))
    valkey.start()
    return hanging, gone


@contextmanager
def _hanging(valkey: EmbeddedValkey) -> Iterator[None]:
    """Have the server take connections and answer nothing, as one whose disk or host has stalled."""
    assert valkey.process is not None, "the server is started"
    valkey.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        valkey.process.send_signal(signal.SIGCONT)


def _emergency(times: dict[str, list[float]]) -> list[float]:
    """Return how long those who came in and came round waited; raises AssertionError when one was answered as usual."""
    asked = times["inbound"] + times["round"]
    assert len(times["fallback"]) == len(asked), f"{len(times['fallback'])} of {len(asked)} got the emergency document"
    return asked


def _prepare(database_url: str, waiting: int) -> None:
    """Fill the house: agents who are all busy, callers who wait, and an hour of talks by which waits are estimated."""
    values = {"agents": AGENTS, "waiting": waiting, "talks": TALKS}
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO sites (name) VALUES ('bench')")
        connection.execute("INSERT INTO agent_groups (name, site_id) SELECT 'bench', id FROM sites")
        for statement in (_OFFICERS, _AGENTS, _QUEUES, _CALLS, _ENTRIES, _TALKS):
            connection.execute(statement.encode(), values)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _check(database_url: str, calls: int, away: int, waiting: int) -> None:
    """Hold the rows to what went: who had the emergency document (`away`) may be in the files that are read in afterwards."""
    with psycopg.connect(database_url) as connection:
        found: dict[str, int] = dict(connection.execute("SELECT state, count(*) FROM calls GROUP BY state").fetchall())
    assert set(found) == {"ended", "waiting"} and found["waiting"] == waiting, (
        f"{waiting} wait, and the database has {found}"
    )
    assert calls - away <= found["ended"] <= calls, (
        f"{calls} calls went, {away} of them in a fault; the database has {found}"
    )
