"""What the database itself refuses, whoever writes: the service's own functions are not asked here."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from hotline.core.db import psycopg_of
from remittance.ledger.months import period_of
from remittance.ledger.posting import About, Line, post
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.ledger.making import Books

JOURNAL = (
    "INSERT INTO ledger_journals (key, digest, occurred_at, posted_at, period, memo, reverses_id, actor_kind, actor_name, via)"
    " VALUES (%s, '', now(), now(), %s, 'by hand', %s, 'system', 'x', 'x') RETURNING id"
)
POSTING = "INSERT INTO ledger_postings (journal_id, period, account_id, currency, minor) VALUES (%s, %s, %s, %s, %s)"
PERIOD = period_of(NOW)


def write(
    books: Books, *amounts: tuple[int, int, str], key: str = "k", period: str = PERIOD, reverses: int | None = None
) -> int:
    with books.services.db.connection() as connection:
        row = connection.execute(JOURNAL, (key, period, reverses)).fetchone()
        assert row is not None
        for account, minor, currency in amounts:
            connection.execute(POSTING, (row[0], period, account, currency, minor))
        return int(row[0])


def test_balanced_lines_are_taken(books: Books) -> None:
    assert write(books, (books.bank, 5, "KRW"), (books.held, -5, "KRW"))


@pytest.mark.parametrize("minors", [(5, -4), (5, 5), (5,), ()])
def test_a_journal_that_does_not_sum_to_zero_is_refused_at_its_commit(books: Books, minors: tuple[int, ...]) -> None:
    with pytest.raises(psycopg.errors.Error) as told:
        write(books, *zip((books.bank, books.held), minors, ("KRW", "KRW"), strict=False))
    assert told.value.sqlstate in ("LG002", "LG005")


def test_currencies_do_not_make_up_for_each_other(books: Books) -> None:
    with pytest.raises(psycopg.errors.Error, match="zero in each currency"):
        write(books, (books.bank, 5, "KRW"), (books.due, -5, "HKD"))


def test_a_posting_has_the_currency_of_its_account_and_the_month_of_its_journal(books: Books) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        write(books, (books.bank, 5, "HKD"), (books.due, -5, "HKD"))
    with pytest.raises(psycopg.errors.ForeignKeyViolation), books.services.db.connection() as connection:
        row = connection.execute(JOURNAL, ("k", PERIOD, None)).fetchone()
        assert row is not None
        connection.execute(POSTING, (row[0], "2026-01", books.bank, "KRW", 5))


def test_nothing_is_added_to_a_journal_that_is_committed(books: Books) -> None:
    journal = write(books, (books.bank, 5, "KRW"), (books.held, -5, "KRW"))
    with pytest.raises(psycopg.errors.Error, match="earlier transaction"), books.services.db.connection() as connection:
        for account, minor in ((books.bank, 7), (books.held, -7)):
            connection.execute(POSTING, (journal, PERIOD, account, "KRW", minor))


def test_checking_early_opens_no_door(books: Books) -> None:
    """SET CONSTRAINTS can have the sums checked before the commit; what comes after that is checked again."""
    with (
        pytest.raises(psycopg.errors.Error, match="zero in each currency"),
        books.services.db.connection() as connection,
    ):
        row = connection.execute(JOURNAL, ("k", PERIOD, None)).fetchone()
        assert row is not None
        for account, minor in ((books.bank, 7), (books.held, -7)):
            connection.execute(POSTING, (row[0], PERIOD, account, "KRW", minor))
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        connection.execute(POSTING, (row[0], PERIOD, books.bank, "KRW", 1))


def test_a_posting_is_checked_without_reading_the_books(books: Books) -> None:
    """What a journal costs does not grow with the journals before it, whatever plans a connection has kept."""
    with books.services.db.transaction() as session:
        raw = psycopg_of(session)
        for number in range(100):
            lines = [Line(books.bank, Money(7, "KRW")), Line(books.held, Money(-7, "KRW"))]
            post(
                session, books.clock, books.one, key=f"k{number}", occurred_at=NOW, memo="x", about=About(), lines=lines
            )
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raw.execute("SET CONSTRAINTS ALL DEFERRED")
        read = raw.execute(
            "SELECT relname, seq_tup_read, idx_scan > 0 FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('ledger_journals', 'ledger_postings') ORDER BY relname"
        ).fetchall()
    assert read == [("ledger_journals", 0, True), ("ledger_postings", 0, True)]


KEPT = {
    "ledger_accounts": "reference = reference", "ledger_journals": "memo = memo", "ledger_postings": "minor = minor",
    "ledger_seals": "hash = hash", "ledger_carried": "minor = minor", "ledger_months": "period = '2026-02'",
}  # fmt: skip


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("words", ["UPDATE {table} SET {change}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"])
def test_the_books_are_never_changed(books: Books, table: str, words: str) -> None:
    books.deposit("d1")
    with books.services.db.connection() as connection:
        connection.execute("INSERT INTO ledger_months (period, state) VALUES ('2026-01', 'open')")
    statement = words.format(table=table, change=KEPT[table])
    with pytest.raises(psycopg.errors.RaiseException), books.services.db.connection() as connection:
        connection.execute(statement)


def test_a_reversal_must_be_the_opposite_and_of_something_that_is_none(books: Books) -> None:
    origin = write(books, (books.bank, 5, "KRW"), (books.held, -5, "KRW"))
    for amounts in (((books.bank, -4, "KRW"), (books.held, 4, "KRW")), ((books.bank, 5, "KRW"), (books.held, -5, "KRW")),
                    ((books.fees, -5, "KRW"), (books.held, 5, "KRW"))):  # fmt: skip
        with pytest.raises(psycopg.errors.Error, match="opposite"):
            write(books, *amounts, key="r", reverses=origin)
    back = write(books, (books.held, 5, "KRW"), (books.bank, -5, "KRW"), key="r", reverses=origin)
    with pytest.raises(psycopg.errors.UniqueViolation):
        write(books, (books.held, 5, "KRW"), (books.bank, -5, "KRW"), key="r2", reverses=origin)
    with pytest.raises(psycopg.errors.Error, match="opposite"):
        write(books, (books.held, -5, "KRW"), (books.bank, 5, "KRW"), key="r3", reverses=back)


def test_a_closed_month_and_those_before_it_take_nothing_and_stay_closed(books: Books) -> None:
    with books.services.db.connection() as connection:
        connection.execute(
            "INSERT INTO ledger_months (period, state, asked_by_id, closed_by_id, closed_at) VALUES ('2026-10', 'closed', %s, %s,"
            " now())",
            (books.one.id, books.two.id),
        )
    for period in ("2026-10", "2026-09"):
        with pytest.raises(psycopg.errors.Error) as told:
            write(books, (books.bank, 5, "KRW"), (books.held, -5, "KRW"), period=period)
        assert told.value.sqlstate == "LG001"
    statements: tuple[LiteralString, ...] = (
        "UPDATE ledger_months SET state = 'open', closed_at = NULL",
        "DELETE FROM ledger_months",
        "INSERT INTO ledger_months (period, state, closed_at) VALUES ('2026-08', 'closed', now())",
    )
    for statement in statements:
        with pytest.raises(psycopg.errors.RaiseException), books.services.db.connection() as connection:
            connection.execute(statement)


def test_who_asked_cannot_have_closed(books: Books) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), books.services.db.connection() as connection:
        connection.execute(
            "INSERT INTO ledger_months (period, state, asked_by_id, closed_by_id, closed_at) VALUES ('2026-10', 'closed', %s, %s,"
            " now())",
            (books.one.id, books.one.id),
        )
