"""What this room brings to the house."""

from __future__ import annotations

from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
