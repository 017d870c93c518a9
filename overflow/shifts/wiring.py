"""What this room brings: planned duty, its pages, texts and words."""

from __future__ import annotations

import overflow.shifts.models  # noqa: F401 - the tables are part of the house wherever the room is
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from overflow.shifts import api, demo, leaving, missing, own_pages, pages, plan_pages, reading, sending, words
from overflow.shifts.states import OWN, READ, WRITE


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [pages.blueprint, plan_pages.blueprint, own_pages.blueprint, api.blueprint]
    registry.static["shifts"] = pages.STATIC
    registry.menu += [
        MenuEntry("shifts.week_page", gettext_noop("Shifts"), READ, 58, group=groups.INCIDENTS),
        MenuEntry("own_shifts.mine", gettext_noop("My shifts"), OWN, 59, group=groups.INCIDENTS),
    ]
    registry.panels.append(
        Panel(gettext_noop("Shifts"), "shifts.panel", WRITE, 12, missing.TOPIC, link="shifts.week_page")
    )
    registry.volunteer_panels.append(
        Panel(gettext_noop("My shifts"), "own_shifts.panel", "volunteers.read", 20, missing.TOPIC)
    )
    registry.job(sending.JOB, sending.send, queue="default", timeout_s=120)
    registry.every(sending.EVERY_S, sending.JOB)
    registry.job(missing.JOB, missing.look, queue="default", timeout_s=60)
    registry.every(missing.EVERY_S, missing.JOB)
    registry.on("VolunteerLeft", "shifts.left", leaving.left)
    registry.on("VolunteerErased", "shifts.forget", leaving.forget)
    registry.on_shift = reading.on_shift
    registry.volunteer_duties.append(reading.duty_until)
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["shift"] = SubjectKind(gettext_noop("Shift"), "shifts.show", "shift_id", READ)
    registry.subjects["shift_pattern"] = SubjectKind(gettext_noop("Pattern of shifts"))
    registry.subjects["coverage_need"] = SubjectKind(gettext_noop("People needed"))
    registry.demo.append(demo.load)
