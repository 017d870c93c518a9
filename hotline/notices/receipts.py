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
from hotline.notices.results import mark_people
from hotline.providers.ranks import FIRST_FINAL_RANK, Word, recorded, word

log = structlog.get_logger(__name__)

JOB = "notices.fold_receipts"
ROOM = "notice_receipts"
BATCH_SIZE = 1_000
MAX_BATCHES = 50
_room_lock = threading.Lock()

_CLAIM = """
SELECT id, notice_id, provider_sid, provider_status, error_code, recipient, received_at
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
       body = CASE WHEN n.secret THEN '' ELSE n.body END
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


class ReceiptWriter(GroupWriter[IncomingReceipt]):
    """The one writer of notices' receipts of a process."""

    what = "notice-receipts"
    statement = """
INSERT INTO notice_receipts (notice_id, provider_sid, provider_status, error_code, recipient, received_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
"""

    def columns(self, rows: Sequence[IncomingReceipt]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return (
            [row.notice_id for row in rows],
            [row.provider_sid for row in rows],
            [row.provider_status for row in rows],
            [row.error_code for row in rows],
            [row.recipient for row in rows],
            [row.received_at for row in rows],
        )


def append(services: Services, *receipts: IncomingReceipt) -> None:
    """Write receipts durably; returns after their commit. Raises Unavailable (503, so that the provider repeats)."""
    writer: ReceiptWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, ReceiptWriter(services.settings.database_url))
    writer.append(receipts)


class _Row(NamedTuple):
    id: int
    notice_id: int
    sid: str
    status: str
    error_code: str | None
    recipient: str | None
    received_at: datetime


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
    settled, after_id = 0, 0
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            done, last_id = _fold_batch(services, session, after_id)
        settled += done
        if last_id == after_id:
            break
        after_id = last_id
    return settled


def _fold_batch(services: Services, session: Session, after_id: int) -> tuple[int, int]:
    """Fold one batch in the session's transaction; how many receipts are done with, and the last one looked at."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    rows = [_Row(*row) for row in connection.execute(_CLAIM, (after_id, BATCH_SIZE)).fetchall()]
    if not rows:
        return 0, after_id
    by_notice: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        by_notice[row.notice_id].append(row)
    notices = [_Notice(*row) for row in connection.execute(_LOCK, (list(by_notice),)).fetchall()]
    locked = {notice.id for notice in notices}
    missing = [notice_id for notice_id in by_notice if notice_id not in locked]
    # A notice that somebody else holds keeps its receipts for the next round; one that does not exist is not ours.
    held = {row[0] for row in connection.execute(_EXISTING, (missing,)).fetchall()} if missing else set()
    if strangers := len(missing) - len(held):
        log.warning("notices.receipts_not_ours", receipts=strangers)
    changes = [change for notice in notices if (change := _weigh(notice, by_notice[notice.id])) is not None]
    _write(connection, changes)
    done = [row.id for row in rows if row.notice_id not in held]
    connection.execute(_DONE, (done,))
    mark_people(
        session,
        services.clock,
        [(each.notice.id, each.notice.phone, each.word.reason) for each in changes if each.word.reason],
    )
    return len(done), rows[-1].id


def _weigh(notice: _Notice, rows: list[_Row]) -> _Change | None:
    """The change that all receipts of one notice together make; None when they say nothing new."""
    fitting = [row for row in rows if notice.attempts > 0 and row.recipient in (None, notice.phone)]
    sid = notice.sid or (fitting[0].sid if fitting else "")
    words = [(word(row.status, row.error_code), row) for row in fitting if row.sid == sid]
    if not words:
        return None
    best, row = max(words, key=lambda pair: pair[0])
    if best <= recorded(notice.state, notice.status, notice.error_code):
        return None
    settled_at = row.received_at if best.rank >= FIRST_FINAL_RANK else None
    return _Change(notice, best, sid, min(each.received_at for _, each in words), settled_at)


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
