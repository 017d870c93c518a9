"""What calls bring: the provider's webhooks, jobs that dial and give orders, handlers of the queue's facts, pages and words."""

from __future__ import annotations

from hotline.calls import (
    abuse,
    agent_leg,
    api,
    book_pages,
    call_pages,
    case_pages,
    demo,
    desk_pages,
    dialling,
    erasure,
    fallback,
    incident_figures,
    line_pages,
    menu_editor,
    menu_pages,
    messages,
    mode_menu,
    pruning,
    recordings,
    rehearsal,
    sound_pages,
    webhooks,
    words,
)
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, schedules, handlers and words."""
    registry.blueprints += [
        webhooks.blueprint, desk_pages.blueprint, call_pages.blueprint, menu_pages.blueprint,
        menu_editor.blueprint, line_pages.blueprint, sound_pages.blueprint, book_pages.blueprint,
        api.blueprint, case_pages.blueprint,
    ]  # fmt: skip
    registry.static["calls"] = call_pages.STATIC
    registry.menu += [
        MenuEntry("desk.show", gettext_noop("Desk"), "calls.take", 26, key="d"),
        MenuEntry("calls.list_page", gettext_noop("Calls"), "calls.read", 27, key="l"),
        MenuEntry("menus.show", gettext_noop("Call menu"), "calls.read", 62, group=groups.ADMINISTRATION),
        MenuEntry("phonebook.show", gettext_noop("Phone book"), "calls.read", 61, key="b", group=groups.DIRECTORY),
    ]
    registry.rehearsals.append(rehearsal.rehearse)
    registry.demo.append(demo.load)
    registry.case_panels.append(Panel(gettext_noop("Call"), "calls_of_case.panel", "calls.take", 5, "cases"))
    registry.mode_step(mode_menu.MENU)
    registry.incident_figures.append(incident_figures.FIGURES)
    registry.action_labels |= words.ACTIONS | mode_menu.ACTIONS
    registry.explanations |= words.EXPLANATIONS | mode_menu.EXPLANATIONS
    registry.subjects["call"] = SubjectKind(gettext_noop("Call"), "calls.show", "call_id", "calls.read")
    registry.subjects["call_menu"] = SubjectKind(gettext_noop("Call menu"))
    registry.subjects["call_line"] = SubjectKind(gettext_noop("Telephone line"))
    registry.subjects["announcement"] = SubjectKind(gettext_noop("Announcement"))
    registry.subjects["phone_book"] = SubjectKind(gettext_noop("Phone book entry"))
    registry.subjects["caller_id"] = SubjectKind(gettext_noop("Number that is shown"))
    registry.job(dialling.JOB, dialling.carry_out, queue="urgent", timeout_s=120)
    registry.every(2, dialling.JOB)
    registry.job(RECONCILE, dialling.reconcile, queue="default", timeout_s=120)
    registry.every(20, RECONCILE)
    registry.job(fallback.JOB, fallback.reconcile, queue="default", timeout_s=120)
    registry.every(15, fallback.JOB)
    registry.job(recordings.JOB, recordings.delete_due, queue="slow", timeout_s=120)
    registry.every(3600, recordings.JOB)
    registry.job(pruning.JOB, pruning.prune, queue="slow", timeout_s=120)
    registry.every(3600, pruning.JOB)
    registry.on("AgentReserved", "calls.ring_agent", agent_leg.reserved)
    registry.on("CallbackDue", "calls.ring_agent", agent_leg.callback_due)
    registry.on("AbusiveCallWarned", "calls.warn", abuse.on_warned)
    registry.on("AbusiveCallEnded", "calls.end_abuse", abuse.on_ended)
    registry.on("VoicemailLeft", "calls.keep_message", messages.keep)
    registry.job(erasure.JOB, erasure.forget_old, queue="slow", timeout_s=300)
    registry.every(3600, erasure.JOB)
    registry.on("TravellerErased", "calls.forget", erasure.forget)
    registry.on("PersonErased", "calls.forget", erasure.forget)


RECONCILE = "calls.reconcile"
