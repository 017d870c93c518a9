"""What the ground floor brings: health routes, the live stream and the delivery of outbox events."""

from __future__ import annotations

from hotline.core import health, jobs, outbox, streams
from hotline.core.registry import Registry
from hotline.core.services import Services


def deliver_outbox(services: Services) -> int:
    """Deliver what waits in the outbox."""
    return outbox.deliver_due(services, jobs.registry().handlers)


def register(registry: Registry) -> None:
    """Add the ground floor to the house."""
    registry.blueprints += [health.blueprint, streams.blueprint]
    registry.job("outbox.deliver", deliver_outbox, queue="urgent", timeout_s=300)
    registry.every(2, "outbox.deliver")
