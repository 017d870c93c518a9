"""The editor of the menu's draft: a form for every question, looked at before it is kept, and kept before it is published."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.calls import menu_form, menu_store, sounds, words
from hotline.calls.menu_form import Written
from hotline.calls.menus import Menu, read_menu
from hotline.calls.presenting import queue_names
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("menu_editor", __name__, template_folder="templates")


@blueprint.get("/menus/draft")
@permit("menus.write")
def edit() -> ResponseReturnValue:
    """Show the draft as a form, or what is heard now to begin one with."""
    with current().db.transaction() as session:
        row = menu_store.draft(session)
        menu = read_menu(row.content) if row is not None else menu_store.published(session)[1]
    return _editor(menu_form.written_of(menu), edits=row.edits if row is not None else 0, note=row.note if row else "")


def _editor(
    written: Written, *, edits: int, note: str, status: int = 200, error: str = "", preview: Menu | None = None
) -> ResponseReturnValue:
    with current().db.transaction() as session:
        queues, draft = queue_names(session), menu_store.draft(session)
        heard_now = menu_store.published(session)[1]
    faults = menu_form.faults_of(written) if status != 200 else []
    page = render_template(
        "calls/menu_edit.html", queues=queues, draft=draft, form=written, faults=faults, error=error, words=words,
        edits=edits, note=note, blank=menu_form.BLANK, preview=preview,
        written=menu_form.written_of(preview) if preview else None,
        changes=menu_form.changes(heard_now, preview) if preview else [],
    )  # fmt: skip
    return page, status


@blueprint.post("/menus/draft")
@permit("menus.write")
def save() -> ResponseReturnValue:
    """Keep the draft, or only look at what it would be; what is wrong is said beside what was written."""
    services, form = current(), request.form
    written, note, edits = menu_form.read_form(form), form.get("note", ""), _edits(form)
    if menu_form.faults_of(written):
        return _editor(written, edits=edits, note=note, status=422)
    try:
        with services.db.transaction() as session:
            row = menu_store.draft(session)
            kept = row.content if row is not None else menu_store.published(session)[1].model_dump()
            recordings = sounds.kept_with({each.name: each.say for each in written.questions}, kept)
            content = menu_form.content_of(written, recordings)
            menu = read_menu(content)
            if form.get("do") != "look":
                menu_store.save_draft(session, services.clock, actor(), content, edits=edits, note=note)
    except SeveralFaults as error:  # what the form's own checks let through: said in the model's words
        told = "; ".join(f"{fault['field']}: {fault['mend']}" for fault in error.faults)
        return _editor(written, edits=edits, note=note, status=error.status, error=told)
    except HotlineError as error:
        return _editor(written, edits=edits, note=note, status=error.status, error=explain(error, "menu"))
    if form.get("do") == "look":
        return _editor(written, edits=edits, note=note, preview=menu)
    flash(gettext("The draft is kept. Callers hear it once it is published."), "good")
    return redirect(url_for("menu_editor.edit"))


def _edits(form: Mapping[str, str]) -> int:
    given = form.get("edits", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
