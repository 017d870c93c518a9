"""How much of what is held may leave, state by state, and an entry that two runs place at once."""

from __future__ import annotations

import pytest

from remittance.deposits import placing
from remittance.deposits.holding import going_back
from remittance.requests.models import Remittance
from remittance.requests.states import STATES
from tests.remittance.deposits.making import DUE, Bank

ALL = {"refund_pending", "ready", "paid", "settled", "disputed"}
"""A refund was ordered, or what was due has left the deposits already: the rest is a surplus."""


@pytest.mark.parametrize("state", STATES)
def test_nothing_leaves_while_nobody_decided_or_somebody_holds_it(state: str) -> None:
    one = Remittance(state=state)
    wanted = 100 if state in ALL else 40 if state == "deposited" else 0
    assert going_back(one, 100, 60) == wanted
    assert going_back(one, 50, 60) == (50 if state in ALL else 0)
    assert going_back(one, -5, 60) == 0, "never less than nothing"


def test_an_entry_that_another_run_has_placed_already_stays_as_it_is(bank: Bank) -> None:
    one = bank.quoted()
    bank.send(bank.entry(DUE, reference=one.reference))
    (entry,) = bank.entries()
    before = (entry.state, entry.remittance_id, entry.decided_at)
    with bank.services.db.transaction() as session:
        again = placing.place(session, bank.services.clock, entry.id)
        assert (again.state, again.remittance_id, again.decided_at) == before
    assert (bank.state(one), bank.held(one)) == ("deposited", DUE)
