"""The administrator's pages of the trusted signers: whose signatures on incoming CAP are believed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from alerts.publish import signers
from alerts.publish.models import CapSigner
from hotline.auth.identity import actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.keypair import MAX_FILE_BYTES
from hotline.core.services import current
from hotline.core.web import permit

RECENT_ENTRIES = 20
WARN_BEFORE = timedelta(days=30)
EXPLANATIONS = {
    "signer.name": gettext_noop("Say in 1 to 120 characters whose certificate it is."),
    "signer.certificate": gettext_noop(
        "This is no certificate that can be believed: a PEM file, still valid, with a strong enough key is needed."
    ),
    "signer-known": gettext_noop("This certificate is trusted already."),
    "signers-full": gettext_noop("There are too many trusted certificates; withdraw one first."),
}

blueprint = Blueprint("signers", __name__, template_folder="templates")


@blueprint.get("/alerts/signers")
@permit("signers.write")
def index() -> ResponseReturnValue:
    """Show whose signatures are believed, and what was changed."""
    now = current().clock.now()
    with current().db.transaction() as session:
        found = signers.list_signers(session)
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject_kind == "signer")
            .order_by(AuditEntry.seq.desc())
            .limit(RECENT_ENTRIES)
        ).all()
    return render_template("signers/list.html", signers=found, entries=entries, now=now, soon=now + WARN_BEFORE)


@blueprint.get("/alerts/signers/new")
@permit("signers.write")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None)


@blueprint.post("/alerts/signers/new")
@permit("signers.write")
def add() -> ResponseReturnValue:
    """Believe a certificate."""
    services = current()
    try:
        with services.db.transaction() as session:
            row = signers.trust(
                session, services.clock, actor(), name=request.form.get("name", "")[:500], pem=_certificate()
            )
    except HotlineError as error:
        return _refused(None, error)
    return _done(row)


@blueprint.get("/alerts/signers/<int:signer_id>/replace")
@permit("signers.write")
def replacing(signer_id: int) -> ResponseReturnValue:
    """Show the form for a signer's new certificate."""
    return _form(_get(signer_id))


@blueprint.post("/alerts/signers/<int:signer_id>/replace")
@permit("signers.write")
def replace(signer_id: int) -> ResponseReturnValue:
    """Believe a signer's new certificate instead of the present one."""
    services, row = current(), _get(signer_id)
    try:
        with services.db.transaction() as session:
            made = signers.replace(session, services.clock, actor(), signer_id, pem=_certificate())
    except NotFound:
        raise
    except HotlineError as error:
        return _refused(row, error)
    return _done(made)


@blueprint.post("/alerts/signers/<int:signer_id>/withdraw")
@permit("signers.write")
def withdraw(signer_id: int) -> ResponseReturnValue:
    """Stop believing a certificate at once."""
    services = current()
    with services.db.transaction() as session:
        row = signers.distrust(session, services.clock, actor(), signer_id)
    flash(gettext("The certificate of %(name)s is trusted no more.", name=row.name), "good")
    return redirect(url_for("signers.index"))


def _done(row: CapSigner) -> ResponseReturnValue:
    flash(gettext("The certificate of %(name)s is trusted.", name=row.name), "good")
    return redirect(url_for("signers.index"))


def _get(signer_id: int) -> CapSigner:
    with current().db.transaction() as session:
        row = session.get(CapSigner, signer_id)
    if row is None or row.removed_at is not None:
        raise NotFound("trusted certificate", signer_id)
    return row


def _certificate() -> bytes:
    """Return the bytes of the uploaded file, or of the text that was put in."""
    uploaded = request.files.get("file")
    data = uploaded.stream.read(MAX_FILE_BYTES + 1) if uploaded is not None and uploaded.filename else b""
    data = data or request.form.get("certificate", "").strip().encode()
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput("certificate", f"{len(data)} bytes", f"a certificate has at most {MAX_FILE_BYTES} bytes")
    return data


def _refused(row: CapSigner | None, error: HotlineError) -> ResponseReturnValue:
    field = error.field if isinstance(error, InvalidInput) else "certificate"
    return _form(row, {field: explain(error, "signer")}), error.status


def _form(row: CapSigner | None, errors: dict[str, str] | None = None) -> str:
    values: dict[str, Any] = {"name": request.form.get("name", ""), "certificate": request.form.get("certificate", "")}
    return render_template("signers/form.html", signer=row, values=values, errors=errors or {})
