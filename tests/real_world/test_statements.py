"""Banks' files written by others are read, or refused whole with the line, as the rules say."""

from __future__ import annotations

import pytest

from hotline.core.errors import SeveralFaults
from remittance.deposits.reading import read_file
from tests.real_world.material import load_bytes


def faults_of(name: str) -> dict[object, object]:
    """Return what is to be mended, by line."""
    with pytest.raises(SeveralFaults) as caught:
        read_file(load_bytes(f"statements/{name}"))
    return {fault["line"]: fault["mend"] for fault in caught.value.faults}


def test_two_statements_of_one_file_are_read() -> None:
    found = read_file(load_bytes("statements/camt053.v2.multi.statement.xml")).statements
    assert [(each.opening, each.closing, len(each.entries)) for each in found] == [(1815, 2700, 1), (2700, 2000, 1)]
    assert found[0].entries[0].reference == "000000001"


@pytest.mark.parametrize(("name", "line"), [("camt053.v2.minimal.xml", 54), ("camt053.v8.xml", 74)])
def test_a_balance_in_another_currency_is_refused(name: str, line: int) -> None:
    assert faults_of(name)[line] == "the account is kept in EUR"


def test_a_currency_that_is_no_more_refuses_the_whole_file() -> None:
    assert "three letters of ISO 4217" in str(faults_of("mt940.sta")[4]), "the German mark ended in 2002"


def test_balances_without_a_statement_are_none() -> None:
    assert faults_of("amount_formats.sta")
