"""The API of what belongs to a case: questions to officials with their answers, and files."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.cases import escalating
from hotline.cases.attaching import MAX_BYTES, attach_file, files_of, get_file
from hotline.cases.models import Attachment
from hotline.cases.pages import hint
from hotline.cases.person_api import EscalationOut, escalation_json
from hotline.cases.working import get_case
from hotline.core.description import query, takes
from hotline.core.errors import InvalidInput, UnsupportedMediaType
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_case_files", __name__, url_prefix="/api/v1", tag="Cases")
UPLOAD = "application/octet-stream"
MAX_NAME_CHARS = 120


class EscalationList(BaseModel):
    """Questions to officials with their answers."""

    escalations: list[EscalationOut]


class FileOut(BaseModel):
    """A file of a case; the name is empty and `erased` true once the person was erased."""

    id: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    officer_id: int
    at: datetime
    erased: bool


class FileList(BaseModel):
    """Files of a case, the latest first."""

    files: list[FileOut]


class FileContentOut(FileOut):
    """A file with its content in base64 (RFC 4648)."""

    content: str


@blueprint.get("/cases/<int:case_id>/escalations")
@blueprint.output(EscalationList)
@blueprint.doc(
    summary="List a case's questions to officials with their answers", responses={404: "There is no such case"}
)
@permit("cases.read")
def escalations(case_id: int) -> ResponseReturnValue:
    """List the questions of a case, the latest first."""
    with current().db.transaction() as session:
        get_case(session, case_id)
        return jsonify(escalations=[escalation_json(each) for each in escalating.questions_of(session, case_id)])


@blueprint.get("/escalations")
@blueprint.output(EscalationList)
@blueprint.doc(summary="List the questions that officials have not answered, the one due first at the head")
@takes(query("official", {"type": "string", "enum": ["me"]}, "`me`: only those that the caller was asked"))
@permit("cases.read")
def waiting() -> ResponseReturnValue:
    """List what officials owe."""
    given = request.args.get("official")
    if given not in (None, "me"):
        raise InvalidInput("official", given, "use me, or leave it out")
    with current().db.transaction() as session:
        found = escalating.waiting_questions(session, official_id=(actor().id or 0) if given else None)
        return jsonify(escalations=[escalation_json(each) for each in found])


@blueprint.get("/cases/<int:case_id>/files")
@blueprint.output(FileList)
@blueprint.doc(summary="List a case's files", responses={404: "There is no such case"})
@permit("cases.read")
def index(case_id: int) -> ResponseReturnValue:
    """List files."""
    with current().db.transaction() as session:
        get_case(session, case_id)
        return jsonify(files=[_file_json(each) for each in files_of(session, case_id)])


@blueprint.post("/cases/<int:case_id>/files")
@blueprint.output(FileOut, status_code=201)
@blueprint.doc(
    summary="Add a file to a case; the same content again gives the one there is",
    description=f"Send the bytes of a PDF, JPEG, PNG or plain text file, at most {MAX_BYTES // 1024 // 1024} MB, as they are.",
    responses={
        403: "Neither at work on cases nor asked about this one",
        404: "There is no such case",
        413: "The file is too large",
        415: f"Not sent as {UPLOAD}",
    },
)
@takes(
    query("name", {"type": "string", "maxLength": MAX_NAME_CHARS}, "What the file is called"),
    bodies={UPLOAD: "The bytes of the file"},
)
@permit("cases.read")
def add(case_id: int) -> ResponseReturnValue:
    """Add a file; who may is the stage's to say, because officials who were asked may too."""
    name = request.args.get("name", "")
    if len(name) > MAX_NAME_CHARS:
        raise InvalidInput("name", name, f"use at most {MAX_NAME_CHARS} characters")
    if request.mimetype != UPLOAD:
        raise UnsupportedMediaType(f"Content-Type {request.mimetype or '(none)'} cannot be read; send {UPLOAD}.")
    content = request.get_data(cache=False)
    with current().db.transaction() as session:
        shown = _file_json(attach_file(session, current().clock, actor(), case_id, name=name, content=content))
    hint(case_id)
    return shown, 201


@blueprint.get("/cases/<int:case_id>/files/<int:attachment_id>")
@blueprint.output(FileContentOut)
@blueprint.doc(summary="Read a file of a case", responses={404: "There is no such file, or it was erased"})
@permit("cases.read")
def show(case_id: int, attachment_id: int) -> ResponseReturnValue:
    """Read a file."""
    with current().db.transaction() as session:
        row, content = get_file(session, case_id, attachment_id)
        return jsonify(_file_json(row) | {"content": base64.b64encode(content).decode()})


def _file_json(row: Attachment) -> dict[str, Any]:
    plain = ("id", "name", "media_type", "size_bytes", "sha256", "officer_id")
    return {name: getattr(row, name) for name in plain} | {"at": row.at.isoformat(), "erased": not row.sha256}
