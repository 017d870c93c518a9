"""What this room brings: pages, API, panels, the check before a month closes, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from remittance.ledger.states import READ as LEDGER_READ
from remittance.tills import acting_pages, api, demo, month_check, pages, words
from remittance.tills.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes, panels, check, subjects and words."""
    registry.blueprints += [pages.blueprint, acting_pages.blueprint, api.blueprint]
    registry.static["tills"] = pages.STATIC
    registry.menu.append(MenuEntry("tills.index", gettext_noop("Tills"), READ, 61, group=groups.MONEY))
    registry.mission_panels.append(Panel(gettext_noop("Tills"), "tills.mission_panel", READ, 20, "remittances"))
    registry.panels.append(
        Panel(
            gettext_noop("Unsettled balances"),
            "tills.late_panel",
            LEDGER_READ,
            61,
            "remittances",
            link="tills.index",
        )
    )
    registry.month_checks += [month_check.uncounted, month_check.still_open]
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["till_count"] = SubjectKind(gettext_noop("Count of a till"))
    registry.subjects["till_move"] = SubjectKind(gettext_noop("Move of cash"))
    registry.subjects["till_difference"] = SubjectKind(gettext_noop("Cash difference"))
    registry.demo.append(demo.load)
