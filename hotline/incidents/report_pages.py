"""The live figures of an incident's page, and its report as a page, a table and a PDF."""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import opening, report_files, reporting, words
from hotline.incidents.reporting import Report

blueprint = Blueprint("incident_report", __name__, template_folder="templates")


@blueprint.get("/incidents/<int:incident_id>/figures")
@permit("incidents.read")
def figures(incident_id: int) -> str:
    """Return the figures, for the incident's page."""
    with current().db.transaction() as session:
        incident = opening.get(session, incident_id)
        found = reporting.figures_of(session, incident_id)
        plots = reporting.plots_of(session, incident, current().clock.now())
    return render_template("incidents/_figures.html", figures=found, plots=plots, files=report_files, live=True)


@blueprint.get("/incidents/<int:incident_id>/report")
@permit("incidents.read")
def show(incident_id: int) -> ResponseReturnValue:
    """Show the report."""
    report = _report(incident_id)
    return render_template(
        "incidents/report.html", report=report, incident=report.incident, figures=report.figures, plots=report.plots,
        files=report_files, words=words,
    )  # fmt: skip


@blueprint.get("/incidents/<int:incident_id>/report.csv")
@permit("incidents.read")
def as_csv(incident_id: int) -> ResponseReturnValue:
    """Send the report as a table."""
    return _file(report_files.as_csv(_report(incident_id)).encode(), "text/csv; charset=utf-8", incident_id, "csv")


@blueprint.get("/incidents/<int:incident_id>/report.pdf")
@permit("incidents.read")
def as_pdf(incident_id: int) -> ResponseReturnValue:
    """Send the report as a PDF."""
    return _file(report_files.as_pdf(_report(incident_id)), "application/pdf", incident_id, "pdf")


def _report(incident_id: int) -> Report:
    services = current()
    with services.db.transaction() as session:
        return reporting.report(session, services.clock, incident_id)


def _file(content: bytes, kind: str, incident_id: int, ending: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="incident-{incident_id}.{ending}"'
    return response
