"""`routing`: how long an assignment takes with 904 agents and 5,000 waiting, how it grows, and against bare conditional UPDATEs.

The real pass over a durable PostgreSQL. Calls come at 20 a second by the clock; an assignment is timed from the moment at which
caller and agent were both free to the commit of their reservation. The bare statement updates the same two rows, one
statement and one commit for each pair, and does nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import environment, print_table
from hotline.core import jobs, migrate
from hotline.core.config import Settings
from hotline.core.registry import Registry
from hotline.core.services import Services, make_services
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from hotline.queues import assigning
from hotline.queues.wiring import register

AGENTS, WAITING, CALLS_PER_S = 904, 5_000, 20.0
SMALL, LARGE = 100, 10_000
_OFFICERS = """
INSERT INTO officers (name, display_name, roles, created_at)
SELECT 'bench-' || n, 'Bench ' || n, '{agent}', now() FROM generate_series(1, %s) n
"""
_AGENTS = """
INSERT INTO agents (officer_id, group_id, marks, languages, created_at, state, state_since, idle_since, duty_since)
SELECT o.id, g.id, ARRAY['agent:' || o.id, 'lang:ko', 'visa:1', 'visa:2'], '{ko}', now(), 'not_ready', now(), now(), now()
  FROM officers o, agent_groups g WHERE o.name LIKE 'bench-%'
"""
_ENTRIES = """
INSERT INTO queue_entries (call_ref, queue_id, language, skills, enqueued_at, rank_at, need)
SELECT 'wait:' || n, q.id, 'ko', '{visa}', now() - make_interval(secs => %(count)s - n),
       now() - make_interval(secs => %(count)s - n), CASE n %% 4 WHEN 0 THEN 'lang:ko visa:2' WHEN 1 THEN 'lang:ko visa:1'
       WHEN 2 THEN 'lang:ko' ELSE 'lang:mn' END
  FROM generate_series(1, %(count)s) n, queues q
"""
_FREE_ONE = """
UPDATE agents SET state = 'ready', token = NULL, idle_since = now() WHERE id = (
  SELECT id FROM agents WHERE state <> 'ready' ORDER BY idle_since LIMIT 1)
