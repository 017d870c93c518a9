"""What this room brings: the page of rates, the quote on a remittance's page, their API, a command, and the words."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry, SubjectKind
from remittance.quotes import cli, demo, following, quote_api, quote_pages, rate_api, rate_pages, words
from remittance.quotes.states import READ
from remittance.requests import effects
from remittance.requests.states import READ as REMITTANCES_READ


def register(registry: Registry) -> None:
    """Add the room's routes, its part of a remittance's page, its effect and its words."""
    registry.blueprints += [rate_pages.blueprint, quote_pages.blueprint, rate_api.blueprint, quote_api.blueprint]
    registry.menu.append(MenuEntry("rates.index", gettext_noop("Exchange rates"), READ, 63, group=groups.MONEY))
    registry.remittance_panels.append(Panel(gettext_noop("Quote"), "quotes.panel", REMITTANCES_READ, 10, "remittances"))
    registry.commands.append(cli.rates)
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.ACTIONS
    registry.subjects["exchange_rate"] = SubjectKind(gettext_noop("Exchange rate"))
    registry.demo.append(demo.load)
    effects.EFFECTS[following.NAME] = following.follow
