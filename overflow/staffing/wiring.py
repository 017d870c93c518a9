"""What the room of staffing brings: the advice of every minute, what-ifs, pages, API and the overview's panel."""

from __future__ import annotations

import overflow.staffing.models  # noqa: F401 - the tables are part of the house wherever the room is
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry
from overflow.staffing import advice, api, asking, pages, words


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [pages.blueprint, api.blueprint]
    registry.static["staffing"] = pages.STATIC
    registry.menu.append(
        MenuEntry("staffing.index", gettext_noop("Staffing"), "staffing.read", 78, group=groups.INCIDENTS)
    )
    registry.panels.append(
        Panel(gettext_noop("Staffing"), "staffing.panel", "staffing.read", 9, advice.TOPIC, link="staffing.index")
    )
    registry.explanations |= words.EXPLANATIONS
    registry.job(advice.JOB, advice.keep, queue="default", timeout_s=50)
    registry.every(advice.EVERY_S, advice.JOB)
    registry.job(asking.JOB, asking.play, queue="slow", timeout_s=asking.TIMEOUT_S)
    registry.job(asking.SWEEP, asking.sweep, queue="slow", timeout_s=30)
    registry.every(60, asking.SWEEP)
