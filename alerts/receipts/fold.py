"""Folding receipts into their messages: batch by batch, each in one transaction with the tallies, in any order.

A batch claims receipts (SKIP LOCKED, so that several workers share the work), locks their messages the same way, and
leaves what another transaction is holding for the next round: folding never waits for a sender, so the two can never wait
for each other. What holds after folding depends on the set of receipts only, not on their order (see `weighing`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy.orm import Session

from alerts import tallies
from alerts.receipts.homes import find_homes
from alerts.silent.text_reports import LinkWord, take_link_words
from alerts.states import FAILED
from alerts.text_tables import MESSAGES
from hotline.core import live
from hotline.core.services import Services
from hotline.people import reachability
from hotline.providers import retrying
from hotline.providers.ranks import Word
from hotline.providers.weighing import Row, weigh

log = structlog.get_logger(__name__)

BATCH_SIZE = 2_000
MAX_RUN_S = 20.0
"""A run ends after this time at the latest; the schedule starts the next one a second later."""
HINT_EVERY_S = 0.25

_CLAIM = """
SELECT id, message_id, provider_sid, provider_status, error_code, recipient, received_at, attempt, provider
  FROM receipts WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_LOCK = """
SELECT id, alert_id, phone, country, state, attempts, provider_sid, provider_status, error_code, provider
  FROM messages WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_EXISTING = "SELECT id FROM messages WHERE id = ANY(%s)"
_APPLY = """
UPDATE messages m
   SET state = d.state, provider_sid = d.sid, provider_status = d.status, error_code = d.error_code,
       sent_at = coalesce(m.sent_at, d.sent_at), settled_at = d.settled_at, lease_until = NULL, not_before = NULL,
       retry_at = NULL
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
       AS d(id, state, sid, status, error_code, sent_at, settled_at)
 WHERE m.id = d.id
"""
_SETTLE_ATTEMPTS = """
UPDATE attempts a SET outcome = 'found', finished_at = o.at, provider_sid = o.sid
  FROM (SELECT open.id, d.sid, d.at
          FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::timestamptz[]) AS d(message_id, number, sid, at)
          JOIN attempts open ON open.message_id = d.message_id AND open.number = d.number
         WHERE open.outcome IS NULL OR open.outcome = 'unanswered'
           FOR UPDATE OF open SKIP LOCKED) AS o
 WHERE a.id = o.id
"""
_DONE = "DELETE FROM receipts WHERE id = ANY(%s)"


class MessageRow(NamedTuple):
    """What folding needs to know of a message."""

    id: int
    alert_id: int
    phone: str
    country: str
    state: str
    attempts: int
    sid: str | None
    status: str | None
    error_code: str | None
    provider: str = ""


class Change(NamedTuple):
    """A message that moves: its row as it was, the word that holds now, and the receipts' times."""

    message: MessageRow
    word: Word
    sid: str
    first_at: datetime
    settled_at: datetime | None


@dataclass
class FoldReport:
    """What became of the receipts of a run.

    `unknown` name no message of ours, `mismatched` name a message that went to another number or has another provider id,
    `held` stay for the next round because another transaction holds their message, `of_notices` were handed on to notices.
    """

    applied: int = 0
    stale: int = 0
    unknown: int = 0
    mismatched: int = 0
    held: int = 0
    of_notices: int = 0
    alerts: set[int] = field(default_factory=set)
    crowded: set[tuple[str, str]] = field(default_factory=set)
    """Senders (provider, address) whose texts overflowed the carrier's queue."""

    @property
    def settled(self) -> int:
        """Receipts that were taken out of the table."""
        return self.applied + self.stale + self.unknown + self.mismatched + self.of_notices


def fold(services: Services) -> FoldReport:
    """Fold every receipt that waits now, oldest first, for at most `MAX_RUN_S`; the job `alerts.fold_receipts`."""
    report = FoldReport()
    started = hinted = time.monotonic()
    after_id, fresh = 0, set[int]()
    while time.monotonic() - started < MAX_RUN_S:
        with services.db.transaction() as session:
            batch, after_id = _fold_batch(services, session, after_id)
        _add_up(report, batch)
        fresh |= batch.alerts
        if not batch.settled and not batch.held:
            break
        if fresh and time.monotonic() - hinted > HINT_EVERY_S:
            _hint(services, fresh)
            fresh, hinted = set(), time.monotonic()
    if fresh:
        _hint(services, fresh)
    retrying.slow_down(services, report.crowded)
    if report.unknown or report.mismatched:
        log.warning("receipts.not_ours", unknown=report.unknown, mismatched=report.mismatched)
    return report


def _add_up(report: FoldReport, batch: FoldReport) -> None:
    for name in ("applied", "stale", "unknown", "mismatched", "held", "of_notices"):
        setattr(report, name, getattr(report, name) + getattr(batch, name))
    report.alerts |= batch.alerts
    report.crowded |= batch.crowded