"""
_CLOSE = "UPDATE reservations SET state = 'done' WHERE state = 'reserved'"
_BARE = """
WITH a AS (UPDATE agents SET state = 'reserved', token = %(token)s WHERE id = %(agent)s AND state = 'ready' RETURNING id)
UPDATE queue_entries SET state = 'reserved' FROM a WHERE queue_entries.id = %(entry)s AND queue_entries.state = 'waiting'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--calls", type=int, default=300, help="calls that come at 20 a second")
    parser.add_argument("--repeats", type=int, default=100, help="assignments at each number of waiting callers")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures in milliseconds and ratios."""
    registry = Registry()
    register(registry)
    registry.job("outbox.deliver", lambda _services: 0, queue="urgent")
    jobs.set_registry(registry)
    with tempfile.TemporaryDirectory(prefix="bench-routing-") as folder:
        postgres, valkey = EmbeddedPostgres(Path(folder), durable=True), EmbeddedValkey(Path(folder))
        try:
            database_url, redis_url = postgres.start(), valkey.start()
            migrate.upgrade(database_url)
            settings = Settings(
                database_url=database_url, redis_url=redis_url, secret_key="for this benchmark only",  # noqa: S106
                data_dir=Path(folder), public_url="http://127.0.0.1:5000",
            )  # fmt: skip
            services = make_services(settings, pool_size=4)
            _prepare(services)
            _waiting(services, WAITING)
            live_ms = _live(services, args.calls)
            steps_ms = {count: _steady(services, count, args.repeats) for count in (SMALL, WAITING, LARGE)}
            _waiting(services, WAITING)
            bare_ms = _bare(services, args.repeats)
            services.db.dispose()
        finally:
            valkey.stop()
            postgres.stop()
    return {
        "agents": AGENTS, "waiting": WAITING, "assign_p50_ms": _round(statistics.median(live_ms)),
        "assign_p95_ms": _round(statistics.quantiles(live_ms, n=20)[-1]),
        "pass_ms": {str(count): _round(value) for count, value in steps_ms.items()},
        "growth_100_to_10000": round(steps_ms[LARGE] / steps_ms[SMALL], 2), "bare_update_ms": _round(bare_ms),
        "ratio_to_bare_update": round(steps_ms[WAITING] / bare_ms, 2), "environment": environment(),
    }  # fmt: skip


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    rows: list[list[object]] = [[name, str(value)] for name, value in result.items() if name != "environment"]
    print_table("routing", ["figure", "value"], rows)


def _round(value: float) -> float:
    return round(value, 2)


def _prepare(services: Services) -> None:
    with services.db.connection() as connection:
        connection.execute("INSERT INTO sites (name) VALUES ('bench')")
        connection.execute("INSERT INTO agent_groups (name, site_id) SELECT 'bench', id FROM sites")
        connection.execute(
            "INSERT INTO queues (code, name_ko, name_en, updated_at) VALUES ('bench', 'bench', 'bench', now())"
        )
        connection.execute(_OFFICERS, (AGENTS,))
        connection.execute(_AGENTS)


def _waiting(services: Services, count: int) -> None:
    """Begin anew with so many callers in four classes, one of which nobody can serve; all agents are busy elsewhere."""
    with services.db.connection() as connection:
        for table in ("outbox_events", "reservations", "queue_entries"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        connection.execute("UPDATE agents SET state = 'not_ready', token = NULL")
        connection.execute(_ENTRIES, {"count": count})
    with services.db.connection() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        connection.autocommit = False


def _call(services: Services, number: int) -> None:
    """One more caller joins and one more agent is free, so that the number of both stays."""
    with services.db.connection() as connection:
        now = datetime.now(UTC)
        connection.execute(_CLOSE)
        connection.execute(
            "INSERT INTO queue_entries (call_ref, queue_id, language, enqueued_at, rank_at, need) "
            "SELECT %s, id, 'ko', %s, %s, 'lang:ko' FROM queues",
            (f"call:{number}:{now.timestamp()}", now, now + timedelta(0)),
        )
        connection.execute(_FREE_ONE)


def _live(services: Services, calls: int) -> list[float]:
    """Let calls come by the clock; the time of each from both sides free to reserved, in ms, queueing behind others included."""
    found, started = [], time.perf_counter()
    for number in range(calls):
        due = started + number / CALLS_PER_S
        time.sleep(max(0.0, due - time.perf_counter()))
        _call(services, number)
        # Whoever is behind the clock has waited since the call was due.
        free = min(time.perf_counter(), max(due, started))
        made = assigning.assign_due(services)
        found.append((time.perf_counter() - free) * 1000)
        assert made == 1, "every free agent gets a caller"
    return found


def _steady(services: Services, count: int, repeats: int) -> float:
    """Return the median time of one assignment with so many waiting, in ms."""
    _waiting(services, count)
    found = []
    for number in range(repeats):
        _call(services, number)
        started = time.perf_counter()
        assert assigning.assign_due(services) == 1
        found.append((time.perf_counter() - started) * 1000)
    return statistics.median(found)


def _bare(services: Services, repeats: int) -> float:
    """Return the median time of a bare conditional update of one agent and one caller with its commit, in ms."""
    found = []
    for number in range(repeats):
        with services.db.connection() as connection:
            connection.execute(_FREE_ONE)
            agent = connection.execute("SELECT id FROM agents WHERE state = 'ready'").fetchone()
            entry = connection.execute("SELECT id FROM queue_entries WHERE state = 'waiting' LIMIT 1").fetchone()
        assert agent is not None and entry is not None
        started = time.perf_counter()
        with services.db.connection() as connection:
            done = connection.execute(_BARE, {"token": f"t{number}", "agent": agent[0], "entry": entry[0]}).rowcount
        found.append((time.perf_counter() - started) * 1000)
        assert done == 1
    return statistics.median(found)
