"""What this room brings: remittances' pages, API, jobs and words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from remittance.requests import api, expiring, pages, policy_api, policy_pages, words
from remittance.requests.states import HOLDABLE, READ


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words."""
    registry.blueprints += [pages.blueprint, api.blueprint, policy_pages.blueprint, policy_api.blueprint]
    registry.menu.append(MenuEntry("remittances.index", gettext_noop("Remittances"), READ, 59, group=groups.MONEY))
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.TRAIL | {f"remittance.lift_{state}": words.LIFTED_TRAIL for state in HOLDABLE}
    registry.subjects["remittance"] = SubjectKind(gettext_noop("Remittance"), "remittances.show", "remittance_id", READ)
    registry.subjects["remittance_policy"] = SubjectKind(gettext_noop("Policy for remittances"))
    registry.job(expiring.JOB, expiring.expire, queue="default", timeout_s=120)
    registry.every(60, expiring.JOB)
