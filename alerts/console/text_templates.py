"""The pages of templates: the list, one with its history, the form, and a template's texts for the editor of a draft."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from alerts.console import labels
from alerts.console.blueprint import blueprint, officer_names, problem_json
from alerts.console.problems import ShownError, ShownFault, explain, problem_text
from alerts.reading import get_alert
from alerts.text_templates import reading, stages
from alerts.text_templates.checks import CheckedText, check_bodies, language_order
from alerts.text_templates.stages import Loaded, TemplateFields
from alerts.variants import ALERT, VARIANTS, Texts, key_of, split_key
from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

FIRST_LANGUAGES = ("ko", "en")
"""Languages whose boxes are always there; others are added one by one."""
FORM_KEY = re.compile(r"texts\.((?:[a-z_]{1,16}:)?[A-Za-z-]{2,8})")


@blueprint.get("/alerts/templates")
@permit("alerts.read")
def templates() -> ResponseReturnValue:
    """List templates by name."""
    search = request.args.get("q", "").strip()[:100]
    retired = bool(request.args.get("retired"))
    with current().db.transaction() as session:
        found = reading.list_templates(session, search=search, retired=retired)
        behind = reading.count_behind(session, [each.template.id for each in found])
    return render_template(
        "alerts/templates.html", found=found, behind=behind, q=search, retired=retired, labels=labels, VARIANTS=VARIANTS
    )


@blueprint.get("/alerts/templates/<int:template_id>")
@permit("alerts.read")
def template(template_id: int) -> ResponseReturnValue:
    """Show a template as handsets would, and its history."""
    with current().db.transaction() as session:
        loaded = stages.load(session, template_id)
        versions = reading.history(session, template_id)
        names = officer_names(session, {version.author_id for version in versions})
    return render_template(
        "alerts/template.html", loaded=loaded, groups=_grouped(check_bodies(loaded.version.bodies)), labels=labels, names=names,
        behind=reading.behind(versions), past=reading.past(versions), said=said,
    )  # fmt: skip


@blueprint.get("/alerts/templates/new")
@permit("alerts.write")
def new_template() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None)


@blueprint.post("/alerts/templates/new")
@permit("alerts.write")
def add_template() -> ResponseReturnValue:
    """Write a new template."""
    services = current()
    if request.form.get("act", "save") != "save":
        return _form(None)
    try:
        with services.db.transaction() as session:
            made = stages.create(session, services.clock, actor(), _fields())
    except HotlineError as error:
        return _form(None, explain(error))
    flash(gettext("The template is written."), "good")
    return redirect(url_for("alerts.template", template_id=made.template.id))


@blueprint.get("/alerts/templates/<int:template_id>/edit")
@permit("alerts.write")
def edit_template(template_id: int) -> ResponseReturnValue:
    """Show the form with the version in force."""
    with current().db.transaction() as session:
        loaded = stages.load(session, template_id)
    return _form(loaded)


@blueprint.post("/alerts/templates/<int:template_id>/edit")
@permit("alerts.write")
def save_template(template_id: int) -> ResponseReturnValue:
    """Write the next version; a colleague's version that came meanwhile is never overwritten."""
    services = current()
    with services.db.transaction() as session:
        loaded = stages.load(session, template_id)
    if request.form.get("act", "save") != "save":
        return _form(loaded)
    base = request.form.get("base", "")
    try:
        with services.db.transaction() as session:
            number = int(base) if base.isdecimal() and len(base) < 6 else 0
            stages.revise(session, services.clock, actor(), template_id, number, _fields())
    except HotlineError as error:
        return _form(loaded, explain(error))
    flash(gettext("Saved."), "good")
    return redirect(url_for("alerts.template", template_id=template_id))


@blueprint.post("/alerts/templates/<int:template_id>/restore/<int:number>")
@permit("alerts.write")
def restore_template(template_id: int, number: int) -> ResponseReturnValue:
    """Put an older version in force again."""
    services = current()
    with services.db.transaction() as session:
        stages.restore(session, services.clock, actor(), template_id, number)
    flash(gettext("Version %(number)s is in force again.", number=number), "good")
    return redirect(url_for("alerts.template", template_id=template_id))


@blueprint.post("/alerts/templates/<int:template_id>/retire")
@permit("alerts.write")
def retire_template(template_id: int) -> ResponseReturnValue:
    """Offer a template no longer."""
    services = current()
    with services.db.transaction() as session:
        stages.retire(session, services.clock, actor(), template_id)
    flash(gettext("The template is retired; it can be brought back."), "good")
    return redirect(url_for("alerts.template", template_id=template_id))


