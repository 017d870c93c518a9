"""Taking receipts in: durable before the provider gets its answer, and quick because many requests share one commit.

Each request thread hands its row to the one writer of its process and waits. The writer takes everything that is waiting,
inserts it in one statement, and that statement's commit answers all of them at once. So the cost of a disk flush is shared
by as many receipts as arrive during the flush before it, and no receipt is acknowledged that a crash could still lose.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import structlog

from hotline.core.db import CONNECT_TIMEOUT_S, libpq_url
from hotline.core.errors import Unavailable
from hotline.core.services import Services

log = structlog.get_logger(__name__)

MAX_WAITING = 4_000
"""Receipts that may wait in one process; beyond it the provider is told to come again."""
MAX_BATCH = 1_000
WAIT_S = 5.0
"""Longest time a request waits for its commit; the provider gives up after 15 s and would learn nothing."""
STATEMENT_TIMEOUT_MS = 4_000
ROOM = "receipts"

_INSERT = """
INSERT INTO receipts (message_id, provider_sid, provider_status, error_code, recipient, received_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
"""
_room_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class IncomingReceipt:
    """A receipt as the provider reported it; every text fits its column (the edge has checked it)."""

    message_id: int | None
    provider_sid: str
    provider_status: str
    error_code: str | None
    recipient: str | None
    received_at: datetime


@dataclass(slots=True)
class _Waiting:
    """One request that waits for its receipt to be on the disk."""

    receipt: IncomingReceipt
    done: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None


class ReceiptWriter:
    """The one writer of a process: a thread with a connection of its own, started with the first receipt.

    The connection is not from the pool: it must be free whatever pages are doing, and it commits with every statement.
    """

    def __init__(self, database_url: str, *, max_waiting: int = MAX_WAITING, wait_s: float = WAIT_S) -> None:
        self._url = libpq_url(database_url)
        self._max_waiting = max_waiting
        self._wait_s = wait_s
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._connection: psycopg.Connection[Any] | None = None

    def append(self, receipts: Sequence[IncomingReceipt]) -> None:
        """Return when the receipts are committed.

        Raises Unavailable when too many are waiting, when the database does not take them, or after `wait_s`. They may
        then still be committed; the provider's repetition does no harm, because folding ignores what is said twice.
        """
        entries = [_Waiting(receipt) for receipt in receipts]
        with self._changed:
            if self._closed or len(self._waiting) + len(entries) > self._max_waiting:
                raise Unavailable("Too many receipts are waiting to be written; send it again.", code="receipts-full")
            self._waiting += entries
            self._ensure_thread()
            self._changed.notify()
        deadline = time.monotonic() + self._wait_s
        for entry in entries:
            if not entry.done.wait(max(0.0, deadline - time.monotonic())):
                raise Unavailable("The receipt could not be written in time; send it again.", code="receipts-slow")
            if entry.failure is not None:
                raise Unavailable("The receipt could not be written; send it again.") from entry.failure

    def close(self) -> None:
        """Write what is waiting and end the thread; later receipts are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=self._wait_s)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="receipt-writer", daemon=True)
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

    def _write(self, batch: list[_Waiting]) -> Exception | None:
        """Commit a batch, once more over a new connection where the old one was lost; the error that remains."""
        fresh = self._connection is None
        try:
            self._insert(batch)
        except psycopg.OperationalError as error:
            self._disconnect()
            if fresh:
                log.warning("receipts.not_written", receipts=len(batch), error=type(error).__name__)
                return error
            return self._write(batch)
        except Exception as error:  # the outermost line of this thread: every waiting request must get its answer
            self._disconnect()
            log.exception("receipts.not_written", receipts=len(batch))
            return error
        return None

    def _insert(self, batch: list[_Waiting]) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="hotline-receipts",
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c synchronous_commit=on -c timezone=UTC",
            )
        rows = [entry.receipt for entry in batch]
        self._connection.execute(
            _INSERT,
            (
                [row.message_id for row in rows],
                [row.provider_sid for row in rows],
                [row.provider_status for row in rows],
                [row.error_code for row in rows],
                [row.recipient for row in rows],
                [row.received_at for row in rows],
            ),
            prepare=True,
        )

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def append(services: Services, *receipts: IncomingReceipt) -> None:
    """Write receipts durably through this process's writer; returns after their commit.

    Raises Unavailable (503, so that the provider repeats the call) when that is not possible in a few seconds.
    """
    writer: ReceiptWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, ReceiptWriter(services.settings.database_url))
    writer.append(receipts)
