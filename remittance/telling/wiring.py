"""What this room brings: texts at each step, reminders, and their words."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import Panel, Registry
from remittance.requests.moving import MOVED
from remittance.requests.states import READ
from remittance.telling import pages, reminding, telling, timeline

ACTIONS = {"remittance.told": gettext_noop("Traveller or relative told of a remittance by text")}

EXPLANATIONS = {
    "relative-not-told": gettext_noop("This relative is told nothing: no number, no allowance by the traveller, or a drill."),
    "nothing-to-tell": gettext_noop("There is nothing to tell the relative now."),
    "told-just-now": gettext_noop("The relative was told a moment ago. Wait ten minutes."),
}  # fmt: skip


def register(registry: Registry) -> None:
    """Add the room's handler, job and words."""
    registry.blueprints += [pages.blueprint, pages.api_blueprint]
    registry.remittance_panels.append(
        Panel(gettext_noop("Texts to both sides"), "remittance_texts.panel", READ, 81, "remittances")
    )
    registry.on(MOVED, "telling.tell", telling.tell)
    registry.on(MOVED, "telling.timeline", timeline.trace)
    registry.job(reminding.JOB, reminding.remind, queue="default", timeout_s=120)
    registry.every(reminding.EVERY_S, reminding.JOB)
    registry.action_labels |= ACTIONS
    registry.explanations |= EXPLANATIONS
