"""Databases for tests: migrated and empty for each test, at the price of emptying the one that the last test used.

Copying the migrated template for every test took more than half of the time of most tests (some seven hundred files each).
So a process keeps one copy, empties the few tables that a test filled and puts back what migrations put there. Whatever cannot
be put back for sure, a changed schema above all, is thrown away and copied anew.
"""

from __future__ import annotations

import itertools

import psycopg

from hotline.platform.embedded import EmbeddedPostgres

TEMPLATE = "hotline_template"
LOCK_LIMIT_S = 5
LARGE_BYTES = 1_000_000
"""A table beyond this is truncated, which gives its room back; a small one is emptied by DELETE, which is much cheaper."""
MAX_DATABASE_BYTES = 60_000_000
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMA = """
SELECT (SELECT array_agg((oid, relname, relkind, relnatts, relhastriggers) ORDER BY oid)::text
          FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT array_agg((oid, tgenabled) ORDER BY oid)::text FROM pg_trigger),
       (SELECT array_agg((oid, xmin) ORDER BY oid)::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
       (SELECT array_agg((oid, convalidated) ORDER BY oid)::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg!_%' ESCAPE '!'),
       (SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_db_role_setting),
       (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND a.attisdropped),
       EXISTS (SELECT FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid
                WHERE c.relnamespace = 'public'::regnamespace)
"""
_TABLES = """
SELECT format('%I', relname) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' ORDER BY relname
"""
_BEGUN = """
SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL
"""
_SEQUENCES = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  FROM pg_sequences WHERE last_value IS NOT NULL
"""
_SIZES = "SELECT format('%%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > %s"


class Databases:
    """Gives out one empty, migrated database at a time; their names begin with a word of its own."""

    def __init__(self, postgres: EmbeddedPostgres, word: str = "t") -> None:
        self._postgres, self._word = postgres, word
        self._numbers = itertools.count(1)
        self._name: str | None = None
        self._own: psycopg.Connection[tuple[object, ...]] | None = None
        self._schema: object = None
        self._tables: list[str] = []
        self._seeds: dict[str, bytes] = {}
        self._begun: list[tuple[object, ...]] = []

    def take(self) -> str:
        """Return the URL of an empty database; it is this caller's until `give_back`."""
        if self._name is None:
            self._name = f"{self._word}{next(self._numbers)}"
            url = self._postgres.create_database(self._name, template=TEMPLATE)
            # Kept open: a new connection would read the catalogue of all tables anew each time.
            self._own = connection = psycopg.connect(url, autocommit=True)
            self._schema = connection.execute(_SCHEMA).fetchone()
            self._tables = [str(row[0]) for row in connection.execute(_TABLES)]
            self._begun = connection.execute(_BEGUN).fetchall()
            for table in self._filled(connection):
                with connection.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                    self._seeds[table] = b"".join(bytes(each) for each in rows)
            connection.execute(f"SET lock_timeout = '{LOCK_LIMIT_S}s'")
            # The audit trail refuses changes and rows refer to each other: neither must stand in the way of emptying.
            connection.execute("SET session_replication_role = replica")
        return self._postgres.url_for(self._name)

    def give_back(self) -> None:
        """End every connection and empty the database; a database that cannot be emptied for sure is removed."""
        if self._own is not None and self._name is not None and not self._emptied(self._own):
            self._own.close()
            self._postgres.drop_database(self._name)
            self._own = self._name = None

    def close(self) -> None:
        """Let go of the database, before its server ends."""
        if self._own is not None:
            self._own.close()

    def _emptied(self, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        try:
            connection.execute(_END_OTHERS)
            size = connection.execute(
                "SELECT pg_database_size(current_database()) <= %s", [MAX_DATABASE_BYTES]
            ).fetchone()
            if size != (True,) or connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
            self._empty(connection)
        except psycopg.OperationalError:
            return False  # a lock that somebody keeps, or a connection that a test has ended
        return True

    def _filled(self, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
        rows = ", ".join(f"EXISTS (SELECT FROM {table})" for table in self._tables)
        flags = connection.execute(f"SELECT {rows}").fetchone() or ()
        return [table for table, has_rows in zip(self._tables, flags, strict=True) if has_rows]

    def _empty(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        large = {row[0] for row in connection.execute(_SIZES, [LARGE_BYTES])}
        words = [
            f"TRUNCATE {table} CASCADE" if table in large else f"DELETE FROM {table}"  # noqa: S608  # the catalogue's names
            for table in self._filled(connection)
        ]
        connection.execute("; ".join(words))
        for table, rows in self._seeds.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        connection.execute(_SEQUENCES)
        for sequence, last in self._begun:
            connection.execute("SELECT setval(CAST(%s AS regclass), %s)", (sequence, last))
