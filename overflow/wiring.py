"""What overflow brings, room by room."""

from __future__ import annotations

from hotline.core.registry import Registry
from overflow.briefing import wiring as briefing
from overflow.drills import wiring as drills
from overflow.forwarding import wiring as forwarding
from overflow.handover import wiring as handover
from overflow.shifts import wiring as shifts
from overflow.staffing import wiring as staffing
from overflow.surge import wiring as surge
from overflow.volunteers import wiring as volunteers


def register(registry: Registry) -> None:
    """Add what each room of overflow brings."""
    for room in (forwarding, handover, drills, volunteers, briefing, shifts, staffing, surge):
        room.register(registry)
