"""Reading the audit trail: by whom, what, on what and when; newest first, paged by sequence number."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.core.audit import AuditEntry
from hotline.core.errors import InvalidInput
from hotline.core.tables import plain_cell

PAGE_ROWS = 50
MAX_EXPORT_ROWS = 20_000
EXPORT_BATCH = 2_000


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty parts do not narrow. Times are aware."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def read_wanted(arguments: MultiDict[str, str], zone: str) -> Wanted:
    """Read the search form; its local times are in the reader's zone. Raises InvalidInput."""
    subject = arguments.get("subject", "").strip()
    _kind, separator, number = subject.partition(":")
    if separator and not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InvalidInput("subject", subject, "write a kind, or a kind and a number such as officer:12")
    return Wanted(
        actor=arguments.get("actor", "").strip()[:200],
        action=arguments.get("action", "").strip()[:80],
        subject=subject[:60],
        since=_local_time("since", arguments.get("since", ""), zone),
        until=_local_time("until", arguments.get("until", ""), zone),
    )


def read_seq(value: str) -> int:
    """Return a sequence number from a page's address; raises ValueError when it can be none."""
    number = int(value[:20])
    if not 0 <= number < 2**63:
        raise ValueError("a sequence number is a positive bigint")
    return number


def _local_time(field: str, value: str, zone: str) -> datetime | None:
    if not value.strip():
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(field, value, "write a date and a time such as 2026-11-21T03:00") from error


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def statement(wanted: Wanted) -> Select[tuple[AuditEntry]]:
    """Return the query for the wanted entries, newest first, without a limit."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc())
    if wanted.actor:
        query = query.where(AuditEntry.actor_name.ilike(f"%{_escaped(wanted.actor)}%"))
    if wanted.action.endswith("."):
        query = query.where(AuditEntry.action.like(f"{_escaped(wanted.action)}%"))
    elif wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.subject:
        kind, separator, number = wanted.subject.partition(":")
        query = query.where(AuditEntry.subject_kind == kind)
        if separator:
            query = query.where(AuditEntry.subject_id == int(number))
    if wanted.since:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditEntry.at < wanted.until)
    return query


@dataclass(frozen=True)
class Page:
    """Some entries, and the sequence numbers to ask for next: `older` with before=, `newer` with after=."""

    entries: list[AuditEntry]
    older: int | None
    newer: int | None


def read_page(session: Session, wanted: Wanted, *, before: int | None = None, after: int | None = None) -> Page:
    """Return one page: the newest, the one before `before`, or the one just after `after`."""
    query = statement(wanted)
    if after is not None:
        query = query.where(AuditEntry.seq > after).order_by(None).order_by(AuditEntry.seq.asc())
    elif before is not None:
        query = query.where(AuditEntry.seq < before)
    found = list(session.scalars(query.limit(PAGE_ROWS + 1)))
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if after is not None:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_older = more if after is None else True
    has_newer = more if after is not None else before is not None
    return Page(found, found[-1].seq if has_older else None, found[0].seq if has_newer else None)


def export_csv(session: Session, wanted: Wanted) -> tuple[str, int]:
    """Return the newest wanted entries as CSV (at most MAX_EXPORT_ROWS, times in UTC) and how many they are."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            "seq",
            "at",
            "actor_kind",
            "actor_id",
            "actor",
            "via",
            "action",
            "subject_kind",
            "subject_id",
            "before",
            "after",
            "hash",
        ]
    )
    count = 0
    for entry in _entries(session, wanted):
        writer.writerow([plain_cell(value) for value in _row(entry)])
        count += 1
    return text.getvalue(), count


def _entries(session: Session, wanted: Wanted) -> Iterator[AuditEntry]:
    before: int | None = None
    for _ in range(MAX_EXPORT_ROWS // EXPORT_BATCH):
        query = statement(wanted)
        if before is not None:
            query = query.where(AuditEntry.seq < before)
        batch = session.scalars(query.limit(EXPORT_BATCH)).all()
        yield from batch
        if len(batch) < EXPORT_BATCH:
            return
        before = batch[-1].seq
        session.expunge_all()


def _row(entry: AuditEntry) -> list[object]:
    return [
        entry.seq, entry.at.astimezone(UTC).isoformat(), entry.actor_kind, entry.actor_id, entry.actor_name, entry.via,
        entry.action, entry.subject_kind, entry.subject_id, _json(entry.before), _json(entry.after), entry.hash,
    ]  # fmt: skip


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
