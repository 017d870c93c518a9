"""The finished alert as a table for spreadsheets."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.console import labels
from alerts.console.blueprint import blueprint
from alerts.console.reasons import reason
from alerts.models import Alert, AudienceSnapshot, Tally
from alerts.reading import get_alert
from alerts.states import FAILED
from hotline.core import tables
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit


@blueprint.get("/alerts/<int:alert_id>/report.csv")
@permit("alerts.read")
def report(alert_id: int) -> ResponseReturnValue:
    """Send the totals by country, state and reason as CSV (UTF-8 with a mark, so that spreadsheets read Korean)."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        rows = report_rows(session, alert)
    response = Response(tables.as_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="alert-{alert_id}-report.csv"'
    return response


def report_rows(session: Session, alert: Alert) -> list[list[str | int]]:
    """Return the report: one row for each country, state and reason; then those who got no text."""
    head: list[str | int] = [
        gettext("Country code"), gettext("Country"), gettext("State"), gettext("Code"), gettext("Reason"), gettext("People"),
    ]  # fmt: skip
    by = (Tally.country, Tally.state, Tally.reason)
    messages = func.sum(Tally.messages)
    tallies = session.execute(
        select(*by, messages.label("messages"))
        .where(Tally.alert_id == alert.id)
        .group_by(*by)
        .having(messages != 0)
        .order_by(*by)
    )
    rows: list[list[str | int]] = [head]
    for row in tallies:
        why = reason(row.reason).name if row.state == FAILED else ""
        rows.append([
            row.country, labels.country_name(row.country), labels.label(labels.MESSAGE_STATES, row.state),
            row.reason, why, row.messages,
        ])  # fmt: skip
    snapshot = session.get(AudienceSnapshot, alert.id)
    for key, people in (snapshot.excluded if snapshot else {}).items():
        rows.append(["", "", gettext("No text was sent"), key, labels.label(labels.EXCLUSIONS, key), people])
    return rows
