"""The console's pages: the policies with their history, and an alert's calls with the people behind each figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.reading import get_alert
from alerts.silent import labels, policies
from alerts.silent.plan import MAX_STEPS, SEVERITIES, VOICE, WHOM, read_steps
from alerts.silent.reading import figures, people
from alerts.silent.states import STATES
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core import live
from hotline.core.errors import Conflict, HotlineError, InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

STATIC = Path(__file__).resolve().parent / "static"
blueprint = Blueprint("silent", __name__, template_folder="templates")
MAX_CURSOR = 2**63 - 1


@blueprint.get("/silent")
@permit("alerts.read")
def show() -> ResponseReturnValue:
    """Show what is done about the silent, by severity, and who changed it when."""
    return _page()


@blueprint.post("/silent/<severity>")
@permit(policies.CHANGE)
def change(severity: str) -> ResponseReturnValue:
    """Put a new version of one policy in force."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            steps = [_step(whom, form.get(f"after_{whom}", "")) for whom in WHOM if form.get(f"on_{whom}")]
            policies.change(
                session, services.clock, actor(), severity, steps, seen_version=_number(form.get("version", ""))
            )  # fmt: skip
    except (InvalidInput, Conflict) as error:
        return _page(faults={severity: explain(error, "silent")}), error.status
    flash(gettext("Saved. It holds for alerts that are approved from now on."), "good")
    return redirect(url_for(".show"))


def _step(whom: str, minutes: str) -> dict[str, object]:
    given: object = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 6 else minutes[:20]
    return {"channel": VOICE, "whom": whom, "after_minutes": given}


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput("number", text, "use a whole number")
    return int(text)


def _page(faults: dict[str, str] | None = None) -> str:
    services = current()
    with services.db.transaction() as session:
        now = services.clock.now()
        standing = {severity: policies.steps_at(session, severity, now) for severity in SEVERITIES}
        history = policies.history(session)
        wanted = select(Officer.id, Officer.display_name).where(Officer.id.in_({each.author_id for each in history}))
        names = {officer_id: name for officer_id, name in session.execute(wanted).tuples()}
    return render_template(
        "silent/policies.html", standing=standing, history=history, names=names, faults=faults or {}, labels=labels,
        whom=WHOM, max_steps=MAX_STEPS, read_steps=read_steps,
    )  # fmt: skip


@blueprint.get("/alerts/<int:alert_id>/calls")
@permit("alerts.read")
def calls(alert_id: int) -> ResponseReturnValue:
    """Show an alert's calls."""
    with current().db.transaction() as session:
        return render_template("silent/calls.html", **_context(session, get_alert(session, alert_id)))


@blueprint.get("/alerts/<int:alert_id>/calls/figures")
@permit("alerts.read")
def figures_part(alert_id: int) -> ResponseReturnValue:
    """Return the figures alone, for open pages."""
    with current().db.transaction() as session:
        return render_template("silent/_figures.html", **_context(session, get_alert(session, alert_id)))


def _context(session: Session, alert: Alert) -> dict[str, Any]:
    shown = figures(session, alert, current().clock.now())
    return {"alert": alert, "figures": shown, "labels": labels, "states": STATES}


def calls_panel(alert_id: int) -> Markup:
    """Return the panel that an alert's own page shows, also to whoever is to approve it."""
    with current().db.transaction() as session:
        context = _context(session, get_alert(session, alert_id))
    return Markup(render_template("silent/_panel.html", **context))  # noqa: S704 - a template that escapes


@blueprint.get("/alerts/<int:alert_id>/calls/people")
@permit("travellers.read")
def people_page(alert_id: int) -> ResponseReturnValue:
    """Show the people of one step in one state."""
    state, step = request.args.get("state", "answered"), _number(request.args.get("step", "0"))
    after = min(_number(request.args.get("after", "0")), MAX_CURSOR)
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        shown, following = people(session, alert_id, step=min(step, MAX_STEPS), state=state, after=after)
        return render_template(
            "silent/people.html", **_context(session, alert), people=shown, next_after=following, state=state,
            step=step, after=after,
        )  # fmt: skip


@blueprint.post("/alerts/<int:alert_id>/calls/stop")
@permit(policies.STOP)
def stop(alert_id: int) -> ResponseReturnValue:
    """Stop everything that is still due; nobody's consent is needed."""
    services = current()
    try:
        with services.db.transaction() as session:
            policies.stop_calls(session, services.clock, actor(), alert_id)
        live.notify(services.redis, f"alert:{alert_id}")
        flash(gettext("Stopped; nobody else is called for this alert."), "good")
    except HotlineError as error:
        flash(explain(error), "warn")
    return redirect(url_for(".calls", alert_id=alert_id))
