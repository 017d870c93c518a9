"""What this room brings: tests of lines and training calls, their pages, webhooks, jobs and words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from overflow.drills import api, arrivals, demo, pages, placing, planning, settling, training_pages, webhooks, words


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words; the look for tests goes around the recognition that is there already."""
    registry.blueprints += [webhooks.blueprint, pages.blueprint, training_pages.blueprint, api.blueprint]
    registry.recognise = arrivals.around(registry.recognise)
    registry.menu += [
        MenuEntry("line_tests.index", gettext_noop("Test calls"), "missions.read", 65, group=groups.DIRECTORY),
        MenuEntry("training.index", gettext_noop("Training calls"), "missions.read", 66, group=groups.DIRECTORY),
    ]
    registry.mission_panels.append(
        Panel(gettext_noop("Test calls and training"), "line_tests.of_mission", "missions.read", 10, settling.TOPIC)
    )
    registry.panels.append(
        Panel(
            gettext_noop("Lines that fail their test"), "line_tests.panel", "missions.read", 45, settling.TOPIC,
            link="line_tests.index",
        )
    )  # fmt: skip
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["line_test"] = SubjectKind(gettext_noop("Test call"))
    registry.subjects["training_call"] = SubjectKind(
        gettext_noop("Training call"), "training.show", "training_id", "missions.read"
    )
    registry.subjects["training_scenario"] = SubjectKind(gettext_noop("Training scenario"))
    registry.demo.append(demo.load)
    registry.job(placing.JOB, placing.carry_out, queue="default", timeout_s=120)
    registry.every(5, placing.JOB)
    registry.job(planning.JOB, planning.plan, queue="slow", timeout_s=120)
    registry.every(300, planning.JOB)
