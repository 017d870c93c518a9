"""What this room brings: the figures as a page, a table and through the API."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry
from remittance.figures import api, pages, words
from remittance.requests.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes and menu entry."""
    registry.blueprints += [pages.blueprint, api.blueprint]
    registry.explanations |= words.EXPLANATIONS
    registry.menu.append(
        MenuEntry("remittance_figures.index", gettext_noop("Figures of remittances"), READ, 64, group=groups.MONEY)
    )
