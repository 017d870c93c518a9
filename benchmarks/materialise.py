"""`materialise`: a large audience from positions to message rows, against a bare INSERT … SELECT of the same rows.

Ours is the whole stage as it runs in service: the people of the area's cells, the exact test at the edge, exclusions,
languages, one number one text, snapshot, tallies, audit, commit. Bare is the same rows, ready in a table, put into the same
table with the same indexes and committed. Both in turn on one durable server; medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from alerts.approval import digest_of
from alerts.materialise import materialise
from benchmarks.measure import print_table, timed_s
from hotline.core import jobs, migrate
from hotline.core.config import load_settings
from hotline.core.services import Services, make_services
from hotline.geo.area import Area
from hotline.geo.cells import cells_of
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from wsgi import build_registry

ROWS, REPEATS = 1_000_000, 3
CENTRE, RADIUS_KM = (36.5, 127.8), 600.0
"""A circle as large as a country with its seas; about one person in eight lives in a cell at its edge."""
KM_PER_DEGREE = 111.2
AREAS = [{"description": "a country", "polygons": [], "circles": [{"center": list(CENTRE), "radius_km": RADIUS_KM}]}]
TEXTS = {
    "alert": {
        "ko": "[외교부] 지진 경보. 낙하물을 피해 대피하세요.",
        "en": "Earthquake. Keep away from falling objects.",
    }
}

_TRAVELLERS = """
INSERT INTO travellers (name, phone, phone_region, language, created_at, updated_at)
SELECT 'Traveller ' || n, '+8210' || lpad(n::text, 8, '0'), 'KR', CASE WHEN n %% 10 = 0 THEN 'en' ELSE 'ko' END, %s, %s
  FROM generate_series(1, %s) n
"""
_BARE = """
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts)
SELECT alert_id, traveller_id, phone, country, language, parts FROM ready_rows
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rows", type=int, default=ROWS, help="people inside the area")
    parser.add_argument("--repeats", type=int, default=REPEATS)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; also as a part of `dispatch`, which names its options otherwise."""
    rows = getattr(args, "rows", None) or ROWS
    repeats = getattr(args, "repeats", None) or REPEATS
    with tempfile.TemporaryDirectory(prefix="bench-materialise-") as folder, servers(Path(folder)) as services:
        load_people(services, rows)
        alert_id = approved_alert(services)
        _measure_once(services, alert_id, rows)
        with patient(services) as connection:
            connection.execute(
                "CREATE TABLE ready_rows AS SELECT alert_id, traveller_id, phone, country, language, parts FROM messages"
            )
        ours, bare = [], []
        for _ in range(repeats):
            _clear(services)
            bare.append(timed_s(lambda: _bare(services, rows)))
            _clear(services)
            ours.append(timed_s(lambda: _measure_once(services, alert_id, rows)))
    ratios = [plain / whole for plain, whole in zip(bare, ours, strict=True)]
    return {
        "materialise_ratio_to_bare_insert": round(statistics.median(ratios), 3),
        "materialise_rows": rows,
        "materialise_s": round(statistics.median(ours), 2),
        "bare_insert_s": round(statistics.median(bare), 2),
        "materialise_rows_per_s": round(rows / statistics.median(ours)),
        "materialise_all_ratios": [round(ratio, 3) for ratio in ratios],
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        f"{result['materialise_rows']:,} people inside to message rows",
        ["", "seconds", "ratio"],
        [
            ["ours, everything included", result["materialise_s"], result["materialise_ratio_to_bare_insert"]],
            ["bare INSERT … SELECT", result["bare_insert_s"], 1.0],
        ],
    )


@contextmanager
def servers(folder: Path) -> Iterator[Services]:
    """Run a durable PostgreSQL and a Valkey of their own for one benchmark."""
    postgres, valkey = EmbeddedPostgres(folder, durable=True), EmbeddedValkey(folder)
    try:
        database_url, redis_url = postgres.start(), valkey.start()
        migrate.upgrade(database_url)
        settings = load_settings(
            database_url=database_url,
            redis_url=redis_url,
            secret_key="benchmark",  # noqa: S106 - guards nothing, the servers live for one run
            data_dir=folder,
        )
        jobs.set_registry(build_registry())
        services = make_services(settings)
        yield services
        services.db.dispose()
        services.redis.close()
    finally:
        valkey.stop()
        postgres.stop()


def patient(services: Services) -> psycopg.Connection[Any]:
    """Return a connection without the service's time limit on statements: filling a million rows takes longer."""
    return psycopg.connect(services.settings.database_url)


