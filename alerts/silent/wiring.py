"""What the silent bring: the sweep, second texts, calls, mails and look-ups, the providers' webhooks, and the pages."""

from __future__ import annotations

from alerts.silent import (
    calling,
    doubt,
    erasure,
    labels,
    looking,
    mailing,
    pages,
    text_doubt,
    text_webhooks,
    texting,
    webhooks,
)
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import CallStarts, MenuEntry, Panel, Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add routes, jobs, schedules and words."""
    registry.blueprints += [pages.blueprint, webhooks.blueprint, text_webhooks.blueprint]
    registry.job(looking.JOB, looking.sweep, queue="urgent", timeout_s=120)
    registry.job(calling.JOB, calling.call, queue="default", timeout_s=120)
    registry.job(texting.JOB, texting.send, queue="default", timeout_s=120)
    registry.job(mailing.JOB, mailing.send, queue="default", timeout_s=900)
    registry.job(text_doubt.JOB, text_doubt.clear_doubt, queue="default", timeout_s=120)
    registry.job(doubt.JOB, doubt.clear_doubt, queue="default", timeout_s=120)
    registry.every(2, looking.JOB)
    registry.on("TravellerErased", "silent.forget", erasure.forget)
    registry.menu.append(MenuEntry("silent.show", gettext_noop("The silent"), "alerts.read", 32, group=groups.ALERTS))
    registry.traveller_panels.append(
        Panel(gettext_noop("Other channels"), "silent.traveller_panel", "travellers.read", 25)
    )
    registry.call_starts.append(CallStarts("silent", calling.BEGUN, calling.WAITING))
    registry.static["silent"] = pages.STATIC
    registry.context.append(lambda: {"calls_panel": pages.calls_panel})
    registry.explanations |= labels.EXPLANATIONS
    registry.action_labels |= labels.ACTIONS
    registry.subjects["outreach"] = SubjectKind(gettext_noop("Step for a silent person"))
    registry.subjects["silent_policy"] = SubjectKind(gettext_noop("Policy for the silent"))
