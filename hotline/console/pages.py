"""The overview: what is going on now, on one screen, from panels that the rooms bring."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from hotline.auth.identity import actor
from hotline.console.system import read_health
from hotline.core.audit import AuditEntry
from hotline.core.registry import Panel, Registry
from hotline.core.services import current
from hotline.core.web import SIGNED_IN, permit

blueprint = Blueprint("pages", __name__)
RECENT_ENTRIES = 8


@dataclass(frozen=True)
class ShownPanel:
    """A panel and its first content."""

    panel: Panel
    content: Markup


@blueprint.get("/")
@permit(SIGNED_IN)
def overview() -> ResponseReturnValue:
    """Show every panel this officer may see, in order."""
    who = actor()
    registry: Registry = current_app.extensions["registry"]
    shown = []
    for panel in sorted(registry.panels, key=lambda panel: panel.order):
        if panel.permission == SIGNED_IN or who.may(panel.permission):
            content = current_app.ensure_sync(current_app.view_functions[panel.endpoint])()
            shown.append(ShownPanel(panel, Markup(content)))  # noqa: S704  # our own template, already escaped
    return render_template("console/overview.html", panels=shown)


@blueprint.get("/overview/system")
@permit("system.read")
def system_panel() -> str:
    """Return the panel on the service's own health."""
    return render_template("console/panel_system.html", health=read_health(current()))


@blueprint.get("/overview/activity")
@permit("audit.read")
def activity_panel() -> str:
    """Return the panel with the newest entries of the audit trail."""
    with current().db.transaction() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(RECENT_ENTRIES)).all()
    return render_template("console/panel_activity.html", entries=entries)
