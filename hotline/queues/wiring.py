"""What the room of queues brings: the pass that assigns, the round that tends, pages, API and handlers of facts."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from hotline.queues import api, assigning, callback_pages, demo, erasure, pages, tending, words


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [pages.blueprint, callback_pages.blueprint, api.blueprint]
    registry.static["queues"] = pages.STATIC
    registry.menu.append(MenuEntry("queues.wallboard", gettext_noop("Centre"), "queues.read", 35, key="q"))
    registry.job(assigning.ASSIGN_JOB, assigning.assign_due, queue="urgent", timeout_s=60)
    registry.job("queues.tend", tending.tend, queue="urgent", timeout_s=60)
    registry.every(2, assigning.ASSIGN_JOB)
    registry.every(5, "queues.tend")
    registry.worker_starters.append(tending.start)
    registry.on("CallAbandoned", "queues.call_back", tending.on_abandoned)
    registry.on("TravellerErased", "queues.forget", erasure.forget)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["queue"] = SubjectKind(gettext_noop("Queue"), "queues.edit", "queue_id", "queues.read")
    registry.subjects["callback"] = SubjectKind(gettext_noop("Callback"))
    registry.demo.append(demo.load)
