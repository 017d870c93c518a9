"""What greeting arrivals brings: its page, its jobs, and practice texts for the demo."""

from __future__ import annotations

from alerts.arrivals import demo, pages, sweep
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add routes, jobs, schedules and words."""
    registry.blueprints.append(pages.blueprint)
    registry.job(sweep.JOB, sweep.sweep, queue="default", timeout_s=120)
    registry.job(sweep.FORGET_JOB, sweep.forget_old, queue="slow", timeout_s=300)
    registry.every(3, sweep.JOB)
    registry.every(3600, sweep.FORGET_JOB)
    registry.on("TravellerErased", "arrivals.forget", sweep.forget_person)
    registry.menu.append(
        MenuEntry("arrivals.show", gettext_noop("Texts on arrival"), "alerts.read", 30, key="w", group=groups.ALERTS)
    )
    registry.explanations |= pages.EXPLANATIONS
    registry.action_labels |= pages.ACTIONS
    registry.subjects["arrival_text"] = SubjectKind(gettext_noop("Text on arrival"))
    registry.demo.append(demo.add_practice_texts)
