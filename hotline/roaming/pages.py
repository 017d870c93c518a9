"""The administrator's pages of the roaming carriers: how they do, adding, new keys, ended keys, switching off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from hotline.auth.identity import actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit
from hotline.roaming import carriers
from hotline.roaming.mapping import STYLES
from hotline.roaming.standing import read_standing

RECENT_ENTRIES = 20
EXPLANATIONS = {
    "carrier.code": gettext_noop("Use 2 to 11 small letters and digits."),
    "carrier.name": gettext_noop("Give a name of 1 to 80 characters."),
    "carrier.style": gettext_noop("Choose how the carrier writes its events."),
    "carrier-code-taken": gettext_noop("There is a carrier with this code already."),
    "carrier-closed": gettext_noop("This carrier is switched off; switch it on first."),
}

blueprint = Blueprint("carriers", __name__, template_folder="templates")


@blueprint.get("/carriers")
@permit("carriers.write")
def index() -> ResponseReturnValue:
    """Show every carrier and how it does."""
    services = current()
    with services.db.transaction() as session:
        found = read_standing(session, services.clock)
    return render_template("carriers/list.html", carriers=found, now=services.clock.now())


@blueprint.get("/carriers/new")
@permit("carriers.write")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form()


@blueprint.post("/carriers/new")
@permit("carriers.write")
def add() -> ResponseReturnValue:
    """Add a carrier and show its first key this one time."""
    services = current()
    try:
        with services.db.transaction() as session:
            made = carriers.add(
                session, services.clock, actor(), code=request.form.get("code", "").strip()[:40],
                name=request.form.get("name", "")[:200], style=request.form.get("style", "")[:40],
            )  # fmt: skip
            key = carriers.add_key(session, services.clock, actor(), _service_key(), made)
    except HotlineError as error:
        field = error.field if isinstance(error, InvalidInput) else "code"
        return _form({field: explain(error, "carrier")}), error.status
    return _page(made.id, new_key=key)


@blueprint.get("/carriers/<int:carrier_id>")
@permit("carriers.write")
def show(carrier_id: int) -> ResponseReturnValue:
    """Show one carrier with its keys, its days and what was changed."""
    return _page(carrier_id)


@blueprint.post("/carriers/<int:carrier_id>/keys")
@permit("carriers.write")
def add_key(carrier_id: int) -> ResponseReturnValue:
    """Give a carrier a new key and show it this one time; the ones before stay good for a while."""
    services = current()
    try:
        with services.db.transaction() as session:
            key = carriers.add_key(
                session, services.clock, actor(), _service_key(), carriers.get(session, carrier_id, lock=True)
            )
    except HotlineError as error:
        if isinstance(error, NotFound):
            raise
        flash(explain(error, "carrier"), "warn")
        return redirect(url_for("carriers.show", carrier_id=carrier_id))
    return _page(carrier_id, new_key=key)


@blueprint.post("/carriers/<int:carrier_id>/keys/<key_id>/end")
@permit("carriers.write")
def end_key(carrier_id: int, key_id: str) -> ResponseReturnValue:
    """End a key at once."""
    services = current()
    with services.db.transaction() as session:
        carriers.end_key(session, services.clock, actor(), key_id[:24], carrier_id=carrier_id)
    flash(gettext("The key is no longer good."), "good")
    return redirect(url_for("carriers.show", carrier_id=carrier_id))


@blueprint.post("/carriers/<int:carrier_id>/close")
@permit("carriers.write")
def close(carrier_id: int) -> ResponseReturnValue:
    """Switch a carrier off: its calls are refused from now on."""
    return _set_closed(carrier_id, True, gettext("The carrier is switched off."))


@blueprint.post("/carriers/<int:carrier_id>/reopen")
@permit("carriers.write")
def reopen(carrier_id: int) -> ResponseReturnValue:
    """Switch a carrier on again."""
    return _set_closed(carrier_id, False, gettext("The carrier is switched on again."))


def _set_closed(carrier_id: int, closed: bool, message: str) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        carriers.set_closed(session, services.clock, actor(), carrier_id, closed)
    flash(message, "good")
    return redirect(url_for("carriers.show", carrier_id=carrier_id))


def _service_key() -> str:
    return current().settings.secret_key.get_secret_value()


def _form(errors: dict[str, str] | None = None) -> str:
    styles = [(key, f"{key} · {STYLES[key].label}") for key in sorted(STYLES)]
    return render_template("carriers/form.html", errors=errors or {}, form=request.form, styles=styles)


def _page(carrier_id: int, **more: Any) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        found = read_standing(session, services.clock, carrier_id)
        if not found:
            raise NotFound("carrier", carrier_id)
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject_kind == "carrier", AuditEntry.subject_id == carrier_id)
            .order_by(AuditEntry.seq.desc())
            .limit(RECENT_ENTRIES)
        ).all()
    carrier = found[0].carrier
    response = render_template(
        "carriers/show.html", standing=found[0], entries=entries, now=services.clock.now(),
        overlap_days=carriers.OVERLAP.days, address=f"{services.settings.public_url}/webhooks/roaming/{carrier.code}",
        **more,
    )  # fmt: skip
    # A page that shows a secret is kept by nobody on the way.
    return response, {"Cache-Control": "no-store"}
