"""What this room brings: lists, checks and findings, the guard before money moves on, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from remittance.requests import effects
from remittance.requests.moving import MOVED
from remittance.screening import api, cli, holding, list_pages, pages, words
from remittance.screening.states import READ, SETTINGS


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, commands, guard and words."""
    registry.blueprints += [pages.blueprint, list_pages.blueprint, api.blueprint]
    registry.menu.append(MenuEntry("screening.findings", gettext_noop("Screening"), READ, 66, group=groups.MONEY))
    registry.menu.append(
        MenuEntry(
            "screening_lists.index", gettext_noop("Lists and rules of screening"), SETTINGS, 66, group=groups.MONEY
        )
    )
    registry.panels.append(
        Panel(gettext_noop("Screening"), "screening.overview", READ, 62, "remittances", link="screening.findings")
    )
    registry.remittance_panels.append(Panel(gettext_noop("Screening"), "screening.panel", READ, 60, "remittances"))
    effects.EFFECTS[holding.EFFECT] = holding.guard
    registry.on(MOVED, holding.HANDLER, holding.on_moved)
    registry.job(holding.SWEEP, holding.sweep, queue="default", timeout_s=600)
    registry.every(holding.EVERY_S, holding.SWEEP)
    registry.job(holding.FORGET, holding.forget, queue="slow", timeout_s=300)
    registry.every(holding.FORGET_EVERY_S, holding.FORGET)
    registry.commands.append(cli.screening)
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.TRAIL
    registry.subjects["screening_finding"] = SubjectKind(
        gettext_noop("Finding about a remittance"), "screening.finding", "finding_id", READ
    )
    registry.subjects["sanction_list"] = SubjectKind(gettext_noop("Sanctions list"))
    registry.subjects["screening_rules"] = SubjectKind(gettext_noop("Rules of screening"))
