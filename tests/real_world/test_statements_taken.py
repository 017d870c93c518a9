"""Banks' files written by others go into the books as the rules say, or not at all."""

from __future__ import annotations

import pytest

from hotline.core.errors import SeveralFaults
from hotline.core.services import Services
from tests.real_world.material import load_bytes
from tests.remittance.deposits.making import Bank
from tests.remittance.deposits.test_importing import sound


def test_two_statements_that_follow_each_other_are_in_the_books_once(services: Services) -> None:
    bank = Bank(services, currency="EUR", number="NL26 VAYB 8060 4768 90", balance=2_000)
    data = load_bytes("statements/camt053.v2.multi.statement.xml")
    assert (bank.take(data).entries, bank.take(data).new, bank.take(data + b"\n").known) == (2, False, 2)
    assert [each.amount_minor for each in bank.entries()] == [885, -700]
    sound(bank)


@pytest.mark.parametrize("name", ["camt053.v2.minimal.xml", "camt053.v8.xml", "mt940.sta", "amount_formats.sta"])
def test_what_does_not_hold_together_leaves_nothing_behind(services: Services, name: str) -> None:
    bank = Bank(services, currency="EUR", number="NL26VAYB8060476890")
    with pytest.raises(SeveralFaults):
        bank.take(load_bytes(f"statements/{name}"))
    assert bank.entries() == [] and bank.books() == {}
