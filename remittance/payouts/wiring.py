"""What this room brings: the counter's pages, API and vouchers, releases by themselves, and the effect on the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Panel, Registry
from hotline.core.services import Services
from remittance.deposits.holding import left_unexplained
from remittance.payouts import api, cli, pages, panel_pages, paying, releasing, verifying, vouchers, words
from remittance.payouts.states import BEING_CHECKED
from remittance.requests import effects, moving
from remittance.requests.models import Remittance
from remittance.requests.states import PAID, READ, WITNESS
from remittance.screening import holding

VOUCHERS_JOB = "payouts.vouchers"


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, handlers and words."""
    registry.blueprints += [pages.blueprint, panel_pages.blueprint, verifying.blueprint, api.blueprint]
    registry.menu.append(MenuEntry("payouts.index", gettext_noop("Payouts"), WITNESS, 61, group=groups.MONEY))
    registry.remittance_panels.append(Panel(gettext_noop("Payout"), "payout_panel.panel", READ, 50, "remittances"))
    registry.commands.append(cli.vouchers)
    releasing.GUARDS["deposits"] = still_there
    releasing.GUARDS["screening"] = screened
    effects.EFFECTS[releasing.EFFECT] = releasing.keep_books
    registry.on(moving.MOVED, "payouts.release", releasing.on_moved)
    registry.on(moving.MOVED, "payouts.voucher", issue_voucher)
    registry.job(releasing.JOB, releasing.sweep, queue="default", timeout_s=120)
    registry.every(60, releasing.JOB)
    registry.job(VOUCHERS_JOB, vouchers.issue_missing, queue="slow", timeout_s=300)
    registry.every(120, VOUCHERS_JOB)
    registry.explanations |= words.EXPLANATIONS
    registry.action_labels |= words.TRAIL


def screened(session: Session, one: Remittance) -> str | None:
    """Say without a reason that a remittance is still being checked, where a finding stands against it."""
    return None if holding.passes(session, one) else BEING_CHECKED


def still_there(session: Session, one: Remittance) -> str | None:
    """Say that finance has to explain first what left the bank, where that may be this remittance's deposit."""
    return releasing.QUESTIONED if left_unexplained(session, one) else None


def issue_voucher(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle the fact that a remittance changed: one that was paid gets its voucher."""
    if payload.get("after") != PAID or payload.get("event") != "pay":
        return
    with services.db.transaction() as session:
        payout = paying.standing_of(session, int(payload["remittance_id"]))
    if payout is not None:
        vouchers.of_payout(services, payout.id)