def load_people(services: Services, rows: int) -> None:
    """People spread evenly over the circle, and a quarter as many just outside, who have to be told apart."""
    spread = np.random.default_rng(20261121)
    everybody = rows + rows // 4
    reach_km = np.concatenate(
        (
            np.sqrt(spread.uniform(0, 1, rows)) * (RADIUS_KM - 5),
            spread.uniform(RADIUS_KM + 5, RADIUS_KM + 120, everybody - rows),
        )
    )
    bearing = spread.uniform(0, 2 * np.pi, everybody)
    angle, lat0 = np.radians(reach_km / KM_PER_DEGREE), np.radians(CENTRE[0])
    lat = np.arcsin(np.sin(lat0) * np.cos(angle) + np.cos(lat0) * np.sin(angle) * np.cos(bearing))
    lon = np.radians(CENTRE[1]) + np.arctan2(
        np.sin(bearing) * np.sin(angle) * np.cos(lat0), np.cos(angle) - np.sin(lat0) * np.sin(lat)
    )
    lat_deg, lon_deg = np.degrees(lat), np.degrees(lon)
    order = spread.permutation(everybody)
    columns = zip(
        range(1, everybody + 1), lat_deg[order].tolist(), lon_deg[order].tolist(),
        cells_of(lat_deg[order], lon_deg[order]).tolist(), strict=True,
    )  # fmt: skip
    now = datetime.now(UTC)
    with patient(services) as connection:
        connection.execute(_TRAVELLERS, (now, now, everybody))
        with connection.cursor().copy(
            "COPY positions (traveller_id, lat, lon, cell, country, source, observed_at) FROM STDIN"
        ) as copy:
            for nth, place_lat, place_lon, cell in columns:
                copy.write_row((nth, place_lat, place_lon, cell, ("KR", "JP", "CN")[nth % 3], "benchmark", now))
    vacuum(services, "travellers, positions")


def vacuum(services: Services, tables: str) -> None:
    """Let tables and disk come to rest."""
    with psycopg.connect(services.settings.database_url, autocommit=True) as connection:
        connection.execute(f"VACUUM (ANALYZE) {tables}".encode())
        connection.execute("CHECKPOINT")


def _clear(services: Services) -> None:
    """Take the messages away and let the disk come to rest, so that no run pays for the one before."""
    with patient(services) as connection:
        connection.execute("TRUNCATE messages, tallies, audience_snapshots RESTART IDENTITY")
        connection.execute("UPDATE alerts SET state = 'approved', started_at = NULL, finished_at = NULL")
    vacuum(services, "messages")


def _bare(services: Services, rows: int) -> None:
    with patient(services) as connection:
        assert connection.execute(_BARE).rowcount == rows


def _measure_once(services: Services, alert_id: int, rows: int) -> None:
    assert materialise(services, alert_id) == "dispatching"
    with patient(services) as connection:
        found = connection.execute("SELECT sum(messages) FROM tallies WHERE alert_id = %s", (alert_id,)).fetchone()
    assert found == (rows,), f"{found} people were found inside, not {rows}"


def _officers(services: Services) -> tuple[int, int]:
    with patient(services) as connection:
        found = connection.execute(
            "INSERT INTO officers (name, display_name, roles, created_at) VALUES ('a', 'A', %s, now()), ('b', 'B', %s, now())"
            " RETURNING id",
            (["author"], ["approver"]),
        ).fetchall()
    return found[0][0], found[1][0]


def approved_alert(services: Services) -> int:
    """Write an alert for the circle, as it stands when a second officer has just approved it; its id."""
    author, approver = _officers(services)
    now = datetime.now(UTC)
    expires = now + timedelta(hours=6)
    frozen = Area.from_json(AREAS).to_json()
    with patient(services) as connection:
        row = connection.execute(
            "INSERT INTO alerts (state, version, source, headline, event, status, msg_type, scope, category, urgency, severity,"
            " certainty, areas, expires, author_id, created_at, updated_at)"
            " VALUES ('approved', 1, 'hand', 'Earthquake', 'Earthquake', 'Actual', 'Alert', 'Public', 'Geo', 'Immediate',"
            " 'Severe', 'Observed', %s, %s, %s, %s, %s) RETURNING id",
            (Jsonb(frozen), expires, author, now, now),
        ).fetchone()
        assert row is not None
        alert_id = int(row[0])
        connection.execute(
            "INSERT INTO approvals (alert_id, officer_id, at, areas, texts, digest, audience_estimate, drill, expires)"
            " VALUES (%s, %s, %s, %s, %s, %s, 0, false, %s)",
            (alert_id, approver, now, Jsonb(frozen), Jsonb(TEXTS), digest_of(frozen, TEXTS, drill=False), expires),
        )
    return alert_id
