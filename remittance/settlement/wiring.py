"""What this room brings: settlements' pages, API, the panel of a remittance, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from remittance.requests import effects
from remittance.requests.states import READ as REMITTANCES_READ
from remittance.settlement import api, pages, undoing, words
from remittance.tills.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes, panel, subjects and words."""
    registry.blueprints += [pages.blueprint, api.blueprint]
    registry.menu.append(MenuEntry("settlements.index", gettext_noop("Settlements"), READ, 62, group=groups.MONEY))
    registry.remittance_panels.append(
        Panel(gettext_noop("Settlement"), "settlements.remittance_panel", REMITTANCES_READ, 70, "remittances")
    )
    effects.EFFECTS["settlement"] = undoing.take_back
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["settlement"] = SubjectKind(gettext_noop("Settlement"), "settlements.show", "settlement_id", READ)
