"""What the databases of tests promise: each test finds one as the migrations leave it, and hardly ever waits for a new one."""

from __future__ import annotations

import psycopg
import pytest

from hotline.platform.embedded import EmbeddedPostgres
from tests.databases import Databases

ADD = """
INSERT INTO remittance_policies (begins_at, limit_minor, limit_currency, reasons, deposit_currency, payout_currencies, created_at)
SELECT now(), limit_minor, limit_currency, reasons, deposit_currency, payout_currencies, created_at
  FROM remittance_policies LIMIT 1 RETURNING id
"""
SITE = "INSERT INTO sites (name) VALUES ('Made by a test')"


@pytest.fixture
def own(postgres: EmbeddedPostgres) -> Databases:
    """Databases of this test's own."""
    return Databases(postgres, "own")


def policies(url: str) -> list[tuple[object, ...]]:
    """Return the rows that a migration put there."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM remittance_policies ORDER BY id").fetchall()


def test_a_database_is_emptied_and_given_again_as_the_migrations_left_it(own: Databases) -> None:
    url = own.take()
    at_first = policies(url)
    assert at_first, "a migration puts a policy there"
    with psycopg.connect(url) as connection:
        number = connection.execute(ADD).fetchone()
        connection.execute("DELETE FROM remittance_policies WHERE id < %s", number)
        connection.execute(SITE)
    own.give_back()
    assert own.take() == url, "it was thrown away"
    assert policies(url) == at_first
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM sites").fetchone() == (0,)
        assert connection.execute(ADD).fetchone() == number, "numbers begin anew"
    own.give_back()
    own.close()


def test_a_database_whose_schema_was_changed_is_thrown_away(own: Databases) -> None:
    url = own.take()
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE remittance_policies ADD COLUMN made_by_a_test int")
    own.give_back()
    other = own.take()
    assert other != url
    assert policies(other)
    own.give_back()
    own.close()
