"""Processes that release and pay are killed at every commit point: the cash is handed out at most once, and the books close."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from remittance.ledger import sealing
from remittance.screening import thresholds
from remittance.screening.rules import DEFAULTS
from remittance.screening.states import NOTE
from tests.remittance.dying import answers
from tests.remittance.payouts.making import PAID, Counter
from tests.remittance.requests.making import make_actor

LIMIT_S = 1_200


def kill(services: Services, first: int, count: int) -> None:
    counter = Counter(services, cash=PAID * (count + 1))
    with services.db.transaction() as session:  # so many strangers at one mission in a day would be looked into first
        noted = {rule: {**numbers, "severity": NOTE} for rule, numbers in DEFAULTS.items()}
        thresholds.keep(session, services.clock, make_actor(session, services.clock, "administrator"), noted)
    remittances = [counter.deposited() for _ in range(count)]
    words = (services.settings.database_url, services.settings.data_dir, first, *remittances)
    found = answers("tests.remittance.payouts.dying", *words, limit_s=LIMIT_S)
    assert len(found) == count
    for answer in found:
        # A process whose work had fewer transactions than its death's turn lives; its work is whole.
        assert answer["state"] in ("paid", "refund_pending"), answer
        assert answer["paid"] == ([1, 1] if answer["state"] == "paid" else [0, 0]) and not answer["findings"], answer
    killed = sum(answer["killed"] for answer in found)
    assert killed >= count * 2 // 3, f"only {killed} of {count} died"
    paid = sum(answer["state"] == "paid" for answer in found)
    assert counter.till() == PAID * (count + 1 - paid) and counter.owed()[1] == 0
    sealing.run()
    assert counter.books().findings == []


def test_cash_is_handed_out_at_most_once_whenever_the_process_dies(services: Services) -> None:
    kill(services, 0, 21)


@pytest.mark.nightly
@pytest.mark.timeout(1_300)
def test_cash_is_handed_out_at_most_once_in_two_hundred_deaths(services: Services) -> None:
    kill(services, 1_000, 200)
