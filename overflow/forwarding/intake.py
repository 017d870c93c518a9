"""Keeping announced calls: durable before the answer, many of them sharing one commit, a repetition kept once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

import psycopg

from hotline.core.group_commit import GroupWriter
from hotline.core.services import Services

ROOM = "forwarding_intake"
_room_lock = threading.Lock()


@dataclass(slots=True, kw_only=True)
class Kept:
    """One announced call with its decision, ready to be kept; `explanation` and `answer` are JSON texts."""

    mission_id: int
    line_id: int | None
    idempotency_key: str
    content_hash: str
    key_id: str
    reason: str
    caller: str
    called: str
    pool: str
    language: str
    reference: str
    exchange_at: datetime | None
    decision: str
    rule_id: int | None
    rule_kind: str
    explanation: str
    answer: str
    token_hash: str
    received_at: datetime


@dataclass(slots=True)
class _Row:
    """A call whose request waits: `made` is its row, None when the same call was on record already."""

    kept: Kept
    made: int | None = None


_COLUMNS = tuple(field.name for field in fields(Kept))
_TYPES = {
    "mission_id": "bigint", "line_id": "bigint", "rule_id": "bigint", "exchange_at": "timestamptz", "received_at": "timestamptz",
    "explanation": "jsonb", "answer": "jsonb",
}  # fmt: skip


class ForwardingWriter(GroupWriter[_Row]):
    """The one writer of announced calls of a process."""

    what = "forwardings"
    statement = f"""
INSERT INTO forwardings ({", ".join(_COLUMNS)})
SELECT * FROM unnest({", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in _COLUMNS)})
    ON CONFLICT (mission_id, idempotency_key, content_hash) DO NOTHING
RETURNING id, mission_id, idempotency_key, content_hash
"""  # noqa: S608  # names of this file's own columns

    def columns(self, rows: Sequence[_Row]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return tuple(list(column) for column in zip(*(astuple(row.kept) for row in rows), strict=True))

    def written(self, rows: Sequence[_Row], cursor: psycopg.Cursor[Any]) -> None:
        """Tell each row whether it was the first of its call; of two alike in one batch one is."""
        made = {(mission_id, name, digest): id_ for id_, mission_id, name, digest in cursor.fetchall()}
        for row in rows:
            kept = row.kept
            row.made = made.pop((kept.mission_id, kept.idempotency_key, kept.content_hash), None)


def append(services: Services, kept: Kept) -> int | None:
    """Write a call durably; its id after the commit, None for a repetition. Raises Unavailable."""
    writer: ForwardingWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, ForwardingWriter(services.settings.database_url))
    row = _Row(kept)
    writer.append([row])
    return row.made
