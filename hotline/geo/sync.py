"""Keeps the resident index in step with the table `positions`, without ever missing a change.

A row's `changed_xid` is the transaction that wrote it last. One read gives every row that is visible now and was not
visible at the read before: `NOT pg_visible_in_snapshot(changed_xid, <snapshot of the read before>)`. A transaction that
commits late, with a smaller number than others that were read already, is therefore found as soon as it is visible; the
smallest number still open at the last read bounds the search, so that the index on `changed_xid` serves it. Rows are never
deleted: a traveller without a known place has `lat` NULL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
import structlog
from psycopg import sql

from hotline.core.clock import Clock, SystemClock
from hotline.core.db import libpq_url
from hotline.geo.index import PositionIndex
from hotline.geo.segment import NEVER_EXPIRES, Columns, make_columns

POLL_S = 1.0
RETRY_AT_MOST_S = 30.0
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 60_000
"""For one page or one look for changes; both take well below a second, far beyond that something is wrong."""

_PAGE_ROWS = 50_000
_POSTGRES_EPOCH_S = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())

_TRAITS = np.dtype([("drill", "S1"), ("country", "S8"), ("language", "S8"), ("precision", "S8")])
_RECORD = np.dtype(
    [("id", ">i8"), ("lat", ">f8"), ("lon", ">f8"), ("valid_until", ">i8"), ("traits", f"S{_TRAITS.itemsize}")]
)
"""One row as the statement below sends it; every part has a fixed width, so that numpy reads a page of rows at once."""

_PAGE = sql.SQL(
    """
    WITH wanted AS {materialized} (SELECT * FROM positions WHERE {condition})
    SELECT string_agg(
               int8send(traveller_id) || float8send(coalesce(lat, 'NaN')) || float8send(coalesce(lon, 'NaN'))
               || timestamptz_send(coalesce(valid_until, 'infinity'))
               || substr(convert_to(CASE WHEN drill THEN 'd' ELSE '-' END
                                    || rpad(country, 8) || rpad(language, 8) || rpad(precision, 8), 'UTF8'), 1, {width}),
               ''::bytea),
           max(traveller_id)
      FROM (SELECT * FROM wanted WHERE traveller_id > {after} ORDER BY traveller_id LIMIT {rows}) AS page
    """
)
"""A page of rows as one value: two to three times faster than a binary COPY, whose rows the driver hands over one by one."""

log = structlog.get_logger(__name__)


class IndexSync:
    """Fills an index from `positions` and follows every change; one for each process that counts.

    `poll` may be called by hand (tests, commands); `start` calls it from a thread of its own until `stop`.
    """

    def __init__(self, dsn: str, index: PositionIndex, *, clock: Clock | None = None, poll_s: float = POLL_S) -> None:
        """Follow the database at `dsn`; nothing is connected before the first poll."""
        self._dsn = libpq_url(dsn)
        self._index = index
        self._clock = clock or SystemClock()
        self._poll_s = poll_s
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._snapshot: str | None = None
        self._stopping = threading.Event()
        self._loaded = threading.Event()
        self._thread: threading.Thread | None = None
        self.as_of: datetime | None = None

    @property
    def loaded(self) -> bool:
        """Whether the index holds a complete state, of the time `as_of` (UTC)."""
        return self._loaded.is_set()

    def wait_until_loaded(self, timeout_s: float) -> bool:
        """Wait for the first complete state; whether it is there."""
        return self._loaded.wait(timeout_s)

    def start(self) -> None:
        """Begin to follow in the background; returns at once."""
        if self._thread is not None:
            raise RuntimeError("the index is followed already")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._follow, name="position-index", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask the background thread to end, wait for it at most `timeout_s`, and let go of the connection.

        A thread that is in the middle of a long read ends after it and closes the connection itself.
        """
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout_s)
        if thread is None or not thread.is_alive():
            self._disconnect()

    def poll(self) -> int:
        """Bring the index to the state of the database now; how many rows were read.

        The first poll, and one after the database was replaced by an older copy, loads everything. Raises psycopg.Error
        when the database cannot be read; the index then keeps its state and the next poll goes on from there.
        """
        started = self._clock.now()
        try:
            connection = self._connect()
            with connection.transaction():
                snapshot = _current_snapshot(connection)
                complete = self._snapshot is None or _upper(snapshot) < _upper(self._snapshot)
                columns, gone = self._read(connection, None if complete else self._snapshot)
        except psycopg.Error:
            self._disconnect()
            raise
        if complete:
            self._index.replace_all(columns)
        else:
            self._index.apply_columns(columns, gone)
        self._snapshot, self.as_of = snapshot, started
        self._loaded.set()
        return len(columns) + len(gone)

    def _follow(self) -> None:
        try:
            self._poll_until_stopped()
        finally:
            self._disconnect()

    def _poll_until_stopped(self) -> None:
        pause_s = self._poll_s
        while not self._stopping.is_set():
            try:
                self.poll()
                pause_s = self._poll_s
            except Exception as error:  # noqa: BLE001 - the outermost line of the thread; the state it had stays in use
                # The database may be away for a while (restart, failover): say so and try again, ever less often.
                pause_s = min(max(pause_s * 2, 1.0), RETRY_AT_MOST_S)
                log.warning("position_index_not_followed", error=str(error), retry_in_s=pause_s, as_of=str(self.as_of))
            self._stopping.wait(pause_s)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="hotline position index",
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            )
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(
        self, connection: psycopg.Connection[tuple[Any, ...]], since: str | None
    ) -> tuple[Columns, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """All placed rows, or those changed since a snapshot; and the ids of travellers without a place any more."""
        condition: sql.Composable = sql.SQL("lat IS NOT NULL")
        if since is not None:
            condition = sql.SQL(
                "changed_xid >= pg_snapshot_xmin({0}::pg_snapshot)"
                " AND NOT pg_visible_in_snapshot(changed_xid, {0}::pg_snapshot)"
            ).format(sql.Literal(since))
        placed, gone = [Columns.none()], [np.zeros(0, np.int64)]
        # Changes are few and are found by their own index; left to itself the planner might walk all ids in order.
        for records in _pages(connection, condition, materialized=since is not None):
            known = ~np.isnan(records["lat"])
            placed.append(self._columns(records[known]))
            gone.append(records["id"][~known].astype(np.int64))
        return Columns.join(placed), np.concatenate(gone)

    def _columns(self, records: np.ndarray[tuple[int], np.dtype[np.void]]) -> Columns:
        traits, which = np.unique(np.ascontiguousarray(records["traits"]), return_inverse=True)
        codes = np.array([self._index.code_of(_group(value)) for value in traits.view(_TRAITS).tolist()], np.int32)
        group = codes[which] if len(codes) else np.zeros(0, np.int32)
        return make_columns(records["id"], records["lat"], records["lon"], group, _expiry(records["valid_until"]))


def _current_snapshot(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert row is not None
    return str(row[0])


def _upper(snapshot: str) -> int:
    """The first transaction number that was not yet given out when the snapshot (xmin:xmax:list) was taken."""
    return int(snapshot.split(":")[1])


def _pages(
    connection: psycopg.Connection[tuple[Any, ...]], condition: sql.Composable, *, materialized: bool
) -> Iterator[np.ndarray[tuple[int], np.dtype[np.void]]]:
    """Rows that fulfil a condition, in the order of their ids, page by page; ends because the ids only grow."""
    after = -(2**63)
    while True:
        statement = _PAGE.format(
            materialized=sql.SQL("MATERIALIZED" if materialized else "NOT MATERIALIZED"),
            condition=condition,
            width=sql.Literal(_TRAITS.itemsize),
            after=sql.Literal(after),
            rows=sql.Literal(_PAGE_ROWS),
        )
        row = connection.execute(statement, binary=True, prepare=False).fetchone()
        assert row is not None
        data, last = row
        if data is None:
            return
        records = np.frombuffer(data, _RECORD)
        yield records
        if len(records) < _PAGE_ROWS:
            return
        after = int(last)


def _group(traits: tuple[bytes, bytes, bytes, bytes]) -> tuple[str, str, str, bool]:
    country, language, precision = (value.decode("utf-8", "replace").rstrip() for value in traits[1:])
    return country, language, precision, traits[0] == b"d"


def _expiry(microseconds: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Seconds since 1970 from PostgreSQL's microseconds since 2000, rounded up; `infinity` never expires."""
    whole, part = np.divmod(microseconds.astype(np.int64), 1_000_000)
    seconds = np.clip(whole + (part > 0) + _POSTGRES_EPOCH_S, 0, int(NEVER_EXPIRES))
    return np.asarray(seconds, np.uint32)
