"""What the queues room brings: jobs, schedules, handlers, pages, words."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry, SubjectKind
from hotline.queues import assigning, callbacks, reaping, words


def register(registry: Registry) -> None:
    """Add the room's jobs and texts."""
    registry.job(assigning.JOB, assigning.assign_due, queue="urgent", timeout_s=60)
    registry.job(reaping.JOB, reaping.reap, queue="urgent", timeout_s=60)
    registry.every(1, assigning.JOB)
    registry.every(2, reaping.JOB)
    registry.worker_starters.append(lambda services: reaping.reconcile(services) and None)
    registry.on("CallAbandoned", "queues.callback", callbacks.from_abandoned)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["queue"] = SubjectKind(gettext_noop("Queue"))
    registry.subjects["callback"] = SubjectKind(gettext_noop("Callback"))
