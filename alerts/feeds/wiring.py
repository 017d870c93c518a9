"""What the feeds bring: the polling, their pages, and a panel of what they drafted."""

from __future__ import annotations

from alerts.feeds import pages, polling
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Panel, Registry, SubjectKind

SWEEP_EVERY_S = 10


def register(registry: Registry) -> None:
    """Add pages, jobs and labels."""
    registry.blueprints.append(pages.blueprint)
    # Fetching may take minutes when a server is slow, and nothing that is being sent may wait behind it.
    registry.job(polling.JOB, polling.poll, queue="slow", timeout_s=polling.JOB_TIMEOUT_S)
    registry.job(polling.SWEEP, polling.sweep, queue="default", timeout_s=30)
    registry.every(SWEEP_EVERY_S, polling.SWEEP)
    registry.panels.append(
        Panel(gettext_noop("Drafts from feeds"), "feeds.panel", "alerts.read", 15, topic="alerts", link="feeds.index")
    )
    registry.action_labels |= {
        "alert.refreshed": gettext_noop("brought the draft up to date from its feed"),
        "feed.added": gettext_noop("added a source of warnings"),
        "feed.changed": gettext_noop("changed a source of warnings"),
    }
    registry.subjects["feed"] = SubjectKind(
        gettext_noop("Source of warnings"), "feeds.edit", "source_id", "feeds.write"
    )
