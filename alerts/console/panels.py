"""What the overview shows of alerts: those being sent, those waiting for a decision, and the reader's own drafts."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from alerts.console import labels
from alerts.console.blueprint import blueprint
from alerts.console.listing import rows_of
from alerts.models import Alert
from alerts.reading import list_alerts
from alerts.states import DRAFT, SENDING_STATES, SUBMITTED
from hotline.auth.identity import actor
from hotline.core.services import current
from hotline.core.web import permit

SHOWN = 8


@blueprint.get("/alerts/panels/live")
@permit("alerts.read")
def live_panel() -> ResponseReturnValue:
    """Show the alerts that are being sent now."""
    with current().db.transaction() as session:
        rows = rows_of(session, list_alerts(session, states=SENDING_STATES, limit=SHOWN))
        return render_template("alerts/_panel_live.html", rows=rows, labels=labels)


@blueprint.get("/alerts/panels/waiting")
@permit("alerts.read")
def waiting_panel() -> ResponseReturnValue:
    """Show the alerts that wait for a second person, saying which the reader may decide."""
    who = actor()
    with current().db.transaction() as session:
        rows = rows_of(session, list_alerts(session, states=[SUBMITTED], limit=SHOWN))
        own = {row.alert.id for row in rows if who.id in (row.alert.author_id, row.alert.submitted_by_id)}
        return render_template("alerts/_panel_waiting.html", rows=rows, own=own, labels=labels)


@blueprint.get("/alerts/panels/drafts")
@permit("alerts.write")
def drafts_panel() -> ResponseReturnValue:
    """Show the reader's own drafts, those that were returned first in sight by their reason."""
    with current().db.transaction() as session:
        mine = session.scalars(
            select(Alert)
            .where(Alert.state == DRAFT, Alert.author_id == actor().id)
            .order_by(Alert.updated_at.desc())
            .limit(SHOWN)
        ).all()
        return render_template("alerts/_panel_drafts.html", alerts=mine, labels=labels)
