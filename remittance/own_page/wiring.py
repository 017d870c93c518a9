"""What this room brings: the relative's page, the traveller's page of the money, and what officers see of them."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import OwnLink, Panel, Registry
from remittance.own_page import forgetting, money_page, office_pages, owning, relative_page, traces
from remittance.own_page.links import MONEY
from remittance.own_page.rendering import STATIC
from remittance.requests.states import READ
from remittance.screening import finders

ACTIONS = {"remittance.link_ended": gettext_noop("Relative's links to a remittance ended")}

EXPLANATIONS = {
    "asked-too-often": gettext_noop("This was asked for several times today. Call us instead of asking again."),
}  # fmt: skip
LABELS = {
    "ko": "긴급 송금", "en": "Emergency money", "ja": "緊急送金", "zh": "紧急汇款",
    "es": "Dinero de emergencia", "fr": "Argent d’urgence",
}  # fmt: skip


def register(registry: Registry) -> None:
    """Add the room's routes and words."""
    registry.blueprints += [relative_page.blueprint, money_page.blueprint, office_pages.blueprint]
    registry.static["own_money"] = STATIC
    registry.case_panels.append(
        Panel(gettext_noop("Emergency money"), "own_money_office.case_panel", READ, 14, "remittances")
    )
    registry.remittance_panels.append(
        Panel(gettext_noop("The relative's page"), "own_money_office.panel", READ, 80, "remittances")
    )
    finders.SAME_PLACE["own_page"] = traces.from_the_same_place
    registry.own_links.append(OwnLink(MONEY, LABELS, owning.is_own))
    registry.job(forgetting.JOB, forgetting.forget, queue="slow", timeout_s=120)
    registry.every(forgetting.EVERY_S, forgetting.JOB)
    registry.action_labels |= ACTIONS
    registry.explanations |= EXPLANATIONS
