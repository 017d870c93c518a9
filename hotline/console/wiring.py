"""What the console brings to the house: static files, the frame of every page, overview, audit, people and missions pages."""

from __future__ import annotations

from hotline.console import assets, frame
from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [assets.blueprint]
    registry.context.append(frame.provide)
