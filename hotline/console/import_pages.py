"""Taking over a list of travellers by upload, with a report that names every refused row."""

from __future__ import annotations

import json
from typing import Any, BinaryIO, cast

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from hotline.auth.identity import actor
from hotline.console.assets import blueprint as console
from hotline.console.travellers_pages import blueprint
from hotline.core.errors import InvalidInput
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import DEFAULT_LANGUAGE
from hotline.core.services import current
from hotline.core.web import MAX_BODY_BYTES, permit
from hotline.people.import_lines import COLUMNS, NEEDED
from hotline.people.import_report import refused_csv
from hotline.people.importing import MAX_LISTED, ImportReport, import_travellers

MAX_SHOWN = 200
"""Refused rows shown on the page; all are counted, and the table to download has up to 1,000 of them."""
FORMATS = {".csv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
SOURCE = "upload"


@console.app_template_filter("import_mend")
def import_mend(refused: dict[str, Any]) -> str:
    """Return what to mend in a refused row: the exact words in English, in other languages those for its column."""
    if str(get_locale()) == DEFAULT_LANGUAGE:
        return str(refused["mend"])
    fault = InvalidInput(str(refused["field"]), refused["value"], str(refused["mend"]))
    return explain(fault, "import")


@blueprint.get("/travellers/import")
@permit("travellers.write")
def import_form() -> ResponseReturnValue:
    """Show the upload form."""
    return _page()


@blueprint.post("/travellers/import")
@permit("travellers.write")
def import_list() -> ResponseReturnValue:
    """Take over the uploaded list and show the report."""
    upload = request.files.get("list")
    if upload is None or not upload.filename:
        return _page(fault=explain(InvalidInput("list", "", "choose a file"), "import"))
    ending = "." + upload.filename.rsplit(".", 1)[-1].lower()
    try:
        report = import_travellers(
            current(),
            actor(),
            cast("BinaryIO", upload.stream),
            FORMATS.get(ending, "csv"),
            source=SOURCE,
            max_listed=MAX_LISTED,
        )
    except InvalidInput as error:
        return _page(fault=" ".join(explain_fields(error, "import").values()))
    return _page(report=report)


@blueprint.post("/travellers/import/report.csv")
@permit("travellers.write")
def refused_rows() -> ResponseReturnValue:
    """Send the refused rows, which the report's own page carries along, as a table; nothing of them is kept here."""
    try:
        rows = json.loads(request.form.get("refused", "[]"))
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _page(fault=explain(InvalidInput("list", "", "choose a file"), "import"))
    response = Response(refused_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="refused-rows.csv"'
    return response


def _page(*, fault: str = "", report: ImportReport | None = None) -> ResponseReturnValue:
    page = render_template(
        "people/import.html",
        fault=fault,
        report=report,
        mended=[{**row, "mend": import_mend(row)} for row in report.refused] if report is not None else [],
        columns=COLUMNS,
        needed=NEEDED,
        max_mib=MAX_BODY_BYTES // (1024 * 1024),
        max_shown=MAX_SHOWN,
    )
    return page, 422 if fault else 200