@blueprint.post("/alerts/templates/<int:template_id>/bring-back")
@permit("alerts.write")
def bring_back_template(template_id: int) -> ResponseReturnValue:
    """Offer a retired template again."""
    services = current()
    try:
        with services.db.transaction() as session:
            stages.bring_back(session, services.clock, actor(), template_id)
    except InvalidInput as error:
        flash(explain(error).faults[0].text, "warn")
        return redirect(url_for("alerts.template", template_id=template_id))
    flash(gettext("The template is offered again."), "good")
    return redirect(url_for("alerts.template", template_id=template_id))


@blueprint.get("/alerts/<int:alert_id>/templates/<int:template_id>")
@permit("alerts.write")
def template_for(alert_id: int, template_id: int) -> ResponseReturnValue:
    """Return a template's texts as they go into a draft; nothing is changed before the officer saves."""
    try:
        with current().db.transaction() as session:
            loaded = stages.load(session, template_id)
            texts = reading.texts_for(get_alert(session, alert_id), loaded)
    except HotlineError as error:
        return problem_json(error)
    return jsonify(name=loaded.template.name, version=loaded.version.number, texts=texts)


def said(text: CheckedText) -> list[str]:
    """Return what is to be said about a text, in the reader's language."""
    lines = [problem_text(problem.code, {"params": dict(problem.params)}) for problem in text.problems]
    if text.missing:
        names = ", ".join(f"{{{name}}}" for name in text.missing)
        lines.append(gettext("%(names)s is in the text that this one translates, and not here.", names=names))
    return lines


def _grouped(texts: list[CheckedText]) -> list[tuple[str, list[CheckedText]]]:
    return [(variant, list(group)) for variant, group in groupby(texts, key=lambda text: text.variant)]


def _fields() -> TemplateFields:
    values = {name: request.form.get(name, "") for name in ("name", "category", "words", "note")}
    try:
        return TemplateFields(**values, texts=_texts())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0])
        mend = gettext("Give the template a name.") if field == "name" else str(fault["msg"])
        raise InvalidInput(field, values.get(field, ""), mend, code=f"template-{field}") from error


def _texts() -> Texts:
    """Return the form's texts, also the blank ones, whose boxes are shown again."""
    texts: Texts = {}
    for name, body in request.form.items():
        found = FORM_KEY.fullmatch(name)
        if found is not None:
            variant, language = split_key(found[1], ALERT)
            texts.setdefault(variant, {})[language] = body
    return texts


def _form(loaded: Loaded | None, error: ShownError | None = None) -> ResponseReturnValue:
    """Show the form: what was sent, else the version in force, else the empty boxes of the first languages."""
    if request.method == "POST":
        values: dict[str, Any] = {name: request.form.get(name, "") for name in ("name", "category", "words", "note")}
        values["base"] = request.form.get("base", "")
        texts = _texts()
        _add_box(texts)
    else:
        texts = loaded.version.bodies if loaded else {}
        template = loaded.template if loaded else None
        values = {name: getattr(template, name, "") for name in ("name", "category", "words")} | {"note": ""}
        values["base"] = template.current if template else 0
    if not texts:
        texts[ALERT] = dict.fromkeys(FIRST_LANGUAGES, "")
    # The database keeps names in an order of its own, and a form those of its boxes with new ones last.
    texts = {
        variant: dict(sorted(bodies.items(), key=lambda pair: language_order(pair[0])))
        for variant, bodies in texts.items()
    }
    checked = {each.key: each for each in check_bodies(texts) if each.body.strip()}
    page = render_template(
        "alerts/template_form.html", loaded=loaded, values=values, texts=texts, checked=checked, error=error,
        errors=_by_field(error), labels=labels, VARIANTS=VARIANTS, key_of=key_of, said=said, ALERT=ALERT,
    )  # fmt: skip
    return page, 422 if error else 200


def _add_box(texts: Texts) -> None:
    """Add the box that was asked for: another language of a variant, or a variant's first boxes."""
    act = request.form.get("act", "")
    if not act.startswith("add:"):
        return
    variant = act.removeprefix("add:")
    if variant not in VARIANTS:
        return
    language = request.form.get(f"language.{variant}", "")
    wanted = (language,) if language in labels.TEXT_LANGUAGES else () if variant in texts else FIRST_LANGUAGES
    for each in wanted:
        texts.setdefault(variant, {}).setdefault(each, "")


def _by_field(error: ShownError | None) -> dict[str, str]:
    faults: tuple[ShownFault, ...] = error.faults if error else ()
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(fault.field, []).append(fault.text)
    return {field: " ".join(texts) for field, texts in found.items()}
