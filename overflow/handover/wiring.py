"""What this room brings: the round that hands over, mails, the mission's page, the duty officer's, and the API."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from overflow.handover import api, demo, erasure, looking, mailing, mission_pages, pages, verifying, words
from overflow.handover.states import OWN, READ, WATCH


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words."""
    registry.blueprints += [mission_pages.blueprint, verifying.blueprint, pages.blueprint, api.blueprint]
    registry.static["handover"] = pages.STATIC
    registry.menu += [
        MenuEntry("mission_page.own", gettext_noop("My mission"), OWN, 12),
        MenuEntry("handovers.list_page", gettext_noop("Hand-overs"), READ, 44, group=groups.CASES),
    ]
    registry.panels.append(
        Panel(
            gettext_noop("Hand-overs that nobody acknowledged"), "handovers.panel", WATCH, 9, "handovers",
            link="handovers.list_page",
        )
    )  # fmt: skip
    registry.case_panels.append(Panel(gettext_noop("Mission"), "handovers.case_panel", READ, 12, "handovers"))
    registry.job(looking.JOB, looking.run, queue="default", timeout_s=300)
    registry.every(looking.EVERY_S, looking.JOB)
    registry.job(mailing.JOB, mailing.send, queue="default", timeout_s=900)
    registry.every(looking.EVERY_S, mailing.JOB)
    registry.on("TravellerErased", "handover.forget", erasure.forget)
    registry.on("PersonErased", "handover.forget", erasure.forget)
    registry.commands.append(verifying.handover)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["handover"] = SubjectKind(gettext_noop("Hand-over"), "handovers.show", "handover_id", READ)
    registry.demo.append(demo.load)
