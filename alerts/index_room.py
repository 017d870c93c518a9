"""The resident index of one web process: loaded in the background, kept in step with SQL, asked only while it is fresh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.core.services import Services
from hotline.geo.index import PositionIndex

ROOM = "positions"
STALE_AFTER = timedelta(seconds=10)
"""Without a successful look at the database for so long the index is no longer asked; SQL answers, or says it cannot."""


@dataclass(frozen=True)
class HeldIndex:
    """The index as it stood at `as_of` (UTC)."""

    index: PositionIndex
    as_of: datetime


def fresh_index(services: Services) -> HeldIndex | None:
    """The resident index of this process, or None while it is not loaded or has lost touch with the database."""
    held: HeldIndex | None = services.rooms.get(ROOM)
    if held is None or services.clock.now() - held.as_of > STALE_AFTER:
        return None
    return held
