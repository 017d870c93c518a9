"""The resident index of one web process: loaded in the background, kept in step with SQL, asked only while it is fresh."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.core.clock import SystemClock
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.geo.index import PositionIndex
from hotline.geo.sync import IndexSync
from hotline.geo.touching import countries_touched

_SOMEWHERE = Area.from_json([{"description": "", "polygons": [], "circles": [{"center": [0, 0], "radius_km": 1}]}])
ROOM = "positions"
STALE_AFTER = timedelta(seconds=10)
"""Without a successful look at the database for so long the index is no longer asked; SQL answers, or says it cannot."""


@dataclass(frozen=True)
class PositionRoom:
    """The index of this process and what keeps it in step."""

    index: PositionIndex
    sync: IndexSync


@dataclass(frozen=True)
class HeldIndex:
    """The index as it stood at `as_of` (UTC)."""

    index: PositionIndex
    as_of: datetime


def start(services: Services) -> None:
    """Load the index in a thread of its own and follow the database until the process ends; returns at once.

    It follows real time only: where the clock is set by hand its age could not be told, and SQL answers instead.
    """
    if not isinstance(services.clock, SystemClock):
        return
    index = PositionIndex()
    sync = IndexSync(services.settings.database_url, index, clock=services.clock)
    services.rooms[ROOM] = PositionRoom(index, sync)
    # A process may make several applications one after another; each thread ends with its own services.
    weakref.finalize(services, sync.stop, 0.0)
    sync.start()
    # The first officer who draws must not wait for the borders and towns to be read from their files.
    threading.Thread(target=countries_touched, args=(_SOMEWHERE,), name="borders", daemon=True).start()


def fresh_index(services: Services) -> HeldIndex | None:
    """The resident index of this process, or None while it is not loaded or has lost touch with the database."""
    room: PositionRoom | None = services.rooms.get(ROOM)
    if room is None or not room.sync.loaded or room.sync.as_of is None:
        return None
    as_of = room.sync.as_of
    if services.clock.now() - as_of > STALE_AFTER:
        return None
    return HeldIndex(room.index, as_of)
