"""Lines, duty chain, bulletins and staff of a mission, and the list of all missions from a file."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.console.mission_view import act
from hotline.console.missions_pages import blueprint
from hotline.core.errors import InvalidInput, TooLarge
from hotline.core.explain import explain
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import duty, missions, staff
from hotline.missions.duty import Contact, Line
from hotline.missions.importing import COLUMNS, MAX_BYTES, NEEDED, MissionReport, import_missions

MAX_SHOWN = 200


@blueprint.post("/missions/<int:mission_id>/lines")
@permit("missions.read")
def save_lines(mission_id: int) -> ResponseReturnValue:
    """Keep the lines of the form; an empty number drops its row."""
    names = ("number", "pool_number", "return_number", "label", "technique")
    columns = [request.form.getlist(name)[: duty.MAX_LINES + 5] for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    lines = [Line(**row) for row in rows if row["number"].strip()]
    return act(
        mission_id, "lines", lambda session: duty.set_lines(session, current().clock, actor(), mission_id, lines)
    )


@blueprint.post("/missions/<int:mission_id>/duty")
@permit("missions.read")
def save_duty(mission_id: int) -> ResponseReturnValue:
    """Keep the chain of the form in its order; a row without name and number is dropped."""
    names, phones = (request.form.getlist(name)[: duty.MAX_DUTY + 5] for name in ("duty_name", "duty_phone"))
    rows = zip(names, phones, strict=False)
    chain = [Contact(name, phone) for name, phone in rows if name.strip() or phone.strip()]
    return act(mission_id, "duty", lambda session: duty.set_duty(session, current().clock, actor(), mission_id, chain))


@blueprint.post("/missions/<int:mission_id>/notices")
@permit("missions.read")
def add_notice(mission_id: int) -> ResponseReturnValue:
    """Add a bulletin."""
    form = request.form

    def do(session: Session) -> None:
        zone = missions.get(session, mission_id).zone
        until = _local(form.get("valid_until", ""), zone)
        texts = form.get("text_ko", ""), form.get("text_en", "")
        duty.add_notice(session, current().clock, actor(), mission_id, *texts, until)

    return act(mission_id, "notices", do)


@blueprint.post("/missions/<int:mission_id>/notices/<int:notice_id>/withdraw")
@permit("missions.read")
def withdraw_notice(mission_id: int, notice_id: int) -> ResponseReturnValue:
    """Take a bulletin back."""
    return act(
        mission_id, "notices",
        lambda session: duty.withdraw_notice(session, current().clock, actor(), mission_id, notice_id),
    )  # fmt: skip


@blueprint.post("/missions/<int:mission_id>/staff")
@permit("missions.write")
def add_staff(mission_id: int) -> ResponseReturnValue:
    """Put an officer on the staff."""
    name = request.form.get("name", "")
    return act(mission_id, "staff", lambda session: staff.add(session, current().clock, actor(), mission_id, name))


@blueprint.post("/missions/<int:mission_id>/staff/<int:officer_id>/remove")
@permit("missions.write")
def remove_staff(mission_id: int, officer_id: int) -> ResponseReturnValue:
    """Take an officer off the staff."""
    return act(
        mission_id, "staff", lambda session: staff.remove(session, current().clock, actor(), mission_id, officer_id)
    )


@blueprint.get("/missions/import")
@permit("missions.write")
def import_form() -> ResponseReturnValue:
    """Show the upload form."""
    return _import_page()


@blueprint.post("/missions/import")
@permit("missions.write")
def import_list() -> ResponseReturnValue:
    """Take over the uploaded list, all of it or nothing, and show what became of it."""
    upload = request.files.get("list")
    if upload is None or not upload.filename:
        return _import_page(fault=explain(InvalidInput("list", "", "choose a file"), "missions"))
    services = current()
    try:
        with services.db.transaction() as session:
            report = import_missions(session, services.clock, actor(), upload.stream.read(MAX_BYTES + 1))
    except (InvalidInput, TooLarge) as error:
        return _import_page(fault=explain(error, "missions"))
    return _import_page(report=report)


def _import_page(*, fault: str = "", report: MissionReport | None = None) -> ResponseReturnValue:
    page = render_template(
        "missions/import.html", fault=fault, report=report, columns=COLUMNS, needed=NEEDED, max_shown=MAX_SHOWN,
        max_mb=MAX_BYTES // 1_000_000,
    )  # fmt: skip
    return page, 422 if fault or (report and report.refused) else 200


def _local(text: str, zone: str) -> datetime | None:
    """The instant that a form's `datetime-local` names on the mission's clocks; None when it is empty."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()[:16]).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise InvalidInput("valid_until", text, "write a day and a time") from None
