"""What the cases room brings: its pages, its API, panels, and forgetting."""

from __future__ import annotations

from hotline.cases import (
    api,
    contact_api,
    contact_pages,
    demo,
    erasure,
    escalating,
    escalation_pages,
    file_api,
    file_pages,
    pages,
    person_api,
    person_link_pages,
    person_pages,
    protection,
    protection_api,
    protection_pages,
    words,
)
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add the room's routes, menu entry, panels, texts and handlers."""
    registry.blueprints += [pages.blueprint, api.blueprint, escalation_pages.blueprint, person_pages.blueprint]
    registry.blueprints += [protection_pages.blueprint, file_pages.blueprint, person_api.blueprint]
    registry.blueprints += [
        contact_pages.blueprint,
        contact_api.blueprint,
        file_api.blueprint,
        protection_api.blueprint,
    ]
    registry.blueprints += [person_link_pages.blueprint, person_link_pages.api_blueprint]
    registry.static["cases"] = pages.STATIC
    registry.menu.append(
        MenuEntry("cases.list_page", gettext_noop("Cases"), "cases.read", 30, key="c", group=groups.CASES)
    )
    registry.menu += [
        MenuEntry("contacts.list_page", gettext_noop("Contacts"), "cases.read", 31, group=groups.CASES),
        MenuEntry("persons.list_page", gettext_noop("Persons"), "cases.read", 31, group=groups.CASES),
        MenuEntry("escalations.list_page", gettext_noop("Officials"), "cases.read", 32, group=groups.CASES),
        MenuEntry(
            "escalations.rules_page",
            gettext_noop("Escalation rules"),
            "cases.rules",
            92,
            group=groups.ADMINISTRATION,
        ),
        MenuEntry("protection.list_page", gettext_noop("Protection"), "cases.work", 33, group=groups.CASES),
    ]
    registry.panels.append(
        Panel(
            gettext_noop("Your answer is owed"),
            "escalations.panel",
            "cases.answer",
            5,
            "cases",
            link="escalations.list_page",
        )
    )
    registry.panels.append(
        Panel(gettext_noop("Need help, nobody's yet"), "cases.panel", "cases.read", 15, "cases", link="cases.list_page")
    )
    registry.traveller_panels.append(Panel(gettext_noop("Cases"), "cases.traveller_panel", "cases.read", 10, "cases"))
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["case"] = SubjectKind(gettext_noop("Case"), "cases.show", "case_id", "cases.read")
    registry.subjects["contact"] = SubjectKind(gettext_noop("Contact"), "contacts.show", "contact_id", "cases.read")
    registry.subjects["person"] = SubjectKind(gettext_noop("Person"), "persons.show", "person_id", "cases.read")
    registry.subjects["abuse_incident"] = SubjectKind(gettext_noop("Abusive call"))
    registry.subjects["number_flag"] = SubjectKind(gettext_noop("Number held apart"))
    registry.subjects["escalation_rule"] = SubjectKind(gettext_noop("Escalation rule"))
    registry.job(escalating.JOB, escalating.climb, queue="urgent", timeout_s=60)
    registry.every(escalating.EVERY_S, escalating.JOB)
    registry.job(protection.FORGET_JOB, protection.forget_old_calls, queue="slow", timeout_s=60)
    registry.every(600, protection.FORGET_JOB)
    registry.demo.append(demo.add_ladder)
    registry.on("TravellerErased", "cases.forget", erasure.forget)