def _hint(services: Services, alert_ids: Iterable[int]) -> None:
    for alert_id in sorted(alert_ids):
        live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")


def _fold_batch(services: Services, session: Session, after_id: int) -> tuple[FoldReport, int]:
    """Fold one batch in the session's transaction; the report, and the last receipt that was looked at."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    rows = [Row(*row) for row in connection.execute(_CLAIM, (after_id, BATCH_SIZE)).fetchall()]
    report = FoldReport()
    if not rows:
        return report, after_id
    words = [
        LinkWord(row.id, row.sid, row.status, row.error_code, row.recipient) for row in rows if row.text_id is None
    ]
    second = take_link_words(session, services.clock, words)
    homes = find_homes(connection, [row for row in rows if row.id not in second], services.clock.now())
    by_message, done = homes.by_message, homes.nowhere + homes.of_notices + list(second)
    report.unknown, report.held, report.of_notices = len(homes.nowhere), homes.held, len(homes.of_notices)
    report.stale = sum(each is None for each in second.values())
    report.applied = len(second) - report.stale
    messages = [MessageRow(*row) for row in connection.execute(_LOCK, (list(by_message),)).fetchall()]
    _put_aside(connection, by_message, messages, report, done)
    changes = []
    for message in messages:
        change = _weigh(message, by_message[message.id], report)
        if change is not None:
            changes.append(change)
    done += [row.id for message in messages for row in by_message[message.id]]
    report.crowded = _write(services, session, connection, changes)
    connection.execute(_DONE, (done,))
    moved = [each for each in second.values() if each is not None]
    report.alerts = {change.message.alert_id for change in changes} | {each.alert_id for each in moved}
    reachability.record(session, services.clock, "alert", [mark for each in moved for mark in each.marks])
    return report, rows[-1].id


def _put_aside(
    connection: psycopg.Connection[Any],
    by_message: dict[int, list[Row]],
    locked: list[MessageRow],
    report: FoldReport,
    done: list[int],
) -> None:
    """Count the receipts whose message was not locked: held by somebody else (they stay), or none of ours (they go)."""
    missing = list(by_message.keys() - {message.id for message in locked})
    existing = {row[0] for row in connection.execute(_EXISTING, (missing,)).fetchall()} if missing else set()
    for message_id in missing:
        if message_id in existing:
            report.held += len(by_message[message_id])
        else:
            report.unknown += len(by_message[message_id])
            done += [row.id for row in by_message[message_id]]


def _weigh(message: MessageRow, rows: list[Row], report: FoldReport) -> Change | None:
    """The change that all receipts of one message together make; None when they say nothing new."""
    weighed = weigh(message, rows)
    report.applied += weighed.applied
    report.stale += weighed.stale
    report.mismatched += weighed.mismatched
    return None if weighed.news is None else Change(message, *weighed.news)


def _write(
    services: Services, session: Session, connection: psycopg.Connection[Any], changes: list[Change]
) -> set[tuple[str, str]]:
    """Write the changes of a batch: messages, attempts, people, and last the tallies and the audit (they are contended).

    Returns the senders that are to be slowed down.
    """
    if not changes:
        return set()
    connection.execute(
        _APPLY,
        (
            [change.message.id for change in changes],
            [change.word.state for change in changes],
            [change.sid for change in changes],
            [change.word.status for change in changes],
            [change.word.reason or None for change in changes],
            [change.first_at for change in changes],
            [change.settled_at for change in changes],
        ),
    )
    early = [change for change in changes if change.message.sid is None]
    if early:
        connection.execute(
            _SETTLE_ATTEMPTS,
            (
                [change.message.id for change in early],
                [change.message.attempts for change in early],
                [change.sid for change in early],
                [change.first_at for change in early],
            ),
        )
    failed = [(change.message.id, change.word.reason) for change in changes if change.word.state == FAILED]
    crowded = retrying.schedule(connection, services.clock.now(), failed, MESSAGES)
    retrying.note_regions_off(connection, services.clock.now(), failed, MESSAGES)
    marked = reachability.mark(connection, services.clock.now(), [_outcome(change) for change in changes])
    deltas: Counter[tallies.TallyKey] = Counter()
    for message, now_word, *_ in changes:
        alert_id, country, provider = message.alert_id, message.country, message.provider
        deltas[tallies.key_of(alert_id, country, message.state, message.error_code or "", provider)] -= 1
        deltas[tallies.key_of(alert_id, country, now_word.state, now_word.reason, provider)] += 1
    tallies.add(connection, deltas)
    reachability.record(session, services.clock, "alert", marked)
    return crowded


def _outcome(change: Change) -> reachability.Outcome:
    message = change.message
    before = (message.error_code or "") if message.state == FAILED else ""
    return reachability.Outcome(message.alert_id, message.phone, before, change.word.reason, change.word.state)
