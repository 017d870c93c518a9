"""The journal as files: a simulated year that beancount reads and balances, closed months as its assertions, plain CSV."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from sqlalchemy.orm import Session

from hotline.core.services import Services
from remittance.ledger import exporting
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balances
from remittance.ledger.closing import ask, close
from remittance.ledger.posting import About, Line, post, reverse
from remittance.ledger.states import BANK, DEPOSITS, FEES, FX, MISSION_CASH, PAYOUTS, ROUNDING, SETTLEMENT
from remittance.money.amounts import Money
from tests.factories import NOW, make_mission
from tests.remittance.ledger.making import DAY, LAST_MONTH, Books

CASES, MISSIONS = 700, 180
CURRENCIES = ("USD", "JPY", "EUR", "GBP", "HKD", "BHD", "IQD", "CLF", "VND", "THB")
YEAR = datetime(2025, 11, 10, 3, 0, tzinfo=UTC)


class Year:
    """Seven hundred remittances through 180 missions in ten currencies, and a reversal now and then."""

    def __init__(self, services: Services, books: Books) -> None:
        self.services, self.books = services, books
        self.random, self.numbers = random.Random(1), itertools.count(1)
        with services.db.transaction() as session:
            self.missions = [make_mission(session, code=f"abroad-{nth:03d}").id for nth in range(MISSIONS)]
            for nth in range(CASES):
                self._remittance(session, nth, YEAR + timedelta(days=nth * 360 / CASES))

    def _account(self, session: Session, kind: str, currency: str, mission_id: int | None = None) -> int:
        return account_for(
            session,
            self.services.clock,
            kind,
            currency,
            mission_id=mission_id,
            reference="main" if kind == BANK else "",
        )

    def _remittance(self, session: Session, nth: int, at: datetime) -> None:
        mission, currency = self.missions[nth % MISSIONS], CURRENCIES[nth % len(CURRENCIES)]
        paid, value = self.random.randrange(1_000, 300_000), self.random.randrange(50_000, 4_000_000)
        residue = self.random.randrange(1, 10)
        due = value + 3_000 + residue
        bank, held = self._account(session, BANK, "KRW"), self._account(session, DEPOSITS, "KRW")
        till, owed = self._account(session, MISSION_CASH, currency, mission), self._account(session, PAYOUTS, currency)
        steps = (
            ((till, paid, currency), (self._account(session, SETTLEMENT, currency, mission), -paid, currency)),
            ((bank, due, "KRW"), (held, -due, "KRW")),
            (
                (held, due, "KRW"), (self._account(session, FX, "KRW"), -value, "KRW"),
                (self._account(session, FEES, "KRW"), -3_000, "KRW"), (self._account(session, ROUNDING, "KRW"), -residue, "KRW"),
                (self._account(session, FX, currency), paid, currency), (owed, -paid, currency),
            ),
            ((owed, paid, currency), (till, -paid, currency)),
        )  # fmt: skip
        for step, lines in enumerate(steps):
            posted = post(
                session, self.services.clock, self.books.one, key=f"year:{nth}:{step}", occurred_at=at + step * DAY / 8,
                memo=f'Remittance {nth} "{currency}" \\ 송금', about=About("remittance", nth),
                lines=[Line(each, Money(minor, unit)) for each, minor, unit in lines],
            )  # fmt: skip
        if nth % 97 == 0:
            reverse(
                session,
                self.services.clock,
                self.books.one,
                key=f"back:{nth}",
                journal_id=posted.journal_id,
                memo="wrong",
            )


@pytest.mark.long
def test_a_year_loads_into_beancount_and_balances_with_every_closed_month(services: Services, books: Books) -> None:
    Year(services, books)
    for period in [f"2025-{month}" for month in (11, 12)] + [f"2026-{month:02d}" for month in range(1, 11)]:
        with services.db.transaction() as session:
            ask(session, books.clock, books.one, period)
        with services.db.transaction() as session:
            close(session, books.clock, books.two, period)
    books.deposit("late", 777, at=LAST_MONTH, late=True)
    text = "".join(exporting.beancount_lines(services.db))
    entries, errors, _ = loader.load_string(text)
    assert not errors, errors[:3]
    transactions = [entry for entry in entries if isinstance(entry, Transaction)]
    assert len(transactions) == CASES * 4 + 8 + 1
    assert text.endswith(f"; {len(transactions)} journals\n")
    assert sum(isinstance(entry, Balance) for entry in entries) > 1_000
    sums: dict[str, Decimal] = {}
    ends: dict[str, Decimal] = {}
    for entry in transactions:
        for posting in entry.postings:
            assert posting.units is not None and posting.units.number is not None
            sums[posting.units.currency] = sums.get(posting.units.currency, Decimal(0)) + posting.units.number
            ends[posting.account] = ends.get(posting.account, Decimal(0)) + posting.units.number
    assert set(sums) == {"KRW", *CURRENCIES} and not any(sums.values())
    with services.db.transaction() as session:
        assert ends["Assets:Bank:Main:KRW"] == balances(session, [books.bank])[books.bank]
    assert books.check().sound


def test_beancount_finds_what_was_changed_behind_the_back(services: Services, books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    with services.db.transaction() as session:
        ask(session, books.clock, books.one, "2026-10")
    with services.db.transaction() as session:
        close(session, books.clock, books.two, "2026-10")
    assert not loader.load_string("".join(exporting.beancount_lines(services.db)))[1]
    books.behind_the_back("UPDATE ledger_postings SET minor = minor + 1 WHERE minor > 0")
    assert len(loader.load_string("".join(exporting.beancount_lines(services.db)))[1]) == 2, "the sum, and the month"


def test_empty_books_are_a_file_too(services: Services, books: Books) -> None:
    entries, errors, _ = loader.load_string("".join(exporting.beancount_lines(services.db)))
    assert not errors and len(entries) == 7
    assert "".join(exporting.csv_lines(services.db)).count("\r\n") == 1


def test_csv_has_one_line_for_each_posting_and_no_formulas(services: Services, books: Books) -> None:
    books.deposit("d1", memo="=HYPERLINK(evil)")
    books.post("d2", (books.till, 12_345, "HKD"), (books.due, -12_345, "HKD"), at=LAST_MONTH, memo='comma, "quote"')
    rows = list(csv.DictReader(io.StringIO("".join(exporting.csv_lines(services.db)).removeprefix("\ufeff"))))
    assert [row["key"] for row in rows] == ["d2", "d2", "d1", "d1"]
    assert rows[2]["memo"] == "'=HYPERLINK(evil)" and rows[0]["memo"] == 'comma, "quote"'
    assert (rows[0]["debit"], rows[0]["credit"], rows[0]["minor"], rows[0]["currency"]) == (
        "123.45",
        "",
        "12345",
        "HKD",
    )
    assert (rows[1]["debit"], rows[1]["credit"], rows[1]["minor"]) == ("", "123.45", "-12345")
    assert rows[0]["account"].startswith("Assets:MissionCash:Mission-") and rows[0]["mission"].startswith("mission-")
    one = "".join(exporting.csv_lines(services.db, "2026-10"))
    assert one.count("\r\n") == 3 and one.startswith("\ufeffjournal,key")


def test_what_people_write_cannot_break_the_plain_text(services: Services, books: Books) -> None:
    memo = 'a "quoted"\n2026-01-01 open Assets:Evil KRW ; \\ 송금'
    books.deposit("d\t1", memo=memo)
    entries, errors, _ = loader.load_string("".join(exporting.beancount_lines(services.db)))
    assert not errors
    assert [entry.narration for entry in entries if isinstance(entry, Transaction)] == [re.sub("\n", " ", memo)]


def test_an_export_is_streamed_and_ends_in_time(
    services: Services, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in range(300):
        books.deposit(f"d{nth}", memo="m" * 400)
    pieces = exporting.csv_lines(services.db)
    tracemalloc.start()
    sizes = [len(piece) for piece in pieces]
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
    assert len(sizes) > 5 and max(sizes) < 2 * exporting.CHUNK_CHARS
    monkeypatch.setattr(exporting, "MAX_EXPORT_S", -1.0)
    with pytest.raises(TimeoutError):
        list(exporting.csv_lines(services.db))
    assert NOW > LAST_MONTH
