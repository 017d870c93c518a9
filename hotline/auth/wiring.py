"""What the auth room brings: sign-in and profile pages, and the commands for the first officer."""

from __future__ import annotations

from hotline.auth import cli
from hotline.core.registry import Registry


def register(registry: Registry) -> None:
    """Add the room's routes and commands."""
    registry.commands += [cli.officer, cli.token]
