"""What the pages of alerts bring to the console: their blueprint, style, menu entry and overview panels."""

from __future__ import annotations

from alerts.console import (
    acts,
    counting,
    curve,
    editor,
    labels,
    listing,
    page,
    panels,
    places,
    problems,
    report,
    text_templates,
)
from alerts.console.blueprint import STATIC, blueprint
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind

PAGES = (acts, counting, curve, editor, listing, page, panels, places, report, text_templates)
"""The modules whose views stand on the blueprint; naming them here makes sure that they are loaded."""


def register(registry: Registry) -> None:
    """Add the pages."""
    registry.blueprints.append(blueprint)
    registry.static["alerts"] = STATIC
    registry.menu.append(
        MenuEntry("alerts.index", gettext_noop("Alerts"), "alerts.read", 20, key="a", group=groups.ALERTS)
    )
    registry.panels += [
        Panel(gettext_noop("Being sent now"), "alerts.live_panel", "alerts.read", 10, topic="alerts", wide=True,
              link="alerts.index"),
        Panel(gettext_noop("Waiting for a decision"), "alerts.waiting_panel", "alerts.read", 20, topic="alerts"),
        Panel(gettext_noop("Your drafts"), "alerts.drafts_panel", "alerts.write", 30, topic="alerts"),
    ]  # fmt: skip
    registry.action_labels |= labels.ACTIONS
    registry.explanations |= problems.BY_CODE
    registry.subjects["template"] = SubjectKind(
        gettext_noop("Template"), "alerts.template", "template_id", "alerts.read"
    )
    registry.subjects["alert"] = SubjectKind(gettext_noop("Alert"), "alerts.show", "alert_id", "alerts.read")
