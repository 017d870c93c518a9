"""What the room of agents brings: its words for the audit trail."""

from __future__ import annotations

from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the room to the house."""
