"""Rosters taken over from a file, after a look at what would become of it, and sent as a table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core import audit
from hotline.core.errors import HotlineError, InvalidInput, TooLarge
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.tables import BYTE_ORDER_MARK, plain_cell
from hotline.core.web import permit
from hotline.notices import lanes
from hotline.people.import_report import refused_csv
from overflow.volunteers import reading, words
from overflow.volunteers.importing import MAX_ROWS, TABLE, Report, import_roster
from overflow.volunteers.pages import blueprint, wanted_of_request
from overflow.volunteers.states import WRITE

MAX_SHOWN = 200
MAX_UPLOAD_BYTES = 1_000_000
"""Half of what the import takes: code page 949 grows when the page carries it along as UTF-8."""
EXPORTED = ("id", "state", *TABLE.columns)


@blueprint.get("/volunteers/import")
@permit(WRITE)
def import_form() -> ResponseReturnValue:
    """Show the upload form."""
    return _page()


@blueprint.post("/volunteers/import")
@permit(WRITE)
def import_list() -> ResponseReturnValue:
    """Say what would become of an uploaded file; with the look confirmed, take it over.

    The file travels along in the page between the two, as text: nothing of it is kept here before somebody said yes.
    """
    services, invite = current(), request.form.get("invite") == "1"
    confirmed = request.form.get("step") == "take"
    try:
        data = request.form.get("text", "").encode() if confirmed else _uploaded()
        report = import_roster(services, actor(), data, dry=not confirmed, invite=invite)
    except InvalidInput as error:
        return _page(fault=" ".join(explain_fields(error, "volunteer").values()))
    except HotlineError as error:
        return _page(fault=explain(error, "volunteer"))
    if not confirmed:
        return _page(report=report, text=_text(data), invite=invite)
    if invite:
        lanes.hurry(services)
    if report.refused:
        return _page(report=report, done=True)
    flash(
        gettext(
            "Taken over: %(new)s new, %(changed)s changed.", new=report.created_count, changed=report.updated_count
        ),
        "good",
    )
    return redirect(url_for(".index"))


def _uploaded() -> bytes:
    upload = request.files.get("list")
    if upload is None or not upload.filename:
        raise InvalidInput("list", "", "choose a file")
    data = upload.stream.read(MAX_UPLOAD_BYTES + 1)
    if len(data) > MAX_UPLOAD_BYTES:
        raise TooLarge(f"A roster has at most {MAX_UPLOAD_BYTES // 1_000_000} MB here; divide the file.")
    return data


def _text(data: bytes) -> str:
    """Return the file as the second step sends it back; a byte that is no letter stays one that is refused then too."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


@blueprint.post("/volunteers/import/refused.csv")
@permit(WRITE)
def refused_rows() -> ResponseReturnValue:
    """Send the refused rows, which the report's own page carries along, as a table."""
    try:
        rows = json.loads(request.form.get("refused", "[]"))
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _page(fault=explain(InvalidInput("list", "", "choose a file"), "volunteer"))
    return _csv(refused_csv(rows), "refused-rows.csv")


@blueprint.get("/volunteers/export.csv")
@permit(WRITE)
def export() -> ResponseReturnValue:
    """Send the roster, as the list is narrowed, as a table that the import reads again."""
    services = current()
    with services.db.transaction() as session:
        found = reading.everybody(session, wanted_of_request(), services.clock.now(), MAX_ROWS)
        audit.record(
            session, services.clock, actor(), "volunteers.exported", "volunteer", None, after={"rows": len(found)}
        )
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(EXPORTED)
    for volunteer in found:
        values: dict[str, Any] = words.form_values(volunteer) | {"id": volunteer.id, "state": volunteer.state}
        table.writerow([_cell(values[name]) for name in EXPORTED])
    return _csv(BYTE_ORDER_MARK + written.getvalue(), "volunteers.csv")


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula or a large number.

    A telephone number stands in brackets, which the import reads as it does without.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text.startswith("+") and text[1:].isdigit():
        return f"({text})"
    return plain_cell(text)


def _csv(content: str, name: str) -> Response:
    response = Response(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(
    *, fault: str = "", report: Report | None = None, text: str = "", invite: bool = False, done: bool = False
) -> ResponseReturnValue:
    page = render_template(
        "volunteers/import.html", fault=fault, report=report, text=text, invite=invite, done=done, table=TABLE,
        max_shown=MAX_SHOWN, words=words, max_mb=MAX_UPLOAD_BYTES // 1_000_000, max_rows=MAX_ROWS,
    )  # fmt: skip
    return page, 422 if fault else 200
