"""The audit trail for those who may read it: search, differences, chain check and export."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from hotline.auth.identity import actor
from hotline.console import audit_search
from hotline.console.assets import blueprint as console
from hotline.console.rendering import reader_zone
from hotline.core import audit
from hotline.core.errors import InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.registry import Registry
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("audit", __name__)


@console.app_template_filter("action_label")
def action_label(action: str) -> str:
    """Return what an audit action is called in the reader's language; the bare action where no room named it."""
    registry: Registry = current_app.extensions["registry"]
    return str(gettext(registry.action_labels[action])) if action in registry.action_labels else action


@console.app_template_filter("subject_label")
def subject_label(kind: str) -> str:
    """Return what a kind of subject is called in the reader's language."""
    registry: Registry = current_app.extensions["registry"]
    return str(gettext(registry.subjects[kind].label)) if kind in registry.subjects else kind


@console.app_template_global("subject_address")
def subject_address(kind: str, subject_id: int | None) -> str:
    """Return the address of a subject's page, or nothing when it has none or the reader may not see it."""
    registry: Registry = current_app.extensions["registry"]
    found = registry.subjects.get(kind)
    if found is None or not found.endpoint or subject_id is None or not actor().may(found.permission):
        return ""
    values: dict[str, Any] = {found.argument: subject_id}
    return url_for(found.endpoint, **values)


@blueprint.get("/audit")
@permit("audit.read")
def search() -> ResponseReturnValue:
    """Show entries, newest first."""
    registry: Registry = current_app.extensions["registry"]
    fault, wanted = "", audit_search.Wanted()
    try:
        wanted = audit_search.read_wanted(request.args, reader_zone())
    except InvalidInput as error:
        fault = explain(error, "audit")
    with current().db.transaction() as session:
        page = audit_search.read_page(
            session,
            wanted,
            before=request.args.get("before", type=audit_search.read_seq),
            after=request.args.get("after", type=audit_search.read_seq),
        )
    kept = {name: value for name, value in request.args.items() if value and name not in ("before", "after")}
    shown = render_template(
        "console/audit.html",
        page=page,
        fault=fault,
        form=request.args,
        kept=kept,
        actions=sorted(registry.action_labels),
        max_export=audit_search.MAX_EXPORT_ROWS,
    )
    return shown, 422 if fault else 200


@blueprint.post("/audit/verify")
@permit("audit.read")
def verify() -> ResponseReturnValue:
    """Walk the whole chain, say whether it holds, and put the check itself on record."""
    services = current()
    with services.db.transaction() as session:
        report = audit.verify(session)
    with services.db.transaction() as session:
        audit.record(
            session, services.clock, actor(), "audit.verified", "audit", None,
            after={"entries": report.entries, "broken_at_seq": report.broken_at_seq},
        )  # fmt: skip
    if report.broken_at_seq is None:
        text = ngettext(
            "The chain holds: %(num)s entry was checked.",
            "The chain holds: %(num)s entries were checked.",
            report.entries,
        )
        flash(text, "good")
    else:
        text = gettext(
            "The chain is broken at entry %(seq)s: it, or one before it, was changed behind the service's back.",
            seq=report.broken_at_seq,
        )
        flash(text, "warn")
    return redirect(url_for("audit.search"))


@blueprint.get("/audit.csv")
@permit("audit.read")
def export() -> ResponseReturnValue:
    """Send the newest wanted entries as CSV and put the export itself on record."""
    services = current()
    wanted = audit_search.read_wanted(request.args, reader_zone())
    with services.db.transaction() as session:
        text, count = audit_search.export_csv(session, wanted)
    with services.db.transaction() as session:
        audit.record(session, services.clock, actor(), "audit.exported", "audit", None, after={"entries": count})
    # The byte order mark lets spreadsheets read Korean names without being asked.
    response = Response("\ufeff" + text, content_type="text/csv; charset=utf-8")
    stamp = services.clock.now().strftime("%Y%m%dT%H%MZ")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{stamp}.csv"'
    return response
