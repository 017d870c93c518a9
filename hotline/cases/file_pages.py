"""Files of a case: added on its page, and given out only as downloads."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.http import dump_options_header

from hotline.auth.identity import actor
from hotline.cases.attaching import MAX_BYTES, attach_file, get_file
from hotline.cases.pages import hint
from hotline.core.errors import InvalidInput, TooLarge
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("case_files", __name__)


@blueprint.post("/cases/<int:case_id>/files")
@permit("cases.read")
def upload(case_id: int) -> ResponseReturnValue:
    """Add a file; who may is the stage's to say, because officials who were asked may too."""
    given = request.files.get("file")
    content = given.stream.read(MAX_BYTES + 1) if given is not None else b""
    name = given.filename or "" if given is not None else ""
    try:
        with current().db.transaction() as session:
            attach_file(session, current().clock, actor(), case_id, name=name, content=content)
    except (InvalidInput, TooLarge) as error:
        flash(explain(error, "case"), "warn")
    else:
        hint(case_id)
        flash(gettext("The file was added."), "good")
    return redirect(url_for("cases.show", case_id=case_id))


@blueprint.get("/cases/<int:case_id>/files/<int:attachment_id>")
@permit("cases.read")
def download(case_id: int, attachment_id: int) -> Response:
    """Give out a file, never to be shown within a page of ours."""
    with current().db.transaction() as session:
        row, content = get_file(session, case_id, attachment_id)
    response = make_response(content)
    response.content_type = row.media_type
    ascii_name = row.name.encode("ascii", "replace").decode().replace("?", "_")
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": ascii_name})
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
