"""Writing rows durably, and quickly because many requests share one commit.

Each request thread hands its rows to the one writer of its process and waits. The writer takes everything that is waiting,
inserts it in one statement, and that statement's commit answers all of them at once. So the cost of a disk flush is shared
by as many rows as arrive during the flush before it, and nothing is acknowledged that a crash could still lose.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import psycopg
import structlog

from hotline.core.db import CONNECT_TIMEOUT_S, libpq_url
from hotline.core.errors import Unavailable

log = structlog.get_logger(__name__)

MAX_WAITING = 4_000
"""Rows that may wait in one process; beyond it the sender is told to come again."""
MAX_BATCH = 1_000
WAIT_S = 5.0
"""Longest time a request waits for its commit; senders give up after 15 s or so and would learn nothing."""
STATEMENT_TIMEOUT_MS = 4_000

Row = TypeVar("Row")


@dataclass(slots=True)
class _Waiting(Generic[Row]):
    """One row whose request waits for it to be on the disk."""

    row: Row
    done: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None


class GroupWriter(ABC, Generic[Row]):
    """The one writer of a process for one kind of row: a thread with a connection of its own, started with the first row.

    The connection is not from the pool: it must be free whatever pages are doing, and it commits with every statement.
    `what` names the rows, in the plural, in errors, logs and the connection's name.
    """

    what: str
    statement: str

    def __init__(self, database_url: str, *, max_waiting: int = MAX_WAITING, wait_s: float = WAIT_S) -> None:
        self._url = libpq_url(database_url)
        self._max_waiting = max_waiting
        self._wait_s = wait_s
        self._waiting: list[_Waiting[Row]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._connection: psycopg.Connection[Any] | None = None

    @abstractmethod
    def columns(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """Return the statement's arrays, one per column."""

    def written(self, rows: Sequence[Row], cursor: psycopg.Cursor[Any]) -> None:
        """Take what the statement returned, once it is committed; for writers whose rows want to know."""

    def append(self, rows: Sequence[Row]) -> None:
        """Return when the rows are committed.

        Raises Unavailable when too many are waiting, when the database does not take them, or after `wait_s`. They may
        then still be committed, so whoever reads them must bear a repetition.
        """
        entries = [_Waiting(row) for row in rows]
        with self._changed:
            if self._closed or len(self._waiting) + len(entries) > self._max_waiting:
                raise Unavailable(
                    f"Too many {self.what} are waiting to be written; send it again.", code=f"{self.what}-full"
                )
            self._waiting += entries
            self._ensure_thread()
            self._changed.notify()
        deadline = time.monotonic() + self._wait_s
        for entry in entries:
            if not entry.done.wait(max(0.0, deadline - time.monotonic())):
                raise Unavailable("It could not be written in time; send it again.", code=f"{self.what}-slow")
            if entry.failure is not None:
                raise Unavailable("It could not be written; send it again.") from entry.failure

    def close(self) -> None:
        """Write what is waiting and end the thread; later rows are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=self._wait_s)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=f"{self.what}-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    break
                batch = self._waiting[:MAX_BATCH]
                del self._waiting[:MAX_BATCH]
            failure = self._write(batch)
            for entry in batch:
                entry.failure = failure
                entry.done.set()
        self._disconnect()

    def _write(self, batch: list[_Waiting[Row]]) -> Exception | None:
        """Commit a batch, once more over a new connection where the old one was lost; the error that remains."""
        fresh = self._connection is None
        try:
            self._insert(batch)
        except psycopg.OperationalError as error:
            self._disconnect()
            if fresh:
                log.warning("group_commit.not_written", what=self.what, rows=len(batch), error=type(error).__name__)
                return error
            return self._write(batch)
        except Exception as error:  # the outermost line of this thread: every waiting request must get its answer
            self._disconnect()
            log.exception("group_commit.not_written", what=self.what, rows=len(batch))
            return error
        return None

    def _insert(self, batch: list[_Waiting[Row]]) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name=f"hotline-{self.what}",
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c synchronous_commit=on -c timezone=UTC",
            )
        rows = [entry.row for entry in batch]
        self.written(rows, self._connection.execute(self.statement, self.columns(rows), prepare=True))

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
