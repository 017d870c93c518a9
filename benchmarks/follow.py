"""`follow`: an update and an all-clear to a large audience, against a bare INSERT … SELECT of the same rows; and later arrivals.

Everybody inside has the alert. The update finds the latest text of each number, supersedes the alert and writes "what changed";
the all-clear goes to the same numbers. Bare is the same rows, ready in a table, put into the same table and committed.
Arrivals: one sweep after some positions have changed, against reading all positions of the same table once.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from alerts.approval import digest_of
from alerts.follow import joins
from alerts.materialise import materialise
from benchmarks.materialise import AREAS, TEXTS, approved_alert, load_people, patient, servers, vacuum
from benchmarks.measure import print_table, timed_s
from hotline.core.services import Services
from hotline.geo.area import Area

ROWS, MOVED = 1_000_000, 2_000
"""A burst of 1,000 roaming events a second meets a sweep every two seconds."""
_COPY = """
CREATE TABLE ready_rows AS
SELECT alert_id, traveller_id, phone, country, language, parts, variant FROM messages WHERE alert_id = %s
"""
_BARE = """
INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, variant)
SELECT alert_id, traveller_id, phone, country, language, parts, variant FROM ready_rows
"""
_FOLLOW = """
INSERT INTO alerts (state, version, source, headline, event, status, msg_type, scope, category, urgency, severity, certainty,
                    areas, expires, author_id, created_at, updated_at, follows_id, chain_id)
SELECT 'approved', 1, 'hand', 'Earthquake', 'Earthquake', 'Actual', %(kind)s, 'Public', 'Geo', 'Immediate', 'Severe',
       'Observed', %(areas)s, %(expires)s, author_id, %(now)s, %(now)s, id, coalesce(chain_id, id)
  FROM alerts WHERE id = %(follows)s
RETURNING id
"""
_APPROVE = """
INSERT INTO approvals (alert_id, officer_id, at, areas, texts, digest, audience_estimate, drill, expires)
SELECT %(id)s, officer_id, at, %(areas)s, %(texts)s, %(digest)s, 0, false, %(expires)s
  FROM approvals WHERE alert_id = %(follows)s
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rows", type=int, default=ROWS, help="people inside the area")
    parser.add_argument("--moved", type=int, default=MOVED, help="positions that change before a sweep")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures."""
    rows, moved = args.rows, args.moved
    with tempfile.TemporaryDirectory(prefix="bench-follow-") as folder, servers(Path(folder)) as services:
        load_people(services, rows)
        first = approved_alert(services)
        assert materialise(services, first) == "dispatching"
        _sent(services)
        sweep_s, joined = _sweep(services, moved)
        read_s = timed_s(lambda: _read_all(services))
        update = _follow(services, first, "Update", AREAS, ("alert", "update", "left", "correction"))
        update_s = timed_s(lambda: _start(services, update))
        _sent(services)
        clear = _follow(services, update, "Cancel", [], ("all_clear", "correction"))
        clear_s = timed_s(lambda: _start(services, clear))
        bare_s = _bare_s(services, clear)
    return {
        "update_ratio_to_bare_insert": round(bare_s / update_s, 3),
        "all_clear_ratio_to_bare_insert": round(bare_s / clear_s, 3),
        "follow_rows": rows,
        "update_s": round(update_s, 2),
        "all_clear_s": round(clear_s, 2),
        "follow_bare_insert_s": round(bare_s, 2),
        "sweep_s": round(sweep_s, 4),
        "sweep_ratio_to_reading_all": round(read_s / sweep_s, 1),
        "sweep_moved": moved,
        "sweep_joined": joined,
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print_table(
        f"{result['follow_rows']:,} people who have the alert",
        ["", "seconds", "ratio"],
        [
            ["update, everything included", result["update_s"], result["update_ratio_to_bare_insert"]],
            ["all-clear, everything included", result["all_clear_s"], result["all_clear_ratio_to_bare_insert"]],
            ["bare INSERT … SELECT", result["follow_bare_insert_s"], 1.0],
            [f"sweep after {result['sweep_moved']:,} moves", result["sweep_s"], result["sweep_ratio_to_reading_all"]],
        ],
    )


def _sent(services: Services) -> None:
    with patient(services) as connection:
        connection.execute("UPDATE messages SET state = 'sent', attempts = 1 WHERE state = 'queued'")
        connection.execute("DELETE FROM tallies")
    vacuum(services, "messages")


def _sweep(services: Services, moved: int) -> tuple[float, int]:
    """Let people move, half of them into the area from outside it, and sweep; seconds, and how many joined."""
    joins.sweep(services)
    lat, lon = AREAS[0]["circles"][0]["center"]  # type: ignore[index]
    with patient(services) as connection:
        connection.execute(
            "UPDATE positions SET lat = %s, lon = %s WHERE traveller_id IN ((SELECT p.traveller_id FROM positions p"
            " LEFT JOIN messages m ON m.traveller_id = p.traveller_id WHERE m.id IS NULL LIMIT %s) UNION ALL"
            " (SELECT traveller_id FROM messages ORDER BY id LIMIT %s))",
            (lat, lon, moved // 2, moved - moved // 2),
        )
    joined = 0

    def sweep() -> None:
        nonlocal joined
        joined = joins.sweep(services)

    seconds = timed_s(sweep)
    assert joined == moved // 2, f"{joined} joined, not {moved // 2}"
    return seconds, joined


def _read_all(services: Services) -> None:
    with patient(services) as connection:
        connection.execute("SELECT traveller_id, lat, lon FROM positions", binary=True).fetchall()


def _follow(services: Services, follows: int, kind: str, areas: list[Any], variants: tuple[str, ...]) -> int:
    expires, now = datetime.now(UTC) + timedelta(hours=6), datetime.now(UTC)
    frozen = Area.from_json(areas).to_json()
    texts = dict.fromkeys(variants, TEXTS["alert"])
    with patient(services) as connection:
        values = {"kind": kind, "areas": Jsonb(frozen), "expires": expires, "now": now, "follows": follows}
        row = connection.execute(_FOLLOW, values).fetchone()
        assert row is not None
        digest = digest_of(frozen, texts, False, (kind, follows))
        connection.execute(_APPROVE, values | {"id": row[0], "texts": Jsonb(texts), "digest": digest})
    return int(row[0])


def _start(services: Services, alert_id: int) -> None:
    assert materialise(services, alert_id) == "dispatching"


def _bare_s(services: Services, alert_id: int) -> float:
    """Seconds that the rows of one alert take by themselves."""
    with patient(services) as connection:
        connection.execute(_COPY, (alert_id,))
        connection.execute("DELETE FROM messages WHERE alert_id = %s", (alert_id,))
    vacuum(services, "messages")

    def insert() -> None:
        with patient(services) as connection:
            connection.execute(_BARE)

    return timed_s(insert)
