"""What the room of agents brings: its pages, its API and its words."""

from __future__ import annotations

from hotline.agents import api, pages, words
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [pages.blueprint, api.blueprint]
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["agent"] = SubjectKind(gettext_noop("Agent"))
    registry.subjects["agent_group"] = SubjectKind(gettext_noop("Group of agents"))
