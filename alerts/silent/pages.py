"""The console's pages: the policies with their history, and an alert's steps with the people behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
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
from alerts.silent.plan import FOR, MAIL, MAX_STEPS, SEVERITIES, SMS, VOICE, WHOM, read_steps
from alerts.silent.reading import Person, figures, of_traveller, people
from alerts.silent.states import STATES
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core import live
from hotline.core.errors import Conflict, HotlineError, InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import Services, current
from hotline.core.web import permit
from hotline.providers.carriers import NotConfigured, configured_names
from hotline.providers.models import Route, Sender
from hotline.providers.smtp_mail import make_mail_door
from hotline.providers.twilio_voice import make_voice_provider

STATIC = Path(__file__).resolve().parent / "static"
blueprint = Blueprint("silent", __name__, template_folder="templates")
MAX_CURSOR = 2**63 - 1
SHOWN = 30


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
            steps = [
                _step(whom, channel, form.get(f"after_{whom}_{channel}", ""))
                for whom in WHOM for channel in FOR[whom] if form.get(f"on_{whom}_{channel}")
            ]  # fmt: skip
            policies.change(
                session, services.clock, actor(), severity, steps, seen_version=_number(form.get("version", ""))
            )  # fmt: skip
    except (InvalidInput, Conflict) as error:
        return _page(faults={severity: explain(error, "silent")}), error.status
    flash(gettext("Saved. It holds for alerts that are approved from now on."), "good")
    return redirect(url_for(".show"))


def _step(whom: str, channel: str, minutes: str) -> dict[str, object]:
    given: object = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 6 else minutes[:20]
    return {"channel": channel, "whom": whom, "after_minutes": given}


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
        channels=FOR, read_steps=read_steps, missing=missing_channels(services),
    )  # fmt: skip


def missing_channels(services: Services) -> dict[str, str]:
    """Return the channels that reach nobody with the settings and routes as they are, each with what is missing."""
    missing: dict[str, str] = {}
    for channel, make in (
        (VOICE, lambda: make_voice_provider(services.settings)),
        (MAIL, lambda: make_mail_door(services.settings, services.clock)),
    ):
        try:
            make()
        except NotConfigured as fault:
            missing[channel] = gettext("Missing or wrong in the settings: %(what)s", what=str(fault))
    try:
        ways = len(configured_names(services.settings))
    except NotConfigured as fault:
        missing[SMS] = gettext("Missing or wrong in the settings: %(what)s", what=str(fault))
        return missing
    with services.db.transaction() as session:
        senders = select(Sender.id).join(Route, Route.sender_id == Sender.id).where(Route.open).distinct()
        if ways < 2 and len(session.scalars(senders.limit(2)).all()) < 2:
            missing[SMS] = gettext("There is only one sender; add another one under Routes.")
    return missing


@blueprint.get("/silent/of-traveller/<int:traveller_id>")
@permit("travellers.read")
def traveller_panel(traveller_id: int) -> str:
    """Return what was tried for one person beside the first text, the latest first."""
    with current().db.transaction() as session:
        rows = of_traveller(session, traveller_id, SHOWN)
    return render_template(
        "silent/_of_traveller.html", rows=rows, labels=labels, ref=lambda number: reference("AL", number)
    )


@blueprint.get("/alerts/<int:alert_id>/calls")
@permit("alerts.read")
def calls(alert_id: int) -> ResponseReturnValue:
    """Show how an alert's steps stand."""
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
            step=step, after=after, state_name=_state_name(shown, state),
        )  # fmt: skip


def _state_name(shown: Sequence[Person], state: str) -> str:
    return labels.state_name(shown[0].row.channel if shown else VOICE, state)


@blueprint.post("/alerts/<int:alert_id>/calls/stop")
@permit(policies.STOP)
def stop(alert_id: int) -> ResponseReturnValue:
    """Stop everything that is still due; nobody's consent is needed."""
    services = current()
    try:
        with services.db.transaction() as session:
            policies.stop_calls(session, services.clock, actor(), alert_id)
        live.notify(services.redis, f"alert:{alert_id}")
        flash(gettext("Stopped; nobody else is tried over another channel for this alert."), "good")
    except HotlineError as error:
        flash(explain(error), "warn")
    return redirect(url_for(".calls", alert_id=alert_id))
