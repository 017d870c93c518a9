"""What providers bring: the judgement of how they do, and their word in `/readyz`."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.providers import carriers, health, standing


def register(registry: Registry) -> None:
    """Add the room's job, its links and its part of the readiness answer."""
    registry.job(health.JOB, health.judge, queue="urgent", timeout_s=30)
    registry.every(health.SLOT_S, health.JOB)
    registry.readiness.append(standing.readiness)
    registry.worker_starters.append(carriers.start_links)
