"""What this room brings: pages, API, commands, the sealing of journals, and its words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from remittance.ledger import acting_pages, api, cli, demo, pages, sealing, words
from remittance.ledger.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words."""
    registry.blueprints += [pages.blueprint, acting_pages.blueprint, api.blueprint]
    registry.static["ledger"] = pages.STATIC
    registry.menu.append(MenuEntry("ledger.accounts", gettext_noop("The books"), READ, 60, group=groups.MONEY))
    registry.job(sealing.JOB, sealing.run, queue="slow", timeout_s=600)
    registry.every(sealing.EVERY_S, sealing.JOB)
    registry.commands.append(cli.ledger)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["ledger_month"] = SubjectKind(gettext_noop("Month of the books"))
    registry.subjects["ledger_entry"] = SubjectKind(
        gettext_noop("Entry by hand"), "ledger_acts.entry", "entry_id", READ
    )
    registry.demo.append(demo.load)
