"""A benchmark that nobody can run claims nothing: each runs here with small figures and prints the keys others read.

How fast it was is no test's business.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import drill, materialise
from benchmarks.__main__ import main as benchmarks_main

ROOT = Path(__file__).resolve().parents[2]
RUNS_WITHIN_S = 300
PROMISED = {
    "audience --rows 20000": {"ours_ms", "ratio_to_numpy_pass"},
    "dispatch --messages 500 --repeats 1 --jobs 5 --no-materialise": {
        "messages_per_s", "ratio_to_job_per_message", "ratio_to_bare_sender", "worker_peak_rss_mb",
    },
    "drawing --rows 5000 --gestures 6": {"p50_ms", "p95_ms", "ratio_to_bare_request"},
    "receipts --receipts 600 --repeats 1": {"per_s", "ratio_to_signature_only"},
    "roaming --calls 200 --repeats 1 --travellers 2000": {"events_per_s", "events_per_s_by_hundred", "folded_per_s"},
    "drill --days 3": {"scenarios", "march-2011_without_s", "march-2011_with_s", "forecast_s", "needs_s", "decision_s"},
    "routing --calls 20 --repeats 5": {"assign_p95_ms", "growth_100_to_10000", "ratio_to_bare_update"},
    "voice --calls 40 --repeats 1 --waiting 500 --steady-s 2 --announcing-repeats 1 --lines 20": {
        "webhook_p99_ms", "without_database_p99_ms", "valkey_hanging_p99_ms", "forwarding_p99_ms", "ratio_to_bare_signed_insert",
    },
    "forwarding --steady-s 2 --announcing-repeats 1 --lines 20": {
        "forwarding_per_s", "forwarding_p99_ms", "ratio_to_bare_signed_insert", "forwardings_missing",
    },
    "ledger --rounds 2 --journals 80": {"ratio_to_bare_inserts", "ledger_p99_ms", "journals_missing"},
    "memory --rows 11000": {"worker_peak_rss_mb", "ratio_of_large_to_small"},
}  # fmt: skip


def test_writing_message_rows_can_be_measured() -> None:
    result = materialise.run(argparse.Namespace(rows=2_000, repeats=1))
    assert result["materialise_rows"] == 2_000
    assert result["materialise_ratio_to_bare_insert"] > 0


def test_the_table_is_printed_before_the_last_line_which_is_the_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    played = {"wait_s": 95.6, "answer_s": 20.0, "calls": 9, "abandoned_percent": 1.0, "answered_in_time_percent": 2.0,
              "most_on_duty": 3}  # fmt: skip
    scenario = {"without": played, "with": played | {"wait_s": 1.25}, "advice": dict.fromkeys("abcdefg", 30)}
    monkeypatch.setattr(drill, "run", lambda _args: {"scenarios": {"march-2011": scenario}, "forecast_s": 0.5})
    assert benchmarks_main(["drill", "--json"]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["scenarios"]["march-2011"]["with"]["wait_s"] == 1.25
    waits = [line for line in table if "march-2011 with" in line]
    assert len(waits) == 2 and "95.6" in waits[0] and "1.25" in waits[1]


@pytest.mark.nightly
@pytest.mark.parametrize("command", PROMISED)
def test_each_benchmark_runs_and_prints_what_it_promises(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command.split(), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=RUNS_WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    if "skipped" in result:
        pytest.skip(result["skipped"])
    assert PROMISED[command] <= set(result)
