"""What this room brings: statements of banks, deposits that find their remittances, and what happens with their changes."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from remittance.deposits import api, assigning, checking, cli, demo, forgetting, pages, placing, statement_pages, words
from remittance.deposits.states import READ
from remittance.requests import effects
from remittance.requests.states import READ as READ_REMITTANCES


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, commands, effects and words."""
    registry.blueprints += [pages.blueprint, statement_pages.blueprint, api.blueprint]
    registry.menu.append(MenuEntry("deposits.suspense", gettext_noop("Deposits"), READ, 61, group=groups.MONEY))
    registry.remittance_panels.append(
        Panel(gettext_noop("Deposits"), "deposits.panel", READ_REMITTANCES, 30, "remittances")
    )
    registry.job(placing.JOB, placing.run, queue="default", timeout_s=300)
    registry.every(placing.EVERY_S, placing.JOB)
    registry.job(forgetting.JOB, forgetting.run, queue="slow", timeout_s=300)
    registry.every(forgetting.EVERY_S, forgetting.JOB)
    registry.commands.append(cli.statements)
    registry.month_checks.append(checking.month_check)
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.TRAIL
    registry.subjects["statement_file"] = SubjectKind(gettext_noop("Statement of a bank"))
    registry.subjects["bank_entry"] = SubjectKind(
        gettext_noop("Entry of a statement"), "deposits.entry", "entry_id", READ
    )
    effects.EFFECTS["deposits.confirm"] = assigning.confirm
    effects.EFFECTS["deposits.refunded"] = assigning.keep_until_refunded
    registry.demo.append(demo.load)
