"""What the silent bring: the sweep, calls and look-ups, the provider's webhooks, and the pages."""

from __future__ import annotations

from alerts.silent import calling, doubt, erasure, labels, looking, pages, webhooks
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add routes, jobs, schedules and words."""
    registry.blueprints += [pages.blueprint, webhooks.blueprint]
    registry.job(looking.JOB, looking.sweep, queue="urgent", timeout_s=120)
    registry.job(calling.JOB, calling.call, queue="default", timeout_s=120)
    registry.job(doubt.JOB, doubt.clear_doubt, queue="default", timeout_s=120)
    registry.every(2, looking.JOB)
    registry.on("TravellerErased", "silent.forget", erasure.forget)
    registry.menu.append(MenuEntry("silent.show", gettext_noop("The silent"), "alerts.read", 32))
    registry.static["silent"] = pages.STATIC
    registry.context.append(lambda: {"calls_panel": pages.calls_panel})
    registry.explanations |= labels.EXPLANATIONS
    registry.action_labels |= labels.ACTIONS
    registry.subjects["silent_policy"] = SubjectKind(gettext_noop("Policy for the silent"))
