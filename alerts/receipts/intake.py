"""Taking receipts in: durable before the provider gets its answer, many requests sharing one commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.core.group_commit import GroupWriter
from hotline.core.services import Services

ROOM = "receipts"
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
    attempt: int | None = None
    """Number of the attempt it is about, where the callback's address says so."""
    provider: str | None = None
    """The provider on whose bind it came; None for a webhook."""


class ReceiptWriter(GroupWriter[IncomingReceipt]):
    """The one writer of receipts of a process; folding ignores what is said twice, so a repetition does no harm."""

    what = "receipts"
    statement = """
INSERT INTO receipts (message_id, provider_sid, provider_status, error_code, recipient, received_at, attempt, provider)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[],
                     %s::text[])
"""

    def columns(self, rows: Sequence[IncomingReceipt]) -> tuple[list[Any], ...]:
        """Return the statement's arrays."""
        return (
            [row.message_id for row in rows],
            [row.provider_sid for row in rows],
            [row.provider_status for row in rows],
            [row.error_code for row in rows],
            [row.recipient for row in rows],
            [row.received_at for row in rows],
            [row.attempt for row in rows],
            [row.provider for row in rows],
        )


def append(services: Services, *receipts: IncomingReceipt) -> None:
    """Write receipts durably through this process's writer; returns after their commit.

    Raises Unavailable (503, so that the provider repeats the call) when that is not possible in a few seconds.
    """
    writer: ReceiptWriter | None = services.rooms.get(ROOM)
    if writer is None:
        with _room_lock:
            writer = services.rooms.setdefault(ROOM, ReceiptWriter(services.settings.database_url))
    writer.append(receipts)
