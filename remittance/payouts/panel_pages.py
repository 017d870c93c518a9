"""The part of a remittance's page about its payout: why it waits, its code, exceptions from opening hours, and disputes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, NotFound, Refused
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from remittance.payouts import disputing, paying, reading, releasing, words
from remittance.payouts.states import VOICE
from remittance.requests import access, moving
from remittance.requests.reading import names_of
from remittance.requests.states import APPROVE, READ, SETTLE, WRITE

blueprint = Blueprint("payout_panel", __name__, template_folder="templates")


@blueprint.get("/remittances/<int:remittance_id>/payout-panel")
@permit(READ)
def panel(remittance_id: int) -> str:
    """Return the panel; nothing before there is a deposit."""
    services = current()
    with services.db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        at = reading.standing(session, services.clock, one)
        names = names_of(session, [at.payout.prepared_by_id, at.payout.witness_id] if at.payout is not None else [])
    if at.silent:
        return ""
    why = explain(Refused(at.hindrance, code=at.hindrance), "payout") if at.hindrance else None
    return render_template(
        "payouts/_panel.html", at=at, one=one, why=why, names=names, words=words, now=services.clock.now(),
        writer=actor().may(WRITE), approver=actor().may(APPROVE), settler=actor().may(SETTLE),
    )  # fmt: skip


@blueprint.post("/remittances/<int:remittance_id>/pickup-code")
@permit(WRITE)
def new_code(remittance_id: int) -> ResponseReturnValue:
    """Make a new code: sent by text, or shown once to be told by voice."""
    services, way = current(), request.form.get("way", "")
    try:
        made, told = releasing.new_code(services, actor(), remittance_id, way=way, proof=request.form.get("proof", ""))
    except NotFound:
        raise
    except HotlineError as error:
        flash(explain(error, "payout"), "warn")
        return redirect(url_for("remittances.show", remittance_id=remittance_id))
    if way == VOICE:
        # Shown in this answer and nowhere else: neither a cookie nor the address may carry it.
        with services.db.transaction() as session:
            one = moving.get(session, remittance_id)
            zone = missions.get(session, one.mission_id).zone
        return render_template("payouts/told.html", one=one, code=told, until=made.expires_at, zone=zone)
    flash(gettext("A new code is on its way. The one before is dead."), "good")
    return redirect(url_for("remittances.show", remittance_id=remittance_id))


@blueprint.post("/remittances/<int:remittance_id>/outside-hours")
@permit(APPROVE)
def outside_hours(remittance_id: int) -> ResponseReturnValue:
    """Allow the payout while the mission is closed."""
    reason = request.form.get("reason", "")
    return _act(
        remittance_id,
        lambda session: paying.allow_outside_hours(session, current().clock, actor(), remittance_id, reason=reason),
        gettext("Allowed for twelve hours."),
    )


@blueprint.post("/remittances/<int:remittance_id>/dispute")
@permit(SETTLE)
def dispute(remittance_id: int) -> ResponseReturnValue:
    """Raise a dispute, or end one."""
    event, reason, cash = (request.form.get(name, "") for name in ("event", "reason", "cash"))
    return _act(
        remittance_id,
        lambda session: disputing.decide(
            session, current().clock, actor(), remittance_id, event, reason=reason, cash=cash
        ),
        gettext("Done."),
    )


def _act(remittance_id: int, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return act_from_page(act, done, about="payout", back=url_for("remittances.show", remittance_id=remittance_id))
