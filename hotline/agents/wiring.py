"""What the agents room brings: pages, API, panels, words."""

from __future__ import annotations

from hotline.agents import words
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add the room's texts and what the audit trail calls its things."""
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["agent"] = SubjectKind(gettext_noop("Agent"))
    registry.subjects["agent_group"] = SubjectKind(gettext_noop("Group of agents"))
