"""What the answers bring: the personal page, and forgetting what an erased person said."""

from __future__ import annotations

from alerts.replies import erasure, page, panel
from alerts.replies.received import received
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Panel, Registry, SubjectKind

ACTIONS = {
    "text.read": gettext_noop("text read"),
    "traveller.links_ended": gettext_noop("personal links ended"),
    "traveller.relative_allowed": gettext_noop("relative may be told"),
    "traveller.relative_withdrawn": gettext_noop("relative not told any more"),
}


def register(registry: Registry) -> None:
    """Add the room's routes, texts and handlers."""
    registry.blueprints += [page.blueprint, panel.blueprint]
    registry.traveller_panels.append(
        Panel(gettext_noop("Answers to alerts"), "replies.traveller_panel", "travellers.read", 5, "cases")
    )
    registry.received = received
    registry.static["replies"] = page.STATIC
    registry.action_labels |= ACTIONS
    registry.subjects["inbound_text"] = SubjectKind(gettext_noop("Text received"))
    registry.on("TravellerErased", "replies.forget", erasure.forget)
