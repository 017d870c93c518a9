"""The books computed anew: sound books give no finding, and every change behind the service's back gives its sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from remittance.ledger import sealing
from remittance.ledger.checking import MAX_FINDINGS
from remittance.ledger.closing import ask, close
from remittance.ledger.models import LedgerSeal
from remittance.ledger.posting import reverse
from tests.remittance.ledger.making import LAST_MONTH, Books, at_once


def sealed_books(books: Books) -> Books:
    """Two deposits of last month, which is closed, one of this month and its reversal; all sealed."""
    for nth in range(2):
        books.deposit(f"old{nth}", 1_000 + nth, at=LAST_MONTH)
    with books.services.db.transaction() as session:
        ask(session, books.clock, books.one, "2026-10")
    with books.services.db.transaction() as session:
        close(session, books.clock, books.two, "2026-10")
    fresh = books.deposit("new")
    with books.services.db.transaction() as session:
        reverse(session, books.clock, books.one, key="back", journal_id=fresh.journal_id, memo="wrong")
    sealing.run()
    return books


def test_every_journal_is_sealed_once_in_a_chain_without_gaps(books: Books) -> None:
    for nth in range(5):
        books.deposit(f"d{nth}")
    with books.services.db.transaction() as session:
        assert sealing.seal(session, books.clock, limit=3) == 3
    at_once([sealing.run] * 3)
    with books.services.db.transaction() as session:
        seals = session.scalars(select(LedgerSeal).order_by(LedgerSeal.seq)).all()
        assert [seal.seq for seal in seals] == [1, 2, 3, 4, 5]
        assert [seal.prev_hash for seal in seals] == [sealing.GENESIS, *(seal.hash for seal in seals[:-1])]
        assert sealing.head(session) == (5, seals[-1].hash)
    checked = books.check()
    assert (checked.journals, checked.postings, checked.sealed, checked.sound) == (5, 10, 5, True)


def test_sound_books_give_no_finding(books: Books) -> None:
    assert books.check().sound, "nor do empty ones"
    checked = sealed_books(books).check()
    assert checked.findings == []
    assert (checked.journals, checked.sealed) == (4, 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "UPDATE ledger_postings SET minor = minor + 1 WHERE id = 1",
            [
                "does not balance: its postings in KRW sum to 1",
                "do not balance in KRW",
                "carried forward with",
                "Journal 1 is not what was sealed as link 1",
            ],
        ),
        (
            "UPDATE ledger_postings SET minor = minor * 2 WHERE journal_id = 3",
            ["Journal 3 is not what was sealed", "Journal 4 says that it reverses journal 3 but is not its opposite"],
        ),
        ("UPDATE ledger_journals SET memo = 'other' WHERE id = 2", ["Journal 2 is not what was sealed as link 2"]),
        ("UPDATE ledger_journals SET actor_id = 99 WHERE id = 2", ["Journal 2 is not what was sealed"]),
        (
            "DELETE FROM ledger_journals WHERE id = 2",
            ["Journal 2 was sealed as link 2 and is no longer there", "journal 2 into None"],
        ),
        ("DELETE FROM ledger_postings WHERE journal_id = 3", ["Journal 3 has fewer than two postings"]),
        ("DELETE FROM ledger_seals WHERE seq = 2", ["has a gap: link 2 is missing"]),
        ("UPDATE ledger_seals SET prev_hash = repeat('a', 64) WHERE seq = 3", ["Link 3 of the chain does not follow"]),
        (
            "UPDATE ledger_seals SET hash = repeat('a', 64) WHERE seq = 2",
            ["Journal 2 is not what was sealed", "names the chain's end"],
        ),
        (
            "UPDATE ledger_carried SET minor = minor + 5 WHERE account_id = (SELECT min(id) FROM ledger_accounts)",
            ["carried forward with 2006 minor units; its postings up to then sum to 2001"],
        ),
        ("DELETE FROM ledger_carried", ["held something and was not carried forward"]),
        (
            "UPDATE ledger_accounts SET currency = 'USD' WHERE id = (SELECT min(id) FROM ledger_accounts)",
            ["is in KRW, its account is in USD"],
        ),
        ("UPDATE ledger_journals SET posted_at = posted_at + interval '1 day' WHERE id = 1", ["that month was closed on"]),
        (
            "UPDATE ledger_postings SET period = '2026-09' WHERE id = 1",
            ["is booked into 2026-09, its journal 1 into 2026-10"],
        ),
        (
            "ALTER TABLE ledger_months DROP CONSTRAINT ck_ledger_months_four_eyes; "
            "UPDATE ledger_months SET closed_by_id = asked_by_id",
            ["2026-10 was closed without a second officer"],
        ),
    ],
)  # fmt: skip
def test_each_change_behind_the_back_is_told_in_a_sentence(books: Books, change: str, words: list[str]) -> None:
    sealed_books(books)
    books.behind_the_back(*change.split("; "))
    findings = books.check().findings
    for each in words:
        assert any(each in finding for finding in findings), findings


def test_only_the_first_break_of_the_chain_is_told(books: Books) -> None:
    sealed_books(books)
    books.behind_the_back("UPDATE ledger_seals SET hash = repeat('a', 64) WHERE seq = 1")
    assert sum("sealed" in finding or "follow" in finding for finding in books.check().findings) == 1


def test_journals_that_nobody_seals_are_told_after_a_while(books: Books) -> None:
    books.deposit("d1")
    assert books.check().sound
    books.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]  # the frozen clock
    assert "1 journals are not sealed" in books.check().findings[0]


def test_findings_are_no_flood(books: Books) -> None:
    for nth in range(MAX_FINDINGS):
        books.deposit(f"d{nth}")
    books.behind_the_back("UPDATE ledger_postings SET minor = minor + 1 WHERE minor > 0")
    assert len(books.check().findings) == MAX_FINDINGS
