"""What the room of queues brings: the pass that assigns, the round that tends, pages, API and handlers of facts."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from hotline.queues import (
    api,
    assigning,
    attention,
    attention_api,
    attention_pages,
    callback_pages,
    demo,
    erasure,
    mode_steps,
    pages,
    reserving_pages,
    tending,
    words,
)


def register(registry: Registry) -> None:
    """Add the room to the house."""
    registry.blueprints += [pages.blueprint, callback_pages.blueprint, api.blueprint]
    registry.blueprints += [attention_pages.blueprint, attention_api.blueprint, reserving_pages.blueprint]
    registry.static["queues"] = pages.STATIC
    registry.menu.append(MenuEntry("queues.wallboard", gettext_noop("Centre"), "queues.read", 35, key="q"))
    registry.job(assigning.ASSIGN_JOB, assigning.assign_due, queue="urgent", timeout_s=60)
    registry.job("queues.tend", tending.tend, queue="urgent", timeout_s=60)
    registry.every(2, assigning.ASSIGN_JOB)
    registry.every(5, "queues.tend")
    registry.worker_starters.append(tending.start)
    registry.on("CallAbandoned", "queues.call_back", tending.on_abandoned)
    registry.on("CallbackReminder", "queues.remind_owner", attention.on_reminder)
    registry.on("CallbackOverdue", "queues.tell_seniors", attention.on_overdue)
    registry.on("CallbackGivenUp", "queues.keep_open", attention.on_given_up)
    registry.on("AgentNumberDead", "queues.number_dead", attention.on_number_dead)
    registry.panels.append(
        Panel(
            gettext_noop("Needs your attention"),
            "attention.panel",
            "callbacks.work",
            8,
            "attention",
            link="callbacks.list_page",
        )
    )
    registry.case_panels.append(
        Panel(gettext_noop("Callbacks"), "attention.case_panel", "callbacks.work", 10, "callbacks")
    )
    registry.on("TravellerErased", "queues.forget", erasure.forget)
    registry.mode_step(mode_steps.THROTTLE)
    registry.mode_step(mode_steps.WALLBOARD)
    registry.action_labels |= words.ACTIONS | mode_steps.ACTIONS
    registry.explanations |= words.EXPLANATIONS | mode_steps.EXPLANATIONS
    registry.subjects["queue"] = SubjectKind(gettext_noop("Queue"), "queues.edit", "queue_id", "queues.read")
    registry.subjects["callback"] = SubjectKind(gettext_noop("Callback"))
    registry.demo.append(demo.load)
