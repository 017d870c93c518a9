"""What the missions room brings: its API."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.missions import api


def register(registry: Registry) -> None:
    """Add the room's routes."""
    registry.blueprints.append(api.blueprint)
