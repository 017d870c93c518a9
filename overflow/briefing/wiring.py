"""What this room brings: briefings and tests with their pages, the gate before a volunteer's first call, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from overflow.briefing import (
    beside_pages,
    buddies,
    demo,
    erasure,
    gate,
    knowledge_pages,
    own_pages,
    own_tests,
    pages,
    words,
)
from overflow.briefing.states import LIFT, READ


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [
        pages.blueprint,
        knowledge_pages.blueprint,
        own_pages.blueprint,
        own_tests.blueprint,
        beside_pages.blueprint,
    ]
    registry.menu.append(MenuEntry("briefings.index", gettext_noop("Briefings"), READ, 47, group=groups.INCIDENTS))
    registry.panels.append(
        Panel(
            gettext_noop("Briefings: a senior looks"), "briefings.panel", LIFT, 46, pages.TOPIC, link="briefings.index"
        )
    )
    registry.volunteer_panels += [
        Panel(gettext_noop("Your duty now"), "beside.own_panel", "volunteers.read", 2),
        Panel(gettext_noop("Briefings"), "own_briefings.panel", "volunteers.read", 5),
        Panel(gettext_noop("Tests and certificates"), "own_tests.panel", "volunteers.read", 40),
    ]
    registry.desk_panels.append(Panel(gettext_noop("Beside you"), "beside.panel", "calls.take", 10))
    registry.ready_guards.append(gate.guard)
    registry.job(gate.JOB, gate.sweep, queue="urgent", timeout_s=60)
    registry.every(5, gate.JOB)
    registry.job(buddies.JOB, buddies.tend, queue="urgent", timeout_s=60)
    registry.every(5, buddies.JOB)
    registry.on("VolunteerErased", "briefing.forget", erasure.forget)
    registry.demo.append(demo.load)
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["knowledge_test"] = SubjectKind(
        gettext_noop("Knowledge test"), "knowledge.edit", "test_id", "briefings.write"
    )
