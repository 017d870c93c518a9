"""Processes that keep books are killed at every commit point: what was told to be committed is there, once; the books close."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from remittance.ledger import sealing
from remittance.ledger.closing import ask, close
from remittance.ledger.models import LedgerJournal
from tests.factories import NOW
from tests.remittance.dying import FROM_OUTSIDE, answers
from tests.remittance.ledger.dying import ACTS, act
from tests.remittance.ledger.making import DAY, Books

LIMIT_S = 280


def kill(books: Books, first: int, count: int) -> None:
    url = books.services.settings.database_url
    found = answers("tests.remittance.ledger.dying", url, first, count, books.bank, books.held, limit_s=LIMIT_S)
    assert len(found) == count
    told = set[str]()
    for answer in found:
        assert answer["killed"] and not answer["findings"], answer
        told |= set(answer["told"])
    with books.services.db.transaction() as session:
        keys = session.scalars(select(LedgerJournal.key)).all()
    assert len(keys) == len(set(keys)) and told <= set(keys), "what was told to be committed is there, once"
    again(books, range(first, first + count))


def again(books: Books, seeds: range) -> None:
    """Do everything once more, as whoever was not told does: nothing is doubled, and the month closes."""
    with open("/dev/null", "wb") as nowhere:  # noqa: PTH123  # only its number is wanted
        for seed in seeds:
            for nth in range(ACTS if seed % 3 != FROM_OUTSIDE else 2):
                act(books.services.db, seed, nth, books.bank, books.held, nowhere.fileno())
    sealing.run()
    assert books.check().findings == []
    books.clock.set(NOW + 12 * DAY)  # type: ignore[attr-defined]  # the frozen clock
    with books.services.db.transaction() as session:
        ask(session, books.clock, books.one, "2026-11")
    with books.services.db.transaction() as session:
        close(session, books.clock, books.two, "2026-11")
    assert books.check().findings == []


def test_books_close_after_kills_at_every_commit_point(books: Books) -> None:
    kill(books, 0, 21)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_books_close_after_two_hundred_kills(books: Books) -> None:
    kill(books, 1_000, 200)
