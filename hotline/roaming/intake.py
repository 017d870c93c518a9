"""Taking carriers' calls in: durable before the answer, many calls sharing one commit, a repeated call kept once."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.core.group_commit import GroupWriter
from hotline.core.services import Services
from hotline.roaming.mapping import Read

ROOM = "roaming"
_room_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a carrier, read and ready to be kept."""

    carrier_id: int
    call_hash: str
    events_json: str
    refused: int
    received_at: datetime


class CallWriter(GroupWriter[Call]):
    """The one writer of carriers' calls of a process."""

    what = "roaming-events"
    statement = """
INSERT INTO roaming_batches (carrier_id, call_hash, events, refused, received_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::smallint[], %s::timestamptz[])
    ON CONFLICT (carrier_id, call_hash) DO NOTHING
"""

    def columns(self, rows: Sequence[Call]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return (
            [row.carrier_id for row in rows],
            [row.call_hash for row in rows],
            [row.events_json for row in rows],
            [row.refused for row in rows],
            [row.received_at for row in rows],
        )


def call_of(carrier_id: int, body: bytes, read: Read, now: datetime) -> Call:
    """Return a call as it is kept.

    The same body is the same call, whatever it is named: its events carry their times, so it can say nothing new. A name
    that somebody has changed therefore makes no second call of it, however the call was signed.
    """
    call_hash = hashlib.sha256(body).hexdigest()
    events = [{"phone": each.phone, "country": each.country, "at": each.at.isoformat()} for each in read.events]
    return Call(carrier_id, call_hash, json.dumps(events), read.refused, now)


def append(services: Services, call: Call) -> None:
    """Write a call durably; returns after its commit. Raises Unavailable (503, so that the carrier repeats the call)."""
    writer: CallWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, CallWriter(services.settings.database_url))
    writer.append([call])
