"""What this room brings: call-outs, their jobs, pages, webhooks, the step of disaster mode, and words."""

from __future__ import annotations

from pathlib import Path

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from overflow.surge import (
    api,
    by_text,
    calling,
    demo,
    doubt,
    duty,
    erasure,
    for_staffing,
    forecast,
    gate,
    looking,
    mode_step,
    own_page,
    pages,
    webhooks,
    words,
)
from overflow.surge.moving import TOPIC
from overflow.surge.states import SEE


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words."""
    registry.blueprints += [webhooks.blueprint, pages.blueprint, own_page.blueprint, api.blueprint]
    registry.static["surge"] = Path(__file__).resolve().parent / "static"
    registry.menu.append(MenuEntry("callouts.index", gettext_noop("Call-outs"), SEE, 36, group=groups.INCIDENTS))
    registry.incident_panels.append(
        Panel(gettext_noop("Volunteers called out"), "callouts.of_incident", SEE, 20, TOPIC)
    )
    registry.volunteer_panels.append(Panel(gettext_noop("Call-out"), "own_callouts.panel", SEE, 1))
    registry.volunteer_duties.append(duty.duty_until)
    registry.demo.append(demo.load)
    registry.mode_step(mode_step.STEP)
    registry.text_answers.append(by_text.take)
    registry.ready_guards.append(gate.guard)
    registry.on("VolunteerLeft", "surge.left", erasure.left)
    registry.on("VolunteerErased", "surge.forget", erasure.forget)
    registry.job(looking.JOB, looking.sweep, queue="default", timeout_s=120)
    registry.job(calling.JOB, calling.call, queue="default", timeout_s=120)
    registry.job(doubt.JOB, doubt.clear, queue="default", timeout_s=120)
    registry.every(3, looking.JOB)
    registry.job(forecast.JOB, forecast.follow, queue="default", timeout_s=120)
    registry.every(forecast.EVERY_S, forecast.JOB)
    registry.volunteers_coming = for_staffing.coming
    registry.minutes_to_come = for_staffing.minutes_to_come
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["callout"] = SubjectKind(gettext_noop("Call-out"), "callouts.show", "callout_id", SEE)
