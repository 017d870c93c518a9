"""What the demo room brings: one command, and incidents to practise with."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.demo import incidents
from hotline.demo.cli import demo


def register(registry: Registry) -> None:
    """Add the command and what it loads last."""
    registry.commands.append(demo)
    registry.demo.append(incidents.load)
