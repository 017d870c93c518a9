"""What the console brings: static files, the frame of every page, overview, audit, people and missions pages."""

from __future__ import annotations

import hotline.console.import_pages
import hotline.console.itinerary_pages
import hotline.console.mission_details_pages
import hotline.console.mission_hours_pages  # noqa: F401  # these hang their routes on another file's blueprint when imported
from hotline.console import assets, audit_pages, frame, missions_pages, pages, routes_pages, travellers_pages
from hotline.console.words import ACTIONS, EXPLANATIONS, SUBJECTS
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry
from hotline.core.web import SIGNED_IN


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [
        assets.blueprint,
        pages.blueprint,
        audit_pages.blueprint,
        missions_pages.blueprint,
        routes_pages.blueprint,
        travellers_pages.blueprint,
    ]
    registry.context.append(frame.provide)
    registry.menu += [
        MenuEntry(
            "travellers.list_travellers",
            gettext_noop("Travellers"),
            "travellers.read",
            50,
            key="t",
            group=groups.DIRECTORY,
        ),
        MenuEntry(
            "missions.list_missions",
            gettext_noop("Missions"),
            "missions.read",
            60,
            key="m",
            group=groups.DIRECTORY,
        ),
        MenuEntry("routes.show", gettext_noop("Routes"), "routes.read", 75, key="r", group=groups.ADMINISTRATION),
        MenuEntry("pages.overview", gettext_noop("Overview"), SIGNED_IN, 0, key="h"),
        MenuEntry("audit.search", gettext_noop("Audit trail"), "audit.read", 80, key="u", group=groups.ADMINISTRATION),
    ]
    registry.panels += [
        Panel(gettext_noop("Recent activity"), "pages.activity_panel", "audit.read", 80, "system", link="audit.search"),
        Panel(gettext_noop("Message providers"), "routes.panel", "routes.read", 85, "system", link="routes.show"),
        Panel(gettext_noop("System"), "pages.system_panel", "system.read", 90, "system"),
    ]
    registry.action_labels |= ACTIONS
    registry.subjects |= SUBJECTS
    registry.explanations |= EXPLANATIONS
