"""What the console brings: static files, the frame of every page, overview, audit, people and missions pages."""

from __future__ import annotations

from hotline.console import assets, audit_pages, frame, pages
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind

ACTIONS = {
    "officer.added": gettext_noop("officer added"),
    "officer.signed_in": gettext_noop("signed in"),
    "officer.roles_changed": gettext_noop("roles changed"),
    "officer.disabled": gettext_noop("account closed"),
    "officer.enabled": gettext_noop("account reopened"),
    "officer.password_changed": gettext_noop("password changed"),
    "officer.preferences": gettext_noop("language or zone changed"),
    "officer.second_factor_on": gettext_noop("second factor on"),
    "officer.second_factor_off": gettext_noop("second factor off"),
    "token.created": gettext_noop("API token made"),
    "token.revoked": gettext_noop("API token revoked"),
    "audit.verified": gettext_noop("audit trail checked"),
    "audit.exported": gettext_noop("audit trail exported"),
}
SUBJECTS = {
    "officer": SubjectKind(gettext_noop("Officer"), "auth.show_officer", "officer_id", "officers.read"),
    "audit": SubjectKind(gettext_noop("Audit trail")),
}
EXPLANATIONS = {
    "audit.subject": gettext_noop("Write a kind, or a kind and a number such as officer:12."),
    "audit.since": gettext_noop("Write the time as a date and a time."),
    "audit.until": gettext_noop("Write the time as a date and a time."),
}


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [assets.blueprint, pages.blueprint, audit_pages.blueprint]
    registry.context.append(frame.provide)
    registry.menu += [
        MenuEntry("pages.overview", gettext_noop("Overview"), "signed-in", 0, key="h"),
        MenuEntry("audit.search", gettext_noop("Audit trail"), "audit.read", 80, key="u"),
    ]
    registry.panels += [
        Panel(gettext_noop("Recent activity"), "pages.activity_panel", "audit.read", 80, "system", link="audit.search"),
        Panel(gettext_noop("System"), "pages.system_panel", "system.read", 90, "system"),
    ]
    registry.action_labels |= ACTIONS
    registry.subjects |= SUBJECTS
    registry.explanations |= EXPLANATIONS
