"""What the demo room brings: one command."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.demo.cli import demo


def register(registry: Registry) -> None:
    """Add the command."""
    registry.commands.append(demo)
