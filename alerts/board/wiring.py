"""What the board brings: its pages and the job that keeps its curve."""

from __future__ import annotations

from alerts.board import pages, sampling
from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the routes, static files and the job."""
    registry.blueprints.append(pages.blueprint)
    registry.static["board"] = pages.STATIC
    registry.job(sampling.JOB, sampling.sample, queue="default", timeout_s=60)
    registry.every(sampling.EVERY_S, sampling.JOB)
    registry.explanations["nobody-known"] = pages.NOBODY_KNOWN
