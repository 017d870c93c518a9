"""Delivery receipts of notices: appended durably by the webhook, folded into their notices in batches, in any order.

A receipt is tied to its notice by the id in the callback's address, and is believed only for the number and the name at the
provider that the notice has. The greatest word wins (`hotline.providers.ranks`), so late, doubled and early receipts do no
harm.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy.orm import Session

from hotline.core.group_commit import GroupWriter
from hotline.core.services import Services
from hotline.notices.results import follow_failures
from hotline.notices.states import FAILED
from hotline.people import reachability
from hotline.providers import retrying
from hotline.providers.ranks import Word
from hotline.providers.weighing import Row, weigh

log = structlog.get_logger(__name__)

JOB = "notices.fold_receipts"
ROOM = "notice_receipts"
BATCH_SIZE = 1_000
MAX_BATCHES = 50
_room_lock = threading.Lock()

_CLAIM = """
SELECT id, notice_id, provider_sid, provider_status, error_code, recipient, received_at, attempt
  FROM notice_receipts WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_LOCK = """
SELECT id, phone, state, attempts, provider_sid, provider_status, error_code
  FROM notices WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_EXISTING = "SELECT id FROM notices WHERE id = ANY(%s)"
_APPLY = """
UPDATE notices n
   SET state = d.state, provider_sid = d.sid, provider_status = d.status, error_code = d.code,
       sent_at = coalesce(n.sent_at, d.first_at), settled_at = d.settled_at, lease_until = NULL, not_before = NULL,
       retry_at = NULL, body = CASE WHEN n.secret AND d.state = 'delivered' THEN '' ELSE n.body END
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
       AS d(id, state, sid, status, code, first_at, settled_at)
 WHERE n.id = d.id
"""
_SETTLE_ATTEMPTS = """
UPDATE notice_attempts a SET outcome = 'found', finished_at = d.at, provider_sid = d.sid
  FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::timestamptz[]) AS d(notice_id, number, sid, at)
 WHERE a.notice_id = d.notice_id AND a.number = d.number AND (a.outcome IS NULL OR a.outcome = 'unanswered')
"""
_DONE = "DELETE FROM notice_receipts WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class IncomingReceipt:
    """A receipt as the provider reported it; every text fits its column (the edge has checked it)."""

    notice_id: int
    provider_sid: str
    provider_status: str
    error_code: str | None
    recipient: str | None
    received_at: datetime
    attempt: int | None = None
    """Number of the attempt it is about, where the callback's address says so."""


class ReceiptWriter(GroupWriter[IncomingReceipt]):
    """The one writer of notices' receipts of a process."""

    what = "notice-receipts"
    statement = """
INSERT INTO notice_receipts (notice_id, provider_sid, provider_status, error_code, recipient, received_at, attempt)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[])
"""

    def columns(self, rows: Sequence[IncomingReceipt]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return self.columns_of(rows)

    @staticmethod
    def columns_of(rows: Sequence[IncomingReceipt]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return (
            [row.notice_id for row in rows],
            [row.provider_sid for row in rows],
            [row.provider_status for row in rows],
            [row.error_code for row in rows],
            [row.recipient for row in rows],
            [row.received_at for row in rows],
            [row.attempt for row in rows],
        )


def append(services: Services, *receipts: IncomingReceipt) -> None:
    """Write receipts durably; returns after their commit. Raises Unavailable (503, so that the provider repeats)."""
    writer: ReceiptWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, ReceiptWriter(services.settings.database_url))
    writer.append(receipts)


def keep(connection: psycopg.Connection[Any], rows: Sequence[Row]) -> None:
    """Take over receipts that came over a message centre's link and were found to be notices', in the caller's transaction."""
    if rows:
        columns = ReceiptWriter.columns_of(
            [
                IncomingReceipt(
                    row.text_id, row.sid, row.status, row.error_code, row.recipient, row.received_at, row.attempt
                )
                for row in rows
                if row.text_id is not None
            ]
        )
        connection.execute(ReceiptWriter.statement, columns)


class _Notice(NamedTuple):
    id: int
    phone: str
    state: str
    attempts: int
    sid: str | None
    status: str | None
    error_code: str | None


class _Change(NamedTuple):
    notice: _Notice
    word: Word
    sid: str
    first_at: datetime
    settled_at: datetime | None


def fold(services: Services) -> int:
    """Fold every receipt that waits now, oldest first, in bounded batches; how many were taken out of the table."""
    settled, after_id, crowded = 0, 0, set[tuple[str, str]]()
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            done, last_id = _fold_batch(services, session, after_id, crowded)
        settled += done
        if last_id == after_id:
            break
        after_id = last_id
    retrying.slow_down(services, crowded)
    return settled


def _fold_batch(services: Services, session: Session, after_id: int, crowded: set[tuple[str, str]]) -> tuple[int, int]:
    """Fold one batch in the session's transaction; how many receipts are done with, and the last one looked at.

    Senders that are to be slowed down are added to `crowded`.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    rows = [Row(*row) for row in connection.execute(_CLAIM, (after_id, BATCH_SIZE)).fetchall()]
    if not rows:
        return 0, after_id
    by_notice: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        assert row.text_id is not None
        by_notice[row.text_id].append(row)
    notices = [_Notice(*row) for row in connection.execute(_LOCK, (list(by_notice),)).fetchall()]
    locked = {notice.id for notice in notices}
    missing = [notice_id for notice_id in by_notice if notice_id not in locked]
    # A notice that somebody else holds keeps its receipts for the next round; one that does not exist is not ours.
    held = {row[0] for row in connection.execute(_EXISTING, (missing,)).fetchall()} if missing else set()
    if strangers := len(missing) - len(held):
        log.warning("notices.receipts_not_ours", receipts=strangers)
    news = [(notice, weigh(notice, by_notice[notice.id]).news) for notice in notices]
    changes = [_Change(notice, *new) for notice, new in news if new is not None]
    _write(connection, changes)
    now = services.clock.now()
    failed = [(each.notice.id, each.word.reason) for each in changes if each.word.state == FAILED]
    crowded |= follow_failures(connection, now, failed)
    done = [row.id for row in rows if row.text_id not in held]
    connection.execute(_DONE, (done,))
    marks = reachability.mark(connection, now, [_outcome(each) for each in changes])
    reachability.record(session, services.clock, "notice", marks)
    return len(done), rows[-1].id


def _outcome(change: _Change) -> reachability.Outcome:
    notice = change.notice
    before = (notice.error_code or "") if notice.state == FAILED else ""
    return reachability.Outcome(notice.id, notice.phone, before, change.word.reason, change.word.state)


def _write(connection: psycopg.Connection[Any], changes: list[_Change]) -> None:
    if not changes:
        return
    connection.execute(
        _APPLY,
        (
            [change.notice.id for change in changes],
            [change.word.state for change in changes],
            [change.sid for change in changes],
            [change.word.status for change in changes],
            [change.word.reason or None for change in changes],
            [change.first_at for change in changes],
            [change.settled_at for change in changes],
        ),
    )
    connection.execute(
        _SETTLE_ATTEMPTS,
        (
            [change.notice.id for change in changes],
            [change.notice.attempts for change in changes],
            [change.sid for change in changes],
            [change.first_at for change in changes],
        ),
    )
