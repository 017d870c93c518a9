"""`memory`: the peak of one worker process that writes and sends an alert, for a small and for a very large audience.

The worker does everything itself, as in service: the people of the area into message rows, then every text to a sink that
answers after 50 ms. Memory must stay flat whatever the audience, because a worker that grows is killed when it matters most.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from alerts.materialise import JOB
from benchmarks import dispatch, materialise
from benchmarks.measure import print_table
from hotline.core import jobs
from hotline.core.services import Services

SMALL, LARGE = 10_000, 1_000_000
IN_FLIGHT = 256
LIMIT_S = 1_800.0
CEILING_MB = 300
_STARTED_AND_OPEN = """
SELECT coalesce(sum(messages), 0), coalesce(sum(messages) FILTER (WHERE state IN ('queued', 'sending', 'in_doubt')), 0)
  FROM tallies WHERE alert_id = %s
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rows", type=int, default=LARGE, help="people inside the area, the large audience")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures."""
    peaks = {rows: _peak_mb(rows) for rows in (SMALL, args.rows)}
    return {
        "worker_peak_rss_mb": {str(rows): round(peak, 1) for rows, peak in peaks.items()},
        "ratio_of_large_to_small": round(peaks[args.rows] / peaks[SMALL], 3),
        "ceiling_mb": CEILING_MB,
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    rows = [[f"{int(people):,} people", peak] for people, peak in result["worker_peak_rss_mb"].items()]
    print_table("peak of one worker that writes and sends an alert", ["", "MB"], rows)


def _peak_mb(rows: int) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="bench-memory-") as folder,
        dispatch.servers(Path(folder)) as services,
        dispatch.sink() as sink_url,
    ):
        services.settings.twilio_api_base_url = sink_url
        materialise.load_people(services, rows)
        alert_id = materialise.approved_alert(services)
        worker = dispatch.start_worker(services, IN_FLIGHT)
        try:
            dispatch.wait_for_worker(services)
            jobs.enqueue(services, JOB, alert_id)
            _wait_until_sent(services, alert_id, rows)
            return dispatch.peak_rss_mb(worker.pid)
        finally:
            worker.terminate()
            worker.wait(timeout=30)


def _wait_until_sent(services: Services, alert_id: int, rows: int) -> None:
    """Return when every text of the alert has its result; raises RuntimeError when that cannot come any more."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        with psycopg.connect(services.settings.database_url) as connection:
            found = connection.execute(_STARTED_AND_OPEN, (alert_id,)).fetchone()
            state = connection.execute("SELECT state, ended_reason FROM alerts WHERE id = %s", (alert_id,)).fetchone()
        if found == (rows, 0):
            return
        if state is None or state[0] not in ("approved", "dispatching"):
            raise RuntimeError(f"the alert ended before all was sent: {state}")
        time.sleep(0.5)
    raise RuntimeError(f"not sent within {LIMIT_S:.0f} s: {found}")
