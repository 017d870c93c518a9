"""Processes that release and pay are killed at every commit point: the cash is handed out at most once, and the books close."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.core.services import Services
from remittance.ledger import sealing
from remittance.screening import thresholds
from remittance.screening.rules import DEFAULTS
from remittance.screening.states import NOTE
from tests.remittance.payouts.making import PAID, Counter
from tests.remittance.requests.making import make_actor

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 1_200


def kill(services: Services, first: int, count: int) -> None:
    counter = Counter(services, cash=PAID * (count + 1))
    with services.db.transaction() as session:  # so many strangers at one mission in a day would be looked into first
        noted = {rule: {**numbers, "severity": NOTE} for rule, numbers in DEFAULTS.items()}
        thresholds.keep(session, services.clock, make_actor(session, services.clock, "administrator"), noted)
    remittances = [str(counter.deposited()) for _ in range(count)]
    words = [services.settings.database_url, str(services.settings.data_dir), str(first), *remittances]
    done = subprocess.run(
        [sys.executable, "-m", "tests.remittance.payouts.dying", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == count
    for answer in answers:
        # A process whose work had fewer transactions than its death's turn lives; its work is whole.
        assert answer["state"] in ("paid", "refund_pending"), answer
        assert answer["paid"] == ([1, 1] if answer["state"] == "paid" else [0, 0]) and not answer["findings"], answer
    killed = sum(answer["killed"] for answer in answers)
    assert killed >= count * 2 // 3, f"only {killed} of {count} died"
    paid = sum(answer["state"] == "paid" for answer in answers)
    assert counter.till() == PAID * (count + 1 - paid) and counter.owed()[1] == 0
    sealing.run()
    assert counter.books().findings == []


def test_cash_is_handed_out_at_most_once_whenever_the_process_dies(services: Services) -> None:
    kill(services, 0, 21)


@pytest.mark.nightly
@pytest.mark.timeout(1_300)
def test_cash_is_handed_out_at_most_once_in_two_hundred_deaths(services: Services) -> None:
    kill(services, 1_000, 200)
