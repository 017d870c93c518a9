"""What this room brings: the pages and the API of bank accounts, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from remittance.banks import api, demo, pages, words
from remittance.banks.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes and words."""
    registry.blueprints += [pages.blueprint, api.blueprint]
    registry.menu.append(MenuEntry("banks.index", gettext_noop("Bank accounts"), READ, 64, group=groups.MONEY))
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.ACTIONS
    registry.subjects["bank_account"] = SubjectKind(gettext_noop("Bank account"))
    registry.demo.append(demo.load)
