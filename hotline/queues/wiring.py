"""What the room of queues brings: the pass that assigns, the round that tends, and its handlers of facts."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.queues import assigning, erasure, tending


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.job(assigning.ASSIGN_JOB, assigning.assign_due, queue="urgent", timeout_s=60)
    registry.job("queues.tend", tending.tend, queue="urgent", timeout_s=60)
    registry.every(2, assigning.ASSIGN_JOB)
    registry.every(5, "queues.tend")
    registry.worker_starters.append(tending.start)
    registry.on("CallAbandoned", "queues.call_back", tending.on_abandoned)
    registry.on("TravellerErased", "queues.forget", erasure.forget)
