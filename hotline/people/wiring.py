"""What the people room brings: the travellers API and the command that takes over lists."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.people import api, cli


def register(registry: Registry) -> None:
    """Add the room's routes and commands."""
    registry.blueprints.append(api.blueprint)
    registry.commands.append(cli.travellers)
