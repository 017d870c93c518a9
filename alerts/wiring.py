"""What this room brings to the house."""

from __future__ import annotations

from alerts import materialise, webhooks
from alerts.receipts.fold import fold
from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [webhooks.blueprint]
    registry.on("AlertApproved", "alerts.materialise", materialise.on_approved)
    registry.job(materialise.JOB, materialise.materialise, queue="urgent", timeout_s=materialise.TIMEOUT_S + 30)
    registry.job("alerts.sweep_approved", materialise.sweep, queue="urgent", timeout_s=30)
    registry.job("alerts.fold_receipts", fold, queue="urgent", timeout_s=60)
    registry.every(2, "alerts.sweep_approved")
    registry.every(1, "alerts.fold_receipts")
