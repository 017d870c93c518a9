"""What this room brings: pages, API and the words of incidents."""

from __future__ import annotations

import hotline.incidents.mode_models
import hotline.incidents.models  # noqa: F401 - the tables are part of the house wherever the room is
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from hotline.incidents import api, carrying, mode_api, mode_pages, pages, plan_pages, report_pages, telling, words


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [
        pages.blueprint, mode_pages.blueprint, plan_pages.blueprint, report_pages.blueprint, api.blueprint, mode_api.blueprint,
    ]  # fmt: skip
    registry.menu += [
        MenuEntry("incidents.index", gettext_noop("Incidents"), "incidents.read", 30, key="i", group=groups.INCIDENTS),
        MenuEntry("disaster_plans.index", gettext_noop("Disaster plans"), "incidents.read", 39, group=groups.INCIDENTS),
    ]
    registry.incident_panels.append(
        Panel(gettext_noop("Disaster mode"), "disaster.part", "incidents.read", 0, telling.LIST)
    )
    registry.incident_panels.append(
        Panel(
            gettext_noop("Figures"),
            "incident_report.figures",
            "incidents.read",
            5,
            "cases",
            link="incident_report.show",
        )
    )
    registry.job(carrying.JOB, carrying.carry_out, queue="urgent", timeout_s=300)
    registry.every(5, carrying.JOB)
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["incident"] = SubjectKind(
        gettext_noop("Incident"), "incidents.show", "incident_id", "incidents.read"
    )
    registry.subjects["mode_plan"] = SubjectKind(
        gettext_noop("Disaster plan"), "disaster_plans.show", "plan_id", "incidents.read"
    )
