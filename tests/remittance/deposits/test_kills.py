"""Processes that take files over are killed at every commit point: a file is in the books whole or not at all, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from remittance.deposits import placing
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_importing import sound
from tests.remittance.deposits.writing import camt
from tests.remittance.dying import answers

LIMIT_S = 500


def kill(bank: Bank, directory: Path, first: int, count: int) -> None:
    """Let each seed's process die over a file of its own; each file goes on where the last one ended."""
    url, redis_url = bank.services.settings.database_url, bank.services.settings.redis_url
    whole, part, over = bank.quoted(), bank.quoted(), bank.quoted()
    seeds = range(first, first + count)
    for nth, seed in enumerate(seeds):
        entries = [bank.entry(5), bank.entry(1, reference=part.reference), bank.entry(-2, payer="Bank")]
        if nth == 0:
            entries += [bank.entry(DUE, reference=whole.reference), bank.entry(DUE + 1, reference=over.reference)]
        (directory / f"{seed}.xml").write_bytes(camt([bank.statement(*entries)]))
    found = answers("tests.remittance.deposits.dying", url, redis_url, first, count, directory, limit_s=LIMIT_S)
    assert len(found) == count and not any(answer["findings"] for answer in found), found
    assert sum(answer["killed"] for answer in found) > count // 2, found
    while placing.place_new(bank.services):
        pass
    assert len(bank.entries()) == 3 * count + 2, "each entry once"
    assert [bank.state(one) for one in (whole, part, over)] == ["deposited", "partial", "overpaid"]
    assert (bank.held(whole), bank.held(part), bank.held(over)) == (DUE, count, DUE + 1)
    sound(bank)


def test_files_are_whole_or_not_there_after_kills_at_every_commit_point(bank: Bank, tmp_path: Path) -> None:
    kill(bank, tmp_path, 0, 12)


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
def test_files_are_whole_or_not_there_after_two_hundred_kills(bank: Bank, tmp_path: Path) -> None:
    kill(bank, tmp_path, 1_000, 200)
