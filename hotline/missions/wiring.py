"""What the missions room brings: its API, its command and its words."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.missions import api, cli, details_api, mode_steps, people_api, words


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [api.blueprint, details_api.blueprint, people_api.blueprint]
    registry.commands.append(cli.missions)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS | mode_steps.EXPLANATIONS
    registry.mode_step(mode_steps.BULLETINS)
