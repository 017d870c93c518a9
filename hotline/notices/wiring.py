"""What the notices room brings: the provider's webhook, the lanes and sweeps, and the page that lists notices."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from hotline.notices import doubt, erasure, lanes, mode_steps, pages, receipts, retry_sweep, sweep, webhooks


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, schedules and menu entry."""
    registry.blueprints += [webhooks.blueprint, pages.blueprint]
    # What somebody waits for shares the alerts' queue, a little at a time; everything else is served after alerts.
    registry.job(lanes.URGENT_JOB, lanes.dispatch_urgent, queue="default", timeout_s=180)
    registry.job(lanes.JOB, lanes.dispatch, queue="slow", timeout_s=240)
    registry.job(doubt.JOB, doubt.clear_doubt, queue="default", timeout_s=120)
    registry.job(sweep.JOB, sweep.sweep, queue="urgent", timeout_s=60)
    registry.job(receipts.JOB, receipts.fold, queue="default", timeout_s=60)
    registry.job(retry_sweep.JOB, retry_sweep.sweep, queue="default", timeout_s=60)
    registry.job(erasure.JOB, erasure.forget_old, queue="slow", timeout_s=300)
    registry.every(2, sweep.JOB)
    registry.every(2, receipts.JOB)
    registry.every(15, retry_sweep.JOB)
    registry.every(3600, erasure.JOB)
    registry.on("TravellerErased", "notices.forget", erasure.forget)
    registry.menu.append(
        MenuEntry(
            "notices.list_notices",
            gettext_noop("Single texts"),
            "notices.read",
            55,
            key="n",
            group=groups.ALERTS,
        )
    )
    registry.traveller_panels.append(Panel(gettext_noop("Single texts"), "notices.traveller_panel", "notices.read", 60))
    registry.mode_step(mode_steps.PARTNERS)
    registry.explanations |= mode_steps.EXPLANATIONS
    registry.subjects["notice"] = SubjectKind(
        gettext_noop("Single text"), "notices.show_notice", "notice_id", "notices.read"
    )
