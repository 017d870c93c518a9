"""The pages of test calls: every line with its last test and the button, the rounds' reports, and the overview's panel."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core import jobs
from hotline.core.acting import act_from_page
from hotline.core.errors import NotFound
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from overflow.drills import panel as mission_panel
from overflow.drills import placing, reading, report_files, reporting, starting, words
from overflow.drills.models import LineTestRound
from overflow.drills.report_files import Report, name_of

blueprint = Blueprint("line_tests", __name__, template_folder="templates")
_BACK = {"mission": "mission_page.show"}
"""Where a button on another room's page returns to: the mission's own page."""


@blueprint.get("/line-tests")
@permit("missions.read")
def index() -> ResponseReturnValue:
    """Show every line that the reader may see, and the rounds."""
    return render_template("drills/lines.html", **_lines())


@blueprint.get("/line-tests/part")
@permit("missions.read")
def part() -> ResponseReturnValue:
    """Return the lines alone, for open pages."""
    return render_template("drills/_lines.html", **_lines())


def _lines() -> dict[str, Any]:
    with current().db.transaction() as session:
        seen, may_test = reading.visible(session, actor()), reading.changeable(session, actor())
        lines = reading.lines(session, seen)
        rounds = reading.rounds(session)
    names = {each.mission.id: name_of({"ko": each.mission.name_ko, "en": each.mission.name_en}) for each in lines}
    settings = current().settings
    return {
        "lines": lines, "rounds": rounds, "names": names, "words": words,
        "may_test": lambda mission_id: may_test is None or mission_id in may_test,
        "weekday": settings.line_test_weekday, "hour": settings.line_test_hour,
    }  # fmt: skip


@blueprint.post("/line-tests/lines/<int:line_id>")
@permit("missions.read")
def start(line_id: int) -> ResponseReturnValue:
    """Have a line tested now; whose line it is, is the stage's to check."""
    services = current()
    return act_from_page(
        lambda session: starting.start(session, services, actor(), line_id),
        gettext("The test call is on its way; the result shows here within two minutes."), about="line_test", back=_back(),
        after=lambda _: jobs.enqueue(services, placing.JOB),
    )  # fmt: skip


def _back() -> str:
    """Return the address of the page whose form says so: a mission's, or the one of all lines."""
    page, mission = _BACK.get(request.form.get("back", "")), request.form.get("mission", "")
    if page is not None and mission.isascii() and mission.isdigit() and len(mission) < 19:
        return url_for(page, mission_id=int(mission))
    return url_for("line_tests.index")


@blueprint.get("/line-tests/panel")
@permit("missions.read")
def panel() -> str:
    """Return the overview's panel: lines that failed twice in a row."""
    with current().db.transaction() as session:
        lines = reading.lines(session, reading.visible(session, actor()), alarmed=True)
    return render_template("drills/_alarms.html", lines=lines, words=words, name_of=name_of)


@blueprint.get("/line-tests/of-mission/<int:mission_id>")
@permit("missions.read")
def of_mission(mission_id: int) -> str:
    """Return the part of a mission's page about its lines and training calls."""
    with current().db.transaction() as session:
        return mission_panel.of_mission(session, actor(), mission_id)


@blueprint.get("/line-tests/rounds/<int:round_id>")
@permit("missions.read")
def show(round_id: int) -> ResponseReturnValue:
    """Show the report of a round."""
    report = _report(round_id)
    return render_template(
        "drills/round.html", report=report, round_id=round_id, words=words, files=report_files, name_of=name_of
    )


@blueprint.get("/line-tests/rounds/<int:round_id>.csv")
@permit("missions.read")
def csv_report(round_id: int) -> ResponseReturnValue:
    """Send the report as a table."""
    report = _report(round_id)
    return _file(report_files.as_csv(report), "text/csv; charset=utf-8", f"line-tests-{report.week.isoformat()}.csv")


@blueprint.get("/line-tests/rounds/<int:round_id>.pdf")
@permit("missions.read")
def pdf_report(round_id: int) -> ResponseReturnValue:
    """Send the report as a page to print."""
    report = _report(round_id)
    return _file(report_files.as_pdf(report), "application/pdf", f"line-tests-{report.week.isoformat()}.pdf")


def _file(content: str | bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _report(round_id: int) -> Report:
    with current().db.transaction() as session:
        return report_of(session, round_id)


def report_of(session: Session, round_id: int) -> Report:
    """Return a round's report as the reader may see it: staff of missions read about their own. Raises NotFound."""
    found = session.get(LineTestRound, round_id)
    if found is None:
        raise NotFound("round of test calls", round_id)
    seen = reading.visible(session, actor())
    lines = reporting.outcomes(session, round_id, seen)
    since = datetime.combine(found.week, time(), UTC)
    return Report(
        found.week, found.state == "finished", lines, reporting.totals(lines),
        reporting.trend(session, found.week) if seen is None else [],
        reporting.scores(session, since, since + timedelta(days=7), seen), current().clock.now(),
    )  # fmt: skip
