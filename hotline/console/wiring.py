"""What the console brings: static files, the frame of every page, overview, audit, people and missions pages."""

from __future__ import annotations

from hotline.console import assets, audit_pages, frame, missions_pages, pages
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
    "mission.added": gettext_noop("mission added"),
    "mission.changed": gettext_noop("mission changed"),
    "mission.closed": gettext_noop("mission closed"),
    "audit.verified": gettext_noop("audit trail checked"),
    "audit.exported": gettext_noop("audit trail exported"),
}
SUBJECTS = {
    "mission": SubjectKind(gettext_noop("Mission"), "missions.show_mission", "mission_id", "missions.read"),
    "officer": SubjectKind(gettext_noop("Officer"), "auth.show_officer", "officer_id", "officers.read"),
    "audit": SubjectKind(gettext_noop("Audit trail")),
}
EXPLANATIONS = {
    "mission-code-taken": gettext_noop("There is already a mission with this code."),
    "mission.code": gettext_noop("Use 2 to 40 small letters, digits and hyphens."),
    "mission.name_en": gettext_noop("Give the name in 1 to 160 characters."),
    "mission.name_ko": gettext_noop("Give the name in 1 to 160 characters."),
    "mission.city": gettext_noop("Give the name in 1 to 120 characters."),
    "mission.country": gettext_noop("Choose the country the mission stands in."),
    "mission.countries": gettext_noop("Use country codes of two letters, such as PH; at most 30."),
    "mission.zone": gettext_noop("Choose a zone from the list, such as Asia/Seoul."),
    "mission.phone": gettext_noop(
        "This number cannot be dialled; write it with the country's code, such as +63 2 8856 9210."
    ),
    "mission.emergency_phone": gettext_noop(
        "This number cannot be dialled; write it with the country's code, such as +63 2 8856 9210."
    ),
    "mission.lat": gettext_noop("Write degrees from -90 to 90, such as 14.55."),
    "mission.lon": gettext_noop("Write degrees from -180 to 180, such as 121.05."),
    "audit.subject": gettext_noop("Write a kind, or a kind and a number such as officer:12."),
    "audit.since": gettext_noop("Write the time as a date and a time."),
    "audit.until": gettext_noop("Write the time as a date and a time."),
}


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [assets.blueprint, pages.blueprint, audit_pages.blueprint, missions_pages.blueprint]
    registry.context.append(frame.provide)
    registry.menu += [
        MenuEntry("missions.list_missions", gettext_noop("Missions"), "missions.read", 60, key="m"),
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
