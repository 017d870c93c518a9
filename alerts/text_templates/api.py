"""`/api/v1/templates`: prepared texts, their versions, and taking one into a draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from alerts.reading import get_alert
from alerts.text_templates import reading, stages
from alerts.text_templates.models import TextTemplateVersion
from alerts.text_templates.stages import Loaded, TemplateFields
from hotline.auth.identity import actor
from hotline.core.description import query, takes
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_templates", __name__, url_prefix="/api/v1", tag="Templates")


class TemplateChange(TemplateFields):
    """A template as it shall be; `version` is the number that the change was made on."""

    version: int = Field(ge=1)


class TemplateOut(BaseModel):
    """A template with the texts in force: `{variant: {language: text with placeholders}}`."""

    id: int
    name: str
    category: str
    words: str
    version: int
    texts: dict[str, dict[str, str]]
    updated_at: datetime
    retired_at: datetime | None


class VersionOut(BaseModel):
    """One version as it was written."""

    version: int
    texts: dict[str, dict[str, str]]
    note: str
    author_id: int
    created_at: datetime


class TemplateList(BaseModel):
    """Templates by name."""

    templates: list[TemplateOut]


class TemplateDetail(TemplateOut):
    """A template with all its versions, oldest first."""

    versions: list[VersionOut]


class TextsOut(BaseModel):
    """A template's texts as they go into one draft, under single keys (`ko`, `correction:ko`)."""

    name: str
    version: int
    texts: dict[str, str]


@blueprint.get("/templates")
@blueprint.output(TemplateList)
@blueprint.doc(summary="List templates")
@takes(
    query("search", {"type": "string"}, "Words of the name, the texts' words or category"),
    query("retired", {"type": "string", "enum": ["1"]}, "`1` lists retired ones too"),
)
@permit("alerts.read")
def index() -> ResponseReturnValue:
    """List templates."""
    search, retired = request.args.get("search", "")[:100], request.args.get("retired") == "1"
    with current().db.transaction() as session:
        found = reading.list_templates(session, search=search, retired=retired)
        return jsonify(templates=[template_json(each) for each in found])


@blueprint.post("/templates")
@blueprint.input(TemplateFields, location="json", arg_name="given")
@blueprint.output(TemplateOut, status_code=201)
@blueprint.doc(summary="Write a template", responses={422: "Every fault, by name"})
@permit("alerts.write")
def create(given: TemplateFields) -> ResponseReturnValue:
    """Write a template."""
    services = current()
    with services.db.transaction() as session:
        made = stages.create(session, services.clock, actor(), given)
        response = jsonify(template_json(made))
    response.status_code = 201
    response.headers["Location"] = url_for("api_templates.show", template_id=made.template.id)
    return response


@blueprint.get("/templates/<int:template_id>")
@blueprint.output(TemplateDetail)
@blueprint.doc(summary="Show a template with its versions", responses={404: "There is no such template"})
@permit("alerts.read")
def show(template_id: int) -> ResponseReturnValue:
    """Show a template."""
    with current().db.transaction() as session:
        loaded = stages.load(session, template_id)
        versions = [_version_json(each) for each in reading.history(session, template_id)]
        return jsonify(template_json(loaded) | {"versions": versions})


@blueprint.put("/templates/<int:template_id>")
@blueprint.input(TemplateChange, location="json", arg_name="given")
@blueprint.output(TemplateOut)
@blueprint.doc(
    summary="Write the next version of a template",
    responses={404: "There is no such template", 409: "A colleague wrote a version meanwhile"},
)
@permit("alerts.write")
def change(template_id: int, given: TemplateChange) -> ResponseReturnValue:
    """Write the next version."""
    services = current()
    fields = TemplateFields(**given.model_dump(exclude={"version"}))
    with services.db.transaction() as session:
        loaded = stages.revise(session, services.clock, actor(), template_id, given.version, fields)
        return jsonify(template_json(loaded))


@blueprint.post("/templates/<int:template_id>/retire")
@blueprint.output(TemplateOut)
@blueprint.doc(summary="Offer a template no longer", responses={404: "There is no such template"})
@permit("alerts.write")
def retire(template_id: int) -> ResponseReturnValue:
    """Retire a template."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(template_json(stages.retire(session, services.clock, actor(), template_id)))


@blueprint.get("/alerts/<int:alert_id>/templates/<int:template_id>")
@blueprint.output(TextsOut)
@blueprint.doc(
    summary="Return a template's texts as they go into a draft",
    description="Nothing is changed; send the texts you keep with `PATCH /api/v1/alerts/{id}`. A drill's are marked.",
    responses={404: "There is no such alert or template"},
)
@permit("alerts.write")
def texts_for(alert_id: int, template_id: int) -> ResponseReturnValue:
    """Return a template's texts for a draft."""
    with current().db.transaction() as session:
        loaded = stages.load(session, template_id)
        texts = reading.texts_for(get_alert(session, alert_id), loaded)
        return jsonify(name=loaded.template.name, version=loaded.version.number, texts=texts)


def template_json(loaded: Loaded) -> dict[str, Any]:
    """Return a template as the API shows it; times are ISO 8601 in UTC."""
    template = loaded.template
    return {
        "id": template.id,
        "name": template.name,
        "category": template.category,
        "words": template.words,
        "version": loaded.version.number,
        "texts": loaded.version.bodies,
        "updated_at": template.updated_at.isoformat(),
        "retired_at": template.retired_at.isoformat() if template.retired_at else None,
    }


def _version_json(version: TextTemplateVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "texts": version.bodies,
        "note": version.note,
        "author_id": version.author_id,
        "created_at": version.created_at.isoformat(),
    }
